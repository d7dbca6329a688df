"""PDQ: equal to the reference in every bit, and what the fast hash may differ in."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.media.pdq import (
    MATCH,
    NOTHING,
    distance,
    local_dihedral,
    local_pdq,
    pdq,
    pdq_dihedral,
)
from tests.detect.media import pictures

REFERENCE = json.loads((Path(__file__).parent / "pdq_reference.json").read_text())["hashes"]


def picture(row):
    return getattr(pictures, row["kind"])(row["height"], row["width"], row["seed"])


def name(row):
    return f"{row['kind']}-{row['height']}x{row['width']}"


@pytest.mark.parametrize("row", REFERENCE, ids=name)
def test_every_bit_and_the_quality_are_the_reference_s(row):
    found = pdq(picture(row))

    assert (found.hex, found.quality) == (row["pdq"], row["quality"])


@pytest.mark.parametrize("row", [r for r in REFERENCE if "dihedral" in r], ids=name)
def test_hashes_of_the_turned_and_mirrored_picture_are_the_reference_s(row):
    found = pdq_dihedral(picture(row))

    assert [one.hex for one in found.values()] == row["dihedral"]


def test_turned_hashes_are_near_those_of_the_turned_picture():
    one = pictures.waves(300, 400, 3)
    views = pdq_dihedral(one)

    for view, turned in (
        ("rotate180", cv2.rotate(one, cv2.ROTATE_180)),
        ("rotate90", cv2.rotate(one, cv2.ROTATE_90_COUNTERCLOCKWISE)),
        ("rotate270", cv2.rotate(one, cv2.ROTATE_90_CLOCKWISE)),
        ("flip_x", cv2.flip(one, 0)),
        ("flip_y", cv2.flip(one, 1)),
    ):
        assert distance(views[view].bits, pdq(turned).bits) <= MATCH, view


@pytest.mark.parametrize(
    "row",
    [r for r in REFERENCE if r["kind"] == "waves" and min(r["height"], r["width"]) > 60],
    ids=name,
)
def test_the_fast_hash_is_within_a_few_bits(row):
    gray = cv2.cvtColor(picture(row), cv2.COLOR_BGR2GRAY)

    assert distance(local_pdq(gray).bits, bytes.fromhex(row["pdq"])) <= 8


def test_the_fast_hash_of_a_picture_decoded_at_a_quarter_still_matches():
    one = pictures.waves(1080, 1920, 5)
    file = np.frombuffer(pictures.as_file(one, ".jpg"), np.uint8)
    small = cv2.imdecode(file, cv2.IMREAD_REDUCED_GRAYSCALE_4)

    assert distance(local_pdq(small).bits, pdq(one).bits) <= MATCH


def test_different_pictures_are_far_apart():
    hashes = [pdq(pictures.waves(200, 300, seed)).bits for seed in range(1, 12)]

    closest = min(distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i])
    assert closest > 2 * MATCH


@pytest.mark.parametrize("size", [(4, 100), (100, 4), (1, 1)])
def test_a_picture_below_five_pixels_a_side_has_no_hash(size):
    one = pictures.noise(*size, 1)

    assert pdq(one) == NOTHING
    assert set(pdq_dihedral(one).values()) == {NOTHING}
    assert local_pdq(one[:, :, 0]) == NOTHING
    assert set(local_dihedral(one[:, :, 0]).values()) == {NOTHING}


def test_a_flat_picture_has_no_quality():
    assert pdq(np.full((200, 300, 3), 77, np.uint8)).quality == 0


def test_a_grey_picture_is_hashed_by_its_own_values():
    gray = pictures.waves(200, 300, 4)[:, :, 0]

    assert distance(pdq(gray).bits, pdq(np.repeat(gray[:, :, None], 3, 2)).bits) <= 2


@settings(max_examples=40, deadline=None)
@given(st.integers(5, 90), st.integers(5, 90), st.integers(0, 1000))
def test_any_size_gives_a_hash_with_half_of_its_bits(height, width, seed):
    found = pdq(pictures.noise(height, width, seed))

    assert int.from_bytes(found.bits).bit_count() in range(120, 129)
    assert 0 <= found.quality <= 100
