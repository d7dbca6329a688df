"""The axes: what a sweep may leave out because more in common never speaks against a case."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.coordination.axes import INDEPENDENT, axes_of, kind_of, objects
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
        circle=draw(SURPRISE),
        young=draw(MAYBE),
        harm=draw(MAYBE),
    )


def test_criticism_counts_by_itself_or_beside_what_is_said_elsewhere() -> None:
    assert objects(crowd(critical=0.3))
    assert objects(crowd(critical=0.2, elsewhere=0.05))
    assert not objects(crowd(critical=0.2, elsewhere=0.1))
    assert not objects(crowd(critical=0.1, elsewhere=0.0))


def test_a_crowd_that_objects_under_an_official_link_is_no_fan_event() -> None:
    look = crowd(critical=0.2, elsewhere=0.05, openness=1.0, copied=0.5)
    axes = axes_of(look)

    assert axes.independence < INDEPENDENT
    assert kind_of(look, axes, busiest=0.1, known_subject=True) == "criticism_wave"
    quiet = msgspec.structs.replace(look, elsewhere=0.2)
    assert kind_of(quiet, axes, busiest=0.1, known_subject=True) == "fan_event"


def test_a_cruel_text_that_settled_people_quote_is_no_campaign_until_more_ties_them() -> None:
    def kind(**more: float) -> str:
        look = crowd(copied=1.0, texts=1, harm=0.6, **more)
        return kind_of(look, axes_of(look), busiest=0.1, known_subject=True)

    assert kind(closed=0.4) == "unclear"
    assert kind(closed=0.6) == "campaign"
    assert kind(circle=6.0) == "campaign"
    assert kind(burst=6.0) == "campaign"


def test_a_closed_circle_without_harm_is_a_case_only_of_those_who_hide_a_little() -> None:
    def kind(hiding: float) -> str:
        look = crowd(copied=1.0, texts=1, circle=8.0, hiding=hiding)
        return kind_of(look, axes_of(look), busiest=0.1, known_subject=True)

    assert kind(0.0) == "unclear"
    assert kind(1.5) == "coordinated"


def crowd(**more: float) -> Look:
    """Twenty long-standing accounts that hide nothing."""
    fields: dict[str, object] = {
        "places": np.arange(20), "accounts": np.arange(20, dtype=np.uint64), "posts": 20,
        "original": 1.0, "openness": 0.0, "news": 0.0, "critical": 0.0, "spare": 0.0,
        "appeals": 0.0, "flagged": 1.0, "company": 0.0, "closed": 0.0, "young": 0.0,
        "disguised": 0.0, "hiding": 0.0, "exact": 0.05, "texts": 20, "copied": 0.0,
        "span_ms": 3_600_000, "peak": 3, "burst": 0.0, "harm": 0.0,
    }  # fmt: skip
    return Look(**(fields | more))  # type: ignore[arg-type]


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
