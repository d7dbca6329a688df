"""Alerts: from bursts of copies to the few things a person should look at.

A burst of kind ``copy`` makes an alert. More bursts of the same cluster, or of
clusters merged with it, grow the alert that is there while it is warm; it is
said again only when it has doubled, become more severe, or turned out to be
something else. Fan events and news make none, and a group none for what names one of its
members only: the member has it. A campaign makes one too, unless
copies of its text have done so already (``stream/alerting/campaigns.py``).

A crowd alone is no attack: fans at a tag party, a birthday or a protest copy each other
too. So copies by accounts that have nearly all been there for long make no alert unless
their words do harm, and without harm only many new accounts make one graver than medium.
Copies whose words do harm to the subject are one level more severe: one of them speaks
for all (``docs/decisions/0034-what-a-crowd-alone-may-say.md``).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stream.alerting.campaigns import SEVERITIES, CampaignAlerts
from stream.alerting.harm import Worst
from stream.alerting.heard import hear, move, worst_heard
from stream.alerting.raised import counted
from stream.bursts.judge import OF_A_MEMBER, SETTLED_CROWD
from stream.hosting.overlay import Overlay
from stream.ids import derive_id
from stream.operator import Context, Effects, Item, State
from stream.records import (
    Alert,
    Burst,
    Campaign,
    Cluster,
    Evidence,
    PostSeen,
    Severity,
    SubjectEvent,
)

HOUR_MS = 60 * 60 * 1000
KEEP_MS = 30 * 24 * HOUR_MS
GROWTH = 2
SHOWN = 50
LEVELS = (50.0, 200.0, 1_000.0)
"""Accounts times surprise from which an alert is medium, high and critical."""
CROWD_ALONE: Severity = "medium"
"""The most that copies without harmful words are, unless many of the accounts are new."""
MANY_NEW = 0.2
"""Share of new accounts from which a crowd is as severe as its size says."""

_encode = msgspec.msgpack.Encoder().encode


class AlertRow(msgspec.Struct, array_like=True):
    """An alert as last emitted; ``warm`` is the last growth seen, emitted or not."""

    alert: Alert
    kind: str
    warm: int


_row = msgspec.msgpack.Decoder(AlertRow).decode


class Alerts:
    """Alerts of kind ``copy_burst``, ``campaign`` and ``coordinated``.

    Args:
        cooldown_hours: event time since the last copies within which more of
            the same grows the alert that is there.
    """

    def __init__(self, *, cooldown_hours: int = 24) -> None:
        self._cooldown_ms = cooldown_hours * HOUR_MS

    @property
    def name(self) -> str:
        """Namespace of its state."""
        return "alerts"

    @property
    def version(self) -> str:
        """Stamped on every alert."""
        return "alerts/2"

    def reset(self) -> None:
        """Nothing is held in memory between calls."""

    def apply(self, state: State, batch: Sequence[Item], _ctx: Context, /) -> Effects:
        """Raise and grow alerts for the bursts and campaigns of a batch."""
        effects = Effects()
        overlay = Overlay(state, effects)
        campaigns = CampaignAlerts(overlay, self.version)
        for item in batch:
            platforms: dict[str, tuple[str, ...]] = {}
            hear(overlay, item.event, item.derived)
            for result in item.derived:
                if isinstance(result, Cluster):
                    platforms[result.cluster_id] = result.platforms
                    if result.merged_into is not None:
                        _merge(overlay, result.cluster_id, result.merged_into)
                elif isinstance(result, Burst):
                    told = campaigns.of_cluster(result.cluster_id) is not None
                    spread = platforms.get(result.cluster_id, ())
                    silent = _is_settled(result) and _is_judged(item.event)
                    found = self._burst(overlay, result, spread, told=told, silent=silent)
                    if found is not None:
                        effects.emit.append((item.offset, found))
                elif isinstance(result, Campaign):
                    for alert in self._campaign(overlay, campaigns, result):
                        effects.emit.append((item.offset, alert))
        return effects

    def _campaign(
        self, overlay: Overlay, campaigns: CampaignAlerts, campaign: Campaign
    ) -> list[Alert]:
        """The alerts to emit for a campaign; those of copies go on under their cluster."""
        warm: dict[str, tuple[str, AlertRow]] = {}
        for cluster_id in campaign.clusters:
            raw = overlay.get(f"k:{cluster_id}")
            row = None if raw is None else _row(raw)
            if row and campaign.last_post_at - row.warm <= self._cooldown_ms:
                warm[row.alert.alert_id] = (cluster_id, row)
        emitted = campaigns.told(campaign, [row.alert for _, row in warm.values()])
        for alert in emitted:
            if alert.alert_id in warm:
                cluster_id, row = warm[alert.alert_id]
                row.alert = alert
                overlay.put(f"k:{cluster_id}", _encode(row), row.warm + KEEP_MS)
        return emitted

    def _burst(
        self,
        overlay: Overlay,
        burst: Burst,
        platforms: tuple[str, ...],
        *,
        told: bool,
        silent: bool,
    ) -> Alert | None:
        """The alert to emit for a burst, None when there is nothing new to say.

        ``told``: a campaign has told of these copies, which raise no alert of their own.
        ``silent``: neither do they, unless harm was heard among them.
        """
        worst = worst_heard(overlay, burst.cluster_id)
        raw = overlay.get(f"k:{burst.cluster_id}")
        row = None if raw is None else _row(raw)
        if row is not None and burst.last_at - row.warm > self._cooldown_ms:
            row = None
        if row is None:
            if burst.kind != "copy" or told or _of_a_member(burst):
                return None
            if worst is None and silent:
                return None
            first = self._first(burst, platforms, worst)
            row = AlertRow(first, burst.kind, burst.last_at)
            emitted: Alert | None = row.alert
        else:
            row.warm = max(row.warm, burst.last_at)
            emitted = self._grown(row, burst, platforms, worst)
            row.kind = burst.kind
        overlay.put(f"k:{burst.cluster_id}", _encode(row), row.warm + KEEP_MS)
        return emitted

    def _first(self, burst: Burst, platforms: tuple[str, ...], worst: Worst | None) -> Alert:
        first = Alert(
            alert_id=derive_id("al", "copy_burst", burst.subject, burst.burst_id),
            subject=burst.subject,
            kind="copy_burst",
            severity=_severity(burst, worst),
            title=_title(burst),
            created_at=burst.detected_at,
            updated_at=burst.detected_at,
            revision=1,
            operator_version=self.version,
            cluster_id=burst.cluster_id,
            posts=burst.posts,
            accounts=burst.accounts,
            platforms=platforms,
            post_ids=_posts(burst),
            evidence=_evidence(burst, worst),
            counter_evidence=burst.counter,
        )
        return counted(first)

    def _grown(
        self, row: AlertRow, burst: Burst, platforms: tuple[str, ...], worst: Worst | None
    ) -> Alert | None:
        """The next revision of an alert when it says something new."""
        old = row.alert
        doubled = burst.accounts >= GROWTH * old.accounts
        severity = _severity(burst, worst)
        if old.campaign_id is not None:
            severity = max(severity, old.severity, key=SEVERITIES.index)
        withdrawn = set(old.post_ids) - set(_posts(burst)) and burst.posts < old.posts
        if not (doubled or severity != old.severity or burst.kind != row.kind or withdrawn):
            return None
        row.alert = msgspec.structs.replace(
            old,
            severity=severity,
            title=_title(burst),
            updated_at=max(old.updated_at, burst.last_at, burst.detected_at),
            revision=old.revision + 1,
            cluster_id=burst.cluster_id,
            posts=burst.posts,
            accounts=burst.accounts,
            platforms=platforms or old.platforms,
            post_ids=_posts(burst),
            evidence=_evidence(burst, worst),
            counter_evidence=burst.counter,
        )
        return row.alert


def _merge(overlay: Overlay, old_id: str, new_id: str) -> None:
    """Let the alert of a merged cluster go on under the cluster that remains."""
    move(overlay, old_id, new_id)
    raw = overlay.get(f"k:{old_id}")
    if raw is None:
        return
    overlay.delete(f"k:{old_id}")
    if overlay.get(f"k:{new_id}") is None:
        overlay.put(f"k:{new_id}", raw, _row(raw).warm + KEEP_MS)


def _posts(burst: Burst) -> tuple[str, ...]:
    shown = (post_id for evidence in burst.evidence for post_id in evidence.post_ids)
    return tuple(dict.fromkeys(shown))[:SHOWN]


def _evidence(burst: Burst, worst: Worst | None) -> tuple[Evidence, ...]:
    return burst.evidence if worst is None else (*burst.evidence, worst.evidence())


def _severity(burst: Burst, worst: Worst | None) -> Severity:
    """How severe: accounts times surprise, and a level more for harm; no copying is low."""
    if burst.kind != "copy":
        return "low"
    weight = burst.accounts * _value(burst.evidence, "surprise")
    level = sum(weight >= least for least in LEVELS)
    if worst is not None:
        return SEVERITIES[min(level + 1, len(SEVERITIES) - 1)]
    if _is_settled(burst):
        return "low"
    if _value(burst.evidence, "new_accounts") >= MANY_NEW:
        return SEVERITIES[level]
    return SEVERITIES[min(level, SEVERITIES.index(CROWD_ALONE))]


def _value(evidence: tuple[Evidence, ...], signal: str) -> float:
    return next((one.value for one in evidence if one.signal == signal), 0.0)


def _is_judged(event: SubjectEvent) -> bool:
    """Whether words could be heard at all: where judging is off, silence says nothing."""
    return not isinstance(event, PostSeen) or event.judgement is not None


def _is_settled(burst: Burst) -> bool:
    """Whether nearly all of its accounts are known to have been there for long."""
    return any(one.signal == SETTLED_CROWD for one in burst.counter)


def _of_a_member(burst: Burst) -> bool:
    """Whether a group's burst is one member's, who has the alert: one attack, one alert."""
    return any(one.signal == OF_A_MEMBER for one in burst.counter)


def _title(burst: Burst) -> str:
    minutes = max(1, -(-(burst.last_at - burst.first_at) // 60_000))
    long = minutes >= 180  # noqa: PLR2004
    span = f"{round(minutes / 60)} hours" if long else f"{minutes} minute" + "s" * (minutes > 1)
    return (
        f"Same text {burst.posts} times by {burst.accounts} accounts "
        f"about {burst.subject} in {span}"
    )
