"""Rows of the output files: the exchange format for research, one JSON object a line."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from stream.records import CampaignKind, Evidence

ARCHIVE_PREFIX = "archive:"


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """``accounts.ndjson``: higher scores are more coordinated.

    ``q_value`` is the false discovery rate at which the company it keeps in a reported
    campaign stands out from chance; 1 for who is in none.
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


class MembershipRow(msgspec.Struct, frozen=True, kw_only=True):
    """``memberships.ndjson``: a post belongs to a cluster and so to its campaigns.

    ``similarity`` to the cluster is 1 for the same text; ``account`` is null unless all
    accounts are listed.
    """

    post_id: str
    cluster_id: str
    similarity: float
    created_at: str
    account: str | None
    campaigns: tuple[str, ...]


class EdgeRow(msgspec.Struct, frozen=True, kw_only=True):
    """``edges.ndjson``: two accounts of reported campaigns shared the same things.

    ``weight`` counts the texts and links they share, ``post_ids`` are up to ten posts in
    which they did.
    """

    source: str
    target: str
    weight: int
    post_ids: tuple[str, ...]


class CascadeRow(msgspec.Struct, frozen=True, kw_only=True):
    """``cascades.ndjson``: a tree of posts that refer to each other, of two posts or more.

    ``narrative`` is a campaign or cluster. ``top`` is the post it began with, null where
    that is not in the data; ``virality`` the mean number of steps between two posts.
    """

    narrative: str
    top: str | None
    first_at: str
    last_at: str
    posts: int
    accounts: int
    platforms: tuple[str, ...]
    depth: int
    breadth: int
    virality: float | None
    half_seconds: float
    most_seconds: float


class HopRow(msgspec.Struct, frozen=True, kw_only=True):
    """The first post on a platform, so many seconds after the first of all."""

    platform: str
    post_id: str
    lag_seconds: float
    posts: int


class CarrierRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account, and how many posts are to be expected to come from its own."""

    account: str
    first_post: str
    lag_seconds: float
    posts: int
    brought: float


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """How many posts each post from ``at`` on brought; null while it is too early."""

    at: str
    posts: int
    number: float | None


class SpreadRow(msgspec.Struct, frozen=True, kw_only=True):
    """``spread.ndjson``: how a campaign or a cluster spread, with what refers to its posts.

    ``movers`` came first, ``carriers`` brought most; of what is not reported they are
    empty unless all accounts are listed. ``steps`` hold the reproduction number.
    """

    narrative: str
    kind: str
    posts: int
    accounts: int
    cascades: int
    replies: int
    reposts: int
    quotes: int
    copies: int
    first_at: str
    last_at: str
    half_seconds: float
    most_seconds: float
    busiest_hour: int
    beginnings: float
    generation_seconds: float
    references: int
    concentration: float | None
    hops: tuple[HopRow, ...]
    movers: tuple[CarrierRow, ...]
    carriers: tuple[CarrierRow, ...]
    steps: tuple[StepRow, ...]


class PostRow(msgspec.Struct, frozen=True, kw_only=True):
    """``posts.ndjson``, when asked for: the posts that were kept, in order of the input."""

    post_id: str
    account: str
    platform: str
    created_at: str
    text: str
    lang: str | None
    reply_to: str | None
    repost_of: str | None
    quote_of: str | None


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


def iso(ms: int) -> str:
    """ISO 8601 in UTC with milliseconds where there are any."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace(
        "+00:00", "Z"
    )
