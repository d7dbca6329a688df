"""Families that merge, clips and faces that become known later: told anew, without restart."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from detect.media.pdq import distance, near_views, pdq_dihedral
from detect.records import SeenFace
from stream.banks import BANKS_FILE, Banks
from stream.media.kin import united
from tests.detect.media.moving import clip
from tests.detect.media.pictures import scene
from tests.stream.media.test_stage import bank, show
from tests.stream.media.world import START, World, gone

PHOTO = scene(1)
FACE = SeenFace(box=(0.2, 0.2, 0.4, 0.4), score=0.9)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.stage.close()


def halves():
    """The left and the right three fifths of a picture: too little in common for one family."""
    return (
        np.ascontiguousarray(PHOTO[:, : int(640 * 0.6)]),
        np.ascontiguousarray(PHOTO[:, int(640 * 0.4) :]),
    )


def apart(world: World) -> tuple[str, str]:
    """Two families in the file that nothing tied yet: of two pictures."""
    show(world, 1, PHOTO)
    show(world, 2, scene(2))
    world.work()
    return world.family(1), world.family(2)


def test_families_that_a_picture_shows_in_the_same_place_become_one_and_are_told_anew(
    world, monkeypatch
):
    one, other = apart(world)
    families = world.stage._families
    plain = families._ties
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    # Whether pictures are alike is tested elsewhere; here, what follows from it.
    monkeypatch.setattr(
        families, "_ties",
        lambda verdict, look: [*plain(verdict, look), (other, "features", whole)],
    )  # fmt: skip
    show(world, 3, cv2.convertScaleAbs(PHOTO, alpha=0.9))
    again = world.work()
    assert {world.family(n) for n in (1, 2, 3)} == {one}
    assert {found.post_id: found.findings[0].revision for found in again} == {
        "x:2": 2,
        "x:3": 1,
    }
    rows = world.stage.shelf.rows("SELECT family, into_family FROM merged")
    assert rows == [(other, one)]
    assert world.work() == []


def test_a_collage_ties_nobody(world):
    show(world, 1, scene(4))
    show(world, 2, scene(5))
    world.work()
    show(world, 3, np.hstack([scene(4), scene(5)]))
    world.work()
    assert world.family(1) != world.family(2)
    assert world.family(3) in {world.family(1), world.family(2)}


def test_a_larger_piece_that_comes_later_leaves_what_shares_little_apart(world):
    left, right = halves()
    show(world, 1, left)
    world.work()
    show(world, 2, right)
    world.work()
    before = {world.family(1), world.family(2)}
    show(world, 3, PHOTO)
    world.work()
    assert {world.family(1), world.family(2)} == before


def test_families_of_different_originals_stay_apart_and_the_known_one_goes_on(world):
    bank(world.folder, "photos", "official", PHOTO)
    one, other = apart(world)
    shelf = world.stage.shelf
    assert united(shelf, [other, one]) == (one, [other])
    bank(world.folder, "more", "official", scene(6), "other.jpg")
    show(world, 6, scene(6))
    world.work()
    assert united(shelf, [one, world.family(6)]) == (one, [])


def test_without_an_original_the_one_that_was_posted_first_goes_on(world):
    one, other = apart(world)
    assert united(world.stage.shelf, [other, one]) == (one, [other])
    assert united(world.stage.shelf, [one]) == (one, [])


def test_a_merge_that_is_cut_off_leaves_everything_as_it_was(world):
    one, other = apart(world)

    def cut_off() -> None:
        with world.stage.shelf.change():
            united(world.stage.shelf, [one, other])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        cut_off()
    assert {v.family for v, _ in world.stage.shelf.every_picture()} == {one, other}


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_clip_is_matched_with_a_reference_that_is_banked_later(world, tmp_path, mirrored):
    turn = (lambda picture: np.ascontiguousarray(picture[:, ::-1])) if mirrored else None
    data = clip(tmp_path, [11, 12], change=turn)
    world.web.pages["https://media.example/clip.mp4"] = data
    world.take(world.post(1, "https://media.example/clip.mp4"))
    world.work()
    assert world.newest()["x:1"].findings[0].matches == ()
    reference = bank(world.folder, "harm", "known_bad", scene(12))
    [again] = world.work()
    [one] = again.findings
    assert [match.reference for match in one.matches] == [reference]
    assert (one.severity, one.revision) == ("high", 2)
    with Banks(world.folder / BANKS_FILE) as banks:
        banks.enable(reference, False, who="us", now=START)
    [freed] = world.work()
    assert (freed.findings[0].matches, freed.findings[0].severity) == ((), "")


def test_a_clip_is_found_by_sight_in_what_is_banked_later_and_forgotten_with_its_post(
    world, tmp_path
):
    world.web.pages["https://media.example/clip.mp4"] = clip(tmp_path, [11], size=(640, 480))
    world.take(world.post(1, "https://media.example/clip.mp4"))
    world.work()
    # Cut so that no hash meets.
    reference = bank(world.folder, "photos", "official", scene(11)[80:440, 100:600])
    [again] = world.work()
    [match] = again.findings[0].matches
    assert match.reference == reference
    assert match.region
    world.take(gone(1))
    assert world.stage.shelf.rows("SELECT count(*) FROM clip_looks") == [(0,)]


def test_views_that_follow_from_a_hash_are_near_the_true_ones():
    rng = random.Random(7)
    for seed in rng.sample(range(200), 12):
        true = pdq_dihedral(scene(seed))
        made = near_views(true["original"].bits)
        assert made["original"] == true["original"].bits
        assert max(distance(made[name], true[name].bits) for name in true) <= 24


def test_who_is_enrolled_later_is_found_in_what_was_seen_without_a_restart(tmp_path):
    enrolled: list[str] = []

    def look(_raster):
        if not enrolled:
            return (FACE,)
        return (
            SeenFace(box=FACE.box, score=0.9, subject=enrolled[0], likeness=0.6, sure=True),
        )

    world = World(tmp_path, faces=look, enrolment=lambda: len(enrolled))
    show(world, 1, PHOTO)
    show(world, 2, scene(2))
    world.work()
    assert world.newest()["x:1"].findings[0].faces == (FACE,)
    enrolled.append("arin")
    again = world.work()
    assert {one.post_id for one in again} == {"x:1", "x:2"}
    assert world.newest()["x:1"].findings[0].faces[0].subject == "arin"
    assert world.work() == []
    world.restart()
    assert world.work() == []
    enrolled.clear()
    world.work()
    assert world.newest()["x:1"].findings[0].faces == (FACE,)
    world.stage.close()


def test_a_picture_that_is_gone_from_the_web_keeps_what_was_said_when_somebody_is_enrolled(
    tmp_path,
):
    enrolled: list[str] = []
    world = World(tmp_path, faces=lambda _raster: (FACE,), enrolment=lambda: len(enrolled))
    show(world, 1, PHOTO)
    world.work()
    world.web.pages.clear()
    enrolled.append("arin")
    assert world.work() == []
    assert world.newest()["x:1"].findings[0].faces == (FACE,)
    world.stage.close()
