"""The media stage: families, lineage, known pictures, overload, crashes, deletions, the gate."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from detect.media.cage import Cage
from detect.media.caged import REFERENCE
from stream.banks import BANKS_FILE, Banks, Reference
from stream.media.stage import AGAIN_MS, Load
from tests.detect.media.pictures import as_file, scene
from tests.stream.media.world import START, Told, World, bare, gone

PHOTO = scene(1)


def cropped(picture=PHOTO):
    return np.ascontiguousarray(picture[60:420, 90:560])


def captioned(picture=PHOTO):
    out = picture.copy()
    out[400:] = 0
    cv2.putText(
        out, "WHAT IS THIS", (30, 450), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (255, 255, 255), 3
    )
    return out


def altered(picture=PHOTO):
    """Another thing in the middle, as a changed face would be."""
    out = picture.copy()
    cv2.ellipse(out, (320, 200), (60, 80), 0, 0, 360, (90, 140, 220), -1)
    cv2.ellipse(out, (300, 185), (9, 6), 0, 0, 360, (20, 20, 20), -1)
    cv2.ellipse(out, (340, 185), (9, 6), 0, 0, 360, (20, 20, 20), -1)
    return out


def bank(folder: Path, name: str, kind, picture, label="concept.jpg") -> str:
    with Cage() as cage, Banks(folder / BANKS_FILE) as banks:
        seen = cage.examine(as_file(picture), REFERENCE)
        banks.create(name, kind, who="us", now=START)
        one = Reference(reference_id="", bank=name, kind=kind, pdq=seen.pdq, label=label)
        banks.add([one], who="us", now=START, looks={seen.pdq: seen.look})
        return banks.references(name)[-1].reference_id


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.stage.close()


def show(world: World, number: int, picture, **changes) -> None:
    url = f"https://media.example/{number}.jpg"
    world.web.pages[url] = as_file(picture, ".jpg", 80)
    world.take(world.post(number, url, **changes))


def test_variants_are_one_family_and_other_pictures_are_not(world):
    variants = [PHOTO, cropped(), captioned(), altered(), PHOTO[:, ::-1].copy()]
    for number, picture in enumerate([*variants, scene(2), scene(3)]):
        show(world, number, picture)
        world.work()
    families = [world.family(n) for n in range(7)]
    assert len(set(families[:5])) == 1
    assert len(set(families[4:])) == 3
    how = [world.newest()[f"x:{n}"].findings[0].found_by for n in range(5)]
    assert how[0] == "first"
    assert set(how[1:]) <= {"hash", "features"}


def test_families_are_the_same_after_a_restart(world):
    show(world, 1, PHOTO)
    world.work()
    world.restart()
    show(world, 2, cropped())
    world.work()
    assert world.family(1) == world.family(2)


def test_an_altered_official_photo_is_tied_to_it_with_what_was_changed(world):
    reference = bank(world.folder, "photos", "official", PHOTO)
    show(world, 1, altered())
    show(world, 2, PHOTO)
    world.work()
    [one] = world.newest()["x:1"].findings
    [match] = [match for match in one.matches if match.reference == reference]
    assert (one.severity, one.reasons[0]) == ("medium", "official_altered")
    x, y, wide, high = match.changed[0]
    assert x <= 320 / 640 <= x + wide
    assert y <= 200 / 480 <= y + high
    [copy] = world.newest()["x:2"].findings
    assert (copy.severity, copy.reasons) == ("", ("official_copy",))
    assert copy.family == one.family


def test_a_reference_that_comes_later_is_matched_with_what_was_seen_before(world):
    show(world, 1, PHOTO)
    show(world, 2, scene(5))
    world.work()
    before = dict(world.newest())
    bank(world.folder, "harm", "known_bad", PHOTO)
    again = world.work()
    assert [one.post_id for one in again] == ["x:1"]
    [one] = again[0].findings
    assert (one.severity, one.revision) == ("high", 2)
    assert one.family == before["x:1"].findings[0].family
    assert world.work() == []


def test_variants_of_known_harm_inherit_the_judgement_also_earlier_ones(world):
    show(world, 1, cropped())
    world.work()
    assert world.newest()["x:1"].findings[0].severity == ""
    bank(world.folder, "harm", "known_bad", PHOTO)
    show(world, 2, PHOTO)
    world.work()
    kinds = {n: world.newest()[f"x:{n}"].findings[0].reasons for n in (1, 2)}
    assert kinds == {1: ("family_known_bad",), 2: ("known_bad",)}


def test_a_picture_is_looked_at_once_however_often_it_is_posted(world):
    for number in range(5):
        show(world, number, PHOTO)
        world.work()
    assert world.scorer.asked == 1
    url = "https://media.example/0.jpg"
    asked = len(world.web.asked)
    world.take(world.post(9, url))
    world.work()
    assert len(world.web.asked) == asked
    assert world.family(9) == world.family(0)


def test_what_cannot_be_fetched_is_tried_later_and_then_said(world):
    world.web.pages["https://media.example/1.jpg"] = None
    world.take(world.post(1, "https://media.example/1.jpg"))
    for pause in AGAIN_MS:
        assert world.work() == []
        world.now += pause
    [found] = world.work()
    assert found.findings[0].problem == "no answer"
    world.take(world.post(2, "https://media.example/absent.jpg"))
    [found] = world.work()
    assert "404" in found.findings[0].problem


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        as_file(PHOTO, ".jpg")[:2000],
        bytes(3000),
        b"\x89PNG\r\n\x1a\n" + bytes(50),
    ],
    ids=["empty", "html", "cut", "zeros", "torn"],
)
def test_malformed_files_are_told_and_never_fatal(world, data):
    world.web.pages["https://media.example/1.jpg"] = data
    world.take(world.post(1, "https://media.example/1.jpg"))
    [found] = world.work()
    [one] = found.findings
    assert one.problem
    assert one.severity == ""
    show(world, 2, PHOTO)
    assert world.work()[0].findings[0].problem is None


def test_the_most_urgent_come_first(world):
    for number, followers in enumerate([3, 2_000_000, 500]):
        show(world, number, scene(10 + number), followers=followers)
    assert [e.post_id for e, _, _ in world.stage.shelf.next(START, 8)] == ["x:1", "x:2", "x:0"]


def test_under_overload_the_dearest_steps_are_left_out_said_and_made_good(tmp_path):
    world = World(tmp_path, load=Load(hurry=1))
    for number in range(6):
        show(world, number, scene(20 + number))
    assert world.stage.step()
    first = world.stage.found()[0][1]
    assert first.findings[0].partial == ("features",)
    world.work()
    assert all(not one.findings[0].partial for one in world.newest().values())
    assert world.newest()[first.post_id].findings[0].revision == 2
    world.stage.close()


def test_the_queue_is_bounded_and_what_is_left_out_is_told(tmp_path):
    world = World(tmp_path, load=Load(most=3))
    for number in range(8):
        show(world, number, scene(30), followers=number)
    assert world.stage.shelf.waiting() == 3
    world.work()
    left = [one for one in world.log if "left out" in (one.findings[0].problem or "")]
    assert len(left) == 5
    world.stage.close()


def test_killed_anywhere_everything_is_found_once(tmp_path):
    rng = random.Random(4)
    calm, shaken = World(tmp_path / "calm"), World(tmp_path / "shaken")
    for world in (calm, shaken):
        for number, picture in enumerate([PHOTO, cropped(), scene(2), captioned(), scene(3)]):
            show(world, number, picture)
            if world is shaken:
                if rng.random() < 0.6:
                    world.stage.step()
                found = world.stage.found()
                world.log += [one for _, one in found]
                world.restart()
            else:
                world.work()
        world.work()
    assert {k: bare(v) for k, v in shaken.newest().items()} == {
        k: bare(v) for k, v in calm.newest().items()
    }
    assert all(one.findings[0].revision == 1 for one in shaken.log)
    calm.stage.close()
    shaken.stage.close()


def test_a_deleted_post_takes_its_picture_with_it(world):
    show(world, 1, PHOTO)
    show(world, 2, PHOTO)
    show(world, 3, scene(2))
    world.work()
    sha = world.newest()["x:1"].findings[0].sha256
    world.take(gone(1), gone(3))
    assert world.stage.shelf.picture(sha) is not None
    world.take(gone(2))
    assert list(world.stage.shelf.every_picture()) == []
    assert world.stage.shelf.posts_of([sha]) == []


def test_a_post_deleted_before_it_was_looked_at_is_not_looked_at(world):
    show(world, 1, PHOTO)
    world.take(gone(1))
    assert world.work() == []
    assert world.web.asked == []


SENTINEL = b"sentinel-9d1c3f-never-on-disk"


def sentinel_file() -> bytes:
    """A picture whose very bytes can be looked for: the mark stands in a comment."""
    data = as_file(PHOTO, ".jpg", 90)
    comment = b"\xff\xfe" + (len(SENTINEL) + 2).to_bytes(2, "big") + SENTINEL
    return data[:2] + comment + data[2:]


@pytest.mark.parametrize(
    "options",
    [
        {"scorer": Told(0.9)},
        {"blind": True},
        {"scorer": Told(0.3), "may_be_minor": lambda _subject, _at: True},
    ],
    ids=["sexual", "without a model", "maybe a minor"],
)
def test_of_what_did_not_pass_nothing_reaches_the_disk_but_hashes(tmp_path, options, capfd):
    world = World(tmp_path / "data", **options)
    world.web.pages["https://media.example/1.jpg"] = sentinel_file()
    world.take(world.post(1, "https://media.example/1.jpg"))
    [found] = world.work()
    one = found.findings[0]
    assert one.gate in {"sexual", "not_scored", "minor"}
    assert (len(one.sha256), len(one.pdq)) == (64, 64)
    [(verdict, look)] = list(world.stage.shelf.every_picture())
    assert look is None
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert verdict.sha256.encode() in kept
    for secret in (SENTINEL, sentinel_file()[-400:-100], b"\xff\xd8\xff"):
        assert secret not in kept
    assert SENTINEL.decode() not in "".join(capfd.readouterr())
    world.stage.close()


def test_a_picture_that_passed_is_shut_when_it_is_posted_about_a_minor(tmp_path):
    world = World(
        tmp_path / "data",
        scorer=Told(0.3),
        may_be_minor=lambda subject, _at: subject == "young",
    )
    show(world, 1, PHOTO)
    world.work()
    sha = world.newest()["x:1"].findings[0].sha256
    preview = world.stage.shelf.preview(sha)
    assert preview

    show(world, 2, PHOTO, subject="young")
    world.work()
    world.restart()

    assert world.newest()["x:2"].findings[0].gate == "minor"
    assert world.stage.shelf.preview(sha) is None
    assert world.stage.shelf.picture(sha).gate == "minor"
    assert [look for _, look in world.stage.shelf.every_picture()] == [None]
    kept = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert preview[100:300] not in kept
    world.stage.close()


def test_of_a_deleted_picture_no_byte_stays_in_the_file(world):
    show(world, 1, PHOTO)
    world.work()
    found = world.newest()["x:1"].findings[0]
    preview = world.stage.shelf.preview(found.sha256)

    world.take(gone(1))
    world.restart()

    kept = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert preview[100:300] not in kept
    assert found.sha256.encode() not in kept


def test_of_what_passed_a_preview_of_our_own_making_is_kept_and_no_byte_that_was_sent(world):
    world.web.pages["https://media.example/1.jpg"] = sentinel_file()
    world.take(world.post(1, "https://media.example/1.jpg"))
    world.work()
    kept = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert SENTINEL not in kept
    sha = world.newest()["x:1"].findings[0].sha256
    preview = world.stage.shelf.preview(sha)
    assert cv2.imdecode(np.frombuffer(preview, np.uint8), 1).shape == (240, 320, 3)
