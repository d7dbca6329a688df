"""The baseline: what is expected, how surprising a crowd is, what ordinary copying teaches."""

from __future__ import annotations

from math import exp, lgamma, log, log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.bursts.baseline import LARGEST, SHAPE, Baseline, class_of, expected, learn, surprise


def fresh() -> Baseline:
    return Baseline([1.0, 1.0, 1.0])


def tail(accounts: int, mean: float) -> float:
    """Exact chance of that many or more under the negative binomial."""
    p = SHAPE / (SHAPE + mean)
    terms = (
        exp(lgamma(n + SHAPE) - lgamma(SHAPE) - lgamma(n + 1) + SHAPE * log(p) + n * log(1 - p))
        for n in range(accounts, accounts + 3_000)
    )
    return sum(terms)


@given(st.integers(1, 120), st.floats(0.05, 50))
def test_surprise_never_overstates_how_unlikely_a_crowd_is(accounts: int, mean: float) -> None:
    assert surprise(accounts, mean) <= -log10(max(tail(accounts, mean), 1e-300)) + 1e-6


@given(st.integers(1, 500), st.floats(0.05, 50))
def test_one_more_account_is_never_less_surprising(accounts: int, mean: float) -> None:
    assert surprise(accounts + 1, mean) >= surprise(accounts, mean)


def test_what_is_expected_does_not_surprise() -> None:
    assert surprise(3, 3.0) == surprise(1, 40.0) == 0.0


def test_short_wishes_are_expected_to_repeat_more_than_sentences() -> None:
    wishes, sentence = (expected(fresh(), n, 0, slow=False) for n in (12, 120))
    assert wishes > 5 * sentence


def test_a_busy_hour_raises_what_is_expected() -> None:
    calm, busy = (expected(fresh(), 100, others, slow=False) for others in (5, 5_000))
    assert busy > 10 * calm


def test_five_long_copies_in_a_quiet_subject_stand_out_and_five_short_ones_do_not() -> None:
    long, short = (surprise(5, expected(fresh(), n, 2, slow=False)) for n in (120, 12))
    assert long > 2.5 > short


def test_pairs_teach_nothing() -> None:
    baseline = fresh()
    for _ in range(1_000):
        learn(baseline, 100, 2, 0.3)
    assert baseline.factors == [1.0, 1.0, 1.0]


def test_habitual_copying_raises_its_own_class_of_length_only() -> None:
    baseline = fresh()
    for _ in range(300):
        learn(baseline, 100, 8, expected(baseline, 100, 5, slow=False))
    assert baseline.factors[:2] == [1.0, 1.0]
    assert surprise(8, expected(baseline, 100, 5, slow=False)) < 1.0


def test_a_single_huge_wave_moves_the_baseline_little() -> None:
    baseline = fresh()
    learn(baseline, 100, 5_000, 0.3)
    assert baseline.factors[2] == pytest.approx(1.15)


def test_a_habit_that_ends_is_forgotten() -> None:
    baseline = Baseline([1.0, 1.0, 30.0])
    for _ in range(200):
        learn(baseline, 100, 2, 9.0)
    assert baseline.factors[2] < 1.1


@given(st.lists(st.tuples(st.integers(2, 10_000), st.floats(0.01, 100)), max_size=200))
def test_the_factor_stays_within_its_bounds(seen: list[tuple[int, float]]) -> None:
    baseline = fresh()
    for accounts, mean in seen:
        learn(baseline, 30, accounts, mean)
    assert all(1.0 <= factor <= LARGEST for factor in baseline.factors)


def test_classes_of_length() -> None:
    assert [class_of(n) for n in (0, 19, 20, 49, 50, 5_000)] == [0, 0, 1, 1, 2, 2]
