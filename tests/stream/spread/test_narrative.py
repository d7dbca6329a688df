"""A narrative as it spread: hops, first movers, carriers, and bounded time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given

from stream.spread.forest import cascades_of
from stream.spread.narrative import SHOWN, STEPS, spread_of
from stream.threads.relatives import Member
from tests.stream.spread.test_forest import claims, post

HOUR = 3_600_000


def told(members, now=10 * HOUR):
    found = spread_of(cascades_of(members), now=now)
    assert found is not None
    return found


def on(platform: str, name: str, at: int, *targets: str) -> Member:
    return Member(
        id=name,
        at=at,
        platform=platform,
        account=f"{platform}:{name}",
        references=tuple(("quote", target) for target in targets),
    )


@given(claims())
def test_its_numbers_add_up_whatever_posts_claim(members):
    found = told(members, now=50)

    assert found.posts == len(members)
    assert sum(step.posts for step in found.steps) == len(members)
    assert sum(hop.posts for hop in found.hops) == len(members)
    assert found.first_at + found.half_ms <= found.first_at + found.most_ms <= found.last_at
    assert all(one.shape.nodes > 1 for one in found.largest)
    assert len(found.steps) <= STEPS + 1
    assert found.concentration is None or 0 < found.concentration <= 1


def test_nothing_is_told_of_no_posts():
    assert spread_of((), now=0) is None


def test_platforms_come_in_order_with_their_lags():
    found = told(
        [
            on("b", "b1", HOUR),
            on("a", "a1", 3 * HOUR),
            on("b", "b2", 2 * HOUR),
            on("c", "c1", 0),
        ]
    )

    assert [(hop.platform, hop.lag_ms, hop.posts) for hop in found.hops] == [
        ("c", 0, 1),
        ("b", HOUR, 2),
        ("a", 3 * HOUR, 1),
    ]


def test_whom_the_others_repost_is_the_foremost_carrier():
    members = [post("first", 0), post("star", HOUR)]
    members += [post(f"r{i}", HOUR + i * 60_000, "star") for i in range(1, 30)]

    found = told(members)

    assert found.movers[0].account == "x:first"
    assert found.carriers[0].account == "x:star"
    assert found.carriers[0].brought >= 29
    assert found.kinds == {"reply": 0, "repost": 29, "quote": 0, "copy": 1}
    assert found.largest[0].shape.breadth == 29
    assert found.concentration == pytest.approx(1, abs=0.1)


def test_copies_an_hour_apart_are_no_cascade_and_still_brought_each_other():
    found = told([post(f"c{i}", i * HOUR) for i in range(8)])

    assert found.cascades == 8
    assert found.largest == ()
    assert found.beginnings < 2
    assert found.busiest_hour == 1


def test_a_hundred_thousand_posts_are_told_in_bounded_time_and_size():
    rng = np.random.default_rng(3)
    members = [post("p0", 0)]
    members += [
        post(f"p{i}", i * 700, *([f"p{rng.integers(i)}"] if i % 3 else []))
        for i in range(1, 100_000)
    ]
    began = time.process_time()

    found = told(members, now=100_000 * 700)

    assert found.posts == 100_000
    assert max(map(len, (found.largest, found.movers, found.carriers))) == SHOWN
    assert time.process_time() - began < 40
