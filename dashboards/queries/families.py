"""A family of pictures as pages and the API show it: who, where, when, how it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from detect.media.fusion import ORDER, SEVERITIES
from detect.records import PictureFinding
from stream.index import FindingQuery, Index

MOST = 1000
"""Findings of a family that are looked at."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """The variants of one picture, oldest first; each post once."""

    family_id: str
    subjects: tuple[str, ...]
    findings: tuple[PictureFinding, ...]
    severity: str
    reasons: tuple[tuple[str, int], ...]
    accounts: int
    platforms: tuple[str, ...]

    @property
    def first(self) -> PictureFinding:
        """Where it was seen first."""
        return self.findings[0]

    @property
    def posts(self) -> int:
        """Posts that carry it."""
        return len({one.post_id for one in self.findings})

    @property
    def variants(self) -> int:
        """Files that differ."""
        return len({one.sha256 for one in self.findings})

    @property
    def last(self) -> PictureFinding:
        """Where it was seen last."""
        return self.findings[-1]


def family(index: Index, family_id: str) -> Family | None:
    """A family as far as its posts are held; None where none is."""
    found = index.findings(FindingQuery(family=family_id, limit=MOST))
    once: dict[tuple[str, str], PictureFinding] = {}
    for one in found:
        # A member's picture is found for the group too.
        once.setdefault((one.post_id, one.url), one)
    kept = tuple(once.values())
    if not kept:
        return None
    counted = Counter(reason for one in kept for reason in set(one.reasons))
    return Family(
        family_id=family_id,
        subjects=tuple(sorted({one.subject for one in found})),
        findings=kept,
        severity=max((one.severity for one in kept), key=ORDER.index),
        reasons=tuple((name, counted[name]) for name in _in_order(counted)),
        accounts=len({one.account for one in kept}),
        platforms=tuple(sorted({one.platform for one in kept})),
    )


def families(
    index: Index,
    *,
    subject: str | None = None,
    since: int | None = None,
    grave: bool = False,
    limit: int = 20,
) -> list[Family]:
    """Families by their newest post, of those that the newest findings lie in.

    Args:
        since: only those that were posted from this time on (ms).
        grave: only those in which a picture amounts to something.
    """
    newest = index.findings(FindingQuery(subject=subject, grave=grave, newest=True, limit=MOST))
    names: dict[str, None] = {}
    for one in newest:
        if since is not None and one.at < since:
            break
        if one.family:
            names[one.family] = None
    found = (family(index, name) for name in list(names)[:limit])
    return [one for one in found if one is not None]


def telling(found: Family) -> PictureFinding:
    """The variant that shows most: the gravest, with changed parts if any has."""
    return max(
        found.findings,
        key=lambda one: (
            ORDER.index(one.severity),
            any(match.changed for match in one.matches),
            -one.at,
        ),
    )


def _in_order(counted: Counter[str]) -> Sequence[str]:
    known = [name for name in SEVERITIES if name in counted]
    return [*known, *sorted(set(counted) - set(known))]
