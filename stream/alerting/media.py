"""MediaAlerts: pictures that show a protected person in a way somebody should look at.

Findings of pictures come with their family; one alert a subject and family grows with every
variant. What a finding amounts to was decided when the picture was looked at, by rules that
never rest on a score alone (``detect/media/fusion.py``); here it is counted, by event time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from detect.media.fusion import AGAINST, ORDER, SEVERITIES, SUPPORT
from detect.records import PictureFinding
from stream.alerting.raised import counted
from stream.hosting.overlay import Overlay
from stream.ids import derive_id
from stream.operator import Context, Effects, Item, State
from stream.records import Alert, Evidence, MediaSeen, PostGone, Result, Severity

DAY_MS = 24 * 60 * 60 * 1000
KEEP_MS = 60 * DAY_MS
SHOWN = 50
MOST = 500
"""Pictures of one family that an alert counts."""
GROWTH = 2
SPREAD = 10
"""Accounts from which what is grave enough for a look is grave."""
ALARMING = frozenset({"medium", "high", "critical"})
_LEVELS: dict[str, Severity] = {"medium": "medium", "high": "high", "critical": "critical"}
_encode = msgspec.msgpack.Encoder().encode


class Shot(msgspec.Struct, array_like=True, frozen=True):
    """One picture of one post, as an alert needs it."""

    at: int
    finding_id: str
    post_id: str
    account: str
    platform: str
    severity: str
    reasons: tuple[str, ...]
    sexual: float
    changed: float
    original: str


class FamilyRow(msgspec.Struct, array_like=True):
    """The pictures of a family about one subject; ``alert`` as last emitted."""

    shots: list[Shot]
    alert: Alert | None = None


class PostRow(msgspec.Struct, array_like=True):
    """What was emitted of a post: finding id to (revision, family)."""

    findings: dict[str, tuple[int, str]]


_family = msgspec.msgpack.Decoder(FamilyRow).decode
_post = msgspec.msgpack.Decoder(PostRow).decode


class MediaAlerts:
    """Findings as results, and alerts of kind ``media``."""

    @property
    def name(self) -> str:
        """Namespace of its state."""
        return "media_alerts"

    @property
    def version(self) -> str:
        """Stamped on every alert."""
        return "media_alerts/2"

    def reset(self) -> None:
        """Nothing is held in memory between calls."""

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        """Pass findings on, and raise and grow the alerts they lead to."""
        effects = Effects()
        overlay = Overlay(state, effects)
        for item in batch:
            event = item.event
            if isinstance(event, MediaSeen) and event.findings:
                found = self._seen(overlay, event, ctx.watermark)
            elif isinstance(event, PostGone):
                found = self._gone(overlay, event, ctx.watermark)
            else:
                continue
            effects.emit.extend((item.offset, result) for result in found)
        return effects

    def _seen(self, overlay: Overlay, event: MediaSeen, watermark: int) -> list[Result]:
        key = f"p:{event.subject}:{event.post_id}"
        raw = overlay.get(key)
        row = PostRow({}) if raw is None else _post(raw)
        results: list[Result] = []
        families: dict[str, int] = {}
        for given in event.findings:
            one = _of_subject(given, event.subject)
            held = row.findings.get(one.finding_id)
            if held is not None and held[0] >= one.revision:
                continue
            if held is not None and held[1] != one.family:
                self._take_out(overlay, event.subject, held[1], one.finding_id, watermark)
                families[held[1]] = one.at
            row.findings[one.finding_id] = (one.revision, one.family)
            results.append(one)
            # A member's picture is the member's alert, not also that of the group.
            if not event.named or event.subject in event.named:
                self._put_in(overlay, event.subject, one, watermark)
                families[one.family] = one.at
        if results:
            overlay.put(key, _encode(row), _expiry(event.findings[0].at, watermark))
        for family, at in families.items():
            results += self._say(overlay, event.subject, family, at, watermark)
        return results

    def _gone(self, overlay: Overlay, event: PostGone, watermark: int) -> list[Result]:
        key = f"p:{event.subject}:{event.post_id}"
        raw = overlay.get(key)
        if raw is None:
            return []
        overlay.delete(key)
        results: list[Result] = []
        families: list[str] = []
        for finding_id, (revision, family) in _post(raw).findings.items():
            results.append(
                PictureFinding(
                    version=self.version, subject=event.subject,
                    finding_id=finding_id, revision=revision + 1, post_id=event.post_id,
                    at=event.deleted_at, gone=True,
                )
            )  # fmt: skip
            self._take_out(overlay, event.subject, family, finding_id, watermark)
            families.append(family)
        for family in dict.fromkeys(families):
            results += self._say(overlay, event.subject, family, event.deleted_at, watermark)
        return results

    @staticmethod
    def _put_in(overlay: Overlay, subject: str, one: PictureFinding, watermark: int) -> None:
        key = f"f:{subject}:{one.family}"
        raw = overlay.get(key)
        row = FamilyRow([]) if raw is None else _family(raw)
        rest = [shot for shot in row.shots if shot.finding_id != one.finding_id]
        # The order of arrival is chance; by time everybody counts the same.
        row.shots = sorted([*rest, _shot(one)], key=_in_time)[:MOST]
        overlay.put(key, _encode(row), _expiry(one.at, watermark))

    @staticmethod
    def _take_out(
        overlay: Overlay, subject: str, family: str, finding_id: str, watermark: int
    ) -> None:
        raw = overlay.get(f"f:{subject}:{family}")
        if raw is None:
            return
        row = _family(raw)
        row.shots = [shot for shot in row.shots if shot.finding_id != finding_id]
        overlay.put(f"f:{subject}:{family}", _encode(row), _expiry(watermark, watermark))

    def _say(
        self, overlay: Overlay, subject: str, family: str, at: int, watermark: int
    ) -> list[Result]:
        """The alert of a family as it is now, if there is something new to say."""
        key = f"f:{subject}:{family}"
        raw = overlay.get(key)
        if raw is None:
            return []
        row = _family(raw)
        grave = [shot for shot in row.shots if shot.severity in ALARMING]
        if not grave and row.alert is None:
            return []
        made = self._alert(subject, family, grave, row.alert, at)
        if row.alert is not None and not _is_news(row.alert, made):
            return []
        row.alert = made
        overlay.put(key, _encode(row), _expiry(at, watermark))
        return [made]

    def _alert(
        self, subject: str, family: str, grave: list[Shot], old: Alert | None, at: int
    ) -> Alert:
        accounts = {shot.account for shot in grave}
        begun = grave[0].at if grave else at
        created = begun if old is None else old.created_at
        made = Alert(
            alert_id=derive_id("al", "media", subject, family),
            subject=subject,
            kind="media",
            severity=_severity(grave, len(accounts)),
            title=_title(subject, grave),
            created_at=created,
            updated_at=max(at, begun, created if old is None else old.updated_at),
            revision=1 if old is None else old.revision + 1,
            operator_version=self.version,
            family_id=family,
            posts=len({shot.post_id for shot in grave}),
            accounts=len(accounts),
            platforms=tuple(sorted({shot.platform for shot in grave})),
            post_ids=tuple(dict.fromkeys(shot.post_id for shot in grave))[:SHOWN],
            evidence=_evidence(grave),
            counter_evidence=_spoken(grave, AGAINST),
        )
        return (
            counted(made) if old is None else msgspec.structs.replace(made, raised=old.raised)
        )


def _of_subject(one: PictureFinding, subject: str) -> PictureFinding:
    """A finding about one subject; each subject has results of its own."""
    name = derive_id("fi", subject, one.finding_id)
    return msgspec.structs.replace(one, subject=subject, finding_id=name)


def _shot(one: PictureFinding) -> Shot:
    altered = [match for match in one.matches if match.kind == "official" and match.changed]
    known = [match for match in one.matches if match.kind in {"official", "known_bad"}]
    return Shot(
        at=one.at,
        finding_id=one.finding_id,
        post_id=one.post_id,
        account=one.account,
        platform=one.platform,
        severity=one.severity,
        reasons=one.reasons,
        sexual=one.score or 0.0,
        changed=max((_area(match.changed) for match in altered), default=0.0),
        original=known[0].label or known[0].reference if known else "",
    )


def _in_time(shot: Shot) -> tuple[int, str]:
    return shot.at, shot.finding_id


def _area(parts: Sequence[tuple[float, float, float, float]]) -> float:
    return round(min(1.0, sum(width * height for _, _, width, height in parts)), 3)


def _is_news(old: Alert, made: Alert) -> bool:
    fewer = made.posts < old.posts
    return made.severity != old.severity or fewer or made.accounts >= GROWTH * old.accounts


def _severity(grave: Sequence[Shot], accounts: int) -> Severity:
    worst = max((shot.severity for shot in grave), key=_place, default="")
    level = _LEVELS.get(worst, "low")
    return "high" if level == "medium" and accounts >= SPREAD else level


def _place(severity: str) -> int:
    return [str(one) for one in ORDER].index(severity)


_TITLES = {
    "face_sexual": "Sexual picture with the face of {subject}",
    "official_altered_sexual": "Official photo of {subject} turned into a sexual picture",
    "official_face_altered": "Face changed in an official photo of {subject}",
    "known_bad": "Known harmful picture of {subject} is posted again",
    "family_known_bad": "Variant of a known harmful picture of {subject}",
    "official_altered": "Official photo of {subject} was changed",
    "face_machine_made": "Picture of {subject} that says a machine made it",
}
"""By reason, the gravest first."""


def _title(subject: str, grave: Sequence[Shot]) -> str:
    said = {reason for shot in grave for reason in shot.reasons}
    words = next((_TITLES[one] for one in _TITLES if one in said), "Pictures of {subject}")
    posts = len({shot.post_id for shot in grave})
    accounts = len({shot.account for shot in grave})
    return (
        f"{words.format(subject=subject)}: {posts} post{'s' * (posts != 1)} "
        f"by {accounts} account{'s' * (accounts != 1)}"
    )


def _evidence(grave: Sequence[Shot]) -> tuple[Evidence, ...]:
    """One line a reason, and beside it what only supports it."""
    made = list(_spoken(grave, (*SEVERITIES, *SUPPORT)))
    if changed := max((shot.changed for shot in grave), default=0.0):
        made.append(Evidence(signal="media_changed_area", value=changed))
    made.append(Evidence(signal="accounts", value=len({shot.account for shot in grave})))
    return tuple(made)


def _spoken(grave: Sequence[Shot], reasons: Sequence[str]) -> tuple[Evidence, ...]:
    made: list[Evidence] = []
    for reason in reasons:
        by = [shot for shot in grave if reason in shot.reasons]
        if by:
            posts = tuple(dict.fromkeys(shot.post_id for shot in by))[:SHOWN]
            made.append(Evidence(signal=f"media_{reason}", value=len(posts), post_ids=posts))
    return tuple(made)


def _expiry(at: int, watermark: int) -> int:
    return max(at, watermark) + KEEP_MS
