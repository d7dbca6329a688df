"""Moments and durations in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.times import DAY, HOUR, MINUTE, SECOND, ZONES, clock, moment, relative, span
from dashboards.web.words import Words

NOW = 1_795_492_800_000
EN = Words("en")


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (0, "just now"),
        (4 * SECOND, "just now"),
        (30 * SECOND, "30 s ago"),
        (90 * SECOND, "1 min ago"),
        (119 * MINUTE, "119 min ago"),
        (2 * HOUR, "2 h ago"),
        (47 * HOUR, "47 h ago"),
        (3 * DAY, "3 days ago"),
        (-10 * MINUTE, "in 10 min"),
    ],
)
def test_how_long_ago_is_said_in_one_unit(gap: int, said: str):
    assert relative(NOW - gap, NOW, EN) == said


def test_a_moment_is_shown_in_seoul_and_in_utc():
    found = moment(NOW, NOW, EN)

    assert found.at == "2026-11-24 13:00 KST"
    assert found.other == "04:00 UTC"
    assert found.iso == "2026-11-24T04:00:00.000Z"


def test_utc_names_its_day_where_seoul_is_a_day_ahead():
    assert moment(NOW + 16 * HOUR, NOW, EN).other == "11-24 20:00 UTC"


def test_a_moment_is_shown_in_utc_to_whoever_wants_it_so():
    found = moment(NOW + 16 * HOUR, NOW, EN, ZONES["utc"])

    assert found.at == "2026-11-24 20:00 UTC"
    assert found.other == "11-25 05:00 KST"
    assert clock(NOW, ZONES["utc"]) == "04:00"


@pytest.mark.parametrize("at", [10**15, -(10**15), 2**63 - 1, -(2**63)])
def test_impossible_times_become_a_dash(at: int):
    assert moment(at, NOW, EN).at == "—"
    assert clock(at) == "—"


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_time_from_outside_can_be_shown(at: int):
    assert moment(at, NOW, EN).ago


def test_a_negative_length_is_nothing():
    assert span(-5, EN) == "0 s"
