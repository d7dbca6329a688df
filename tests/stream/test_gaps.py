"""Gaps as masks and stretches, against the plain way."""

from __future__ import annotations

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from ingest.records import Gap
from stream.gaps import masks, stretches


@st.composite
def gap_lists(draw) -> list[Gap]:
    edges = draw(st.lists(st.tuples(st.integers(-50, 150), st.integers(0, 40)), max_size=8))
    return [Gap(source="a", since=s, until=s + n, reason="away") for s, n in edges]


@given(gap_lists(), st.integers(-20, 20), st.integers(1, 30), st.integers(0, 12))
def test_a_step_is_masked_where_any_gap_touches_it(gaps, since, step, steps):
    plain = [
        any(gap.since < since + (i + 1) * step and gap.until > since + i * step for gap in gaps)
        for i in range(steps)
    ]

    assert masks(gaps, since, step, steps) == plain


@given(gap_lists())
def test_stretches_cover_what_the_gaps_cover_and_do_not_touch(gaps):
    found = stretches(gaps, 0, 100)

    covered = {t for gap in gaps for t in range(max(gap.since, 0), min(gap.until, 100))}
    assert {t for begin, end in found for t in range(begin, end)} == covered
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))


def test_stretches_that_lie_near_become_one():
    gaps = [Gap(source="a", since=n, until=n + 1, reason="away") for n in range(0, 100, 3)]

    assert len(stretches(gaps, 0, 100)) == 34
    assert stretches(gaps, 0, 100, near_ms=2) == [(0, 100)]


def test_half_a_million_gaps_take_a_moment():
    gaps = [Gap(source="a", since=n, until=n + 1, reason="away") for n in range(500_000)]
    begun = time.process_time()

    assert all(masks(gaps, 0, 100, 5000))
    assert stretches(gaps, 0, 500_000) == [(0, 500_000)]

    assert time.process_time() - begun < 4
