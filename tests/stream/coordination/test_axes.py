"""The axes: what a sweep may leave out because more in common never speaks against a case."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.coordination.axes import axes_of, kind_of
from stream.coordination.campaign_state import DARK
from stream.coordination.looks import Look

SHARE = st.floats(0, 1)
SURPRISE = st.floats(0, 12)
MAYBE = st.one_of(st.none(), SHARE)


@st.composite
def looks(draw: st.DrawFn) -> Look:
    posts = draw(st.integers(1, 60))
    return Look(
        places=np.arange(posts),
        accounts=np.arange(draw(st.integers(1, posts)), dtype=np.uint64),
        posts=posts,
        texts=draw(st.integers(0, posts)),
        span_ms=draw(st.integers(0, 86_400_000)),
        peak=posts,
        **{
            name: draw(SHARE)
            for name in (
                *("original", "openness", "news", "critical", "spare", "appeals", "flagged"),
                *("company", "closed", "disguised", "exact", "copied"),
            )
        },  # type: ignore[arg-type]
        hiding=draw(SURPRISE),
        burst=draw(SURPRISE),
        young=draw(MAYBE),
        harm=draw(MAYBE),
    )


@given(look=looks(), busiest=SHARE, known=st.booleans())
def test_having_more_in_common_never_makes_a_case_into_none(
    look: Look, busiest: float, known: bool
) -> None:
    closer = msgspec.structs.replace(look, closed=1.0)
    axes, nearer = axes_of(look), axes_of(closer)

    assert nearer.coordination >= axes.coordination
    assert nearer.independence <= axes.independence
    assert nearer.openness == axes.openness
    if kind_of(look, axes, busiest=busiest, known_subject=known) in DARK:
        assert kind_of(closer, nearer, busiest=busiest, known_subject=known) in DARK
