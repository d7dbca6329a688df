"""The built-in scenario as a live source would report it."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.demo.played import PlayedSource
from dashboards.demo.scenario import Scenario, generate
from dashboards.demo.writing import SOURCE
from ingest.source import Item, Terms


class DemoSource(PlayedSource):
    """The items of a scenario in the order in which a source sees them.

    Args:
        scenario: what happens.
        speed: how many times faster than life; None: as fast as possible.

    Raises:
        ValueError: a speed that is not above zero.
    """

    def __init__(self, scenario: Scenario, *, speed: float | None = None) -> None:
        terms = Terms(
            access="built in, needs no key and no network",
            rate="none",
            retention="none: every person, post and rumour is invented",
            deletion="deletions are part of the scenario",
        )

        def items() -> Iterator[tuple[int, Item]]:
            return ((staged.at, staged.item) for staged in generate(scenario))

        super().__init__(name=SOURCE, terms=terms, items=items, speed=speed)
