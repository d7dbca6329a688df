"""Counts over the hits of a search: by time and by value, out of tantivy's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from tantivy import Query, Searcher

from stream.index import FacetCounts, PostFacet

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
    searcher: Searcher, query: Query, facets: Sequence[PostFacet], limit: int
) -> Mapping[PostFacet, FacetCounts]:
    """Hits by value of each facet, the most frequent first."""
    asked: dict[str, Any] = {
        facet: {
            "terms": {
                "field": COLUMNS[facet],
                "size": limit,
                "segment_size": max(limit, OF_EACH_SEGMENT),
            }
        }
        for facet in facets
    }
    if not asked:
        return {}
    found = _answer(searcher, query, asked)
    return {facet: _counts(found[facet]) for facet in facets}


def _counts(found: dict[str, Any]) -> FacetCounts:
    values = {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found["buckets"]}
    return FacetCounts(
        values=dict(sorted(values.items(), key=lambda item: (-item[1], item[0]))),
        others=int(found.get("sum_other_doc_count") or 0),
        error=int(found.get("doc_count_error_upper_bound") or 0),
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
