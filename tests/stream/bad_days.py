"""Days on which somebody, or everybody, does one thing without end; read by tests and bench."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from detect import neardup
from detect.neardup import grams
from stream.records import PostSeen, SubjectEvent, Tick
from tests.stream.harness import DAY, HOUR, MINUTE, START, seen

LETTERS = "abcdefghijklmnoprstuvwyz"
World = Callable[[int], Iterator[SubjectEvent]]
"""So many posts about one subject, with a tick a minute."""


def _text(rng: random.Random, words: int) -> str:
    return " ".join("".join(rng.choices(LETTERS, k=rng.randint(3, 9))) for _ in range(words))


def _ticking(posts: Iterator[PostSeen], start: int = START) -> Iterator[SubjectEvent]:
    """A tick for each minute that has passed, before the first post behind it."""
    clock = start
    for post in posts:
        while clock + MINUTE <= post.post.event_at:
            clock += MINUTE
            yield Tick(at=clock)
        yield post
    yield Tick(at=clock + MINUTE)


def _spread(number: int, posts: int, days: float = 1.0) -> int:
    return START + int(number * days * DAY / posts)


def one_text(posts: int) -> Iterator[SubjectEvent]:
    """One text is posted by more and more accounts, all day long."""
    return _ticking(
        seen(
            f"t{n}",
            "the very same sentence about arin once more",
            author=f"a{n % (posts // 3 + 1)}",
            at=_spread(n, posts),
        )
        for n in range(posts)
    )


def one_account(posts: int) -> Iterator[SubjectEvent]:
    """One account posts without end: half of it from a template, half in new words."""
    rng = random.Random("one account")

    def post(n: int) -> PostSeen:
        told = f"number {n} on the chart today, stream it more, arin" if n % 2 else ""
        text = told or _text(rng, 12)
        urls = ("https://chart.example/now",) if n % 3 else ()
        return seen(f"n{n}", text, author="bot", at=_spread(n, posts), urls=urls)

    return _ticking(post(n) for n in range(posts))


def everybodys_page(posts: int) -> Iterator[SubjectEvent]:
    """Everybody shares one page, in words of their own."""
    rng = random.Random("page")
    return _ticking(
        seen(
            f"p{n}",
            _text(rng, 9),
            author=f"a{rng.randrange(posts // 3 + 1)}",
            at=_spread(n, posts),
            urls=("https://everybody.example/the-one-page-of-today",),
        )
        for n in range(posts)
    )


def poison(seed: int = 3, pool: int = 40_000) -> str:
    """Letters whose grams have the least value of nearly every MinHash function.

    Texts that begin with them have the same sketch, whatever follows: all 64 functions are
    public, so anybody can make such letters.
    """
    rng = random.Random(seed)
    found = ["".join(rng.choices(LETTERS, k=neardup.GRAM)) for _ in range(pool)]
    hashes = np.array([int(grams(one)[0]) >> 32 for one in found], dtype=np.uint32)
    factor: Any = vars(neardup)["_FACTOR"]
    shift: Any = vars(neardup)["_SHIFT"]
    least = (hashes * factor + shift).argmin(axis=1)
    return "".join(found[int(place)] for place in least)


def collisions(posts: int) -> Iterator[SubjectEvent]:
    """Texts made to meet in every band though hardly half of their letters are alike."""
    rng, start = random.Random("collisions"), poison()
    return _ticking(
        seen(
            f"c{n}",
            start + "".join(rng.choices(LETTERS, k=300)),
            author=f"a{n % 500}",
            at=_spread(n, posts),
        )
        for n in range(posts)
    )


def many_objects(posts: int) -> Iterator[SubjectEvent]:
    """A thousand accounts take part in a few hundred pushes at once."""
    rng = random.Random("objects")
    texts = [_text(rng, 14) for _ in range(300)]
    return _ticking(
        seen(
            f"m{n}",
            f"{rng.choice(texts)} {_text(rng, 2)}",
            author=f"a{rng.randrange(1_000)}",
            at=_spread(n, posts),
            urls=(f"https://page{rng.randrange(200)}.example/about/arin-{n % 200}",),
        )
        for n in range(posts)
    )


def ordinary(posts: int) -> Iterator[SubjectEvent]:
    """Everybody in words of their own: what the others are measured against."""
    rng = random.Random("ordinary")
    return _ticking(
        seen(f"o{n}", _text(rng, 12), author=f"a{rng.randrange(posts)}", at=_spread(n, posts))
        for n in range(posts)
    )


def minutes_only(posts: int) -> Iterator[SubjectEvent]:
    """Copies whose clock knows whole minutes: thousands at the same moment."""
    rng = random.Random("minutes")
    texts = [_text(rng, 12) for _ in range(20)]
    return _ticking(
        seen(
            f"u{n}",
            rng.choice(texts),
            author=f"a{rng.randrange(posts // 3 + 1)}",
            at=_spread(n, posts, 0.05) // MINUTE * MINUTE,
        )
        for n in range(posts)
    )


def late_and_reversed(posts: int) -> Iterator[SubjectEvent]:
    """A day of copies that is read backwards, when the next day is over."""
    rng = random.Random("late")
    texts = [_text(rng, 12) for _ in range(40)]
    yield Tick(at=START + 2 * DAY)
    for n in range(posts):
        if n % 200 == 0:
            yield Tick(at=START + 2 * DAY + n // 200 * MINUTE)
        yield seen(
            f"l{n}",
            f"{rng.choice(texts)} {_text(rng, 1)}",
            author=f"a{rng.randrange(posts // 5 + 1)}",
            at=START + DAY - int(n * DAY / posts),
        )
    yield Tick(at=START + 2 * DAY + HOUR + posts // 200 * MINUTE)


WORLDS: dict[str, World] = {
    "ordinary": ordinary,
    "one_text": one_text,
    "one_account": one_account,
    "everybodys_page": everybodys_page,
    "collisions": collisions,
    "many_objects": many_objects,
    "minutes_only": minutes_only,
    "late_and_reversed": late_and_reversed,
}
