"""Forgery models: what is refused, and what a band says of a picture."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.media.forgery import Box, ForgeryModel, cut_out, prepared, traits
from detect.media.registry import (
    Calibration,
    Domain,
    Input,
    Output,
    RegistryError,
    Thresholds,
    parse_registry,
)
from tests.detect.media.nets import RED, entry, net

CARD = entry().card
TEXT = f"""
[[models]]
id = "red"
task = "face_forgery"
file = "red.onnx"
sha256 = "{entry().sha256}"
licence = "CC0-1.0"
source = "made in a test"
input = {{ name = "input", width = 32, height = 32, layout = "nchw", margin = 0.5 }}
output = {{ name = "forged", activation = "none" }}
thresholds = {{ unlikely = 0.2, likely = 0.8 }}
domain = {{ face = 60, sharpness = [1.0, 900.0] }}
[models.card]
data = "red and blue squares"
real = 200
forged = 200
auc = 0.9
auc_low = 0.86
auc_high = 0.93
tpr_at_1_fpr = 0.5
ece = 0.03
"""


def coloured(red, side=64):
    return np.full((side, side, 3), (30, 60, red), np.uint8)


def test_a_registry_is_read_as_it_stands():
    (found,) = parse_registry(TEXT)

    assert (found.id, found.task, found.input.margin) == ("red", "face_forgery", 0.5)
    assert found.domain == Domain(face=60, sharpness=(1.0, 900.0))
    assert found.card == CARD


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('licence = "CC0-1.0"\n', "", "licence"),
        ('sha256 = "', 'sha256 = "x', "sha256"),
        ('task = "face_forgery"', 'task = "verdict"', "verdict"),
        ("auc = 0.9\n", "auc = 1.9\n", "1.0"),
        ("auc = 0.9\n", 'auc = 0.9\nproud = "yes"\n', "proud"),
        ("width = 32", "width = 100000", "1024"),
        ("[[models]]", "[[models", "models.toml"),
    ],
)
def test_an_entry_that_lacks_something_or_has_too_much_is_refused(old, new, told):
    with pytest.raises(RegistryError, match=told):
        parse_registry(TEXT.replace(old, new))


def test_two_models_of_one_id_are_refused():
    with pytest.raises(RegistryError, match="'red'"):
        parse_registry(TEXT + TEXT)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_whatever_stands_in_a_registry_it_is_read_or_refused(text):
    try:
        found = parse_registry(text)
    except RegistryError:
        return
    assert found == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"licence": " unknown "}, "licence"),
        ({"thresholds": Thresholds(unlikely=0.5, likely=0.5)}, "threshold"),
        ({"card": msgspec.structs.replace(CARD, auc_low=0.6)}, "may be 0.60"),
        ({"card": msgspec.structs.replace(CARD, forged=99)}, "fewer than 100"),
        ({"card": msgspec.structs.replace(CARD, auc=0.99)}, "interval"),
        ({"input": Input(name="image", width=32, height=32)}, "entry says image"),
        ({"input": Input(name="input", width=64, height=32)}, "entry says"),
        ({"input": Input(name="input", width=32, height=32, layout="nhwc")}, "entry says"),
        ({"output": Output(name="real")}, "entry says real"),
        ({"output": Output(name="forged", index=3)}, "1 numbers"),
    ],
)
def test_a_model_that_is_not_what_its_entry_says_is_refused(changed, told):
    with pytest.raises(RegistryError, match=told):
        ForgeryModel(entry(**changed), RED)


def test_a_model_that_says_the_same_of_everything_is_refused():
    for constant in (net([0.0, 0.0, 0.0]), net([1e-5, 0, 0], bias=-3.0)):
        with pytest.raises(RegistryError, match="nearly the same"):
            ForgeryModel(entry(constant), constant)


def test_a_model_whose_numbers_are_no_probabilities_is_refused():
    logits = entry(output=Output(name="logit"))
    with pytest.raises(RegistryError, match="logit"):
        ForgeryModel(logits, RED)


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(RegistryError, match="not a usable ONNX model"):
        ForgeryModel(entry(b"random"), b"random")


def test_the_band_follows_the_thresholds():
    model = ForgeryModel(entry(), RED)

    assert model.judge(coloured(250)).band == "likely"
    assert model.judge(coloured(10)).band == "unlikely"
    middle = model.judge(coloured(127))
    assert middle.band == "inconclusive"
    assert middle.score == pytest.approx(0.5, abs=0.02)
    assert middle.model == f"red/{entry().sha256[:12]}"


def test_calibration_moves_the_score():
    doubtful = entry(calibration=Calibration(a=0.5, b=-1.0))
    (plain,) = ForgeryModel(entry(), RED).scores([coloured(250)])
    (moved,) = ForgeryModel(doubtful, RED).scores([coloured(250)])

    logit = np.log(plain / (1 - plain)) * 0.5 - 1.0
    assert moved == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-3)


def test_a_model_of_faces_says_nothing_without_one():
    model = ForgeryModel(entry(task="face_forgery"), RED)
    found = model.judge(coloured(250))

    assert (found.band, found.score, found.reasons) == ("not_applicable", None, ("no face",))


def test_a_small_face_is_scored_and_left_open():
    model = ForgeryModel(entry(task="face_forgery"), RED)
    small = model.judge(coloured(250), Box(10, 10, 20, 20))
    large = model.judge(coloured(250, 200), Box(40, 40, 100, 120))

    assert small.band == "inconclusive"
    assert small.score > 0.8
    assert small.reasons == ("the face is smaller than 80 pixels",)
    assert large.band == "likely"


@pytest.mark.parametrize("trait", ["brightness", "contrast", "sharpness", "colour"])
def test_a_picture_unlike_those_that_were_measured_is_left_open(trait):
    picture = np.random.default_rng(1).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    value = getattr(traits(picture), trait)
    strict = entry(domain=Domain(**{trait: (value + 1, value + 2)}))
    wide = entry(domain=Domain(**{trait: (value - 1, value + 1)}))

    found = ForgeryModel(strict, RED).judge(picture)
    assert found.band == "inconclusive"
    assert trait in found.reasons[0]
    assert ForgeryModel(wide, RED).judge(picture).reasons == ()


def test_a_picture_that_is_cut_off_is_left_open():
    found = ForgeryModel(entry(), RED).judge(coloured(250), doubt="the file is cut off")

    assert (found.band, found.reasons) == ("inconclusive", ("the file is cut off",))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40),
    st.floats(-200, 200), st.floats(-200, 200), st.floats(0, 300), st.floats(0, 300),
)  # fmt: skip
def test_a_face_anywhere_is_cut_out_as_a_square(height, width, x, y, w, h):
    found = cut_out(np.zeros((height, width, 3), np.uint8), Box(x, y, w, h), 0.3)

    assert found.shape[0] == found.shape[1] >= 8


def test_pixels_go_in_as_the_entry_says():
    picture = np.full((40, 40, 3), (10, 20, 30), np.uint8)
    rgb = Input(name="x", width=16, height=20, mean=(0.1, 0.2, 0.3), std=(0.5, 0.5, 0.5))
    found = prepared(picture, rgb)

    assert found.shape == (3, 20, 16)
    expected = (np.array([30, 20, 10]) / 255 - [0.1, 0.2, 0.3]) / 0.5
    np.testing.assert_allclose(found[:, 3, 3], expected, atol=1e-5)
    bgr = Input(name="x", width=16, height=20, layout="nhwc", colour="bgr", scale=1.0)
    np.testing.assert_array_equal(prepared(picture, bgr)[5, 5], [10, 20, 30])
