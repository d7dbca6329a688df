"""A simulated world as a source of the embedded host."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.demo.played import PlayedSource
from dashboards.simulator.scene import SOURCE
from dashboards.simulator.world import Play, World
from ingest.source import Item, Terms


class SimulatedSource(PlayedSource):
    """The posts of a world in their order.

    Args:
        world: what happens.
        speed: how many times faster than life; None: as fast as possible.

    Raises:
        ValueError: a speed that is not above zero.
    """

    def __init__(self, world: World, *, speed: float | None = None) -> None:
        terms = Terms(
            access="built in, needs no key and no network",
            rate="none",
            retention="none: every person, post and rumour is invented",
            deletion="none",
        )

        def items() -> Iterator[tuple[int, Item]]:
            return ((post.created_at, post) for post, _ in Play(world).posts())

        super().__init__(name=SOURCE, terms=terms, items=items, speed=speed)
