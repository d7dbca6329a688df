"""Asks Elasticsearch: pages of any depth, documents by id, counts by value and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from elasticsearch import Elasticsearch

from stream.elastic.client import IndexUnavailableError, told

WINDOW = 10_000
"""Hits that Elasticsearch gives by offset (``index.max_result_window``)."""
IDS_AT_ONCE = 1000

Condition = dict[str, Any]
Sort = list[dict[str, str]]


class Found(msgspec.Struct, frozen=True):
    """A document: where it is, what it holds, and the place and version of its last write."""

    index: str
    id: str
    source: dict[str, Any]
    seq_no: int = 0
    primary_term: int = 0
    version: int = 0


class Hits(msgspec.Struct, frozen=True):
    """One page, and how many match in all."""

    total: int
    found: list[Found]


class Asking:
    """Questions to one cluster; errors come in plain words."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def page(
        self,
        index: str,
        condition: Condition,
        sort: Sort,
        *,
        offset: int = 0,
        limit: int,
        fields: Sequence[str] = ("jikimi.record",),
    ) -> Hits:
        """Documents ``offset`` to ``offset + limit`` in an order that leaves no ties."""
        offset, limit = max(offset, 0), max(limit, 0)
        if offset + limit <= WINDOW:
            body = self._search(
                index, condition, sort, size=limit, offset=offset, fields=fields, count=True
            )
            return Hits(body["hits"]["total"]["value"], _found(body))
        total = self.count(index, condition)
        walk = self.walk(index, condition, sort, fields=fields, most=offset + limit)
        return Hits(total, list(islice(walk, offset, None)))

    def walk(
        self,
        index: str,
        condition: Condition,
        sort: Sort,
        *,
        fields: Sequence[str] = ("jikimi.record",),
        most: int,
    ) -> Iterator[Found]:
        """Up to ``most`` documents in an order that leaves no ties."""
        after: list[Any] | None = None
        left = most
        while left > 0:
            size = min(left, WINDOW)
            body = self._search(index, condition, sort, size=size, fields=fields, after=after)
            hits = body["hits"]["hits"]
            yield from _found(body)
            if len(hits) < size:
                return
            left -= len(hits)
            after = hits[-1]["sort"]

    def indices(self, pattern: str) -> list[str]:
        """The indices of a pattern, by name."""
        with told():
            return sorted(self._client.indices.get(index=pattern, features="aliases"))

    def count(self, index: str, condition: Condition) -> int:
        """How many documents match."""
        with told():
            answer = self._client.count(index=index, query=condition)
        if answer["_shards"]["failed"]:
            raise IndexUnavailableError("Elasticsearch cannot count all documents now")
        return int(answer["count"])

    def aggregated(
        self, index: str, condition: Condition, asked: Mapping[Any, Any]
    ) -> dict[str, Any]:
        """Counts over what matches, by the names that were asked for."""
        with told():
            answer = self._client.search(
                index=index,
                query=condition,
                aggs=dict(asked),
                size=0,
                track_total_hits=False,
                allow_partial_search_results=False,
            )
        found: dict[str, Any] = answer["aggregations"]
        return found

    def get(self, index: str, ids: Sequence[str]) -> dict[str, Found]:
        """Documents by id out of one index, as they are now, also before a refresh."""
        return {one.id: one for one in self.get_each([(index, id_) for id_ in ids])}

    def get_each(self, places: Sequence[tuple[str, str]]) -> Iterator[Found]:
        """Documents by index and id, those that there are, as they are now."""
        # The server refuses to look for the empty id, which nothing has.
        named = [(index, id_) for index, id_ in places if id_]
        for i in range(0, len(named), IDS_AT_ONCE):
            chunk = named[i : i + IDS_AT_ONCE]
            wanted = [{"_index": index, "_id": id_} for index, id_ in chunk]
            with told():
                answer = self._client.mget(docs=wanted)
            for one in answer["docs"]:
                _check(one)
                if one.get("found"):
                    yield Found(
                        one["_index"], one["_id"], one["_source"], one["_seq_no"],
                        one["_primary_term"], one["_version"],
                    )  # fmt: skip

    def _search(
        self,
        index: str,
        condition: Condition,
        sort: Sort,
        *,
        size: int,
        fields: Sequence[str],
        offset: int = 0,
        after: list[Any] | None = None,
        count: bool = False,
    ) -> dict[str, Any]:
        with told():
            answer = self._client.search(
                index=index,
                query=condition,
                sort=sort,
                size=size,
                from_=offset,
                search_after=after,
                # Half of an answer would look like a whole one.
                allow_partial_search_results=False,
                source_includes=list(fields),
                track_total_hits=count,
                seq_no_primary_term=True,
                version=True,
            )
        body: dict[str, Any] = answer.body
        return body


def _check(one: dict[str, Any]) -> None:
    """A document that cannot be read now is not one that is not there.

    Raises:
        IndexUnavailableError: its shard does not answer, for example after a restart.
    """
    problem: dict[str, Any] = one.get("error") or {}
    if problem and problem.get("type") != "index_not_found_exception":
        reason = str(problem.get("reason") or problem.get("type"))[:300]
        raise IndexUnavailableError(f"Elasticsearch cannot read a document now: {reason}")


def _found(body: dict[str, Any]) -> list[Found]:
    return [
        Found(
            hit["_index"], hit["_id"], hit.get("_source", {}), hit["_seq_no"],
            hit["_primary_term"], hit["_version"],
        )
        for hit in body["hits"]["hits"]
    ]  # fmt: skip
