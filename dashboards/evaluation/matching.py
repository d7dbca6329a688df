"""Compares what a method found in one stream with the truth: who was found, when, at what cost.

A report is **true** of a planted campaign when at least half of its accounts
wrote hostile posts of it and it holds one of these posts. A planted campaign is
**found** when one true report holds at least half of the accounts, or half of
the hostile posts, of one of its episodes. An **alert** about copies or a campaign is true
when at least half of the posts it shows are hostile posts of one planted campaign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from dashboards.evaluation.ranking import average_precision
from dashboards.evaluation.results import REPORTED, Alert, Report, Results
from dashboards.simulator.oracle import Campaign, Episode, Oracle

PURE = 0.5
COVERED = 0.5
Q_LEVEL = 0.05
SOON_MS = 2 * 60 * 60 * 1000
SOON_POSTS = 25
"""Found soon: within two hours of the first hostile post, or within 25 of them."""
ORDINARY = "ordinary"
COPIES = "copy_burst"
"""Alerts of this kind are judged as those of campaigns are. Others (words that do harm,
pictures) speak of single posts, of which the truth of a stream says nothing."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one planted campaign.

    Attributes:
        jaccard: best overlap of accounts of any report with an episode or the whole.
        purity: mean share of its accounts in the reports that are true of it.
        delay_ms: from its first hostile post to the first true report; None: missed.
        delay_posts: its hostile posts until then.
        tied: for rings with two episodes: both are in one report; else None.
    """

    id: str
    tactic: str
    strength: str
    easy: bool
    found: bool
    jaccard: float
    purity: float | None
    reports: int
    delay_ms: int | None
    delay_posts: int | None
    tied: bool | None

    @property
    def soon(self) -> bool:
        """Whether the delay was within the aim."""
        if self.delay_ms is None or self.delay_posts is None:
            return False
        return self.delay_ms <= SOON_MS or self.delay_posts <= SOON_POSTS


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a reported campaign was about. ``about`` is the commonest label of its posts."""

    campaign_id: str
    kind: str
    true_of: str | None
    purity: float
    about: str
    coordination: float | None
    accounts: int


class StreamScore(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one stream; ``kinds`` counts what it named, by kind and by truth.

    ``alerts_false``: alerts about copies and campaigns that are not true, by severity.
    """

    stream: str
    scenario: str
    posts: int
    days: float
    planted: tuple[Found, ...]
    reported: tuple[Judged, ...]
    kinds: dict[str, dict[str, int]]
    alerts: int
    alerts_false: dict[str, int]
    flagged: int
    flagged_wrongly: int
    flagged_by_q: int
    flagged_wrongly_by_q: int
    average_precision: float | None


def score(results: Results, oracle: Oracle, labels: Mapping[str, str]) -> StreamScore:
    """How well the results tell the campaigns of a stream from everything else.

    Args:
        results: what the method wrote.
        oracle: the truth of the stream.
        labels: by post id; what is missing is ordinary life.
    """
    events = {event.id: event.kind for event in oracle.events}
    kinds: dict[str, Counter[str]] = {}
    judged: list[Judged] = []
    true: dict[str, list[Report]] = {}
    for report in results.reports:
        about = _about(report, labels, events)
        kinds.setdefault(report.kind, Counter())[about] += 1
        if report.kind not in REPORTED:
            continue
        campaign, purity = _true_of(report, oracle.campaigns)
        if campaign is not None:
            true.setdefault(campaign.id, []).append(report)
        judged.append(
            Judged(
                campaign_id=report.campaign_id,
                kind=report.kind,
                true_of=campaign.id if campaign else None,
                purity=purity,
                about=about,
                coordination=report.coordination,
                accounts=len(report.accounts),
            )
        )
    bad = {key for campaign in oracle.campaigns for key in campaign.accounts}
    named = [one.key for one in results.accounts if one.campaigns]
    by_q = [
        one.key
        for one in results.accounts
        if one.q_value is not None and one.q_value <= Q_LEVEL
    ]
    scores = {one.key: one.score for one in results.accounts}
    return StreamScore(
        stream=oracle.world.name,
        scenario=oracle.world.scenario,
        posts=oracle.posts,
        days=oracle.world.days,
        planted=tuple(_found(one, true.get(one.id, ()), results) for one in oracle.campaigns),
        reported=tuple(judged),
        kinds={kind: dict(counts) for kind, counts in kinds.items()},
        alerts=len(results.alerts),
        alerts_false=_false_alerts(results.alerts, labels),
        flagged=len(named),
        flagged_wrongly=sum(key not in bad for key in named),
        flagged_by_q=len(by_q),
        flagged_wrongly_by_q=sum(key not in bad for key in by_q),
        average_precision=average_precision(scores, bad, oracle.accounts) if bad else None,
    )


def _false_alerts(alerts: Sequence[Alert], labels: Mapping[str, str]) -> dict[str, int]:
    """How many alerts about copies and campaigns are not true, by severity."""
    false: Counter[str] = Counter()
    for alert in alerts:
        if alert.kind not in {COPIES, *REPORTED}:
            continue
        hostile: Counter[str] = Counter()
        for post in alert.post_ids:
            kind, _, rest = labels.get(post, ORDINARY).partition(":")
            if kind == "campaign":
                hostile[rest.partition(":")[0]] += 1
        most = max(hostile.values(), default=0)
        if not most or most < PURE * len(alert.post_ids):
            false[alert.severity] += 1
    return dict(false)


def _true_of(report: Report, campaigns: Sequence[Campaign]) -> tuple[Campaign | None, float]:
    """The planted campaign a report is true of, and the best share of its accounts."""
    members, posts = set(report.accounts), set(report.post_ids)
    best: Campaign | None = None
    purity = 0.0
    for campaign in campaigns:
        share = len(members & campaign.accounts) / len(members) if members else 0.0
        if share > purity:
            best, purity = campaign, share
    if best is None or purity < PURE or not posts & best.post_ids:
        return None, purity
    return best, purity


def _found(campaign: Campaign, reports: Sequence[Report], results: Results) -> Found:
    covering = [
        report
        for report in reports
        if any(_covers(report, episode) for episode in campaign.episodes)
    ]
    wholes = [campaign.accounts, *(frozenset(one.accounts) for one in campaign.episodes)]
    overlap = max(
        (
            _jaccard(frozenset(report.accounts), whole)
            for report in results.reports
            if report.kind in REPORTED
            for whole in wholes
        ),
        default=0.0,
    )
    delay_ms = delay_posts = None
    if covering:
        told = min(report.detected_ms for report in reports)
        delay_ms = max(0, told - campaign.first_hostile_at)
        delay_posts = sum(at <= told for one in campaign.episodes for at in one.times)
    purities = [
        len(set(report.accounts) & campaign.accounts) / len(set(report.accounts))
        for report in reports
    ]
    return Found(
        id=campaign.id,
        tactic=campaign.tactic,
        strength=campaign.strength,
        easy=campaign.easy,
        found=bool(covering),
        jaccard=overlap,
        purity=sum(purities) / len(purities) if purities else None,
        reports=len(reports),
        delay_ms=delay_ms,
        delay_posts=delay_posts,
        tied=_tied(campaign, reports),
    )


def _tied(campaign: Campaign, reports: Sequence[Report]) -> bool | None:
    if len(campaign.episodes) == 1:
        return None
    visits = [set(episode.post_ids) for episode in campaign.episodes]
    return any(all(set(report.post_ids) & visit for visit in visits) for report in reports)


def _covers(report: Report, episode: Episode) -> bool:
    accounts, posts = set(episode.accounts), set(episode.post_ids)
    return len(accounts & set(report.accounts)) >= COVERED * len(accounts) or len(
        posts & set(report.post_ids)
    ) >= COVERED * len(posts)


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 0.0


def _about(report: Report, labels: Mapping[str, str], events: Mapping[str, str]) -> str:
    """What most of its posts are: a kind of event, campaign, camouflage, hater, ordinary."""
    counts: Counter[str] = Counter()
    for post in report.post_ids:
        kind, _, name = labels.get(post, ORDINARY).partition(":")
        counts[events.get(name, kind) if kind == "event" else kind] += 1
    return min(counts, key=lambda kind: (-counts[kind], kind)) if counts else ORDINARY
