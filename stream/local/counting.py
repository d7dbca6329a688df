"""Counts over the hits of a search: by time and by value, out of tantivy's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from tantivy import Occur, Query, Searcher

from stream.index import FacetCounts, PostFacet
from stream.local.documents import LOTS, SCHEMA, lot_mark

COLUMNS: dict[PostFacet, str] = {
    "subject": "subject",
    "platform": "platform",
    "lang": "lang",
    "tag": "tag",
    "link": "domain",
    "author": "account",
}
OF_EACH_SEGMENT = 400
"""Values that each segment names; one that is rarer there may be missed."""
OF_EACH_QUICKLY = 100
MANY = 100_000
"""Hits of which a sample is counted where that will do."""
FIRST_LOT = 4
"""The sample by which the number of hits is guessed."""


def by_minutes(
    searcher: Searcher, query: Query, *, first: int, last: int, width: int
) -> dict[int, int]:
    """Hits by bucket of ``width`` minutes from the minute ``first`` on, empty ones left out."""
    buckets = _aggregated(
        searcher,
        query,
        {"histogram": {"field": "minute", "interval": width, "offset": first % width}},
    )["buckets"]
    found: dict[int, int] = {}
    for bucket in buckets:
        at = round(bucket["key"])
        if bucket["doc_count"] and first <= at < last:
            found[(at - first) // width] = int(bucket["doc_count"])
    return found


def edges(searcher: Searcher, query: Query) -> tuple[int, int] | None:
    """The minutes of the first and of the last hit, None without hits."""
    found = _aggregated(searcher, query, {"stats": {"field": "minute"}})
    return (round(found["min"]), round(found["max"])) if found["count"] else None


def by_value(
    searcher: Searcher,
    query: Query,
    facets: Sequence[PostFacet],
    limit: int,
    *,
    quick: bool = False,
) -> Mapping[PostFacet, FacetCounts]:
    """Hits by value of each facet, the most frequent first; ``quick`` by a sample."""
    lot = _lot_for(searcher, query) if quick else 0
    named = OF_EACH_QUICKLY if quick else OF_EACH_SEGMENT
    asked: dict[str, Any] = {
        facet: {
            "terms": {
                "field": COLUMNS[facet],
                "size": limit,
                "segment_size": max(limit, named),
            }
        }
        for facet in facets
    }
    if not asked:
        return {}
    found = _answer(searcher, _of_lot(query, lot) if lot else query, asked)
    return {facet: _counts(found[facet], 1 << lot) for facet in facets}


def _lot_for(searcher: Searcher, query: Query) -> int:
    """The sample in which there are about half as many hits as ``MANY`` or more; 0 for all."""
    found = searcher.search(_of_lot(query, FIRST_LOT), limit=1)
    hits = int(getattr(found, "count", 0) or 0) << FIRST_LOT
    return min((hits // MANY).bit_length(), LOTS)


def _of_lot(query: Query, lot: int) -> Query:
    drawn = Query.term_query(SCHEMA, "mark", lot_mark(lot), index_option="basic")
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, drawn)])


def _counts(found: dict[str, Any], sample: int) -> FacetCounts:
    values = {
        str(bucket["key"]): sample * int(bucket["doc_count"]) for bucket in found["buckets"]
    }
    return FacetCounts(
        values=dict(sorted(values.items(), key=lambda item: (-item[1], item[0]))),
        others=sample * int(found.get("sum_other_doc_count") or 0),
        error=sample * int(found.get("doc_count_error_upper_bound") or 0),
        sample=sample,
    )


def _aggregated(searcher: Searcher, query: Query, asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _answer(searcher, query, {"found": asked})["found"]
    return found


def _answer(searcher: Searcher, query: Query, asked: Mapping[str, Any]) -> dict[str, Any]:
    # The stubs of tantivy say dict and no more.
    return cast(
        "dict[str, Any]",
        searcher.aggregate(query, dict(asked)),  # pyright: ignore[reportUnknownMemberType]
    )
