"""Plays a scenario as a live source would report it, as fast as asked; resumable."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from dashboards.demo.scenario import Scenario, generate
from dashboards.demo.writing import SOURCE
from ingest.source import Sighting, SourceMisconfigured, Stop, Terms

MS = 1000.0


class DemoSource:
    """The built-in scenario; the cursor is the number of items already reported.

    Args:
        scenario: what happens.
        speed: how many times faster than life; None: as fast as possible.

    Raises:
        ValueError: a speed that is not above zero.
    """

    def __init__(self, scenario: Scenario, *, speed: float | None = None) -> None:
        if speed is not None and not speed > 0:
            raise ValueError(f"speed: found {speed}, allowed: above 0")
        self._scenario = scenario
        self._speed = speed

    @property
    def name(self) -> str:
        return SOURCE

    @property
    def terms(self) -> Terms:
        return Terms(
            access="built in, needs no key and no network",
            rate="none",
            retention="none: every person, post and rumour is invented",
            deletion="deletions are part of the scenario",
        )

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Items of the scenario after the cursor, at the speed asked for."""
        done = self._position(after)
        begun: tuple[int, float] | None = None
        for index, staged in enumerate(islice(generate(self._scenario), done, None), done + 1):
            if begun is None:
                begun = staged.at, time.monotonic()
            if self._speed is not None and self._wait(staged.at, begun, stop):
                return
            if stop.is_set():
                return
            yield Sighting(staged.item, cursor=str(index))

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
                f"{SOURCE}: the cursor {after[:40]!r} was not written by this source; "
                "begin with a new data folder"
            )
        return int(after)
