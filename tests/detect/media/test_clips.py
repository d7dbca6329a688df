"""Clips: what is seen when, damaged files, and which clips share pictures."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.media.cage import Cage
from detect.media.caged import PIXELS, QUERY
from detect.media.clips import MOST_FRAMES, is_same_clip, is_torn, shared
from detect.media.examined import Frame
from detect.media.pdq import MATCH, distance, pdq
from tests.detect.media.moving import clip
from tests.detect.media.pictures import scene

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "images"


@pytest.fixture(scope="module")
def cage():
    with Cage() as one:
        yield one


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return clip(tmp_path_factory.mktemp("three"), [1, 2, 3])


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_clip_tells_what_it_shows_and_when(cage, tmp_path, ending):
    found = cage.examine(clip(tmp_path, [1, 2, 3], ending=ending))
    frames = found.clip.frames

    assert (found.error, found.cut_off, found.width, found.height) == (None, False, 320, 240)
    assert found.clip.duration_ms == pytest.approx(9000, abs=200)
    assert frames[0].at_ms == 0
    assert frames[-1].until_ms == pytest.approx(9000, abs=300)
    for before, after in itertools.pairwise(frames):
        assert before.until_ms == after.at_ms
    for number, seed in enumerate([1, 2, 3]):
        small = cv2.resize(scene(seed), (320, 240), interpolation=cv2.INTER_AREA)
        at = 3000 * number + 1500
        (shown,) = [one for one in frames if one.at_ms <= at < one.until_ms]
        assert distance(bytes.fromhex(shown.pdq), pdq(small).bits) <= MATCH


def test_scenes_of_a_clip_can_be_looked_at_closely(cage, three):
    found = cage.examine(three, QUERY | PIXELS)
    rasters = [one.raster for one in found.clip.frames if one.raster is not None]

    assert any(one.look is not None for one in found.clip.frames)
    assert rasters
    assert all(len(one.data) == one.width * one.height * 3 for one in rasters)


@pytest.mark.parametrize("share", [0.95, 0.5, 0.1])
def test_a_clip_that_is_cut_off_is_marked(cage, three, share):
    found = cage.examine(three[: int(len(three) * share)])

    assert found.cut_off
    assert found.error is not None or found.clip is not None


def test_a_whole_clip_is_not_torn(three):
    assert not is_torn(three, "mp4")
    assert is_torn(three[:-1], "mp4")


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x18ftypisom" + b"\0" * 40,
        b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\xff" * 2000,
        b"\x1a\x45\xdf\xa3" + b"\0" * 100,
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff" + b"\xab" * 50,
    ],
)
def test_a_clip_of_nothing_says_that_it_cannot_be_decoded(cage, data):
    found = cage.examine(data)

    assert found.error is not None
    assert found.clip is None


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=30),
    st.floats(0.01, 1),
)
def test_no_damaged_clip_harms_the_process_for_the_next(cage, three, changes, share):
    data = bytearray(three)
    for place, value in changes:
        data[int(place * len(data))] = value
    found = cage.examine(bytes(data[: int(len(data) * share)]))

    assert found.error is not None or found.clip is not None
    assert cage.examine(three).clip is not None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["mp4", "webm"]))
def test_whatever_a_clip_is_made_of_it_is_torn_or_not(data, format_):
    assert is_torn(data, format_) in {True, False}


def frames(*hashes, quality=100, views=None):
    return [
        Frame(at_ms=1000 * n, until_ms=1000 * n + 1000, pdq=one.hex(), quality=quality,
              views=views or {})
        for n, one in enumerate(hashes)
    ]  # fmt: skip


def bits(seed):
    return np.random.default_rng(seed).integers(0, 256, 32).astype(np.uint8).tobytes()


def test_a_part_of_a_clip_is_told_with_its_times():
    whole = frames(*(bits(n) for n in range(10)))
    part = frames(bits(7), bits(8))
    found = shared(part, whole)

    assert found.ranges == ((0, 1000, 7000), (1000, 2000, 8000))
    assert (found.of_one, found.of_other) == (1.0, 0.2)
    assert is_same_clip(found)


def test_clips_that_share_one_picture_of_many_are_different():
    one = frames(*(bits(n) for n in range(10)))
    other = frames(bits(3), *(bits(n) for n in range(50, 59)))

    assert shared(one, other).of_one == pytest.approx(0.1)
    assert not is_same_clip(shared(one, other))


def test_flat_pictures_are_not_compared():
    black = frames(bits(1), bits(1), quality=10)

    assert shared(black, black) == shared([], black)


def test_a_mirrored_clip_is_the_same_clip(cage, tmp_path, three):
    mirrored = clip(tmp_path, [1, 2, 3], change=lambda one: cv2.flip(one, 1))
    other = clip(tmp_path, [4, 5, 6])
    seen = [cage.examine(one).clip.frames for one in (three, mirrored, other)]

    assert is_same_clip(shared(seen[0], seen[1]))
    assert shared(seen[0], seen[2]).ranges == ()


def test_a_long_clip_is_looked_at_up_to_a_number_of_pictures(cage, tmp_path):
    long = clip(tmp_path, [1], seconds=MOST_FRAMES * 12 // 10 + 20, size=(64, 48))
    found = cage.examine(long)

    assert not found.clip.complete
    assert not found.cut_off


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is absent")
def test_real_clips_with_a_bar_and_with_a_logo_are_one(cage):
    one, other = (
        cage.examine((SHARED / "tmk_videos" / f"pattern-sd-{name}.mp4").read_bytes())
        for name in ("grey-bar", "with-small-logo-bar")
    )

    assert is_same_clip(shared(one.clip.frames, other.clip.frames))
