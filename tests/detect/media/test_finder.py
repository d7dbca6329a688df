"""Finding a picture inside another: crops, collages, mirrors, what was changed, what is alike."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.media.caged import PREVIEW_SIDE, QUERY, REFERENCE, examine
from detect.media.examined import Look
from detect.media.features import features_of, fitted, mirrored, packed, unpacked
from detect.media.finder import Finder
from detect.media.words import WordIndex
from tests.detect.media.pictures import as_file, noise, scene, waves

SCENES = [scene(seed) for seed in range(1, 7)]


def look(picture, wanted=QUERY):
    return examine(as_file(picture), wanted).look


@pytest.fixture(scope="module")
def finder():
    return Finder([look(one, REFERENCE) for one in SCENES])


def places(finder, picture):
    return [one.place for one in finder.find(look(picture))]


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one,
        lambda one: one[100:400, 60:420],
        lambda one: cv2.resize(one, (320, 240), interpolation=cv2.INTER_AREA),
        lambda one: cv2.copyMakeBorder(one, 90, 10, 60, 200, cv2.BORDER_CONSTANT),
        lambda one: cv2.convertScaleAbs(one, alpha=0.7, beta=30),
        lambda one: cv2.warpAffine(
            one, cv2.getRotationMatrix2D((320, 240), 14, 0.9), (640, 480)
        ),
    ],
    ids=["itself", "crop", "smaller", "border", "tone", "rotated"],
)
def test_a_changed_copy_is_found_and_no_other(finder, change):
    assert places(finder, change(SCENES[3])) == [3]


def test_each_part_of_a_collage_is_found_where_it_lies(finder):
    found = finder.find(look(np.hstack([SCENES[0], SCENES[5]])))
    by_place = {one.place: one.placement for one in found}

    assert set(by_place) == {0, 5}
    np.testing.assert_allclose(
        by_place[5].region, [(640, 0), (1280, 0), (1280, 480), (640, 480)], atol=12
    )


def test_a_mirrored_crop_is_found_and_told_as_mirrored(finder):
    crop = SCENES[2][60:420, 100:500]
    (found,) = finder.find(look(cv2.flip(crop, 1)))
    left, right = found.placement.region[0][0], found.placement.region[1][0]

    assert (found.place, found.mirrored) == (2, True)
    # The reference's left edge lies right of its right edge, beyond the crop on both sides.
    assert left == pytest.approx(500, abs=12)
    assert right == pytest.approx(-140, abs=12)


def test_what_was_changed_in_an_official_picture_is_told(finder):
    altered = SCENES[1].copy()
    altered[150:290, 240:380] = cv2.GaussianBlur(SCENES[4][150:290, 240:380], (0, 0), 1)
    (found,) = finder.find(look(altered))
    x, y, width, height = found.placement.changed[0]

    assert found.place == 1
    assert (x, y) == pytest.approx((240 / 640, 150 / 480), abs=0.06)
    assert (width, height) == pytest.approx((140 / 640, 140 / 480), abs=0.08)


def test_an_unchanged_copy_has_no_changed_parts(finder):
    small = cv2.resize(SCENES[1], (500, 375), interpolation=cv2.INTER_AREA)
    (found,) = finder.find(look(small))

    assert found.placement.changed == ()
    assert found.placement.agreeing > 0.95
    assert found.placement.seen > 0.95


def framed(inner):
    """Different pictures in one frame that is full of detail."""
    out = scene(99)
    out[100:380, 140:500] = inner[100:380, 140:500]
    return out


def test_different_pictures_in_one_template_are_no_copies():
    frames = [framed(one) for one in SCENES]
    finder = Finder([look(one, REFERENCE) for one in frames])

    for number, one in enumerate(frames):
        assert places(finder, one) == [number]


def test_pictures_that_are_not_there_are_not_found(finder):
    for seed in range(50, 56):
        assert places(finder, scene(seed)) == []


@pytest.mark.parametrize(
    "picture", [np.full((200, 300, 3), 90, np.uint8), noise(200, 300, 1)], ids=["flat", "noise"]
)
def test_a_picture_without_features_holds_nothing(finder, picture):
    assert places(finder, picture) == []


def test_no_references_find_nothing():
    assert Finder([]).find(look(SCENES[0])) == []


def test_features_of_the_mirrored_picture_need_no_second_look():
    gray = cv2.cvtColor(SCENES[0], cv2.COLOR_BGR2GRAY)
    turned = mirrored(features_of(gray, side=560, points=300))
    anew = features_of(np.ascontiguousarray(gray[:, ::-1]), side=560, points=300)
    same = 0
    for point, descriptor in zip(turned.points, turned.descriptors, strict=True):
        near = np.abs(anew.points - point).max(axis=1) < 1
        apart = anew.descriptors[near].astype(int) - descriptor
        same += bool(near.any() and (np.abs(apart).mean(axis=1) < 8).any())

    assert same > 0.75 * len(turned)
    np.testing.assert_array_equal(
        mirrored(turned).descriptors, features_of(gray, side=560, points=300).descriptors
    )


def test_features_survive_being_packed():
    gray = cv2.cvtColor(SCENES[0], cv2.COLOR_BGR2GRAY)
    made = features_of(gray, side=560, points=300)

    assert packed(unpacked(packed(made))) == packed(made)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_that_are_no_features_are_refused(data):
    with pytest.raises(ValueError, match="no features"):
        unpacked(b"\xff" + data)


def test_a_look_with_too_few_pixels_is_refused(finder):
    whole = look(SCENES[0])

    with pytest.raises(ValueError, match="pixels"):
        finder.find(Look(whole.features, whole.pixels[:-1], whole.width, whole.height))


def test_candidates_hold_the_right_picture_among_many():
    pictures = [
        features_of(noise(64, 64, seed)[:, :, 0], side=64, points=60) for seed in range(80)
    ]
    pictures += [features_of(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), side=560, points=500)
                 for one in SCENES]  # fmt: skip
    index = WordIndex(pictures)
    for number, one in enumerate(SCENES):
        blurred = cv2.GaussianBlur(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), (0, 0), 1.2)
        query = features_of(blurred, side=1000, points=1600)

        assert index.candidates(query, 3)[0] == 80 + number


def test_a_small_preview_is_kept_of_a_reference_and_its_features_fit_it():
    kept = look(waves(900, 1200, 1), REFERENCE)

    assert max(kept.width, kept.height) == PREVIEW_SIDE
    assert fitted(np.zeros((900, 1200), np.uint8), 560)[0].shape == (420, 560)
    assert (unpacked(kept.features).width, unpacked(kept.features).height) == (560, 420)
