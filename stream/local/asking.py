"""Questions about posts that search and tables of the local index answer together."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from stream.index import POST_FACETS, Bucket, FacetCounts, PostFacet, PostPage, PostQuery
from stream.local.reading import TableReader
from stream.local.search import Hits, SearchReader
from stream.local.view import SearchView
from stream.search.makeup import Makeup
from stream.search.minutes import MINUTE_MS, check_buckets, whole_minutes

LOOK_EVERY_S = 1.0
"""A reader looks for news of the writer at most this often."""

T = TypeVar("T")


class PostSearch(ABC):
    """The part of the local index that searches; safe to call from several threads."""

    def __init__(self) -> None:
        self._turn = threading.RLock()
        self._search = SearchView(clock=time.monotonic, every_s=LOOK_EVERY_S)

    @abstractmethod
    def _look(self) -> TableReader:
        """The tables in use."""

    @abstractmethod
    def _folder_in_use(self) -> Path | None:
        """The search folder in use, None while there is none."""

    @abstractmethod
    def _mend(self) -> Callable[[], None] | None:
        """What makes the search folder anew, None where only reading is allowed."""

    def search(self, query: PostQuery, /) -> PostPage:
        """In the order asked for; ``total`` may lag behind deletions by a second.

        Raises:
            SearchUnavailableError: search is damaged and not yet made anew.
        """
        with self._turn:
            tables = self._look()
            hits = self._ask(lambda s: s.find(query, tables.rows_of), Hits(0, ()))
            return PostPage(total=hits.total, posts=tuple(tables.posts_by_row(hits.rows)))

    def makeup(self, query: PostQuery, /) -> Makeup:
        """Accounts, reach, copies and links of the hits that ``search`` would give.

        Raises:
            SearchUnavailableError: search is damaged and not yet made anew.
        """
        with self._turn:
            tables = self._look()
            hits = self._ask(lambda s: s.find(query, tables.rows_of), Hits(0, ()))
            return tables.makeup(hits.rows, hits.total)

    def span(self, query: PostQuery, /) -> tuple[int, int] | None:
        """Event times of the first and last hit, down to the minute; None without hits."""
        with self._turn:
            rows = self._look().rows_of
            found = self._ask(lambda s: s.edges(query, rows), None)
            return found and (found[0] * MINUTE_MS, found[1] * MINUTE_MS)

    def timeline(
        self, query: PostQuery, /, *, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Hits by time: every bucket from ``since`` to ``until``, empty ones too.

        Raises:
            ValueError: more than 20,000 buckets.
        """
        first, last, width = whole_minutes(since, until, bucket_ms)
        steps = max(0, -(-(last - first) // width))
        check_buckets(steps)
        with self._turn:
            tables = self._look()
            counts: dict[int, int] = {}
            if steps:
                counts = self._ask(
                    lambda s: s.by_minutes(
                        query, tables.rows_of, first=first, last=last, width=width
                    ),
                    counts,
                )
            return tables.timeline(counts, first=first, width=width, steps=steps)

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

        ``quick``: of more than ``facets.MANY`` hits a sample is counted.
        """
        nothing: Mapping[PostFacet, FacetCounts] = {
            name: FacetCounts(values={}) for name in names
        }
        if limit < 1:
            return nothing
        with self._turn:
            tables = self._look()
            return self._ask(
                lambda s: s.by_value(
                    query,
                    tables.rows_of,
                    names,
                    limit,
                    posts=tables.posts_by_row,
                    quick=quick,
                ),
                nothing,
            )

    def _ask(self, work: Callable[[SearchReader], T], nothing: T) -> T:
        """Ask search what is committed; ``nothing`` while there is no index."""
        folder = self._folder_in_use()
        return nothing if folder is None else self._search.ask(folder, work, self._mend())
