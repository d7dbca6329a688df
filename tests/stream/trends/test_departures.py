"""Bursts and changes of level are found when planted, and not otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from stream.trends.baseline import HOUR_MS, fit
from stream.trends.departures import FALSE_RATE, LEAST_POSTS, changes, surges
from stream.trends.tails import tail

SINCE = 1_790_000_000_000 // HOUR_MS * HOUR_MS
TAUGHT, WATCHED = 8 * 168, 4 * 168
WHOLE = [False] * WATCHED


def world(rate: float, seed: int = 1):
    """Hourly counts of the watched weeks and the baseline of the weeks before."""
    dice = np.random.default_rng(seed)
    counts = dice.poisson(dice.gamma(8, rate / 8, TAUGHT + WATCHED))
    return counts[TAUGHT:].tolist(), fit(SINCE, counts[:TAUGHT].tolist(), [False] * TAUGHT)


@pytest.mark.parametrize("rate", [0.007, 1, 60, 1400])
def test_a_planted_burst_is_found_where_it_stands(rate):
    counts, usual = world(rate)
    for i in (300, 301, 302):
        counts[i] += int(5 + 6 * rate)

    found = surges(SINCE, counts, WHOLE, usual)

    assert any(
        s.since <= SINCE + 301 * HOUR_MS < s.until and s.ratio > 2 and s.chance < 1e-3
        for s in found
    )


@pytest.mark.parametrize("rate", [0.007, 1, 60, 1400])
def test_months_in_which_nothing_happens_are_quiet(rate):
    false = 0
    for seed in range(12):
        counts, usual = world(rate, seed)
        false += len(surges(SINCE, counts, WHOLE, usual))
        false += len(changes(SINCE, counts, WHOLE, usual))

    assert false <= 6


@pytest.mark.parametrize("mean", [0.001, 0.1, 1.0, 7.0, 300.0, 90_000.0])
@pytest.mark.parametrize("shape", [0.3, 1.0, 8.0, 400.0])
def test_counts_too_common_to_matter_are_not_looked_up(mean, shape):
    near = int(mean + 2 * (mean + mean * mean / shape) ** 0.5)
    assert near < LEAST_POSTS or tail(near, mean, shape) > FALSE_RATE


def test_weeks_that_follow_each_other_up_and_down_are_no_changes_of_level():
    false = 0
    for seed in range(12):
        dice = np.random.default_rng(seed)
        level = np.zeros(84)
        for day in range(1, 84):
            level[day] = 0.5 * level[day - 1] + dice.normal(0, 0.25)
        counts = dice.poisson(70 * np.exp(np.repeat(level, 24)))
        usual = fit(SINCE, counts[:TAUGHT].tolist(), [False] * TAUGHT)
        false += len(changes(SINCE, counts.tolist(), [False] * (TAUGHT + WATCHED), usual))

    assert false <= 3


def test_a_level_ten_times_higher_is_seen_at_five_posts_a_month():
    found = 0
    for seed in range(20):
        dice = np.random.default_rng(seed)
        rate = np.where(np.arange(TAUGHT + WATCHED) < TAUGHT + 14 * 24, 5 / 720, 50 / 720)
        counts = dice.poisson(rate)
        usual = fit(SINCE, counts[:TAUGHT].tolist(), [False] * TAUGHT)
        every = changes(SINCE, counts.tolist(), [False] * (TAUGHT + WATCHED), usual)
        found += any(
            abs(one.at - SINCE - (TAUGHT + 14 * 24) * HOUR_MS) <= 7 * 24 * HOUR_MS
            and one.low > 1
            for one in every
        )

    assert found >= 18


def test_one_post_about_somebody_never_mentioned_is_no_burst():
    usual = fit(SINCE, [0] * TAUGHT, [False] * TAUGHT)

    assert surges(SINCE, [0, 1, 0, 2, 0], [False] * 5, usual) == []


def test_what_lies_in_a_gap_is_not_judged():
    counts, usual = world(5)
    counts[300] += 500
    masked = list(WHOLE)
    masked[300] = True

    assert all(s.ratio < 50 for s in surges(SINCE, counts, masked, usual))
    assert surges(SINCE, counts, [True] * WATCHED, usual) == []
    assert changes(SINCE, counts, [True] * WATCHED, usual) == []


@pytest.mark.parametrize("rate", [1, 60, 1400])
def test_a_tripled_level_is_dated_to_two_days_and_measured(rate):
    counts, usual = world(rate)
    dice = np.random.default_rng(9)
    at = 14 * 24
    counts[at:] = dice.poisson(dice.gamma(8, 3 * rate / 8, WATCHED - at)).tolist()

    [found] = changes(SINCE, counts, WHOLE, usual)

    assert abs(found.at - SINCE - at * HOUR_MS) <= 48 * HOUR_MS
    assert found.low < 3 < found.high
    assert found.after == pytest.approx(72 * rate, rel=0.2)


def test_one_loud_day_is_no_change_of_level():
    counts, usual = world(60)
    for i in range(240, 264):
        counts[i] *= 20

    assert changes(SINCE, counts, WHOLE, usual) == []


def test_silence_for_good_is_a_change():
    counts, usual = world(60)
    counts[15 * 24 :] = [0] * (WATCHED - 15 * 24)

    [found] = changes(SINCE, counts, WHOLE, usual)

    assert found.ratio < 0.01
    assert found.after == 0


@pytest.mark.parametrize("hours", [0, 1, 23, 24, 100])
def test_a_stretch_too_short_to_judge_has_no_change(hours):
    _, usual = world(1)

    assert changes(SINCE, [1] * hours, [False] * hours, usual) == []


def test_a_burst_in_the_first_week_is_seen_although_that_week_also_teaches():
    counts = np.random.default_rng(6).poisson(4, 131).tolist()
    counts[130] = 53

    [found] = surges(SINCE, counts, [False] * 131, fit(SINCE, counts, [False] * 131))

    assert found.posts == 53
