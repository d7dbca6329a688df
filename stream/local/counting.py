"""Counts over the hits of a search by time, out of tantivy's columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from tantivy import Query, Searcher


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


def _aggregated(searcher: Searcher, query: Query, asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer(searcher, query, {"found": asked})["found"]
    return found


def answer(searcher: Searcher, query: Query, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The aggregations of the hits, as tantivy gives them."""
    # The stubs of tantivy say dict and no more.
    return cast(
        "dict[str, Any]",
        searcher.aggregate(query, dict(asked)),  # pyright: ignore[reportUnknownMemberType]
    )
