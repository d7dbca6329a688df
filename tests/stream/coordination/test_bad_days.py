"""Floods, crowds, wrong clocks and reversed order: bounded, and nobody is put on a list."""

from __future__ import annotations

import random

from stream.coordination.operator import Coordination
from stream.coordination.table import FOLLOWED
from stream.records import PostSeen
from tests.stream.coordination.worlds import (
    WATCHLIST,
    chatter,
    line,
    ordered,
    reported,
    ring,
    run,
    state_of,
)
from tests.stream.harness import DAY, HOUR, MINUTE, START, Harness, seen


def test_one_account_that_posts_without_end_fills_no_list_and_is_no_campaign() -> None:
    flood = [
        seen(
            f"n{i}", "number one song on the chart right now", author="bot", at=START + i * 2000
        )
        for i in range(4_000)
    ]
    harness = run(flood, chatter(100))

    assert reported(harness.emitted) == []
    assert len(state_of(harness).rows) < 400


def test_a_page_shared_by_everybody_is_no_campaign() -> None:
    crowd = chatter(300, people=300)
    shared = [
        seen(
            f"s{i}",
            one.post.text,
            at=one.post.event_at,
            author=one.post.author_id,
            urls=("https://everybody.example/the-one-page-of-today",),
            account_created=START - 900 * DAY,
        )
        for i, one in enumerate(crowd)
    ]
    harness = run(shared)

    assert reported(harness.emitted) == []


def test_an_object_keeps_a_bounded_list_of_posts() -> None:
    crowd = [
        seen(f"c{i}", "the very same sentence by really everybody today", author=f"a{i}",
             at=START + HOUR + i * 1000)
        for i in range(FOLLOWED + 300)
    ]  # fmt: skip
    operator = Coordination(WATCHLIST)
    Harness([operator]).run(ordered(crowd))

    held = [len(rows) for memory in operator.memories() for rows in memory.table.hot.values()]
    assert max(held) == FOLLOWED


def test_clocks_that_only_know_minutes_make_nobody_suspicious() -> None:
    rng = random.Random(5)
    posts = [
        seen(
            f"m{i}",
            one.post.text,
            at=one.post.event_at // MINUTE * MINUTE,
            author=f"person{rng.randrange(200)}",
        )
        for i, one in enumerate(chatter(400))
    ]

    assert reported(run(posts).emitted) == []


def late(posts: list[PostSeen], by: int) -> list[PostSeen]:
    """The same posts, read in the opposite order and most of a day behind."""
    newest = seen(
        "now", "something else entirely is said by somebody now", at=START + 30 * HOUR
    )
    return [newest, *[p for p in reversed(posts) if p.post.event_at > START + 30 * HOUR - by]]


def test_a_ring_that_is_read_backwards_and_late_is_found_all_the_same() -> None:
    posts = ring(every=2 * HOUR, start=START + 10 * HOUR, account_created=START - 3 * DAY)
    events = [*ordered(chatter(200)), *late(posts, 23 * HOUR)]
    harness = Harness(line())
    harness.run(events)
    harness.run(
        ordered([seen("end", "and a last word by somebody else", at=START + 40 * HOUR)])
    )

    names = {a for one in reported(harness.emitted) for a in one.accounts}
    assert names
    assert all(name.startswith("bluesky:r") for name in names)


def test_a_subject_with_five_posts_a_month_costs_a_few_rows() -> None:
    posts = [
        seen(f"q{i}", f"word number {i} about a quiet person", at=START + i * 6 * DAY)
        for i in range(5)
    ]
    harness = run(posts)

    assert len(state_of(harness).rows) <= 10
    assert reported(harness.emitted) == []
