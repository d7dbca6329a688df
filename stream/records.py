"""What crosses the logs and what operators make: events, Cluster, Burst, Campaign, Alert."""

from __future__ import annotations

from typing import Literal

from detect.records import Judgement, Mention, PictureFinding
from ingest.records import Deletion, Gap, Part, Post, Record

# --- the posts log: what collectors append, keyed by post id -----------------


class LoggedPost(Record, frozen=True, kw_only=True, tag="logged-post/1"):
    """A matched post as it entered the log.

    ``judgement`` is None where there was no judge, or it failed on this post.
    """

    post: Post
    mentions: tuple[Mention, ...] = ()
    judgement: Judgement | None = None


class LoggedDeletion(Record, frozen=True, kw_only=True, tag="logged-deletion/1"):
    """A deletion as it entered the log."""

    deletion: Deletion


class LoggedGap(Record, frozen=True, kw_only=True, tag="logged-gap/1"):
    """A source may have missed posts."""

    gap: Gap


class LoggedClock(Record, frozen=True, kw_only=True, tag="logged-clock/1"):
    """Event time seen by a source although nothing was kept; it moves the ticks."""

    at: int


class LoggedMedia(Record, frozen=True, kw_only=True, tag="logged-media/1"):
    """What was found in the pictures of a logged post; none when the post was deleted."""

    post_id: str
    account: str = ""
    findings: tuple[PictureFinding, ...] = ()


Logged = LoggedPost | LoggedDeletion | LoggedGap | LoggedClock | LoggedMedia

# --- the subject logs: all that stateful operators read ----------------------

EVERYONE = ""
"""Subject of events that concern every subject of a partition (ticks, gaps, versions)."""


Change = Literal["new", "edit", "metrics", "past"]


class PostSeen(Record, frozen=True, kw_only=True, tag="post-seen/1"):
    """A post concerns ``subject``: new (revision 1), edited, or with new metrics.

    ``change`` is "new", "edit" or "metrics"; "past" for all revisions of a post
    that first came more than a day behind the watermark, which is found and
    charted and judged by no operator. ``late`` posts arrived more than two
    minutes of event time behind the watermark. ``subjects`` lists all
    subject logs the post went to; the first of them stands for the post where
    it must be counted once.
    """

    subject: str
    subjects: tuple[str, ...] = ()
    post: Post
    mentions: tuple[Mention, ...] = ()
    revision: int = 1
    change: Change = "new"
    late: bool = False
    judgement: Judgement | None = None


class PostGone(Record, frozen=True, kw_only=True, tag="post-gone/1"):
    """A post of ``subject`` was deleted, or an edit took the subject out of it.

    ``revision`` is that of the edit, or one more than the last before a deletion:
    a PostSeen of a higher revision brings the post back. 0: written before there
    was this field; it holds against everything written earlier.
    """

    subject: str
    post_id: str
    deleted_at: int
    revision: int = 0


class Tick(Record, frozen=True, kw_only=True, tag="tick/1"):
    """Event time has reached ``at``; stands for the ``minutes`` that passed."""

    subject: str = EVERYONE
    at: int
    minutes: int = 1


class GapSeen(Record, frozen=True, kw_only=True, tag="gap-seen/1"):
    """A source may have missed posts in this stretch; baselines mask it."""

    subject: str = EVERYONE
    gap: Gap


class Versions(Record, frozen=True, kw_only=True, tag="versions/1"):
    """Digests of the watchlist, rules, calendar and banks in force from here on."""

    subject: str = EVERYONE
    watchlist: str = ""
    rules: str = ""
    calendar: str = ""
    banks: str = ""


class MediaSeen(Record, frozen=True, kw_only=True, tag="media-seen/1"):
    """What was found in the pictures of a post of ``subject``; a later one replaces it.

    ``named`` are the subjects that the post itself names: its groups are not among them.
    """

    subject: str
    post_id: str
    named: tuple[str, ...] = ()
    findings: tuple[PictureFinding, ...] = ()


SubjectEvent = PostSeen | PostGone | Tick | GapSeen | Versions | MediaSeen

# --- results ------------------------------------------------------------------


class Evidence(Part, frozen=True, kw_only=True):
    """One measured reason: what was seen, what was to be expected, in which posts.

    ``axis`` names the axis of a campaign that it feeds, empty elsewhere.
    """

    signal: str
    value: float
    expected: float | None = None
    post_ids: tuple[str, ...] = ()
    axis: str = ""


class Membership(Record, frozen=True, kw_only=True, tag="membership/1"):
    """A post belongs to a cluster (None: it left, being edited or deleted)."""

    subject: str
    post_id: str
    cluster_id: str | None
    revision: int
    similarity: float = 1.0


class Cluster(Record, frozen=True, kw_only=True, tag="cluster/1"):
    """Posts that say the same: ``kind`` text or media. Members are Memberships.

    ``merged_into`` names the surviving cluster after a merge: an old id keeps
    leading to the posts.
    """

    cluster_id: str
    subject: str
    kind: Literal["text", "media"] = "text"
    revision: int
    operator_version: str
    founder: str
    first_at: int
    last_at: int
    posts: int
    accounts: int
    platforms: tuple[str, ...] = ()
    sample: str = ""
    merged_into: str | None = None


class Burst(Record, frozen=True, kw_only=True, tag="burst/1"):
    """Many accounts posted one text in a short window, against the subject's baseline.

    ``counter`` holds what speaks for a legitimate explanation (official link,
    vote guide, declared fan project, shared hashtag, repost of an official post).
    """

    burst_id: str
    subject: str
    cluster_id: str
    revision: int
    operator_version: str
    kind: Literal["copy", "fan_event", "news"] = "copy"
    first_at: int
    last_at: int
    detected_at: int
    posts: int
    accounts: int
    peak_accounts: int
    expected_accounts: float
    evidence: tuple[Evidence, ...] = ()
    counter: tuple[Evidence, ...] = ()


CampaignKind = Literal[
    "campaign", "coordinated", "fan_event", "criticism_wave", "news", "spam", "bot", "unclear"
]


class Member(Part, frozen=True, kw_only=True):
    """An account of a campaign and why: its posts there, the objects it shared with others.

    ``trust`` is its score from the company it keeps, over two weeks.
    """

    account: str
    posts: int
    first_at: int
    last_at: int
    objects: int = 1
    trust: float = 0.0


class Shared(Part, frozen=True, kw_only=True):
    """Something that a campaign's accounts have in common, with a post that shows it."""

    kind: Literal["text", "link", "media", "target"]
    post_id: str
    accounts: int
    posts: int
    first_at: int
    last_at: int


class Phase(Part, frozen=True, kw_only=True):
    """A stretch in which a campaign was awake."""

    first_at: int
    last_at: int
    posts: int


class Campaign(Record, frozen=True, kw_only=True, tag="campaign/1"):
    """A group of posts with one narrative by a set of accounts, judged on four axes.

    ``detected_at`` is the event time at which it could first be reported as what it
    is. ``accounts`` and ``post_ids`` are bounded, ``posts`` counts all. An old id leads
    to the campaign that took it in by ``merged_into``, a part that left to the one that
    it left by ``split_from``. ``asleep``: nothing came for two
    days; ``phases`` are its days awake.
    """

    campaign_id: str
    subject: str
    kind: CampaignKind
    revision: int
    operator_version: str
    first_post_at: int
    last_post_at: int
    detected_at: int
    accounts: tuple[str, ...] = ()
    post_ids: tuple[str, ...] = ()
    coordination: float | None = None
    harm: float | None = None
    openness: float | None = None
    independence: float | None = None
    evidence: tuple[Evidence, ...] = ()
    counter_evidence: tuple[Evidence, ...] = ()
    posts: int = 0
    platforms: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    shared: tuple[Shared, ...] = ()
    phases: tuple[Phase, ...] = ()
    asleep: bool = False
    merged_into: str | None = None
    split_from: str | None = None


Severity = Literal["low", "medium", "high", "critical"]


class Tally(Part, frozen=True, kw_only=True):
    """Counts as they were at a moment of event time."""

    at: int
    posts: int
    accounts: int
    platforms: tuple[str, ...] = ()


class Alert(Record, frozen=True, kw_only=True, tag="alert/1"):
    """Something a person should look at; exists by event time, once.

    Growth raises ``revision`` under the same ``alert_id``; delivery is decided
    elsewhere, by wall clock. ``raised`` holds the counts of the first revision, None where
    that was made before they were kept. ``split_from``: the campaign that this one was a part
    of. ``replayed``: a replay of the past made it, so it is shown and delivered to nobody.
    """

    alert_id: str
    subject: str
    kind: str
    severity: Severity
    title: str
    created_at: int
    updated_at: int
    revision: int
    operator_version: str
    cluster_id: str | None = None
    campaign_id: str | None = None
    family_id: str | None = None
    posts: int = 0
    accounts: int = 0
    platforms: tuple[str, ...] = ()
    post_ids: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    counter_evidence: tuple[Evidence, ...] = ()
    replayed: bool = False
    split_from: str | None = None
    raised: Tally | None = None


Result = Membership | Cluster | Burst | Campaign | Alert | PictureFinding


class DeadLetter(Record, frozen=True, kw_only=True, tag="dead-letter/1"):
    """Original bytes that could not be processed, and why."""

    stage: str
    source: str
    reason: str
    raw: bytes
    at: int
    tries: int = 1
