"""The accounts of the demo: many who post rarely, few who post often, over four platforms."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random

import msgspec

from dashboards.demo.cast import GROUPS
from dashboards.demo.rhythm import DAY_MS, SHARE
from ingest.records import Author

PLATFORMS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "ko": (("x", 0.68), ("youtube", 0.20), ("bluesky", 0.09), ("reddit", 0.03)),
    "en": (("x", 0.42), ("reddit", 0.25), ("youtube", 0.18), ("bluesky", 0.15)),
    "ja": (("x", 0.76), ("youtube", 0.14), ("bluesky", 0.10)),
}
ZIPF_EXPONENT = 1.05
ZIPF_SHIFT = 8.0
"""Activity of the account of rank r is (r + shift) ** -exponent (Zipf-Mandelbrot)."""

_HEADS = (
    "moon", "star", "dal", "byeol", "mint", "peach", "nana", "rabbit", "cloud", "soda",
    "choco", "hana", "sora", "yuki", "lime", "toast", "pixel", "noon", "river", "honey",
)  # fmt: skip
_TAILS = (
    "diary", "log", "room", "ie", "club", "cafe", "day", "note", "garden", "archive",
    "pop", "wave", "ya", "chan", "light", "bird", "tea", "zip", "fm", "days",
)  # fmt: skip


class Account(msgspec.Struct, frozen=True):
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


def new_account(
    rng: Random, *, lang: str, platform: str, loyal: str, born: int, followers: int
) -> Account:
    """An account with a made-up handle; ``born`` is its registration in ms."""
    draw = rng.random
    head, tail = _HEADS[int(draw() * len(_HEADS))], _TAILS[int(draw() * len(_TAILS))]
    number = int(draw() * 9999)
    handle = (
        f"{head}_{tail}{number}" if platform != "bluesky" else f"{head}{tail}{number}.example"
    )
    return Account(
        id=f"{rng.getrandbits(40):010x}",
        platform=platform,
        lang=lang,
        loyal=loyal,
        author=Author(handle=handle, created_at=born, followers=followers),
    )


def weighted(choices: Sequence[tuple[str, float]], draw: Callable[[], float]) -> str:
    """One of the choices by weight; weights add up to one."""
    left = draw()
    for name, weight in choices:
        left -= weight
        if left < 0:
            return name
    return choices[-1][0]


class Population:
    """Ordinary people, by language, in the order of how much they post.

    Args:
        rng: makes the people.
        size: how many.
        start_ms: beginning of the scenario; nobody is younger.
    """

    def __init__(self, rng: Random, size: int, start_ms: int) -> None:
        self.by_lang: dict[str, list[Account]] = {lang: [] for lang in SHARE}
        shares = tuple(SHARE.items())
        for _ in range(size):
            lang = weighted(shares, rng.random)
            self.by_lang[lang].append(self._person(rng, lang, start_ms))
        for lang, people in self.by_lang.items():
            if not people:
                people.append(self._person(rng, lang, start_ms))
        self._weights = {
            lang: list(
                accumulate((r + ZIPF_SHIFT) ** -ZIPF_EXPONENT for r in range(len(people)))
            )
            for lang, people in self.by_lang.items()
        }

    @staticmethod
    def _person(rng: Random, lang: str, start_ms: int) -> Account:
        draw = rng.random
        # One in twenty is new: young accounts are no proof of anything.
        days = 2 + draw() * 60 if draw() < 0.05 else 60 + 3400 * draw() ** 1.5
        return new_account(
            rng,
            lang=lang,
            platform=weighted(PLATFORMS[lang], draw),
            loyal=GROUPS[0] if draw() < 0.6 else GROUPS[1],
            born=start_ms - int(days * DAY_MS),
            followers=int(10 ** (draw() * 3.6)),
        )

    def somebody(self, lang: str, draw: Callable[[], float]) -> Account:
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
    ) -> list[Account]:
        """Up to ``size`` different people of one fandom who registered before that time."""
        fitting = [
            person
            for people in self.by_lang.values()
            for person in people
            if person.loyal == loyal
            and person.platform in platforms
            and (person.author.created_at or 0) < settled_before
        ]
        return rng.sample(fitting, min(size, len(fitting)))
