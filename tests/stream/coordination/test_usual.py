"""Chances: of so many that hide, and of so many met again."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.coordination.usual import MOST_SURPRISE, Usual, surprise_of, surprise_of_meeting


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.01, 0.9))
def test_surprise_is_finite_and_bounded(found: int, more: int, usual: float) -> None:
    assert 0 <= surprise_of(found, found + more, usual) <= MOST_SURPRISE


@given(st.integers(0, 500), st.floats(0.0, 300.0))
def test_meeting_by_chance_is_finite_and_bounded(common: int, chance: float) -> None:
    assert 0 <= surprise_of_meeting(common, chance) <= MOST_SURPRISE


def test_what_is_usual_surprises_nobody() -> None:
    assert surprise_of(5, 100, 0.05) == 0
    assert surprise_of_meeting(2, 2.5) == 0


def test_a_meeting_of_one_in_a_thousand_says_so() -> None:
    chance = 0.1
    exactly = -math.log10(1 - math.exp(-chance) * (1 + chance))

    assert math.isclose(surprise_of_meeting(2, chance), exactly, rel_tol=1e-6)


def everybody(count: int) -> Usual:
    """Accounts that are old and disguise nothing."""
    nobody = np.zeros(count, dtype=np.bool_)
    return Usual(np.arange(count, dtype=np.uint64), nobody, ~nobody, nobody)


def test_a_handful_in_a_crowd_hides_nobody_however_unlikely_it_is() -> None:
    crowd = np.arange(300, dtype=np.uint64)

    assert surprise_of(25, 300, 0.02) > 6
    assert everybody(2_000).hiding(crowd, 25, 300, 25) == 0
    assert everybody(2_000).hiding(crowd, 30, 300, 0) > 6


def test_of_a_small_group_one_is_enough_to_count() -> None:
    assert everybody(2_000).hiding(np.arange(12, dtype=np.uint64), 0, 12, 1) > 0
    assert everybody(2_000).hiding(np.arange(21, dtype=np.uint64), 0, 21, 1) == 0


@given(st.integers(4, 200), st.integers(0, 200), st.integers(0, 200))
def test_more_who_hide_are_never_less_surprising(size: int, some: int, more: int) -> None:
    accounts = np.arange(size, dtype=np.uint64)
    few, many = min(some, size), min(some + more, size)
    usual = everybody(1_000)

    assert usual.hiding(accounts, many, size, 0) >= usual.hiding(accounts, few, size, 0)
    assert usual.hiding(accounts, 0, size, many) >= usual.hiding(accounts, 0, size, few)
