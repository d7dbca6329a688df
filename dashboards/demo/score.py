"""Compares alerts with the oracle: planted campaigns found, and alarms about nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from dashboards.demo import harms
from dashboards.demo.crowds import CRITICISM, FAN_EVENT
from dashboards.demo.oracle import Oracle
from dashboards.demo.pictures import PICTURE
from dashboards.demo.smears import kind_of
from detect.records import HarmCategory
from stream.records import Alert, Severity

MAJORITY = 0.5
"""An alert is about what at least this share of its posts is about."""

COUNTS = ("read", "logged", "unmatched", "indexed", "dead")
"""Counters of the pipeline that the score repeats."""


class FalseAlerts(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts about no planted campaign, by what they were about."""

    fan_event: int
    criticism: int
    other: int


class FoundHarm(msgspec.Struct, frozen=True, kw_only=True):
    """Planted harm, and the alert that tells of it; without one the last three are empty."""

    category: HarmCategory
    subject: str
    planted: int
    found: bool
    severity: Severity | None = None
    posts: int = 0
    explained_by: tuple[str, ...] = ()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The object that ``jikimi demo --headless --json`` prints."""

    planted: int
    found: int
    false_alerts: FalseAlerts
    posts: dict[str, int]
    alerts: int
    seconds: float
    pictures: int = 0
    """Alerts about the changed official picture, in which nothing is planted but it."""
    harm: tuple[FoundHarm, ...] = ()
    """Threats, sale of personal information and deepfakes that were planted."""


def score(
    alerts: Iterable[Alert], oracle: Oracle, *, posts: Mapping[str, int], seconds: float
) -> Score:
    """How well the alerts tell the campaigns from the rest.

    Args:
        alerts: one of each id, in its last revision.
        oracle: the truth of the scenario that was run.
        posts: the pipeline's counters (:data:`COUNTS`); missing ones count as 0.
        seconds: wall-clock time of the run.
    """
    found: set[str] = set()
    wrong: Counter[str] = Counter()
    harm: dict[tuple[str, str], Alert] = {}
    total = pictures = 0
    wanted = {kind_of(campaign.id): campaign.id for campaign in oracle.campaigns}
    for alert in alerts:
        total += 1
        about = subject_matter(alert.post_ids, oracle)
        if about in wanted:
            found.add(wanted[about])
        elif _is_harm(alert, about, oracle):
            harm[about, alert.subject] = alert
        elif about == PICTURE and alert.kind == "media":
            pictures += 1
        else:
            wrong[about] += 1
    return Score(
        planted=len(oracle.campaigns),
        found=len(found),
        false_alerts=FalseAlerts(
            fan_event=wrong[FAN_EVENT],
            criticism=wrong[CRITICISM],
            other=wrong.total() - wrong[FAN_EVENT] - wrong[CRITICISM],
        ),
        posts={name: posts.get(name, 0) for name in COUNTS},
        alerts=total,
        seconds=round(seconds, 3),
        pictures=pictures,
        harm=tuple(
            _found_harm(one, harm.get((harms.kind_of(one.category), one.subject)))
            for one in oracle.harm
        ),
    )


def _is_harm(alert: Alert, about: str, oracle: Oracle) -> bool:
    """Whether an alert names the planted harm that most of its posts are, and at whom."""
    signals = {one.signal for one in alert.evidence}
    return alert.kind == "harm" and any(
        harms.kind_of(one.category) == about
        and f"harm_{one.category}" in signals
        and one.subject == alert.subject
        for one in oracle.harm
    )


def _found_harm(planted: harms.PlantedHarm, alert: Alert | None) -> FoundHarm:
    if alert is None:
        return FoundHarm(
            category=planted.category,
            subject=planted.subject,
            planted=planted.accounts,
            found=False,
        )
    return FoundHarm(
        category=planted.category,
        subject=planted.subject,
        planted=planted.accounts,
        found=True,
        severity=alert.severity,
        posts=alert.posts,
        explained_by=tuple(one.signal for one in alert.evidence),
    )


def subject_matter(post_ids: Iterable[str], oracle: Oracle) -> str:
    """The kind of at least half of the posts, else ``other``.

    When two kinds have half each, a campaign comes first.
    """
    kinds = Counter(oracle.label(post_id) for post_id in set(post_ids))
    size = kinds.total()
    major = [kind for kind, n in kinds.items() if n >= MAJORITY * size]
    return min(
        major, key=lambda kind: (not kind.startswith("campaign:"), kind), default="other"
    )
