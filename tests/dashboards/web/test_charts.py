"""Charts as plain SVG geometry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.web import charts
from stream.index import Bucket

MINUTE = 60_000


def window(*posts: int, masked: tuple[int, ...] = ()) -> list[Bucket]:
    return [Bucket(at=i * MINUTE, posts=n, masked=i in masked) for i, n in enumerate(posts)]


def test_the_usual_level_is_the_median_of_the_same_time_on_earlier_days():
    earlier = [window(1, 5), window(3, 7), window(100, 6)]

    level, days = charts.usual_level(window(9, 9), earlier)

    assert level == [3.0, 6.0]
    assert days == 3


def test_times_without_a_source_do_not_lower_what_is_usual():
    earlier = [window(0, 5, masked=(0,)), window(8, 5)]

    level, _ = charts.usual_level(window(9, 9), earlier)

    assert level == [8.0, 5.0]


def test_without_an_earlier_day_the_window_is_its_own_measure():
    level, days = charts.usual_level(window(1, 2, 90, 50, masked=(3,)), [])

    assert level == [2.0] * 4
    assert days == 0


def test_an_empty_window_is_drawn_as_nothing():
    drawn = charts.trend([], [])

    assert drawn.line == ""
    assert drawn.masked == ()


def test_gaps_are_drawn_where_they_were():
    drawn = charts.trend(window(1, 1, 1, 1, masked=(2,)), [1, 1, 1, 1])

    assert [(box.x, box.width) for box in drawn.masked] == [(300.0, 150.0)]


@given(
    st.lists(st.integers(0, 10**7), max_size=80), st.lists(st.integers(0, 10**7), max_size=80)
)
def test_bars_stay_inside_the_chart(back: list[int], front: list[int]):
    drawn = charts.bars(back, front, mark=0.5)

    for box in (*drawn.back, *drawn.front):
        assert 0 <= box.x <= box.x + box.width <= charts.WIDTH + 0.2
        assert box.y >= 0
        assert box.y + box.height <= charts.HEIGHT + 0.2


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=80))
def test_the_curve_stays_inside_the_chart(posts: list[int]):
    drawn = charts.trend(window(*posts), [float(n) for n in posts])

    heights = [float(point.split()[1]) for point in drawn.line[1:].split("L")]
    assert all(0 <= y <= charts.HEIGHT for y in heights)


def test_a_moment_outside_the_window_is_marked_at_its_edge():
    assert charts.bars([1], [1], mark=1.7).mark == charts.WIDTH
    assert charts.bars([1], [1], mark=None).mark is None


@given(st.integers(1, 10**13))
def test_any_length_is_cut_into_few_bars(length: int):
    bucket = charts.bucket_for(length)

    assert length / bucket <= 73
    assert bucket % MINUTE == 0


@given(st.floats(0, 10**9, allow_nan=False))
def test_the_top_of_the_scale_is_a_round_number_above(value: float):
    top = charts.ceiling(value)

    assert top >= value
    assert str(top).strip("0") in {"1", "2", "5"}


def test_posts_outside_the_window_are_not_counted():
    assert charts.counts_in([0, 5, 10, 19, 20, -1], 0, 20, 10) == [2, 2]
