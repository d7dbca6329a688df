"""The gate: what may be kept of a picture, and that nothing passes without a score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.media.cage import Cage
from detect.media.caged import HASHES, PIXELS, RASTER_SIDE
from detect.media.gate import MINOR_FROM, judge
from detect.media.nsfw import SexualContent
from detect.media.weights import CATALOGUE, NSFW
from tests.detect.media.pictures import as_file, waves


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -math.inf])
def test_without_a_score_nothing_passes(score):
    found = judge(score, sexual_from=1.0)
    assert (found.verdict, found.open) == ("not_scored", False)


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_what_passes_is_below_the_threshold(score, threshold, minor):
    found = judge(score, sexual_from=threshold, minor=minor)
    assert found.open == (score < (min(threshold, MINOR_FROM) if minor else threshold))


def test_a_possible_minor_closes_the_gate_earlier():
    assert judge(0.3, sexual_from=0.5).open
    assert judge(0.3, sexual_from=0.5, minor=True).verdict == "minor"
    assert judge(0.05, sexual_from=0.5, minor=True).open


def test_another_file_is_not_taken_for_the_model():
    with pytest.raises(ValueError, match="differs"):
        SexualContent(b"something else")


def test_every_model_says_whose_it_is():
    for one in CATALOGUE:
        assert len(one.sha256) == 64
        assert one.licence
        assert one.origin.startswith("https://")
        assert "==" in one.wheel
    assert len({one.name for one in CATALOGUE}) == len(CATALOGUE)
    assert NSFW.problem(b"") is not None


def test_models_are_shown_small_colours_and_only_when_asked():
    picture = waves(900, 1600, 4)
    with Cage() as cage:
        shown = cage.examine(as_file(picture), HASHES | PIXELS)
        plain = cage.examine(as_file(picture))
    assert plain.raster is None
    assert shown.pdq == plain.pdq
    assert shown.raster is not None
    assert (shown.raster.width, shown.raster.height) == (RASTER_SIDE, 360)
    colours = np.frombuffer(shown.raster.data, np.uint8).reshape(360, RASTER_SIDE, 3)
    assert abs(colours.mean((0, 1)) - picture.mean((0, 1))).max() < 2
