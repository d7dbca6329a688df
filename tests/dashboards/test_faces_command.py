"""``jikimi faces``: enrolling by photos, recognising, deleting, and strangers left unknown."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from dashboards.cli import run
from dashboards.terminal.exits import FAILURE, OK
from detect.media.faces import Faces
from detect.media.weights import SFACE, YUNET
from tests.detect.media import face_models
from tests.detect.media.pictures import as_file, scene

ONE, OTHER = "real/real00772.jpg", "real/real00240.jpg"


@pytest.fixture
def asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JIKIMI__MEDIA__MODELS", str(face_models.folder()))

    def ask(*words):
        code = run(list(map(str, words)))
        out, err = capsys.readouterr()
        return code, out, err

    return ask


def enrol(asked, photo):
    return asked("faces", "enrol", "arin", photo, "--consent", "signed, file 12")


def test_an_enrolled_person_is_recognised_until_they_are_deleted(asked, tmp_path):
    photo = face_models.photo(ONE)
    faded = tmp_path / "faded.jpg"
    faded.write_bytes(as_file(cv2.convertScaleAbs(cv2.imread(str(photo)), alpha=0.8), ".jpg"))

    assert enrol(asked, photo)[:2] == (OK, "arin: 1 new, 0 known already\n")
    assert "signed, file 12" in asked("faces", "list")[1]
    (face,) = json.loads(asked("inspect", "media", faded, "--json")[1])["faces"]
    assert (face["subject"], face["sure"]) == ("arin", True)
    assert "like arin" in asked("inspect", "media", faded)[1]

    assert asked("faces", "delete", "arin")[0] == OK
    (face,) = json.loads(asked("inspect", "media", faded, "--json")[1])["faces"]
    assert face.get("subject") is None
    assert asked("faces", "delete", "arin")[0] == FAILURE
    assert "nobody is enrolled" in asked("faces", "list")[1]


def test_nothing_of_a_strangers_face_stays_anywhere(asked, tmp_path):
    enrol(asked, face_models.photo(ONE))
    stranger = face_models.photo(OTHER)
    asked("inspect", "media", stranger, "--json")
    folder = face_models.folder()
    faces = Faces((folder / YUNET.file).read_bytes(), (folder / SFACE.file).read_bytes())
    known, unknown = (
        faces.to_enrol(cv2.imread(str(one))) for one in (face_models.photo(ONE), stranger)
    )
    kept = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())

    assert np.frombuffer(known, "<f4").shape == (128,)
    assert known[:24] in kept
    assert unknown[:24] not in kept


def test_without_consent_or_a_face_nobody_is_enrolled(asked, tmp_path):
    (tmp_path / "empty.png").write_bytes(as_file(scene(1)))
    code, _, err = enrol(asked, tmp_path / "empty.png")
    assert code == FAILURE
    assert "empty.png: no face is found in it" in err
    code, _, err = asked("faces", "enrol", "arin", face_models.photo(ONE), "--consent", " ")
    assert code == FAILURE
    assert "consent" in err


def test_without_the_models_the_message_says_how_to_get_them(asked, tmp_path, monkeypatch):
    monkeypatch.setenv("JIKIMI__MEDIA__MODELS", str(tmp_path / "none"))
    code, _, err = enrol(asked, face_models.photo(ONE))

    assert code == FAILURE
    assert "jikimi models fetch" in err
