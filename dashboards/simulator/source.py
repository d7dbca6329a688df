"""A simulated world as a source of the embedded host, as fast as asked; resumable."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from dashboards.simulator.scene import SOURCE
from dashboards.simulator.world import Play, World
from ingest.source import Sighting, SourceMisconfigured, Stop, Terms

_MS = 1000.0


class SimulatedSource:
    """The posts of a world; the cursor is how many were already reported.

    Args:
        world: what happens.
        speed: how many times faster than life; None: as fast as possible.

    Raises:
        ValueError: a speed that is not above zero.
    """

    def __init__(self, world: World, *, speed: float | None = None) -> None:
        if speed is not None and not speed > 0:
            raise ValueError(f"speed: found {speed}, allowed: above 0")
        self._world = world
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
            deletion="none",
        )

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Posts of the world after the cursor, at the speed asked for."""
        done = self._position(after)
        begun: tuple[int, float] | None = None
        posts = Play(self._world).posts()
        for index, (post, _) in enumerate(islice(posts, done, None), done + 1):
            if begun is None:
                begun = post.created_at, time.monotonic()
            if self._speed is not None and self._wait(post.created_at, begun, stop):
                return
            if stop.is_set():
                return
            yield Sighting(post, cursor=str(index))

    def _wait(self, at: int, begun: tuple[int, float], stop: Stop) -> bool:
        """Sleep until ``at`` has come; true when asked to stop."""
        first, clock = begun
        left = clock + (at - first) / _MS / (self._speed or 1.0) - time.monotonic()
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
