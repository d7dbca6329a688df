"""The demo's story: what happens when, reproducible from a seed; also the tests' simulator.

Every part draws from random numbers of its own, so leaving one out (campaigns,
fan events) changes nothing in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random
from typing import Literal

import msgspec

from dashboards.demo import crowds, harms, noise, pictures, rhythm, smears
from dashboards.demo.harms import PlantedHarm
from dashboards.demo.organic import Organic
from dashboards.demo.population import Population
from dashboards.demo.smears import Campaign, Planted
from dashboards.demo.writing import Staged

Part = Literal[
    "copies",
    "link",
    "drip",
    "vote_drive",
    "birthday",
    "news",
    "criticism",
    "broken",
    "pictures",
    "harm",
]
Name = Literal["mixed", "fans_only", "organic_only"]

SCENARIOS: dict[Name, frozenset[Part]] = {
    "mixed": frozenset(
        {
            "copies",
            "link",
            "drip",
            "vote_drive",
            "news",
            "criticism",
            "broken",
            "pictures",
            "harm",
        }
    ),
    "fans_only": frozenset({"vote_drive", "birthday", "news", "broken"}),
    "organic_only": frozenset({"news", "criticism", "broken"}),
}
"""What happens besides ordinary life; only ``mixed`` holds campaigns."""

MIN_HOURS = 24
MAX_POSTS = 10_000_000
DEFAULT_POSTS = 8_000
DEFAULT_HOURS = 36

_FEWEST_PEOPLE = 1_500
_POSTS_A_PERSON = 4
_LONGEST_RUSH_MS = 3 * rhythm.HOUR_MS


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the demo's world.

    Attributes:
        seed: same seed, same world.
        start_ms: event time of the first minute.
        posts: about how many ordinary posts; what is planted comes on top.
        hours: how long it lasts, at least :data:`MIN_HOURS`.
        include: what happens besides ordinary life.
    """

    seed: int = 9
    start_ms: int
    posts: int = DEFAULT_POSTS
    hours: int = DEFAULT_HOURS
    include: frozenset[Part] = SCENARIOS["mixed"]

    def __post_init__(self) -> None:
        if self.hours < MIN_HOURS:
            raise ValueError(f"hours: found {self.hours}, allowed: {MIN_HOURS} or more")
        if not 0 < self.posts <= MAX_POSTS:
            raise ValueError(f"posts: found {self.posts}, allowed: 1 to {MAX_POSTS}")

    @property
    def end_ms(self) -> int:
        """End of the last minute in which something is posted."""
        return self.start_ms + self.hours * rhythm.HOUR_MS

    def moment(self, share: float) -> int:
        """The event time at that share of the whole."""
        return self.start_ms + int(share * (self.end_ms - self.start_ms))


def named(
    name: Name,
    *,
    start_ms: int,
    seed: int = 9,
    posts: int = DEFAULT_POSTS,
    hours: int = DEFAULT_HOURS,
) -> Scenario:
    """The scenario ``mixed``, ``fans_only`` or ``organic_only``."""
    return Scenario(
        seed=seed, start_ms=start_ms, posts=posts, hours=hours, include=SCENARIOS[name]
    )


def generate(scenario: Scenario) -> Iterator[Staged]:
    """What a source would report, in the order in which it would see it.

    Memory holds one minute, what is still to be heard, and the planted parts.
    """
    people = _population(scenario)
    minutes = scenario.hours * 60
    organic = Organic(
        _random(scenario, "organic"), people, scenario.start_ms, minutes, scenario.posts
    )
    order = count()
    waiting = [(staged.at, next(order), staged) for staged in _planted(scenario, people)]
    heapify(waiting)
    for minute in range(minutes):
        for staged in organic.minute(minute):
            heappush(waiting, (staged.at, next(order), staged))
        reached = scenario.start_ms + (minute + 1) * rhythm.MINUTE_MS
        while waiting and waiting[0][0] < reached:
            yield heappop(waiting)[2]
    while waiting:
        yield heappop(waiting)[2]


def campaigns(scenario: Scenario) -> tuple[Campaign, ...]:
    """The campaigns planted in it."""
    return tuple(planted.campaign for planted in _smears(scenario))


def planted_harm(scenario: Scenario) -> tuple[PlantedHarm, ...]:
    """The harm planted in it."""
    return harms.planted() if "harm" in scenario.include else ()


def _random(scenario: Scenario, part: str) -> Random:
    return Random(f"{scenario.seed}/{part}")  # noqa: S311 - a simulation, no secret


def _population(scenario: Scenario) -> Population:
    size = max(_FEWEST_PEOPLE, scenario.posts // _POSTS_A_PERSON)
    return Population(_random(scenario, "people"), size, scenario.start_ms)


def _smears(scenario: Scenario) -> list[Planted]:
    makers: dict[Part, tuple[Callable[[Random, int], Planted], float]] = {
        "copies": (smears.copies, 0.45),
        "link": (smears.link_push, 0.68),
        "drip": (smears.slow_drip, 0.30),
    }
    return [
        make(_random(scenario, part), scenario.moment(share))
        for part, (make, share) in makers.items()
        if part in scenario.include
    ]


def _planted(scenario: Scenario, people: Population) -> list[Staged]:
    staged = [s for planted in _smears(scenario) for s in planted.staged]
    crowd = max(300, scenario.posts // 40)
    evening = _at_kst_hour(scenario, 0.15, 20)
    midnight = _at_kst_hour(scenario, 0.1, 0)
    for part, make, at, size in (
        ("vote_drive", crowds.vote_drive, evening, crowd),
        ("birthday", crowds.birthday, midnight, crowd // 2),
        ("news", crowds.shared_news, scenario.moment(0.6), 28),
        ("criticism", crowds.criticism, scenario.moment(0.55), crowd * 4 // 5),
    ):
        if part in scenario.include:
            staged += make(_random(scenario, part), people, at, size)
    if "pictures" in scenario.include:
        staged += pictures.posted(_random(scenario, "pictures"), scenario.moment(0.75))
    if "harm" in scenario.include:
        staged += harms.posted(_random(scenario, "harm"), scenario.moment(0.62))
    if "broken" in scenario.include:
        staged += noise.broken(
            _random(scenario, "broken"), scenario.start_ms, scenario.end_ms, scenario.posts
        )
    return staged


def _at_kst_hour(scenario: Scenario, share: float, hour: int) -> int:
    """The next ``hour`` o'clock in Korea after that share, or half-way if that is too late."""
    at = rhythm.next_kst_hour(scenario.moment(share), hour)
    return at if at < scenario.end_ms - _LONGEST_RUSH_MS else scenario.moment(0.5)
