"""Counts over the hits of a search by value, out of tantivy's columns; of many, a sample.

Hashtags, hosts and accounts stand there as numbers (``documents.py``). What a number
stands for is read from a post that has it, so that nothing is kept of deleted ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tantivy import Occur, Query, Searcher

from stream.index import FacetCounts, IndexedPost, PostFacet
from stream.local.counting import answer
from stream.local.documents import LOTS, NUMBERED, SCHEMA, lot_mark, number_of, numbered
from stream.search.terms import post_terms

COLUMNS: dict[PostFacet, str] = {
    "subject": "subject",
    "platform": "platform",
    "lang": "lang",
    "language": "language",
    "target": "target",
    "harm": "found",
    "tag": "tag",
    "link": "domain",
    "author": "account",
}
OF_EACH_SEGMENT = 400
"""Values that each segment names; one that is rarer there may be missed."""
MANY = 100_000
"""Hits of which a sample is counted where that will do."""
FIRST_LOT = 4
"""The sample by which the number of hits is guessed."""
EXAMPLES = 3
"""Posts that are asked what a number stands for: one may have been deleted just now."""

Posts = Callable[[Sequence[int]], Sequence[IndexedPost]]
"""The posts of rows, deleted ones left out."""


def by_value(
    searcher: Searcher,
    query: Query,
    facets: Sequence[PostFacet],
    limit: int,
    *,
    posts: Posts,
    quick: bool,
) -> Mapping[PostFacet, FacetCounts]:
    """Hits by value of each facet, the most frequent first; ``quick`` by a sample."""
    if not facets:
        return {}
    lot = _lot_for(searcher, query) if quick else 0
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
    found = answer(searcher, _of_lot(query, lot) if lot else query, asked)
    names = _names(searcher, found, facets, posts)
    return {
        facet: _counts(found[facet], names.get(COLUMNS[facet]), 1 << lot) for facet in facets
    }


def _lot_for(searcher: Searcher, query: Query) -> int:
    """The sample in which about half as many hits as ``MANY`` are, or more; 0 for all."""
    found = searcher.search(_of_lot(query, FIRST_LOT), limit=1)
    hits = int(getattr(found, "count", 0) or 0) << FIRST_LOT
    return min((hits // MANY).bit_length(), LOTS)


def _of_lot(query: Query, lot: int) -> Query:
    drawn = Query.term_query(SCHEMA, "mark", lot_mark(lot), index_option="basic")
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, drawn)])


def _names(
    searcher: Searcher, found: Mapping[str, Any], facets: Sequence[PostFacet], posts: Posts
) -> dict[str, dict[int, str]]:
    """What the numbers stand for, by field."""
    wanted = {
        COLUMNS[facet]: [int(bucket["key"]) for bucket in found[facet]["buckets"]]
        for facet in facets
        if COLUMNS[facet] in NUMBERED
    }
    pairs = [(field, number) for field, numbers in wanted.items() for number in numbers]
    examples: Sequence[IndexedPost] = posts(_rows(searcher, pairs)) if pairs else ()
    names: dict[str, dict[int, str]] = {field: {} for field in wanted}
    for example in examples:
        for field, values in numbered(post_terms(example.post, ())).items():
            if field in names:
                names[field] |= {number_of(value): value for value in values}
    return names


def _rows(searcher: Searcher, pairs: Iterable[tuple[str, int]]) -> list[int]:
    """Rows of a few posts that have the numbers."""
    hits = [
        address
        for field, number in pairs
        for _, address in searcher.search(
            Query.term_query(SCHEMA, field, number, index_option="basic"),
            limit=EXAMPLES,
            count=False,
        ).hits
    ]
    rows = searcher.fast_field_values("n", hits) if hits else []
    return list(dict.fromkeys(int(n or 0) for n in rows))


def _counts(
    found: Mapping[str, Any], names: Mapping[int, str] | None, sample: int
) -> FacetCounts:
    values: dict[str, int] = {}
    others = int(found.get("sum_other_doc_count") or 0)
    for bucket in found["buckets"]:
        key, posts = bucket["key"], int(bucket["doc_count"])
        name = str(key) if names is None else names.get(key)
        if name is None:
            # All its posts were deleted or edited a moment ago.
            others += posts
        else:
            values[name] = sample * posts
    return FacetCounts(
        values=dict(sorted(values.items(), key=lambda item: (-item[1], item[0]))),
        others=sample * others,
        error=sample * int(found.get("doc_count_error_upper_bound") or 0),
        sample=sample,
    )
