"""``jikimi models train-forgery``: from a folder of photos to a model that is measured."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from dashboards.cli import run
from dashboards.terminal.exits import FAILURE, OK, PARTIAL, USAGE
from dashboards.training import forgery
from dashboards.training.photos import pixels, survey
from detect.media import registry
from detect.media.cage import Cage
from detect.media.faces import Faces
from detect.media.forgery import Box, ForgeryModel
from detect.media.registry import RegistryError, parse_registry
from detect.media.weights import SFACE, YUNET
from tests.detect.media import drawn_faces, face_models
from tests.detect.media.pictures import as_file, noise

PEOPLE, EACH = 9, 3


def photo(number):
    return drawn_faces.photo(drawn_faces.person(number // EACH), number)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Nine people, three photos each, and five files that nothing can be learnt from."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PEOPLE * EACH):
        (folder / f"person-{number // EACH}").mkdir(exist_ok=True)
        file = folder / f"person-{number // EACH}" / f"{number % EACH}.jpg"
        file.write_bytes(as_file(photo(number), ".jpg", 92))
    (folder / "notes.txt").write_text("not a picture")
    (folder / "scenery.png").write_bytes(as_file(noise(200, 200, 1)))
    small = cv2.resize(photo(0), (120, 120), interpolation=cv2.INTER_AREA)
    (folder / "person-0" / "far away.png").write_bytes(as_file(small))
    (folder / "torn.jpg").write_bytes(as_file(photo(1), ".jpg")[:6000])
    (folder / ".hidden.jpg").write_bytes(as_file(photo(2), ".jpg"))
    return folder


@pytest.fixture
def asked(capsys, monkeypatch):
    monkeypatch.setenv("JIKIMI__MEDIA__MODELS", str(face_models.folder()))
    monkeypatch.setattr(forgery, "MOST_A_PHOTO", 3)

    def ask(folder, out, *more, licence="our own"):
        code = run([
            "models", "train-forgery", str(folder), "--out", str(out), "--licence", licence,
            "--epochs", "1", *more,
        ])  # fmt: skip
        return code, *capsys.readouterr()

    return ask


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    """A model that was trained once; too few photos stand behind it to be used."""
    out = tmp_path_factory.mktemp("models") / "trained"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JIKIMI__MEDIA__MODELS", str(face_models.folder()))
        patch.setattr(forgery, "MOST_A_PHOTO", 3)
        code = run([
            "models", "train-forgery", str(photos), "--out", str(out), "--licence",
            'our "own" photos', "--id", "first", "--epochs", "1",
        ])  # fmt: skip
    return code, out


def entry_of(out):
    (entry,) = parse_registry((out / "models.toml").read_text("utf-8"))
    return entry, (out / entry.file).read_bytes()


def report_of(out):
    return json.loads((out / "report.json").read_text("utf-8"))


def test_a_folder_of_photos_becomes_a_model_with_its_entry_and_report(trained):
    code, out = trained
    entry, raw = entry_of(out)
    report = report_of(out)

    assert sorted(one.name for one in out.iterdir()) == [
        "first.onnx", "models.toml", "report.json",
    ]  # fmt: skip
    assert (entry.id, entry.task, entry.licence) == (
        "first",
        "face_forgery",
        'our "own" photos',
    )
    assert report["sha256"] == entry.sha256
    assert report["photos"] == PEOPLE * EACH
    assert entry.card.real == entry.card.forged == report["held_out"]
    assert ForgeryModel(entry, raw, measuring=True).version.startswith("first/")
    # A card of a handful of photos is no card, and the exit code says so.
    assert code == PARTIAL
    assert "fewer than 100" in report["refused"]
    with pytest.raises(RegistryError, match="fewer than 100"):
        ForgeryModel(entry, raw)


def test_no_person_is_both_learnt_from_and_measured_on(trained):
    report = report_of(trained[1])

    assert report["groups"] == PEOPLE
    sizes = [report[name] for name in ("train", "validation", "held_out")]
    assert sum(sizes) == PEOPLE * EACH
    assert all(size % EACH == 0 and size for size in sizes)
    assert report["pairs"] == 3 * report["train"]


def test_files_that_nothing_was_learnt_from_are_named_with_the_reason(trained):
    left_out = {one["file"]: one["reason"] for one in report_of(trained[1])["left_out"]}

    assert set(left_out) == {"notes.txt", "scenery.png", "person-0/far away.png", "torn.jpg"}
    assert "no face" in left_out["scenery.png"]
    assert "smaller than 80" in left_out["person-0/far away.png"]
    assert "cut off" in left_out["torn.jpg"]


def test_the_same_photos_and_seed_give_the_same_files(trained, photos, asked, tmp_path):
    code, out, err = asked(
        photos, tmp_path / "again", "--json", "--id", "first", licence='our "own" photos'
    )

    assert code == PARTIAL
    for name in ("first.onnx", "models.toml", "report.json"):
        assert (tmp_path / "again" / name).read_bytes() == (trained[1] / name).read_bytes()
    assert json.loads(out)["sha256"] == report_of(trained[1])["sha256"]
    assert "looking for faces" in err


def test_what_is_written_can_be_measured_by_anybody(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JIKIMI__MEDIA__MODELS", str(face_models.folder()))
    for kind, first in (("real", 900), ("forged", 910)):
        (tmp_path / kind).mkdir()
        for number in range(first, first + 3):
            (tmp_path / kind / f"{number}.png").write_bytes(as_file(photo(number)))
    code = run([
        "models", "eval", str(tmp_path), "--registry", str(trained[1] / "models.toml"),
        "--model", "first", "--json",
    ])  # fmt: skip
    found = json.loads(capsys.readouterr().out)

    assert code == OK
    assert (found["whole"]["real"], found["whole"]["forged"]) == (3, 3)
    assert found["model"].startswith("first/")


def test_a_picture_unlike_the_photos_is_left_open(trained):
    model = ForgeryModel(*entry_of(trained[1]), measuring=True)
    found = model.judge(np.full((300, 300, 3), 128, np.uint8), Box(80, 80, 120, 120))

    assert found.band == "inconclusive"
    assert any("unlike the pictures" in one for one in found.reasons)


def test_a_folder_that_is_there_is_not_written_over(photos, asked, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "models.toml").write_text("ours")
    code, _, err = asked(photos, tmp_path / "there")

    assert code == FAILURE
    assert "nothing is written over" in err
    assert (tmp_path / "there" / "models.toml").read_text() == "ours"


def test_too_few_photos_are_counted_with_the_reasons(asked, tmp_path):
    (tmp_path / "few").mkdir()
    for number in range(3):
        (tmp_path / "few" / f"{number}.png").write_bytes(as_file(noise(90, 90, number)))
    code, _, err = asked(tmp_path / "few", tmp_path / "out")

    assert code == FAILURE
    assert "0 photos with a fit face are too few: 24 are needed" in err
    assert "3 files: no face is found in it" in err
    assert not (tmp_path / "out").exists()


def test_two_people_cannot_be_split_into_three_parts(photos, asked, tmp_path, monkeypatch):
    monkeypatch.setattr(forgery, "LEAST_PHOTOS", 4)
    (tmp_path / "two").mkdir()
    for number in (1, 2):
        shutil.copytree(photos / f"person-{number}", tmp_path / "two" / f"person-{number}")
    code, _, err = asked(tmp_path / "two", tmp_path / "out")

    assert code == FAILURE
    assert "2 different people or scenes" in err


def test_a_disk_that_gives_out_leaves_no_half_written_model(
    photos, asked, tmp_path, monkeypatch
):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    code, _, err = asked(photos, tmp_path / "out")

    assert code == FAILURE
    assert "No space left" in err
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_is_killed_leaves_nothing_behind(photos, tmp_path):
    command = [
        Path(sys.executable).with_name("jikimi"), "models", "train-forgery", photos, "--out",
        tmp_path / "out", "--licence", "our own",
    ]  # fmt: skip
    env = {**os.environ, "JIKIMI__MEDIA__MODELS": str(face_models.folder())}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("making self-blended images"):
                break
        process.kill()
        assert process.wait(10) < 0

    assert list(tmp_path.iterdir()) == []


def test_a_model_that_reaches_enough_may_be_used_and_is_told_in_words(
    photos, asked, tmp_path, monkeypatch
):
    # The bars are lowered: what is trained in a second reaches none of them.
    monkeypatch.setattr(registry, "LEAST_LABELLED", 3)
    monkeypatch.setattr(forgery, "refusal", partial(registry.refusal, least_auc=0.0))
    code, out, err = asked(photos, tmp_path / "out")

    assert code == OK
    assert "27 photos of 9 people or scenes" in out
    assert re.search(r"AUC: 0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\)", out)
    assert "on self-blended images alone" in out
    assert "will not be used" not in out
    assert "left out: torn.jpg: the file is cut off" in err
    assert ForgeryModel(*entry_of(tmp_path / "out"), least_auc=0.0).version


def test_a_photo_that_changes_meanwhile_is_not_learnt_from(tmp_path):
    folder = face_models.folder()
    spotter = Faces(*((folder / one.file).read_bytes() for one in (YUNET, SFACE)))
    file = tmp_path / "a.png"
    file.write_bytes(as_file(photo(1)))
    with Cage() as cage:
        (found,) = survey(tmp_path, cage, spotter, lambda *_: None).photos
        assert pixels(found, cage).shape == (drawn_faces.SIDE, drawn_faces.SIDE, 3)
        for other in (as_file(noise(60, 60, 1)), b"", as_file(photo(7))):
            file.write_bytes(other)
            with pytest.raises(ValueError, match="was changed"):
                pixels(found, cage)
        file.unlink()
        with pytest.raises(FileNotFoundError):
            pixels(found, cage)


@pytest.mark.parametrize(
    ("more", "licence", "told"),
    [((), " unknown ", "--licence"), (("--id", "Our Model!"), "our own", "--id")],
)
def test_a_licence_that_is_none_or_an_id_that_cannot_be_is_a_mistake(
    photos, asked, tmp_path, more, licence, told
):
    code, _, err = asked(photos, tmp_path / "out", *more, licence=licence)

    assert code == USAGE
    assert told in err


def test_what_is_missing_is_said_with_the_line_to_type(photos, asked, tmp_path, monkeypatch):
    monkeypatch.setenv("JIKIMI__MEDIA__MODELS", str(tmp_path / "nothing"))
    code, _, err = asked(photos, tmp_path / "out")
    assert (code, "jikimi models fetch" in err) == (FAILURE, True)

    monkeypatch.setitem(sys.modules, "onnx", None)
    code, _, err = asked(photos, tmp_path / "out")
    assert (code, "pip install 'jikimi[train]'" in err) == (FAILURE, True)
