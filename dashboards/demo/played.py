"""Plays what happened at known times as a live source would report it; resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice

from ingest.source import Item, Sighting, SourceMisconfigured, Stop, Terms

MS = 1000.0


class PlayedSource:
    """A source of invented items; the cursor is the number of those already reported.

    Args:
        name: of the source.
        terms: what is told of it.
        items: plays all items from the first on, each with its time in ms.
        speed: how many times faster than life; None: as fast as possible.

    Raises:
        ValueError: a speed that is not above zero.
    """

    def __init__(
        self,
        *,
        name: str,
        terms: Terms,
        items: Callable[[], Iterator[tuple[int, Item]]],
        speed: float | None,
    ) -> None:
        if speed is not None and not speed > 0:
            raise ValueError(f"speed: found {speed}, allowed: above 0")
        self._name = name
        self._terms = terms
        self._items = items
        self._speed = speed

    @property
    def name(self) -> str:
        return self._name

    @property
    def terms(self) -> Terms:
        return self._terms

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Items after the cursor, at the speed asked for."""
        done = self._position(after)
        begun: tuple[int, float] | None = None
        for index, (at, item) in enumerate(islice(self._items(), done, None), done + 1):
            if begun is None:
                begun = at, time.monotonic()
            if self._speed is not None and self._wait(at, begun, stop):
                return
            if stop.is_set():
                return
            yield Sighting(item, cursor=str(index))

    def _wait(self, at: int, begun: tuple[int, float], stop: Stop) -> bool:
        """Sleep until ``at`` has come; true when asked to stop."""
        first, clock = begun
        due = clock + (at - first) / MS / (self._speed or 1.0)
        left = due - time.monotonic()
        return left > 0 and bool(stop.wait(left))

    def _position(self, after: str | None) -> int:
        if after is None:
            return 0
        # ``isdecimal`` alone would let digits of other scripts through.
        if not (after.isascii() and after.isdecimal()):
            raise SourceMisconfigured(
                f"{self._name}: the cursor {after[:40]!r} was not written by this source; "
                "begin with a new data folder"
            )
        return int(after)
