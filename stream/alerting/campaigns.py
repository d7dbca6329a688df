"""Alerts of campaigns, grouped with those of the copy bursts that tell the same story.

A campaign of kind ``campaign`` or ``coordinated`` makes one alert. Where copies of
its text have raised one already, that alert bears the campaign's id from then on
and no second one is made; nor do copies make one that the campaign has told of.

    g: campaign   the row of its alert
    j: cluster    the campaign that the cluster belongs to
"""

from __future__ import annotations

import msgspec

from stream.alerting.raised import counted
from stream.hosting.overlay import Overlay
from stream.ids import derive_id
from stream.records import Alert, Campaign, Evidence, Severity

KEEP_MS = 60 * 24 * 60 * 60 * 1000
SHOWN = 50
GROWTH = 2
REPORTED = frozenset({"campaign", "coordinated"})
LEVELS: tuple[tuple[float, Severity], ...] = (
    (60.0, "critical"),
    (20.0, "high"),
    (6.0, "medium"),
)
"""Accounts times coordination times harm from which an alert is that severe."""
UNKNOWN_HARM = 0.3
"""What counts for the harm where it is low or nobody assessed it."""

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
_encode = msgspec.msgpack.Encoder().encode
_name = msgspec.msgpack.Decoder(str).decode


class CampaignAlertRow(msgspec.Struct, array_like=True):
    """The alert of a campaign: its own as last emitted, or that of copies as first joined."""

    alert: Alert
    kind: str
    accounts: int


_row = msgspec.msgpack.Decoder(CampaignAlertRow).decode


class CampaignAlerts:
    """The rows of campaigns among those of the alerts, while one batch is worked on."""

    def __init__(self, overlay: Overlay, version: str) -> None:
        self._overlay = overlay
        self._version = version

    def of_cluster(self, cluster_id: str) -> str | None:
        """The campaign that has told of a cluster; None where no alert did."""
        raw = self._overlay.get(f"j:{cluster_id}")
        if raw is None:
            return None
        campaign_id = _name(raw)
        return campaign_id if self._overlay.get(f"g:{campaign_id}") is not None else None

    def told(self, campaign: Campaign, copies: list[Alert]) -> list[Alert]:
        """The alerts to emit for a campaign.

        Args:
            copies: warm alerts of copies of its texts; those among the result that
                bear one of their ids are the next revision of it.
        """
        key = campaign.campaign_id
        if campaign.merged_into is not None:
            self._merge(key, campaign.merged_into)
            return []
        raw = self._overlay.get(f"g:{key}")
        row = None if raw is None else _row(raw)
        if row is None and campaign.kind not in REPORTED:
            return []
        expires = campaign.last_post_at + KEEP_MS
        for cluster_id in campaign.clusters:
            self._overlay.put(f"j:{cluster_id}", _encode(key), expires)
        # What a campaign has told stays with it when a part of it leaves.
        others = [a for a in copies if a.campaign_id not in {key, campaign.split_from or key}]
        joining = [self._joined(a, campaign) for a in others]
        if row is None:
            first = joining or [counted(self._alert(campaign))]
            row = CampaignAlertRow(first[0], campaign.kind, len(campaign.accounts))
            self._put(key, row)
            return first
        return [*joining, *self._grown(row, campaign, copies)]

    def _merge(self, old: str, new: str) -> None:
        raw = self._overlay.get(f"g:{old}")
        if raw is None:
            return
        self._overlay.delete(f"g:{old}")
        if self._overlay.get(f"g:{new}") is None:
            self._put(new, _row(raw))

    def _put(self, campaign_id: str, row: CampaignAlertRow) -> None:
        expires = row.alert.updated_at + KEEP_MS
        self._overlay.put(f"g:{campaign_id}", _encode(row), expires)

    def _grown(
        self, row: CampaignAlertRow, campaign: Campaign, copies: list[Alert]
    ) -> list[Alert]:
        """The next revision where the campaign doubled, or is something else now."""
        accounts = len(campaign.accounts)
        withdrawn = set(row.alert.post_ids) - set(campaign.post_ids)
        doubled = accounts >= GROWTH * row.accounts
        if not (doubled or campaign.kind != row.kind or withdrawn):
            return []
        row.kind, row.accounts = campaign.kind, accounts
        own = row.alert.kind in REPORTED
        if own:
            row.alert = msgspec.structs.replace(
                self._alert(campaign),
                alert_id=row.alert.alert_id,
                kind=row.alert.kind,
                created_at=row.alert.created_at,
                updated_at=max(row.alert.updated_at, campaign.last_post_at),
                revision=row.alert.revision + 1,
                raised=row.alert.raised,
            )
            self._put(campaign.campaign_id, row)
            return [row.alert]
        self._put(campaign.campaign_id, row)
        mine = [alert for alert in copies if alert.alert_id == row.alert.alert_id]
        return [self._joined(alert, campaign) for alert in mine]

    def _alert(self, campaign: Campaign) -> Alert:
        return Alert(
            alert_id=derive_id("al", "campaign", campaign.subject, campaign.campaign_id),
            subject=campaign.subject,
            kind=campaign.kind,
            severity=severity_of(campaign),
            title=title_of(campaign),
            created_at=campaign.detected_at,
            updated_at=campaign.detected_at,
            revision=1,
            operator_version=self._version,
            cluster_id=campaign.clusters[0] if campaign.clusters else None,
            campaign_id=campaign.campaign_id,
            posts=campaign.posts,
            accounts=len(campaign.accounts),
            platforms=campaign.platforms,
            post_ids=campaign.post_ids[:SHOWN],
            evidence=campaign.evidence,
            counter_evidence=campaign.counter_evidence,
            split_from=campaign.split_from,
        )

    def _joined(self, alert: Alert, campaign: Campaign) -> Alert:
        """An alert of copies that turns out to tell of a campaign."""
        posts = dict.fromkeys((*alert.post_ids, *campaign.post_ids[:SHOWN]))
        return msgspec.structs.replace(
            alert,
            campaign_id=campaign.campaign_id,
            severity=max(alert.severity, severity_of(campaign), key=SEVERITIES.index),
            updated_at=max(alert.updated_at, campaign.detected_at),
            revision=alert.revision + 1,
            accounts=max(alert.accounts, len(campaign.accounts)),
            posts=max(alert.posts, campaign.posts),
            post_ids=tuple(posts)[:SHOWN],
            evidence=_with(alert.evidence, campaign.evidence),
            counter_evidence=_with(alert.counter_evidence, campaign.counter_evidence),
        )


def severity_of(campaign: Campaign) -> Severity:
    """How severe: accounts times coordination times harm; what hides no harm is less."""
    if campaign.kind not in REPORTED:
        return "low"
    harm = campaign.harm or 0.0
    if campaign.kind != "campaign":
        harm = min(harm, UNKNOWN_HARM) or UNKNOWN_HARM
    weight = len(campaign.accounts) * (campaign.coordination or 0.0) * harm
    for least, level in LEVELS:
        if weight >= least:
            return level
    return "low"


def title_of(campaign: Campaign) -> str:
    """One line that says who does what to whom."""
    accounts, posts = len(campaign.accounts), campaign.posts
    doing = {
        "campaign": "push one harmful story about",
        "coordinated": "act together, and not openly, about",
    }.get(campaign.kind, "speak of the same thing about")
    said = f"{accounts} accounts {doing} {campaign.subject} in {posts} posts"
    return f"{said}, split from another campaign" if campaign.split_from else said


def _with(known: tuple[Evidence, ...], more: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Evidence of copies first, then what the campaign adds to it."""
    names = {one.signal for one in more}
    return (*(one for one in known if one.signal not in names), *more)
