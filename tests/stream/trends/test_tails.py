"""The tail of the negative binomial against its sum, false discovery control, ratios."""

from __future__ import annotations

from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream.trends.tails import discoveries, ratio_interval, tail


def summed(count: int, mean: float, shape: float) -> float:
    """The same tail by adding up the chances of all smaller counts."""
    p = mean / (mean + shape)
    below = sum(
        exp(lgamma(k + shape) - lgamma(shape) - lgamma(k + 1) + shape * log(1 - p) + k * log(p))
        for k in range(count)
    )
    return 1 - below


@given(st.integers(0, 300), st.floats(0.01, 200), st.floats(0.3, 500))
def test_the_tail_is_one_minus_the_sum_below_it(count, mean, shape):
    assert tail(count, mean, shape) == pytest.approx(summed(count, mean, shape), abs=1e-8)


@example(5131804, 466528.0, 0.1)
@given(st.integers(0, 10**7), st.floats(0, 1e6), st.floats(0.1, 1e4))
def test_a_tail_is_a_chance_and_falls_with_the_count(count, mean, shape):
    value = tail(count, mean, shape)

    assert 0 <= tail(count + 1, mean, shape) <= value + 1e-9 <= 1 + 2e-9


def test_far_out_the_tail_keeps_its_small_digits():
    # One in p**k: a geometric distribution, shape 1.
    assert tail(100, 1.0, 1.0) == pytest.approx(0.5**100, rel=1e-9)


def test_false_discoveries_stay_rare_where_nothing_is_to_be_found():
    dice = np.random.default_rng(1)

    fooled = sum(any(discoveries(list(dice.random(200)), 0.05)) for _ in range(400))

    assert fooled / 400 < 0.09


def test_discoveries_keep_what_is_beyond_doubt():
    assert discoveries([0.9, 1e-9, 0.4, 1e-8], 0.01) == [False, True, False, True]
    assert discoveries([], 0.01) == []


def test_a_ratio_interval_holds_the_truth_about_as_often_as_it_says():
    dice = np.random.default_rng(2)
    held = 0
    for before, after in zip(dice.poisson(40, 2000), dice.poisson(80, 2000), strict=True):
        _, low, high = ratio_interval(int(after), int(before))
        held += low <= 2.0 <= high

    assert 0.93 < held / 2000 < 0.98


def test_a_ratio_to_nothing_is_a_wide_interval_and_no_error():
    value, low, high = ratio_interval(3, 0, dispersion=1e9)

    assert low < value < high
