"""Elasticsearch as the index: the same questions and answers as the local one.

Writing is idempotent; the checkpoint is written last, so that what a crash left half done
is done again. Questions see what was written at most a second ago, or after ``refresh``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from elasticsearch import Elasticsearch

from detect.records import PictureFinding
from ingest.records import Gap, SourceStatus
from stream.elastic.bulk import Action, Sender
from stream.elastic.client import IndexUnavailableError, NotSetUpError, told
from stream.elastic.hits import Asking
from stream.elastic.names import Names
from stream.elastic.posts import PostReader
from stream.elastic.result_writing import ResultWriter
from stream.elastic.results import ResultReader
from stream.elastic.writing import PostWriter, Refused
from stream.index import (
    POST_FACETS,
    RELATION_KINDS,
    AlertPage,
    AlertQuery,
    Bucket,
    Facet,
    FacetCounts,
    FindingQuery,
    Forest,
    GapPage,
    IndexBatch,
    IndexedPost,
    PostFacet,
    PostPage,
    PostQuery,
    RelationKind,
    Relative,
    Tree,
)
from stream.records import Alert, Burst, Campaign, CampaignKind, Cluster, Membership, Severity
from stream.search.makeup import Makeup
from stream.search.standings import news_of
from stream.spread.forest import planted
from stream.threads.relatives import climb, descend

__all__ = ["ElasticIndex", "IndexUnavailableError", "NotSetUpError"]

CHECKPOINT = "checkpoint"


class ElasticIndex:
    """``stream.index.Index`` on a cluster; safe to call from several threads.

    Args:
        client: of Elasticsearch; closed with the index.
        names: of this installation.
        sender: how writes are sent, None for one that is patient for a minute.
    """

    def __init__(
        self, client: Elasticsearch, names: Names | None = None, sender: Sender | None = None
    ) -> None:
        self._client = client
        self.names = names or Names()
        asking = Asking(client)
        sender = sender or Sender(client)
        self._asking = asking
        self._sender = sender
        self._results = ResultReader(asking, self.names)
        self._posts = PostReader(asking, self.names, self._results)
        self._post_writer = PostWriter(
            client, self.names, sender, now=lambda: time.time_ns() // 1_000_000
        )
        self._result_writer = ResultWriter(asking, self.names, sender)
        self.refused: list[Refused] = []

    # --- writing ---------------------------------------------------------------

    def checkpoint(self) -> str | None:
        """Checkpoint of the last batch written, None when empty."""
        found = self._asking.get(self.names.of("state"), [CHECKPOINT]).get(CHECKPOINT)
        return None if found is None else str(found.source["jikimi"]["checkpoint"])

    def write(self, batch: IndexBatch, /) -> None:
        """Write a batch, then its checkpoint; repeats change nothing.

        What Elasticsearch will never take is kept in ``refused``.

        Raises:
            IndexUnavailableError: not now; write the same batch again.
        """
        self.refused += self.take(batch)
        body = {"jikimi": {"checkpoint": batch.checkpoint}}
        self._sender.send([Action(self.names.of("state"), CHECKPOINT, body)])

    def take(self, batch: IndexBatch, /) -> list[Refused]:
        """Write a batch without its checkpoint, for who keeps the place elsewhere.

        Raises:
            IndexUnavailableError: not now; the same again changes nothing.
        """
        gone_at = {gone.post_id: gone.deleted_at for gone in batch.gone}
        written = self._post_writer.write(news_of(batch), gone_at)
        self._result_writer.forget(written.buried)
        return written.refused + self._result_writer.write(batch)

    def refresh(self) -> None:
        """Make everything written visible to search."""
        with told():
            self._client.indices.refresh(index=self.names.everything)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    # --- posts -----------------------------------------------------------------

    def post(self, post_id: str, /) -> IndexedPost | None:
        """A post by id, None when unknown or deleted."""
        return next(iter(self._posts.posts([post_id])), None)

    def posts(self, post_ids: Sequence[str], /) -> list[IndexedPost]:
        """In the order asked for; unknown and deleted ids are left out."""
        return self._posts.posts(post_ids)

    def search(self, query: PostQuery, /) -> PostPage:
        """Posts in the order asked for, by event time.

        Raises:
            SearchUnavailableError: Elasticsearch cannot answer.
        """
        return self._posts.search(query)

    def makeup(self, query: PostQuery, /) -> Makeup:
        """Accounts, reach, copies and links of the hits that ``search`` would give.

        Raises:
            SearchUnavailableError: Elasticsearch cannot answer.
        """
        return self._posts.makeup(query)

    def span(self, query: PostQuery, /) -> tuple[int, int] | None:
        """Event times of the first and last hit, down to the minute; None without hits."""
        return self._posts.span(query)

    def timeline(
        self, query: PostQuery, /, *, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Hits by time: every bucket from ``since`` to ``until``, empty ones too.

        Raises:
            ValueError: more than 20,000 buckets.
        """
        return self._posts.timeline(query, since=since, until=until, bucket_ms=bucket_ms)

    def facets(
        self,
        query: PostQuery,
        /,
        *,
        names: Sequence[PostFacet] = POST_FACETS,
        limit: int = 10,
        quick: bool = False,
    ) -> Mapping[PostFacet, FacetCounts]:
        """Hits by value of each facet; rare values may be counted too low, by ``error``.

        ``quick`` changes nothing: the shards of a cluster count side by side.
        """
        del quick
        return self._posts.facets(query, names=names, limit=limit)

    def histogram(
        self, *, subject: str | None, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Every bucket from ``since`` to ``until``, empty ones too.

        Raises:
            ValueError: more than 20,000 buckets.
        """
        return self._posts.histogram(
            subject=subject, since=since, until=until, bucket_ms=bucket_ms
        )

    def facet(self, facet: Facet, *, since: int, until: int) -> Mapping[str, int]:
        """Posts by subject, source or language, most first; ``und`` is no language."""
        return self._posts.facet(facet, since=since, until=until)

    def sources(self, *, subject: str | None, since: int, until: int) -> Mapping[str, int]:
        """Posts about a subject (None: all) by source, most first."""
        return self._posts.sources(subject=subject, since=since, until=until)

    def latest(self) -> int | None:
        """Event time up to which there are posts, in whole minutes; None when empty."""
        return self._posts.latest()

    def gaps(self, *, since: int, until: int) -> list[Gap]:
        """Stretches in which a source may have missed posts."""
        return self._results.gaps(since=since, until=until)

    def gap_ledger(self, *, offset: int = 0, limit: int = 100) -> GapPage:
        """All gaps, the newest first."""
        return self._results.gap_ledger(offset, limit)

    # --- relations ---------------------------------------------------------------

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
        return self._posts.replies(post_id, kinds, offset, limit)

    def reply_counts(self, post_id: str, /) -> Mapping[RelationKind, int]:
        """How many posts directly answer, repost and quote a post."""
        return self._posts.reply_counts(post_id)

    def ancestors(self, post_id: str, /, *, limit: int = 100) -> list[Relative]:
        """What a post refers to, what that refers to, and so on; nearest first."""
        return climb(self._posts, post_id, limit)

    def tree(self, post_id: str, /, *, limit: int = 10_000) -> Tree:
        """Everything below a post, held or not, in at most ``limit`` held posts."""
        return descend(self._posts, post_id, limit)

    def forest(self, post_ids: Sequence[str], /, *, limit: int = 10_000) -> Forest:
        """The cascades of posts, with everything held below them up to ``limit`` posts."""
        return planted(self._posts, post_ids, limit)

    # --- results ---------------------------------------------------------------

    def cluster(self, cluster_id: str, /) -> Cluster | None:
        """The cluster, following ``merged_into``."""
        return self._results.cluster(cluster_id)

    def clusters(
        self, *, subject: str | None = None, since: int | None = None, limit: int = 50
    ) -> list[Cluster]:
        """Largest first; merged ones left out."""
        return self._results.clusters(subject=subject, since=since, limit=limit)

    def members(self, cluster_id: str, /, *, limit: int = 1000) -> list[Membership]:
        """Posts of the cluster and of those merged into it, oldest first."""
        return self._results.members(cluster_id, limit)

    def bursts(self, *, cluster_id: str) -> list[Burst]:
        """Bursts of the cluster and of those merged into it, oldest first."""
        return self._results.bursts(cluster_id)

    def findings(self, query: FindingQuery, /) -> list[PictureFinding]:
        """What was found in pictures, oldest first; of deleted posts nothing."""
        return self._results.findings(query)

    def campaign(self, campaign_id: str, /) -> Campaign | None:
        """The campaign, following ``merged_into``."""
        return self._results.campaign(campaign_id)

    def campaigns(
        self,
        *,
        subject: str | None = None,
        kinds: Sequence[CampaignKind] = (),
        since: int | None = None,
        limit: int = 50,
    ) -> list[Campaign]:
        """Those with the newest posts first; merged ones left out."""
        return self._results.campaigns(subject=subject, kinds=kinds, since=since, limit=limit)

    def alert(self, alert_id: str, /) -> Alert | None:
        """An alert by id."""
        return self._results.alert(alert_id)

    def alerts(self, query: AlertQuery, /) -> AlertPage:
        """Newest first."""
        return self._results.alerts(query)

    def alerts_after(self, seq: int, /, *, limit: int = 100) -> list[tuple[int, Alert]]:
        """Alerts in the order they were first written or last changed, for delivery.

        The sequence also goes up from an index to the one that replaces it.
        """
        return self._results.alerts_after(seq, limit, self._alert_base())

    def alert_seq(self) -> int:
        """Place in the order of ``alerts_after`` beyond which there is none (yet)."""
        return self._results.alert_seq(self._alert_base())

    def alert_totals(self) -> Mapping[tuple[str, Severity], int]:
        """How many alerts there are of each kind and severity."""
        return self._results.alert_totals()

    def statuses(self) -> list[SourceStatus]:
        """How the sources do, by name."""
        return self._results.statuses()

    def counts(self) -> Mapping[str, int]:
        """Totals: posts, deleted, clusters, alerts."""
        return self._results.counts()

    def _alert_base(self) -> int:
        """When the index of alerts was made: its sequence numbers count from there."""
        with told():
            answer = self._client.indices.get_settings(
                index=self.names.of("alerts"), name="index.creation_date"
            )
        made = [int(one["settings"]["index"]["creation_date"]) for one in answer.values()]
        return max(made)
