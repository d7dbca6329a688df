"""Rows of the output files: the exchange format for research, one JSON object a line."""

from __future__ import annotations

import msgspec

from stream.records import CampaignKind, Evidence

ARCHIVE_PREFIX = "archive:"


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """``accounts.ndjson``: higher scores are more coordinated.

    ``q_value`` is the false discovery rate at which the account stands out.
    """

    author_id: str
    platform: str
    score: float
    q_value: float
    campaigns: tuple[str, ...]
    signals: dict[str, float]


class EvidenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A measured reason: value seen, value expected, posts that show it."""

    signal: str
    value: float
    expected: float | None
    post_ids: tuple[str, ...]


class CampaignRow(msgspec.Struct, frozen=True, kw_only=True):
    """``campaigns.ndjson``: the four axes are 0 to 1, or null where not assessed."""

    campaign_id: str
    subject: str
    kind: CampaignKind
    first_post_at: str
    last_post_at: str
    detected_at: str
    accounts: tuple[str, ...]
    post_ids: tuple[str, ...]
    coordination: float | None
    harm: float | None
    openness: float | None
    independence: float | None
    evidence: tuple[EvidenceRow, ...]
    counter_evidence: tuple[EvidenceRow, ...]


class ClusterRow(msgspec.Struct, frozen=True, kw_only=True):
    """``clusters.ndjson``: posts that say the same."""

    cluster_id: str
    kind: str
    post_ids: tuple[str, ...]


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """``alerts.ndjson``: ``created_at`` is event time."""

    alert_id: str
    created_at: str
    subject: str
    kind: str
    severity: str
    title: str
    campaign_id: str | None
    cluster_id: str | None
    evidence: tuple[EvidenceRow, ...]
    counter_evidence: tuple[EvidenceRow, ...]


def public_id(post_id: str) -> str:
    """The id as the input file gave it."""
    return post_id.removeprefix(ARCHIVE_PREFIX)


def evidence_rows(evidence: tuple[Evidence, ...]) -> tuple[EvidenceRow, ...]:
    """Evidence with the ids of the input."""
    return tuple(
        EvidenceRow(
            signal=one.signal,
            value=one.value,
            expected=one.expected,
            post_ids=tuple(public_id(p) for p in one.post_ids),
        )
        for one in evidence
    )
