"""Average precision with ties and absences, and intervals that behave."""

from __future__ import annotations

from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.evaluation.ranking import average_precision, bootstrap, wilson


def test_a_perfect_ranking_has_one():
    assert average_precision({"a": 3, "b": 2, "c": 1}, {"a", "b"}, 3) == 1.0


def test_equal_scores_are_one_step():
    assert average_precision({"a": 1, "b": 1, "c": 1, "d": 1}, {"a"}, 4) == 0.25


def test_whoever_is_missing_ranks_last():
    assert average_precision({"a": 1}, {"a", "b"}, 10) == pytest.approx(0.5 + 0.5 * 2 / 10)


def test_nobody_listed_is_chance():
    assert average_precision({}, {"a", "b"}, 10) == pytest.approx(0.2)


@given(
    st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 4), max_size=10),
    st.sets(st.sampled_from("abcdefghij"), min_size=1),
)
def test_it_lies_between_zero_and_one_and_ignores_the_scale(scores, positives):
    plain = average_precision(scores, positives, 10)
    scaled = average_precision({k: 3 * v + 1 for k, v in scores.items()}, positives, 10)

    assert 0 < plain <= 1 + 1e-9
    assert plain == pytest.approx(scaled)


def test_an_interval_holds_the_figure_and_is_the_same_every_time():
    values = [0.1, 0.5, 0.4, 0.9, 0.3, 0.2]
    interval = bootstrap(values, mean)

    assert interval.value == pytest.approx(0.4)
    assert interval.low < 0.4 < interval.high
    assert interval == bootstrap(values, mean)


def test_one_stream_or_none_has_no_interval():
    assert bootstrap([0.4], mean).low is None
    assert bootstrap([], mean).value is None


def test_a_figure_that_cannot_be_measured_is_none():
    assert bootstrap([1, 2, 3], lambda _: None).value is None


def test_no_hit_in_ten_still_leaves_room_for_some():
    share = wilson(0, 10)

    assert share.value == 0
    assert 0.2 < share.high < 0.31
    assert wilson(0, 0).value is None
    assert wilson(10, 10).high == pytest.approx(1.0)
