"""The day in Korea, and the flatter day of the world."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.demo import rhythm

MOMENTS = st.integers(0, 4_102_444_800_000)


def at_kst(hour: float) -> int:
    return int(rhythm.DAY_MS * 20_000 - rhythm.KST_OFFSET_MS + hour * rhythm.HOUR_MS)


def test_korea_sleeps_before_dawn_and_posts_in_the_evening() -> None:
    night, evening = rhythm.activity(at_kst(4)), rhythm.activity(at_kst(21))
    assert evening[0] > 8 * night[0]
    assert evening[2] > 8 * night[2]


def test_english_speakers_live_all_around_the_clock() -> None:
    rates = [rhythm.activity(at_kst(hour))[1] for hour in range(24)]
    assert max(rates) < 2 * min(rates)


def test_the_languages_have_their_shares_over_a_day() -> None:
    total = [sum(rhythm.activity(at_kst(h))[i] for h in range(24)) for i in range(3)]
    assert total == pytest.approx(list(rhythm.SHARE.values()))


@given(MOMENTS)
def test_the_same_hour_of_every_day_is_alike_and_never_dead(at: int) -> None:
    assert rhythm.activity(at) == rhythm.activity(at + rhythm.DAY_MS)
    assert all(rate > 0 for rate in rhythm.activity(at))


@given(MOMENTS)
def test_activity_changes_without_jumps(at: int) -> None:
    now, soon = rhythm.activity(at), rhythm.activity(at + rhythm.MINUTE_MS)
    assert all(abs(a - b) < 0.05 * max(a, b) for a, b in zip(now, soon, strict=True))


@given(MOMENTS, st.integers(0, 23))
def test_the_next_hour_lies_within_a_day_and_is_that_hour(at: int, hour: int) -> None:
    found = rhythm.next_kst_hour(at, hour)
    assert at <= found < at + rhythm.DAY_MS
    assert (found + rhythm.KST_OFFSET_MS) % rhythm.DAY_MS == hour * rhythm.HOUR_MS
