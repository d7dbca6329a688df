"""Notices a worker that is alive and gets nothing, though there is something to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import structlog

from stream.scale.watchdog import STUCK_S, end_process

PATIENCE_S = 10.0
"""Seconds in which the brokers must answer; without an answer nothing is concluded."""

log = structlog.get_logger(__name__)


class Progress:
    """Compares now and then where each partition is read with where it ends.

    A consumer may go on in every respect but one: its fetching has stopped. Heartbeats keep
    the partitions here, so nobody else takes them over, and the lag grows.

    Args:
        stuck_s: seconds in which a partition that is behind must move.
        end: called with the reason when one has not.
        now: a clock in seconds.
    """

    def __init__(
        self,
        stuck_s: float = STUCK_S,
        end: Callable[[str], None] = end_process,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stuck_s = stuck_s
        self._end = end
        self._now = now
        self._moved: dict[Any, tuple[int, float]] = {}
        self._looked_at = now()
        self._looking: asyncio.Future[None] | None = None

    def look_at_times(
        self,
        places: Collection[Any],
        position: Callable[[Any], Awaitable[int | None]],
        ends: Callable[[Collection[Any]], Awaitable[Mapping[Any, int]]],
    ) -> None:
        """Begin a look in the background when it is time for one; returns at once.

        Args:
            position: where a partition is read.
            ends: where committed records end, by partition.
        """
        due = self._now() - self._looked_at >= self._stuck_s / 4
        if not due or (self._looking is not None and not self._looking.done()):
            return
        self._looked_at = self._now()
        self._looking = asyncio.ensure_future(self._look(places, position, ends))

    async def _look(
        self,
        places: Collection[Any],
        position: Callable[[Any], Awaitable[int | None]],
        ends: Callable[[Collection[Any]], Awaitable[Mapping[Any, int]]],
    ) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                end_of = await ends(places)
                found = {place: (await position(place), end_of[place]) for place in places}
        except Exception as error:  # noqa: BLE001 - whatever it was, it is no proof
            log.debug("progress_unknown", problem=type(error).__name__)
            return
        self.seen({place: (at or 0, end) for place, (at, end) in found.items()})

    def seen(self, found: Mapping[Any, tuple[int, int]]) -> None:
        """Note where partitions are read and where they end; those left out are not ours."""
        now = self._now()
        self._moved = {p: held for p, held in self._moved.items() if p in found}
        for place, (at, end) in found.items():
            before, since = self._moved.get(place, (-1, now))
            if at >= end or at != before:
                self._moved[place] = (at, now)
            elif now - since > self._stuck_s:
                self._end(
                    f"stuck: {place} has stood at {at} for {now - since:.0f} s and ends at "
                    f"{end}; it ends so that others take over"
                )
                return
