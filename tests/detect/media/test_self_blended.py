"""Self-blended images: what is changed, and that nothing else tells the two apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.media.forgery import Box
from detect.media.selfblended.blend import as_jpeg, pair, self_blended, sent
from detect.media.selfblended.shape import RATIOS, USUAL, fitted, soft_mask
from tests.detect.media import drawn_faces

POINTS = USUAL * 60 + (160, 130)
"""A usual face in a picture of 320: eyes 60 pixels apart."""

BOX = Box(90, 80, 140, 190)


def rng(number=1):
    return np.random.default_rng(number)


def photo(number=3):
    return drawn_faces.photo(drawn_faces.person(number), number)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((5, 2)),
        np.full((5, 2), np.nan),
        USUAL * 3 + 50,
        USUAL * (60, 2) + 100,
        USUAL * (2, 60) + 100,
    ],
    ids=["all in one place", "no numbers", "tiny", "lying flat", "turned away"],
)
def test_points_of_no_fit_face_are_refused(points):
    with pytest.raises(ValueError, match="face"):
        fitted(points)


def test_a_usual_face_lies_where_its_points_say():
    turn = np.array([[0.9, -0.2], [0.2, 0.9]])
    onto = fitted((USUAL @ turn.T) * 50 + (100, 80))

    np.testing.assert_allclose(onto[:, :2], turn * 50, atol=1e-9)
    np.testing.assert_allclose(onto[:, 2], (100, 80), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_a_mask_lies_on_the_face_and_is_soft(seed):
    mask = soft_mask(320, 320, POINTS, rng(seed))
    ratio = min(RATIOS, key=lambda one: abs(one - mask.max()))

    assert mask.min() >= 0
    assert mask.max() <= 1.0001
    assert mask.max() == pytest.approx(ratio, abs=0.25)
    rows, columns = np.nonzero(mask > mask.max() / 2)
    assert 100 < columns.mean() < 220
    assert 100 < rows.mean() < 250
    assert mask[:20].max() < 0.05
    assert ((mask > 0.02) & (mask < 0.9 * mask.max())).any()


def test_masks_differ_from_draw_to_draw_and_are_the_same_for_a_seed():
    drawn = [soft_mask(320, 320, POINTS, rng(number)) for number in (1, 2)]

    assert np.abs(drawn[0] - drawn[1]).max() > 0.2
    np.testing.assert_array_equal(drawn[0], soft_mask(320, 320, POINTS, rng(1)))


def test_a_photo_is_blended_on_its_face_and_nowhere_else():
    image = photo()
    changed = 0
    for number in range(12):
        real, forged = self_blended(image, POINTS, rng(number))
        apart = np.abs(real.astype(int) - forged.astype(int)).max(axis=2)
        assert apart[:20].max() == 0
        assert apart[-40:].max() == 0
        assert apart[100:250, 100:220].max() > 0
        changed += not np.array_equal(real, image)
    # Now the copy is changed and now what it is put on: neither may give it away.
    assert 2 <= changed <= 10


def test_real_and_forged_are_sent_alike():
    image = photo()
    for number in range(10):
        one, other = sent((image, image.copy()), rng(number))
        np.testing.assert_array_equal(one, other)
        assert one.shape == image.shape


def test_pairs_are_the_same_for_the_same_seed_and_differ_for_another():
    image = photo()
    made = [pair(image, BOX, POINTS, margin=0.3, rng=rng(one), moves=True) for one in (5, 5, 6)]

    np.testing.assert_array_equal(made[0][1], made[1][1])
    assert made[0][1].shape != made[2][1].shape or (made[0][1] != made[2][1]).any()
    assert made[0][0].shape == made[0][1].shape


@pytest.mark.parametrize("left", [-60, 0, 250])
def test_a_face_at_the_edge_of_a_photo_is_blended_too(left):
    image = photo()
    moved = POINTS + np.array([left - 90, 0])
    box = Box(BOX.x + left - 90, BOX.y, BOX.width, BOX.height)
    real, forged = pair(image, box, moved, margin=0.3, rng=rng(), moves=False)

    assert real.shape == forged.shape
    assert real.shape[0] == real.shape[1] == round(190 * 1.6)


def test_a_jpeg_in_memory_is_that_of_a_file(tmp_path):
    image = photo()
    cv2.imwrite(str(tmp_path / "a.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 60])

    np.testing.assert_array_equal(as_jpeg(image, 60), cv2.imread(str(tmp_path / "a.jpg")))
