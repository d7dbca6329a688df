"""The baseline by hour of the week, from five posts a month to a million."""

from __future__ import annotations

import numpy as np
import pytest

from stream.trends.baseline import HOUR_MS, cell_of, fit

SINCE = 1_790_000_000_000 // HOUR_MS * HOUR_MS
HOURS = 8 * 168
WHOLE = [False] * HOURS


def rhythm() -> np.ndarray:
    cells = np.array([cell_of(SINCE + i * HOUR_MS) for i in range(HOURS)])
    return 1 + 0.8 * np.sin((cells % 24 - 10) / 24 * 2 * np.pi)


def test_the_week_begins_on_monday_in_seoul():
    monday_in_seoul = 1_795_359_600_000  # 2026-11-22 15:00 UTC

    assert cell_of(monday_in_seoul) == 0
    assert cell_of(monday_in_seoul - 1) == 167
    assert cell_of(monday_in_seoul + 25 * HOUR_MS) == 25


def test_five_posts_a_month_give_their_average_and_no_rhythm():
    counts = [0] * HOURS
    for at in (40, 200, 391, 500, 702, 777, 901, 1000, 1200):
        counts[at] = 1

    usual = fit(SINCE, counts, WHOLE)

    assert sum(usual.rates) / 168 == pytest.approx(9 / HOURS, rel=0.25)
    assert max(usual.rates) < 6 * min(usual.rates)


def test_a_busy_subject_gets_its_own_rhythm():
    mean = 1400 * rhythm()
    counts = np.random.default_rng(3).poisson(mean)

    usual = fit(SINCE, counts.tolist(), WHOLE)

    expected = [usual.at(SINCE + i * HOUR_MS)[0] for i in range(HOURS)]
    assert np.abs(np.array(expected) / mean - 1).mean() < 0.02


def test_a_burst_of_the_past_does_not_become_usual():
    calm = np.random.default_rng(4).poisson(20 * rhythm())
    loud = calm.copy()
    loud[500:506] += 4000

    before, after = fit(SINCE, calm.tolist(), WHOLE), fit(SINCE, loud.tolist(), WHOLE)

    assert sum(after.rates) < 1.1 * sum(before.rates)


def test_hours_in_a_gap_say_nothing():
    counts = np.random.default_rng(5).poisson(20, HOURS)
    masked = np.zeros(HOURS, dtype=bool)
    masked[100:600] = True
    counts[masked] = 0

    usual = fit(SINCE, counts.tolist(), masked.tolist())

    assert sum(usual.rates) / 168 == pytest.approx(20, rel=0.03)
    assert usual.hours == HOURS - 500


@pytest.mark.parametrize("hours", [0, 1, 5])
def test_next_to_nothing_still_gives_finite_rates(hours):
    usual = fit(SINCE, [0] * hours, [True] * hours)

    assert usual.hours == 0
    assert all(0 < rate < 1 for rate in usual.rates)
    assert all(shape > 0 for shape in usual.shapes)
