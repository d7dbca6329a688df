"""Reads posts: by id, by query, counted by time and value, and as relatives of each other."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import msgspec

from stream.elastic.compiling import NOTHING, all_of, any_of, between, compiled
from stream.elastic.documents import held_post, record_bytes
from stream.elastic.hits import Asking, Condition, Found, Sort
from stream.elastic.names import Names, key_of
from stream.elastic.results import ResultReader
from stream.index import (
    Bucket,
    Facet,
    FacetCounts,
    Held,
    IndexedPost,
    PostFacet,
    PostPage,
    PostQuery,
    RelationKind,
)
from stream.search.makeup import Makeup, decode_told, makeup_of
from stream.search.minutes import MINUTE_MS, buckets, check_buckets, whole_minutes
from stream.search.standings import indexed, present_subjects
from stream.threads.relatives import AT_ONCE, Brief, Member, member_of

ORDERS: dict[str, Sort] = {
    "newest": [{"@timestamp": "desc"}, {"jikimi.tie": "desc"}, {"jikimi.id": "desc"}],
    "oldest": [{"@timestamp": "asc"}, {"jikimi.tie": "asc"}, {"jikimi.id": "asc"}],
}
WHOLE = ("jikimi.record", "jikimi.standings", "jikimi.revision", "jikimi.judgement")
PLACED = ("jikimi.record", "@timestamp")
COLUMNS: dict[PostFacet, str] = {
    "subject": "subjects",
    "platform": "platform",
    "lang": "lang",
    "language": "language",
    "target": "target",
    "harm": "found",
    "tag": "tags",
    "link": "domains",
    "author": "account",
}
FACETS: dict[Facet, str] = {"subject": "subjects", "source": "source", "lang": "lang_told"}
OF_EACH_SHARD = 400
"""Values that each month names; one that is rarer there may be missed."""
ALL_VALUES = 10_000
RELATIONS: dict[RelationKind, str] = {
    "reply": "jikimi.reply_to",
    "repost": "jikimi.repost_of",
    "quote": "jikimi.quote_of",
}
ROOT = "jikimi.root"
EDGES = {"first": "min", "last": "max"}

decode_brief = msgspec.msgpack.Decoder(Brief).decode


class PostReader:
    """Questions about posts; each costs a bounded number of requests."""

    def __init__(self, asking: Asking, names: Names, results: ResultReader) -> None:
        self._ask = asking
        self._names = names
        self._results = results

    def posts(self, post_ids: Sequence[str]) -> list[IndexedPost]:
        """In the order asked for; unknown and deleted ids are left out."""
        keys = {post_id: key_of(post_id) for post_id in post_ids}
        found = {one.id: one for one in self._by_key(list(dict.fromkeys(keys.values())), WHOLE)}
        whole = self._indexed(found.values())
        return [whole[keys[i]] for i in post_ids if keys[i] in whole]

    def search(self, query: PostQuery) -> PostPage:
        """Posts in the order asked for."""
        hits = self._ask.page(
            self._names.posts,
            self._compiled(query),
            ORDERS[query.order],
            offset=query.offset,
            limit=query.limit,
            fields=WHOLE,
        )
        return PostPage(total=hits.total, posts=tuple(self._indexed(hits.found).values()))

    def makeup(self, query: PostQuery) -> Makeup:
        """Accounts, reach, copies and links of the hits that ``search`` would give."""
        hits = self._ask.page(
            self._names.posts,
            self._compiled(query),
            ORDERS[query.order],
            offset=query.offset,
            limit=query.limit,
            fields=("jikimi.record",),
        )
        return makeup_of(
            (decode_told(record_bytes(one.source)) for one in hits.found),
            copies=self._results.clustered([one.id for one in hits.found]),
            total=hits.total,
        )

    def span(self, query: PostQuery) -> tuple[int, int] | None:
        """Event times of the first and last hit, down to the minute."""
        found = self._ask.aggregated(
            self._names.posts,
            self._compiled(query),
            {
                "first": {"min": {"field": "@timestamp"}},
                "last": {"max": {"field": "@timestamp"}},
            },
        )
        if found["first"]["value"] is None:
            return None
        first, last = int(found["first"]["value"]), int(found["last"]["value"])
        return first // MINUTE_MS * MINUTE_MS, last // MINUTE_MS * MINUTE_MS

    def timeline(
        self, query: PostQuery, *, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Hits by time, every bucket, those masked in which a source was missing."""
        first, last, width = whole_minutes(since, until, bucket_ms)
        steps = max(0, -(-(last - first) // width))
        check_buckets(steps)
        if not steps:
            return []
        at, end = first * MINUTE_MS, (first + steps * width) * MINUTE_MS
        inside = all_of([self._compiled(query), between(at, last * MINUTE_MS)])
        counted = self._ask.aggregated(
            self._names.posts,
            inside,
            {
                "times": {
                    "date_histogram": {
                        "field": "@timestamp",
                        "fixed_interval": f"{width}m",
                        "offset": f"+{first % width}m",
                        "min_doc_count": 1,
                    }
                }
            },
        )
        counts = {
            (int(bucket["key"]) - at) // (width * MINUTE_MS): int(bucket["doc_count"])
            for bucket in counted["times"]["buckets"]
        }
        gaps = self._results.gaps(since=at, until=end)
        return buckets(counts, gaps, first=first, width=width, steps=steps)

    def histogram(
        self, *, subject: str | None, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Posts of a subject, or all, by time."""
        query = PostQuery(subject=subject)
        return self.timeline(query, since=since, until=until, bucket_ms=bucket_ms)

    def facets(
        self, query: PostQuery, *, names: Sequence[PostFacet], limit: int
    ) -> dict[PostFacet, FacetCounts]:
        """Hits by value of each facet, the most frequent first."""
        if limit < 1 or not names:
            return {name: FacetCounts(values={}) for name in names}
        asked = {
            name: {
                "terms": {
                    "field": f"jikimi.{COLUMNS[name]}",
                    "size": limit,
                    "shard_size": max(limit, OF_EACH_SHARD),
                }
            }
            for name in names
        }
        found = self._ask.aggregated(self._names.posts, self._compiled(query), asked)
        return {name: _counts(found[name]) for name in names}

    def facet(self, facet: Facet, *, since: int, until: int) -> Mapping[str, int]:
        """Posts by subject, source or language, most first; ``und`` is no language."""
        first, last, _ = whole_minutes(since, until, MINUTE_MS)
        column: dict[str, Any] = {"field": f"jikimi.{FACETS[facet]}", "size": ALL_VALUES}
        if facet == "lang":
            column["missing"] = "und"
        inside = between(first * MINUTE_MS, last * MINUTE_MS)
        found = self._ask.aggregated(self._names.posts, inside, {"values": {"terms": column}})
        return _counts(found["values"]).values

    def sources(self, *, subject: str | None, since: int, until: int) -> Mapping[str, int]:
        """Posts about a subject by source, most first; edges are rounded outwards."""
        first, last, _ = whole_minutes(since, until, MINUTE_MS)
        inside = all_of(
            [
                self._compiled(PostQuery(subject=subject)),
                between(first * MINUTE_MS, last * MINUTE_MS),
            ]
        )
        by_source = {"terms": {"field": "jikimi.source", "size": ALL_VALUES}}
        found = self._ask.aggregated(self._names.posts, inside, {"values": by_source})
        return _counts(found["values"]).values

    def latest(self) -> int | None:
        """The end of the newest minute with posts."""
        span = self.span(PostQuery())
        return None if span is None else span[1] + MINUTE_MS

    # --- relations ---------------------------------------------------------------

    def replies(
        self, post_id: str, kinds: Sequence[RelationKind], offset: int, limit: int
    ) -> list[IndexedPost]:
        """Posts that directly refer to a post, oldest first."""
        hits = self._ask.page(
            self._names.posts,
            _refer([RELATIONS[kind] for kind in kinds], [post_id]),
            ORDERS["oldest"],
            offset=offset,
            limit=limit,
            fields=WHOLE,
        )
        return list(self._indexed(hits.found).values())

    def reply_counts(self, post_id: str) -> dict[RelationKind, int]:
        """How many posts directly refer to a post, by kind."""
        asked = {
            kind: {"filter": _refer([field], [post_id])} for kind, field in RELATIONS.items()
        }
        found = self._ask.aggregated(
            self._names.posts, _refer(list(RELATIONS.values()), [post_id]), asked
        )
        return {kind: int(found[kind]["doc_count"]) for kind in RELATIONS}

    def members(self, post_ids: Sequence[str], /) -> list[tuple[Member, str | None]]:
        """Those that are held, each with the root that its thread names."""
        return [_member(one) for one in self._by_key([key_of(i) for i in post_ids], PLACED)]

    def below(
        self, targets: Sequence[str], known: AbstractSet[str], most: int, /
    ) -> tuple[list[tuple[Member, str | None]], bool]:
        """Posts that refer to any of the targets and are new, the oldest first."""
        fresh: list[tuple[Member, str | None]] = []
        found = self._ask.walk(
            self._names.posts,
            _refer([*RELATIONS.values(), ROOT], targets),
            ORDERS["oldest"],
            fields=PLACED,
            # What is known already may come again before what is new.
            most=most + len(known) + 1,
        )
        for one in found:
            member = _member(one)
            if member[0].id in known:
                continue
            if len(known) + len(fresh) >= most:
                return fresh, True
            fresh.append(member)
        return fresh, False

    def held(self, post_ids: Iterable[str], /) -> dict[str, Held]:
        """Whether each post is here, is a tombstone, or never came."""
        keys = {post_id: key_of(post_id) for post_id in post_ids}
        found: dict[str, Held] = {}
        wanted = list(dict.fromkeys(keys.values()))
        for i in range(0, len(wanted), AT_ONCE):
            ids: Condition = {"terms": {"_id": wanted[i : i + AT_ONCE]}}
            for one in self._every(self._names.months, ids):
                found[one.id] = "deleted" if one.source["jikimi"]["gone"] else "held"
            strays = all_of([ids, {"term": {"jikimi.gone": True}}])
            for one in self._every(self._names.of("strays"), strays):
                found.setdefault(one.id, "deleted")
        return {post_id: found.get(key, "unknown") for post_id, key in keys.items()}

    # --- inside ------------------------------------------------------------------

    def _compiled(self, query: PostQuery) -> Condition:
        return compiled(query, self._results.post_keys)

    def _every(self, index: str, condition: Condition) -> Iterator[Found]:
        by_document: Sort = [{"_doc": "asc"}]
        return self._ask.walk(
            index, condition, by_document, fields=("jikimi.gone",), most=2 * AT_ONCE
        )

    def _by_key(self, keys: Sequence[str], fields: Sequence[str]) -> list[Found]:
        found: list[Found] = []
        for i in range(0, len(keys), AT_ONCE):
            wanted: Condition = {"terms": {"jikimi.id": list(keys[i : i + AT_ONCE])}}
            found += self._ask.walk(
                self._names.posts, wanted, ORDERS["oldest"], fields=fields, most=AT_ONCE
            )
        return found

    def _indexed(self, found: Iterable[Found]) -> dict[str, IndexedPost]:
        """Documents as posts by key, with their clusters, in the same order."""
        held = {one.id: held_post(one.source) for one in found}
        clusters = self._results.clusters_of(list(held))
        made: dict[str, IndexedPost] = {}
        for key, one in held.items():
            if one.post is not None:
                present = present_subjects(one.standings)
                mine = [c for s, c in clusters.get(key, {}).items() if s in present]
                made[key] = indexed(one.post, one.revision, one.standings, mine, one.judgement)
        return made


def _refer(fields: Sequence[str], targets: Sequence[str]) -> Condition:
    keys = [key_of(target) for target in targets]
    if not fields:
        return NOTHING
    return any_of([{"terms": {field: keys}} for field in fields])


def _member(one: Found) -> tuple[Member, str | None]:
    brief = decode_brief(b64decode(one.source["jikimi"]["record"]))
    return member_of(brief, _moment(one.source["@timestamp"]))


def _moment(written: str) -> int:
    return round(datetime.fromisoformat(written).timestamp() * 1000)


def _counts(found: dict[str, Any]) -> FacetCounts:
    values = {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found["buckets"]}
    return FacetCounts(
        values=dict(sorted(values.items(), key=lambda item: (-item[1], item[0]))),
        others=int(found.get("sum_other_doc_count") or 0),
        error=int(found.get("doc_count_error_upper_bound") or 0),
    )
