"""An index in memory that keeps every promise of stream.index.Index, for page tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

import msgspec

from detect.records import Mention, PictureFinding
from ingest.records import Gap, Post, SourceStatus
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
    Held,
    IndexBatch,
    IndexedPost,
    PostFacet,
    PostPage,
    PostQuery,
    RelationKind,
    Relative,
    Tree,
)
from stream.records import (
    Alert,
    Burst,
    Campaign,
    CampaignKind,
    Cluster,
    Membership,
    PostSeen,
    Severity,
)
from stream.search.makeup import Makeup, decode_told, makeup_of
from stream.spread.forest import cascades_of
from stream.threads.relatives import Member, grow, references, relative
from tests.stream import kinship
from tests.stream.query_oracle import counted, findings_of, matches


class MemoryIndex:
    """Holds the newest revision of everything; nothing survives it."""

    def __init__(self) -> None:
        self._checkpoint: str | None = None
        self._posts: dict[str, PostSeen] = {}
        self._subjects: dict[str, set[str]] = {}
        self._deleted: set[str] = set()
        self._gaps: list[Gap] = []
        self._results: dict[type, dict[str, object]] = {}
        self._members: dict[tuple[str, str], Membership] = {}
        self._statuses: dict[str, SourceStatus] = {}
        self._alert_places: dict[str, int] = {}
        self._alert_seq = 0

    def checkpoint(self) -> str | None:
        return self._checkpoint

    def write(self, batch: IndexBatch, /) -> None:
        for seen in batch.posts:
            if seen.post.id not in self._deleted:
                old = self._posts.get(seen.post.id)
                if old is None or old.revision <= seen.revision:
                    self._posts[seen.post.id] = seen
        for seen in (*batch.posts, *batch.sightings):
            self._subjects.setdefault(seen.post.id, set()).update(
                {seen.subject, *seen.subjects}
            )
        for gone in batch.gone:
            self._deleted.add(gone.post_id)
            self._posts.pop(gone.post_id, None)
        self._gaps += [seen.gap for seen in batch.gaps]
        for status in batch.statuses:
            self._statuses[status.source] = status
        for result in batch.results:
            self._keep(result)
        self._checkpoint = batch.checkpoint

    def _keep(self, result: object) -> None:
        if isinstance(result, Membership):
            self._members[(result.subject, result.post_id)] = result
            return
        key = next(
            str(getattr(result, name))
            for name in ("alert_id", "burst_id", "campaign_id", "cluster_id", "finding_id")
            if type(result).__struct_fields__[0] == name or name == "finding_id"
        )
        self._results.setdefault(type(result), {})[key] = result
        if isinstance(result, Alert):
            self._alert_seq += 1
            self._alert_places.pop(key, None)
            self._alert_places[key] = self._alert_seq

    def refresh(self) -> None:
        return None

    def close(self) -> None:
        return None

    def _all(self, kind: type) -> list:
        return list(self._results.get(kind, {}).values())

    def _indexed(self, seen: PostSeen) -> IndexedPost:
        clusters = {
            m.cluster_id
            for (_, post), m in self._members.items()
            if post == seen.post.id and m.cluster_id
        }
        mentions: tuple[Mention, ...] = seen.mentions
        return IndexedPost(
            post=seen.post,
            subjects=tuple(sorted(self._subjects[seen.post.id])),
            mentions=mentions,
            revision=seen.revision,
            clusters=tuple(sorted(clusters)),
            judgement=seen.judgement,
        )

    def post(self, post_id: str, /) -> IndexedPost | None:
        seen = self._posts.get(post_id)
        return self._indexed(seen) if seen else None

    def posts(self, post_ids: Sequence[str], /) -> list[IndexedPost]:
        found = (self.post(one) for one in post_ids)
        return [one for one in found if one]

    def _hits(self, query: PostQuery) -> list[PostSeen]:
        words = query.text.replace('"', " ").casefold().split()
        found = [
            seen
            for seen in self._posts.values()
            if all(word in seen.post.text.casefold() for word in words)
            and query.subject in {None, *self._subjects[seen.post.id]}
            and query.platform in {None, seen.post.platform}
            and query.lang in {None, seen.post.lang}
            and query.author in {None, seen.post.author_id}
            and (query.since is None or seen.post.event_at >= query.since)
            and (query.until is None or seen.post.event_at < query.until)
            and matches(self._indexed(seen), query.where)
        ]
        newest = query.order == "newest"
        found.sort(key=lambda seen: (seen.post.event_at, seen.post.id), reverse=newest)
        return found

    def search(self, query: PostQuery, /) -> PostPage:
        found = self._hits(query)
        shown = found[query.offset : query.offset + query.limit]
        return PostPage(total=len(found), posts=tuple(self._indexed(one) for one in shown))

    def makeup(self, query: PostQuery, /) -> Makeup:
        page = self.search(query)
        told = [decode_told(msgspec.msgpack.encode(one.post)) for one in page.posts]
        copies = sum(bool(one.clusters) for one in page.posts)
        return makeup_of(told, copies=copies, total=page.total)

    def span(self, query: PostQuery, /) -> tuple[int, int] | None:
        minutes = [seen.post.event_at // 60_000 * 60_000 for seen in self._hits(query)]
        return (min(minutes), max(minutes)) if minutes else None

    def timeline(
        self, query: PostQuery, /, *, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        return self._buckets([s.post for s in self._hits(query)], since, until, bucket_ms)

    def facets(
        self,
        query: PostQuery,
        /,
        *,
        names: Sequence[PostFacet] = POST_FACETS,
        limit: int = 10,
        quick: bool = False,
    ) -> Mapping[PostFacet, FacetCounts]:
        hits = [self._indexed(seen) for seen in self._hits(query)]
        found: dict[PostFacet, FacetCounts] = {}
        for name in names:
            counts = sorted(counted(hits, name).items(), key=lambda item: (-item[1], item[0]))
            found[name] = FacetCounts(
                values=dict(counts[:limit]), others=sum(n for _, n in counts[limit:])
            )
        return found

    def _times(self, subject: str | None, since: int, until: int) -> list[Post]:
        return [
            seen.post
            for seen in self._posts.values()
            if since <= seen.post.event_at < until
            and (subject is None or subject in self._subjects[seen.post.id])
        ]

    def histogram(
        self, *, subject: str | None, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        return self._buckets(self._times(subject, since, until), since, until, bucket_ms)

    def _buckets(
        self, posts: list[Post], since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        counts = Counter((p.event_at - since) // bucket_ms for p in posts)
        return [
            Bucket(
                at=at,
                posts=counts[i],
                masked=any(gap.since < at + bucket_ms and gap.until > at for gap in self._gaps),
            )
            for i, at in enumerate(range(since, until, bucket_ms))
        ]

    def facet(self, facet: Facet, *, since: int, until: int) -> Mapping[str, int]:
        counts: Counter[str] = Counter()
        for post in self._times(None, since, until):
            if facet == "subject":
                counts.update(self._subjects[post.id])
            else:
                counts[post.source if facet == "source" else post.lang or ""] += 1
        return counts

    def sources(self, *, subject: str | None, since: int, until: int) -> Mapping[str, int]:
        counts = Counter(post.source for post in self._times(subject, since, until))
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def latest(self) -> int | None:
        times = [seen.post.event_at for seen in self._posts.values()]
        return (max(times) // 60_000 + 1) * 60_000 if times else None

    def gaps(self, *, since: int, until: int) -> list[Gap]:
        found = [gap for gap in self._gaps if gap.since < until and gap.until > since]
        return sorted(found, key=lambda gap: (gap.since, gap.source))

    def gap_ledger(self, *, offset: int = 0, limit: int = 100) -> GapPage:
        found = sorted(self._gaps, key=lambda gap: (-gap.since, gap.source))
        return GapPage(total=len(found), gaps=tuple(found[offset : offset + limit]))

    def _standing(self) -> dict[str, Post]:
        return {post_id: seen.post for post_id, seen in self._posts.items()}

    def _held(self, post_ids: Iterable[str]) -> dict[str, Held]:
        return {i: kinship.state(self._posts, self._deleted, i) for i in post_ids}

    def _member(self, post_id: str) -> Member:
        one = self._posts[post_id].post
        return Member(
            id=one.id,
            at=one.event_at,
            platform=one.platform,
            account=one.account,
            references=references(one),
        )

    def replies(
        self,
        post_id: str,
        /,
        *,
        kinds: Sequence[RelationKind] = RELATION_KINDS,
        offset: int = 0,
        limit: int = 50,
    ) -> list[IndexedPost]:
        posts = self._standing()
        found = {p.id: p for kind in kinds for p in kinship.referring(posts, post_id, kind)}
        ordered = sorted(found.values(), key=lambda p: (p.event_at, p.id))
        return self.posts([p.id for p in ordered[offset : offset + limit]])

    def reply_counts(self, post_id: str, /) -> Mapping[RelationKind, int]:
        posts = self._standing()
        return {k: len(kinship.referring(posts, post_id, k)) for k in RELATION_KINDS}

    def ancestors(self, post_id: str, /, *, limit: int = 100) -> list[Relative]:
        way = kinship.way_up(self._standing(), post_id)[1:][:limit]
        return [
            relative(self._member(one), *self._tie(one, above))
            if one in self._posts
            else Relative(id=one, parent=None, kind=None, held=self._held([one])[one])
            for one, above in zip_longest(way, way[1:])
        ]

    def _tie(self, one: str, above: str | None) -> tuple[str | None, RelationKind | None]:
        first = next(iter(references(self._posts[one].post)), None)
        return (above, first[0]) if first and first[1] == above else (None, None)

    def tree(self, post_id: str, /, *, limit: int = 10_000) -> Tree:
        ids = kinship.below(self._standing(), post_id)
        members = {one: self._member(one) for one in sorted(ids)[: limit - 1]}
        top = Relative(id=post_id, parent=None, kind=None, held=self._held([post_id])[post_id])
        if post_id in self._posts:
            top = relative(self._member(post_id), None, None)
        return grow(top, members, self._held, truncated=len(members) < len(ids))

    def forest(self, post_ids: Sequence[str], /, *, limit: int = 10_000) -> Forest:
        ids = dict.fromkeys(one for one in post_ids if one in self._posts)
        asked = len(ids)
        for one in list(ids):
            ids |= dict.fromkeys(sorted(kinship.below(self._standing(), one)))
        kept = list(ids)[: max(limit, asked)]
        trees = cascades_of(self._member(one) for one in kept)
        return Forest(trees=trees, truncated=len(kept) < len(ids))

    def cluster(self, cluster_id: str, /) -> Cluster | None:
        known = self._results.get(Cluster, {})
        found = known.get(cluster_id)
        while isinstance(found, Cluster) and found.merged_into:
            found = known.get(found.merged_into)
        return found if isinstance(found, Cluster) else None

    def clusters(
        self, *, subject: str | None = None, since: int | None = None, limit: int = 50
    ) -> list[Cluster]:
        found = [
            one
            for one in self._all(Cluster)
            if not one.merged_into
            and subject in {None, one.subject}
            and (since is None or one.last_at >= since)
        ]
        return sorted(found, key=lambda one: -one.posts)[:limit]

    def members(self, cluster_id: str, /, *, limit: int = 1000) -> list[Membership]:
        return [m for m in self._members.values() if m.cluster_id == cluster_id][:limit]

    def bursts(self, *, cluster_id: str) -> list[Burst]:
        return [one for one in self._all(Burst) if one.cluster_id == cluster_id]

    def findings(self, query: FindingQuery, /) -> list[PictureFinding]:
        return findings_of(self._all(PictureFinding), query)

    def campaign(self, campaign_id: str, /) -> Campaign | None:
        found = self._results.get(Campaign, {}).get(campaign_id)
        if isinstance(found, Campaign) and found.merged_into:
            return self.campaign(found.merged_into)
        return found if isinstance(found, Campaign) else None

    def campaigns(
        self,
        *,
        subject: str | None = None,
        kinds: Sequence[CampaignKind] = (),
        since: int | None = None,
        limit: int = 50,
    ) -> list[Campaign]:
        found = [
            one
            for one in self._all(Campaign)
            if not one.merged_into
            and subject in {None, one.subject}
            and (not kinds or one.kind in kinds)
            and (since is None or one.last_post_at >= since)
        ]
        return sorted(found, key=lambda one: (-one.last_post_at, one.campaign_id))[:limit]

    def alert(self, alert_id: str, /) -> Alert | None:
        found = self._results.get(Alert, {}).get(alert_id)
        return found if isinstance(found, Alert) else None

    def alerts(self, query: AlertQuery, /) -> AlertPage:
        found = [
            one
            for one in self._all(Alert)
            if query.subject in {None, one.subject}
            and (not query.kinds or one.kind in query.kinds)
            and (not query.severities or one.severity in query.severities)
            and (query.since is None or one.updated_at >= query.since)
            and (query.ids is None or one.alert_id in query.ids)
            and one.alert_id not in query.exclude_ids
        ]
        found.sort(key=lambda one: (-one.created_at, one.alert_id))
        shown = found[query.offset : query.offset + query.limit]
        return AlertPage(total=len(found), alerts=tuple(shown))

    def alerts_after(self, seq: int, /, *, limit: int = 100) -> list[tuple[int, Alert]]:
        known = self._results.get(Alert, {})
        ordered = [(place, known[key]) for key, place in self._alert_places.items()]
        return [(i, one) for i, one in ordered if i > seq and isinstance(one, Alert)][:limit]

    def alert_seq(self) -> int:
        return self._alert_seq

    def alert_totals(self) -> Mapping[tuple[str, Severity], int]:
        return Counter((one.kind, one.severity) for one in self._all(Alert))

    def statuses(self) -> list[SourceStatus]:
        return list(self._statuses.values())

    def counts(self) -> Mapping[str, int]:
        return {
            "posts": len(self._posts),
            "deleted": len(self._deleted),
            "clusters": len(self._all(Cluster)),
            "alerts": len(self._all(Alert)),
        }
