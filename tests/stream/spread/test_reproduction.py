"""Reproduction numbers, held against looking at every pair of posts."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.spread.reproduction import (
    OUTSIDE,
    OWN_BEGINNING_MS,
    SCALES_MS,
    brought,
    generation_of,
    over_time,
)

HOUR = 3_600_000
DAY = 24 * HOUR


@st.composite
def narratives(draw: st.DrawFn) -> tuple[list[int], list[int | None]]:
    """Times over weeks, some equal, and references to anything but oneself."""
    size = draw(st.integers(1, 30))
    times = draw(st.lists(st.integers(0, 20 * DAY), min_size=size, max_size=size))
    times += draw(st.lists(st.sampled_from(times), max_size=4))
    places = st.one_of(st.none(), st.just(OUTSIDE), st.integers(0, len(times) - 1))
    parents = [None if (p := draw(places)) == i else p for i in range(len(times))]
    return times, parents


def by_pairs(times, parents, generation) -> tuple[list[float], list[float]]:
    """The definition, one pair after another."""

    def density(length: int) -> float:
        return sum(
            w / s * math.exp(-length / s)
            for w, s in zip(generation.weights, SCALES_MS, strict=True)
        )

    direct, own = [0.0] * len(times), [0.0] * len(times)
    for i, (at, parent) in enumerate(zip(times, parents, strict=True)):
        if parent is None:
            chances = {j: density(at - t) for j, t in enumerate(times) if t < at}
            total = sum(chances.values()) + 1 / OWN_BEGINNING_MS
            own[i] = 1 / OWN_BEGINNING_MS / total
            for j, chance in chances.items():
                direct[j] += chance / total
        elif parent != OUTSIDE:
            direct[parent] += 1
    return direct, own


@given(narratives())
def test_it_is_what_looking_at_every_pair_gives(narrative):
    times, parents = narrative
    generation = generation_of([HOUR, 2 * HOUR])

    found = brought(times, parents, generation)

    direct, own = by_pairs(times, parents, generation)
    assert found.direct.tolist() == pytest.approx(direct, rel=1e-6, abs=1e-9)
    assert found.own.tolist() == pytest.approx(own, rel=1e-6, abs=1e-12)


@given(narratives())
def test_every_post_was_brought_began_by_itself_or_came_from_outside(narrative):
    times, parents = narrative

    found = brought(times, parents, generation_of([]))

    outside = sum(one == OUTSIDE for one in parents)
    total = float(found.direct.sum() + found.own.sum()) + outside
    assert total == pytest.approx(len(times))


@given(st.lists(st.integers(-DAY, 60 * DAY), max_size=200))
def test_the_generation_time_is_a_distribution_whatever_the_lags(lags):
    generation = generation_of(lags)

    assert sum(generation.weights) == pytest.approx(1)
    assert min(generation.weights) > 0
    assert 0 < generation.median_ms < 50 * SCALES_MS[-1]


def test_known_times_move_the_generation_time_and_few_do_so_little():
    usual = generation_of([]).median_ms

    assert generation_of([60_000] * 500).median_ms < 3 * 60_000
    assert generation_of([DAY] * 500).median_ms > 10 * HOUR
    assert generation_of([60_000]).median_ms == pytest.approx(usual, rel=0.5)


def test_doubling_every_hour_is_above_one_and_dying_out_below():
    growing = [int(HOUR * math.log2(n)) for n in range(1, 1000)]
    dying = [10 * HOUR - at for at in growing]
    generation = generation_of([HOUR] * 200)

    def numbers(times):
        found = brought(times, [None] * len(times), generation)
        steps = over_time(
            times, found, generation, since=0, until=10 * HOUR, step_ms=HOUR, now=100 * HOUR
        )
        return [one.number for one in steps if one.posts > 20 and one.number is not None]

    assert min(numbers(growing)[:-2]) > 1
    assert max(numbers(dying)[1:]) < 1


def test_the_last_posts_are_not_said_to_bring_nothing():
    times = [i * 60_000 for i in range(600)]
    generation = generation_of([HOUR] * 200)
    found = brought(times, [None] * 600, generation)

    steps = over_time(
        times, found, generation, since=0, until=10 * HOUR, step_ms=HOUR, now=times[-1]
    )

    assert steps[-1].number is None
    assert steps[-1].posts == 60
    assert steps[5].number == pytest.approx(1, abs=0.2)


def test_a_copy_after_months_of_silence_began_by_itself():
    found = brought([0, 1000, 300 * DAY], [None] * 3, generation_of([]))

    assert found.own[1] < 0.01
    assert found.own[2] == pytest.approx(1)


def test_a_hundred_thousand_copies_take_seconds():
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.exponential(30_000, 100_000)).astype(int).tolist()
    began = time.process_time()

    found = brought(times, [None] * len(times), generation_of([]))

    assert float(found.direct.sum()) > 99_000
    assert time.process_time() - began < 20
