"""The accounts of a world: few post often, and some join everything."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random

import msgspec

from dashboards.simulator.clock import DAY_MS
from dashboards.simulator.idiom import Idiom
from ingest.records import Author

MOST_PEOPLE = 250_000
_FEWEST_PEOPLE = 400
_POSTS_A_PERSON = 4.5

Draw = Callable[[], float]


class Person(msgspec.Struct, frozen=True, gc=False):
    """Somebody who posts. ``loyal`` is the group they mostly speak of."""

    id: str
    platform: str
    lang: str
    loyal: str
    author: Author

    @property
    def key(self) -> str:
        """As :attr:`ingest.records.Post.account`."""
        return f"{self.platform}:{self.id}"


class Picker:
    """Draws names by weight."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.names = tuple(weights)
        self._edges = tuple(accumulate(weights.values()))

    def __call__(self, draw: Draw) -> str:
        return self.names[bisect(self._edges, draw() * self._edges[-1])]


class Maker:
    """Registers accounts in the manner of a grammar."""

    def __init__(self, idiom: Idiom) -> None:
        self._habits = idiom.habits
        self.platforms = {
            lang: Picker(weights) for lang, weights in idiom.habits.platforms.items()
        }

    def person(
        self, rng: Random, *, lang: str, platform: str, loyal: str, born: int, followers: int
    ) -> Person:
        """An account with a made-up handle; ``born`` is its registration in ms."""
        draw, habits = rng.random, self._habits
        head = habits.heads[int(draw() * len(habits.heads))]
        tail = habits.tails[int(draw() * len(habits.tails))]
        number = int(draw() * 9999)
        if habits.native == "hex":
            native, handle = f"{rng.getrandbits(40):010x}", f"{head}_{tail}{number}"
        else:
            native, handle = f"{rng.getrandbits(60)}", f"{tail}{number}{head}"
        if platform == "bluesky":
            handle = f"{handle.replace('_', '')}.example"
        return Person(
            native,
            platform,
            lang,
            loyal,
            Author(handle=handle, created_at=born, followers=followers),
        )


class Population:
    """Ordinary people, by language, in the order of how much they post.

    Args:
        rng: makes the people.
        idiom: where they live and what they use.
        posts: about how many posts they will write; decides how many they are.
        start_ms: beginning of the stream; nobody is younger.
    """

    def __init__(self, rng: Random, idiom: Idiom, posts: int, start_ms: int) -> None:
        self._habits = idiom.habits
        self._maker = Maker(idiom)
        self._groups = idiom.groups
        size = min(MOST_PEOPLE, max(_FEWEST_PEOPLE, int(posts / _POSTS_A_PERSON)))
        shares = {lang: share for lang, (share, _, _) in idiom.habits.langs.items()}
        self.by_lang: dict[str, list[Person]] = {
            lang: [
                self._person(rng, lang, start_ms) for _ in range(max(8, round(size * share)))
            ]
            for lang, share in shares.items()
        }
        zipf, shift = idiom.habits.zipf, idiom.habits.shift
        self._weights = {
            lang: list(accumulate((rank + shift) ** -zipf for rank in range(len(people))))
            for lang, people in self.by_lang.items()
        }
        self._fans: dict[str, tuple[list[Person], list[float]]] = {}
        for group in self._groups:
            fans = [p for people in self.by_lang.values() for p in people if p.loyal == group]
            # Few join nearly everything: fans recur together, and that is no crime.
            zeal = list(accumulate((1 - rng.random()) ** -0.6 for _ in fans))
            self._fans[group] = fans, zeal

    def _person(self, rng: Random, lang: str, start_ms: int) -> Person:
        draw = rng.random
        young = draw() < self._habits.young
        days = 2 + draw() * 60 if young else 60 + 3400 * draw() ** 1.5
        return self._maker.person(
            rng,
            lang=lang,
            platform=self._maker.platforms[lang](draw),
            loyal=self._groups[0] if draw() < 0.6 else self._groups[1],
            born=start_ms - int(days * DAY_MS),
            followers=int(10 ** (draw() * 3.6)),
        )

    def somebody(self, lang: str, draw: Draw) -> Person:
        """A person who speaks ``lang``, the active ones more often."""
        weights = self._weights[lang]
        return self.by_lang[lang][bisect(weights, draw() * weights[-1])]

    def crowd(
        self,
        rng: Random,
        size: int,
        *,
        loyal: str,
        platforms: Sequence[str],
        settled_before: int,
    ) -> list[Person]:
        """Up to ``size`` different fans of a group, the zealous ones first to be drawn.

        They use one of ``platforms`` and registered before ``settled_before`` (ms).
        """
        fans, zeal = self._fans[loyal]
        chosen: dict[str, Person] = {}
        if not fans:
            return []
        for fan in rng.choices(fans, cum_weights=zeal, k=size * 6):
            if fan.platform in platforms and (fan.author.created_at or 0) < settled_before:
                chosen[fan.id] = fan
                if len(chosen) == size:
                    break
        return list(chosen.values())
