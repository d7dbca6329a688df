"""The search folder as a reader sees it: opened when asked, reloaded, opened anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from stream.index import SearchUnavailableError
from stream.local.search import SearchDamagedError, SearchReader

T = TypeVar("T")


class SearchView:
    """Questions to a search folder that a writer may make anew at any moment.

    Args:
        clock: monotonic seconds.
        every_s: least time between two looks for what was committed.
    """

    def __init__(self, *, clock: Callable[[], float], every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._reader: SearchReader | None = None
        self._looked_at = -math.inf

    def ask(
        self, folder: Path, work: Callable[[SearchReader], T], mend: Callable[[], None] | None
    ) -> T:
        """The answer of what is committed; ``mend`` makes a damaged folder anew.

        Raises:
            SearchUnavailableError: it is damaged and there is nobody here to mend it.
        """
        try:
            return work(self._current(folder))
        except SearchDamagedError:
            # It may have been made anew since it was opened.
            self.forget()
        try:
            return work(self._current(folder))
        except SearchDamagedError as error:
            self.forget()
            if mend is None:
                raise SearchUnavailableError(
                    f"search cannot be read at present ({error}); a running `jikimi run` makes "
                    "it anew by itself, else run `jikimi index rebuild`"
                ) from error
        mend()
        return work(self._current(folder))

    def look_again(self) -> None:
        """Let the next question see everything committed by then."""
        self._looked_at = -math.inf

    def forget(self) -> None:
        """Open the folder anew with the next question."""
        self._reader = None

    def _current(self, folder: Path) -> SearchReader:
        moment = self._clock()
        if self._reader is None:
            self._reader = SearchReader(folder)
        elif moment - self._looked_at >= self._every_s:
            self._reader.reload()
        else:
            return self._reader
        self._looked_at = moment
        return self._reader
