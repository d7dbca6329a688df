"""The Index protocol: what the pages and exports read; filled from logs and results.

An index is never the only truth: it can be rebuilt from the log. ``write`` is
idempotent and atomic together with its checkpoint, so that a batch that is
delivered again after a crash changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, get_args

import msgspec

from detect.records import Judgement, Mention, PictureFinding
from ingest.records import Gap, Post, SourceStatus
from stream.records import (
    Alert,
    Burst,
    Campaign,
    CampaignKind,
    Cluster,
    GapSeen,
    Membership,
    PostGone,
    PostSeen,
    Result,
    Severity,
)
from stream.search.makeup import Makeup
from stream.search.tree import Node


class IndexBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What happened between two checkpoints, in order.

    ``posts`` holds one entry a post and revision (the entry of its first
    subject) and ``sightings`` one a subject, for the counts per subject.
    """

    checkpoint: str
    posts: Sequence[PostSeen] = ()
    sightings: Sequence[PostSeen] = ()
    gone: Sequence[PostGone] = ()
    gaps: Sequence[GapSeen] = ()
    results: Sequence[Result] = ()
    statuses: Sequence[SourceStatus] = ()


class IndexedPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post as the index holds it."""

    post: Post
    subjects: tuple[str, ...]
    mentions: tuple[Mention, ...] = ()
    revision: int = 1
    clusters: tuple[str, ...] = ()
    judgement: Judgement | None = None


class PostQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Filters are joined by AND; ``text`` words must all occur, quotes make a phrase.

    ``author`` is an author id or a handle. ``since`` is inside, ``until`` outside.
    ``where`` is a query of the language (``stream/search/query.py``), subjects by their ids.
    """

    text: str = ""
    subject: str | None = None
    platform: str | None = None
    lang: str | None = None
    author: str | None = None
    since: int | None = None
    until: int | None = None
    where: Node | None = None
    order: Literal["newest", "oldest"] = "newest"
    offset: int = 0
    limit: int = 50


class PostPage(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    posts: tuple[IndexedPost, ...]


class AlertQuery(msgspec.Struct, frozen=True, kw_only=True):
    subject: str | None = None
    kinds: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    since: int | None = None
    ids: tuple[str, ...] | None = None
    exclude_ids: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 50


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    alerts: tuple[Alert, ...]


class FindingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in pictures, of a family, post or subject; ``post_ids``: of any of these
    posts; ``grave``: only what amounts to something; ``newest``: the newest come first, else
    the oldest."""

    family: str | None = None
    post_id: str | None = None
    post_ids: tuple[str, ...] | None = None
    subject: str | None = None
    grave: bool = False
    newest: bool = False
    limit: int = 500


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Posts from ``at`` on for the length of the bucket; ``masked`` where a gap was."""

    at: int
    posts: int
    masked: bool = False


Facet = Literal["subject", "source", "lang"]
PostFacet = Literal[
    "subject", "harm", "target", "platform", "language", "lang", "tag", "link", "author"
]
"""``language`` is what the words are in, ``lang`` what the platform says; ``harm`` counts
the categories that are said for sure."""
POST_FACETS: tuple[PostFacet, ...] = get_args(PostFacet)


class FacetCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Posts by value, the most frequent first.

    ``others`` counts what fell under values left out (a post with several values
    counts under each). ``error``: by how much at most a count may be too low, and a
    value left out too frequent; 0 where all counts are exact. ``sample``: one hit in so
    many was counted and counts were multiplied; above 1 all of them are estimates.
    """

    values: Mapping[str, int]
    others: int = 0
    error: int = 0
    sample: int = 1


class SearchUnavailableError(Exception):
    """Search cannot answer at present; the message says what to do."""


RelationKind = Literal["reply", "repost", "quote"]
RELATION_KINDS: tuple[RelationKind, ...] = ("reply", "repost", "quote")
Held = Literal["held", "deleted", "unknown"]
"""``deleted``: a tombstone is all that is left; ``unknown``: it has not arrived (yet)."""


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """A post's place among the posts that refer to it and to which it refers.

    ``parent`` is what it answers, reposts or quotes (``kind`` says which), as far as
    that belongs to what was asked for; None for the top. ``kind`` is also None for a
    post that is not held: that it stands below its parent is all that is known. Time,
    platform and account are known of posts that are held, and of them alone.
    """

    id: str
    parent: str | None
    kind: RelationKind | None
    held: Held
    at: int | None = None
    platform: str | None = None
    account: str | None = None


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """A post and all that refer to it, directly or through others.

    The top comes first and every parent before its children. ``truncated``: there
    are more than were asked for; nearer levels come before farther ones, and
    inside a family the older before the younger.
    """

    nodes: tuple[Relative, ...]
    truncated: bool = False


class Forest(msgspec.Struct, frozen=True, kw_only=True):
    """Cascades: trees of posts that refer to each other, that with the oldest post first.

    Parents come before their children. ``truncated``: there are more posts below them
    than were asked for.
    """

    trees: tuple[tuple[Relative, ...], ...]
    truncated: bool = False


class GapPage(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    gaps: tuple[Gap, ...]


class Index(Protocol):
    """Write side for hosts, read side for pages and exports."""

    def checkpoint(self) -> str | None:
        """Checkpoint of the last batch written, None when empty."""
        ...

    def write(self, batch: IndexBatch, /) -> None: ...

    def refresh(self) -> None:
        """Make everything written visible to search."""
        ...

    def close(self) -> None: ...

    def post(self, post_id: str, /) -> IndexedPost | None: ...

    def posts(self, post_ids: Sequence[str], /) -> list[IndexedPost]:
        """In the order asked for; unknown and deleted ids are left out."""
        ...

    def search(self, query: PostQuery, /) -> PostPage:
        """Posts in the order asked for, by event time.

        Raises:
            SearchUnavailableError: search is damaged and not yet made anew.
        """
        ...

    def makeup(self, query: PostQuery, /) -> Makeup:
        """Accounts, reach, copies and links of the hits that ``search`` would give.

        The same as from whole posts, without reading them.

        Raises:
            SearchUnavailableError: search is damaged and not yet made anew.
        """
        ...

    def span(self, query: PostQuery, /) -> tuple[int, int] | None:
        """Event times of the first and last hit, down to the minute; None without hits."""
        ...

    def timeline(
        self, query: PostQuery, /, *, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Hits by time: every bucket from ``since`` to ``until``, empty ones too.

        Exact; times and widths are rounded outwards to whole minutes.

        Raises:
            ValueError: more than 20,000 buckets.
        """
        ...

    def facets(
        self,
        query: PostQuery,
        /,
        *,
        names: Sequence[PostFacet] = POST_FACETS,
        limit: int = 10,
        quick: bool = False,
    ) -> Mapping[PostFacet, FacetCounts]:
        """Hits by value of each facet, in at most ``limit`` values each.

        ``quick``: where hits are many, a sample of them will do, as ``sample`` tells.

        Values are what the query language takes: subjects by id, hosts for links,
        ``platform:handle`` for authors (the id where there is no handle). Frequent
        values are exact; where values are many, rare ones may be counted too low,
        by at most the ``error`` that is told.
        """
        ...

    def histogram(
        self, *, subject: str | None, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Every bucket from ``since`` to ``until``, empty ones too."""
        ...

    def facet(self, facet: Facet, *, since: int, until: int) -> Mapping[str, int]:
        """Posts by value; ``und`` stands for no stated language."""
        ...

    def sources(self, *, subject: str | None, since: int, until: int) -> Mapping[str, int]:
        """Posts about a subject (None: all) by source, most first."""
        ...

    def latest(self) -> int | None:
        """Event time up to which there are posts; None when empty."""
        ...

    def gaps(self, *, since: int, until: int) -> list[Gap]:
        """Stretches in which a source may have missed posts."""
        ...

    def gap_ledger(self, *, offset: int = 0, limit: int = 100) -> GapPage:
        """All gaps, the newest first."""
        ...

    def replies(
        self,
        post_id: str,
        /,
        *,
        kinds: Sequence[RelationKind] = RELATION_KINDS,
        offset: int = 0,
        limit: int = 50,
    ) -> list[IndexedPost]:
        """Posts that directly answer, repost or quote a post, held or not; oldest first."""
        ...

    def reply_counts(self, post_id: str, /) -> Mapping[RelationKind, int]:
        """How many posts directly answer, repost and quote a post; every kind is there."""
        ...

    def ancestors(self, post_id: str, /, *, limit: int = 100) -> list[Relative]:
        """What a post refers to, what that refers to, and so on; nearest first.

        Of several references the reply comes before the repost and the quote. The
        way ends at a post that refers to nothing or is not held; where its thread
        names a root beyond that, the root is the last.
        """
        ...

    def tree(self, post_id: str, /, *, limit: int = 10_000) -> Tree:
        """Everything below a post, held or not, in at most ``limit`` held posts.

        A branch whose parent was deleted or never came stands under that parent,
        and the parent under the root of the thread.
        """
        ...

    def forest(self, post_ids: Sequence[str], /, *, limit: int = 10_000) -> Forest:
        """The cascades of these posts, with everything held below them up to ``limit`` posts.

        Of the posts themselves those that are held are there, whatever the limit.
        """
        ...

    def cluster(self, cluster_id: str, /) -> Cluster | None:
        """The cluster, following ``merged_into``."""
        ...

    def clusters(
        self, *, subject: str | None = None, since: int | None = None, limit: int = 50
    ) -> list[Cluster]:
        """Largest first; merged ones left out."""
        ...

    def members(self, cluster_id: str, /, *, limit: int = 1000) -> list[Membership]: ...

    def bursts(self, *, cluster_id: str) -> list[Burst]: ...

    def findings(self, query: FindingQuery, /) -> list[PictureFinding]:
        """What was found in pictures, oldest first; of deleted posts nothing."""
        ...

    def campaign(self, campaign_id: str, /) -> Campaign | None:
        """The campaign, following ``merged_into``."""
        ...

    def campaigns(
        self,
        *,
        subject: str | None = None,
        kinds: Sequence[CampaignKind] = (),
        since: int | None = None,
        limit: int = 50,
    ) -> list[Campaign]:
        """Those with the newest posts first (no kinds: all); merged ones left out."""
        ...

    def alert(self, alert_id: str, /) -> Alert | None: ...

    def alerts(self, query: AlertQuery, /) -> AlertPage:
        """Newest first."""
        ...

    def alerts_after(self, seq: int, /, *, limit: int = 100) -> list[tuple[int, Alert]]:
        """Alerts in the order they were first written or last changed, for delivery."""
        ...

    def alert_seq(self) -> int:
        """Place in the order of ``alerts_after`` beyond which there is none (yet)."""
        ...

    def alert_totals(self) -> Mapping[tuple[str, Severity], int]:
        """How many alerts there are of each kind and severity."""
        ...

    def statuses(self) -> list[SourceStatus]: ...

    def counts(self) -> Mapping[str, int]:
        """Totals: posts, deleted, clusters, alerts."""
        ...
