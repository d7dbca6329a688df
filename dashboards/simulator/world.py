"""Plays a world: ordinary days, events and campaigns as one stream in the order of time."""

# Probabilities read best where they are drawn.

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple

import msgspec

from dashboards.simulator import clock, fandom, plan, public, rings, tactics
from dashboards.simulator.daily import Daily
from dashboards.simulator.idiom import Star, idiom
from dashboards.simulator.people import Population
from dashboards.simulator.rings import Ring
from dashboards.simulator.scene import Made, Planned, Scene
from ingest.records import Post

START_MS = 1_772_409_600_000
"""2 March 2026, midnight UTC."""
STANDARD_POSTS, STANDARD_DAYS = 50_000, 14
FEWEST_DAYS, MOST_POSTS = 2, 100_000_000

_EVENTS: dict[plan.Legit, Callable[[Scene, Random, int, int, str], list[Planned]]] = {
    "vote_drive": fandom.vote_drive,
    "streaming_party": fandom.streaming_party,
    "hashtag_push": fandom.hashtag_push,
    "birthday": fandom.birthday,
    "report_appeal": fandom.report_appeal,
    "giveaway": fandom.giveaway,
    "fan_protest": fandom.fan_protest,
    "news": public.news,
    "meme": public.meme,
    "quote_train": public.quote_train,
    "criticism": public.criticism,
    "chart_bot": public.chart_bot,
    "merch_spam": public.merch_spam,
    "lone_hater": public.lone_hater,
}
_FROM_THE_START = ("chart_bot", "merch_spam", "lone_hater")


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One stream: the same world, the same posts.

    Attributes:
        grammar: ``first`` for development; ``second`` for final figures alone.
        scenario: what happens besides ordinary days.
        seed: another seed, other people, texts and times.
        posts: about how many posts in all.
        days: how long it lasts; campaigns of days are shortened with it.
        start_ms: event time of the beginning.
    """

    grammar: plan.GrammarName = "first"
    scenario: plan.ScenarioName = "mixed"
    seed: int = 1
    posts: int = STANDARD_POSTS
    days: int = STANDARD_DAYS
    start_ms: int = START_MS

    def __post_init__(self) -> None:
        if self.days < FEWEST_DAYS:
            raise ValueError(f"days: found {self.days}, allowed: {FEWEST_DAYS} or more")
        if not 0 < self.posts <= MOST_POSTS:
            raise ValueError(f"posts: found {self.posts}, allowed: 1 to {MOST_POSTS}")

    @property
    def end_ms(self) -> int:
        """When the stream ends."""
        return self.start_ms + self.days * clock.DAY_MS

    @property
    def name(self) -> str:
        """Name of the stream among others: grammar, scenario and seed."""
        return f"{self.grammar}-{self.scenario}-{self.seed}"


class Event(NamedTuple):
    """A legitimate event of a world; ``size`` is how many may take part."""

    id: str
    kind: plan.Legit
    opens_at: int
    size: int
    about: tuple[Star, str] | None


class _Opening(NamedTuple):
    at: int
    order: int
    open: Callable[[], list[Planned]]


class Play:
    """One run of a world; ``rings`` and ``events`` are known at once, posts as they come.

    Memory holds the people, the walls, and what is planned by events that have begun.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._idiom = idiom(world.grammar)
        people = Population(self._random("people"), self._idiom, world.posts, world.start_ms)
        self.scene = Scene(self._idiom, people, world.start_ms, world.end_ms, world.posts)
        ordinary = int(world.posts * plan.ORDINARY[world.scenario])
        self._daily = Daily(self._random("daily"), self.scene, ordinary)
        self.rings = self._rings()
        self.events = self._events()

    def posts(self) -> Iterator[Made]:
        """The stream, in the order of ``created_at``."""
        openings = sorted(self._openings())
        waiting: list[tuple[int, int, Planned]] = []
        order = count()
        daily, end = self._daily, self.world.end_ms
        for minute in range(self.world.start_ms, end, clock.MINUTE_MS):
            after = minute + clock.MINUTE_MS
            while openings and openings[0].at < after:
                for planned in openings.pop(0).open():
                    if planned.at < end:
                        heappush(waiting, (max(planned.at, minute), next(order), planned))
            for at in daily.notices(minute):
                heappush(waiting, (at, next(order), Planned(at, "", _unwritten)))
            for at in daily.minute(minute):
                while waiting and waiting[0][0] <= at:
                    yield self._write(heappop(waiting))
                yield daily.post(at)
            while waiting and waiting[0][0] < after:
                yield self._write(heappop(waiting))

    def _write(self, entry: tuple[int, int, Planned]) -> Made:
        at, _, planned = entry
        if planned.write is _unwritten:
            return self._daily.notice(at)
        return Made(planned.write(at), planned.label)

    def _random(self, part: str) -> Random:
        world = self.world
        return Random(f"{world.grammar}/{world.scenario}/{world.seed}/{part}")  # noqa: S311

    def _rings(self) -> list[Ring]:
        rng = self._random("rings")
        world = self.world
        found: list[Ring] = []
        shrink = min(1.0, world.days / STANDARD_DAYS)
        for number, (tactic, strength) in enumerate(plan.planted(world.scenario, world.seed)):
            dose = plan.dose(tactic, strength)
            span = (dose.days * shrink + 1.6) * clock.DAY_MS
            room = max(0.0, world.days * clock.DAY_MS - span)
            # Rings strike when people are awake, in the afternoon and evening of Korea.
            at = world.start_ms + int(rng.random() * room)
            at = clock.next_korean_hour(at, 10 + int(rng.random() * 13))
            at += int(rng.random() * clock.HOUR_MS)
            found.append(rings.ring(self.scene, rng, number, tactic, strength, dose, at))
        return found

    def _events(self) -> list[Event]:
        rng, world = self._random("events"), self.world
        hidden = [one for one in self.rings if one.tactic == "in_wave"]
        found: list[Event] = []
        for number, (kind, share) in enumerate(plan.EVENTS[world.scenario]):
            at = world.start_ms + int(rng.random() * 0.9 * world.days * clock.DAY_MS)
            about = None
            if kind in _FROM_THE_START:
                at = world.start_ms
            elif kind == "criticism" and hidden:
                # The wave that a ring hides in has begun before it comes.
                ring = hidden.pop()
                about = ring.star, ring.claim
                at = max(world.start_ms, ring.opens_at - int(2 * clock.HOUR_MS))
            elif kind in (
                "news",
                "meme",
                "quote_train",
                "criticism",
                "giveaway",
                "fan_protest",
            ):
                at = clock.next_korean_hour(at, 8 + int(rng.random() * 14))
            elif kind in ("vote_drive", "streaming_party", "report_appeal"):
                at = clock.next_korean_hour(at, 18 + int(rng.random() * 5))
            size = max(3, round(world.posts * share)) if kind != "lone_hater" else 8
            found.append(Event(f"e{number:02d}", kind, at, size, about))
        return found

    def _openings(self) -> Iterator[_Opening]:
        for n, event in enumerate(self.events):
            yield _Opening(event.opens_at, n, self._event_opener(event))
        for n, ring in enumerate(self.rings):
            # What a ring posts in order to hide begins days before its first strike.
            first = max(self.world.start_ms, ring.opens_at - 3 * clock.DAY_MS)
            yield _Opening(first, 1000 + n, self._ring_opener(ring))

    def _event_opener(self, event: Event) -> Callable[[], list[Planned]]:
        rng, label = self._random(event.id), f"event:{event.id}"
        if event.about is not None:
            return lambda: public.criticism(
                self.scene, rng, event.opens_at, event.size, label, event.about
            )
        make = _EVENTS[event.kind]
        return lambda: make(self.scene, rng, event.opens_at, event.size, label)

    def _ring_opener(self, ring: Ring) -> Callable[[], list[Planned]]:
        rng = self._random(ring.id)
        return lambda: tactics.attack(self.scene, rng, ring, self._daily)


def _unwritten(at: int) -> Post:
    raise AssertionError(at)
