"""Faces: found, recognised among those enrolled, and nothing known of anybody else."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import pytest

from detect.media.faces import Faces, People, Person, same_person
from detect.media.weights import SFACE, YUNET
from tests.detect.media import face_models
from tests.detect.media.pictures import noise, scene

ONE, OTHER = "real/real00772.jpg", "real/real00240.jpg"


@pytest.fixture(scope="module")
def faces():
    folder = face_models.folder()
    return Faces((folder / YUNET.file).read_bytes(), (folder / SFACE.file).read_bytes())


def person(subject, *vectors, **more):
    return Person(subject=subject, vectors=vectors, **more)


def unit(*values):
    row = np.zeros(128, np.float32)
    row[: len(values)] = values
    return row / np.linalg.norm(row)


def at(likeness):
    """A vector that is as like to the first axis as this."""
    return unit(likeness, np.sqrt(1 - likeness**2))


def test_a_face_is_theirs_from_the_threshold_and_to_be_reviewed_below():
    people = People([person("arin", unit(1).tobytes(), threshold=0.5, review_from=0.4)])

    assert people.likest(at(0.55)) == ("arin", pytest.approx(0.55), True)
    assert people.likest(at(0.45)) == ("arin", pytest.approx(0.45), False)
    assert people.likest(at(0.35)) is None


def test_the_likest_of_several_photos_counts_and_each_person_has_a_threshold():
    people = People([
        person("arin", unit(0, 0, 1).tobytes(), unit(1).tobytes(), threshold=0.8),
        person("sena", unit(1, 0.2).tobytes(), threshold=0.4),
    ])  # fmt: skip
    subject, _, sure = people.likest(at(0.7))

    assert (subject, sure) == ("sena", True)


def test_nobody_is_recognised_where_nobody_is_enrolled():
    assert People().likest(unit(1)) is None


@pytest.mark.parametrize("raw", [b"", b"\0" * 100, np.full(128, np.nan, "<f4").tobytes()])
def test_damaged_vectors_are_refused(raw):
    with pytest.raises(ValueError, match="damaged"):
        People([person("arin", raw)])


def test_likeness_of_photos_is_that_of_the_two_least_alike():
    assert same_person([unit(1).tobytes(), at(0.9).tobytes(), at(0.3).tobytes()]) == (
        pytest.approx(0.3, abs=0.01)
    )
    assert same_person([unit(1).tobytes()]) == 1.0


def test_other_files_are_refused_as_models(faces):
    folder = face_models.folder()
    yunet, sface = (folder / YUNET.file).read_bytes(), (folder / SFACE.file).read_bytes()
    for wrong in ((yunet[:-1], sface), (yunet, sface + b"\0"), (sface, yunet)):
        with pytest.raises(ValueError, match="SHA-256"):
            Faces(*wrong)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one,
        lambda one: cv2.flip(one, 1),
        lambda one: cv2.imdecode(cv2.imencode(".jpg", one, [1, 40])[1], cv2.IMREAD_COLOR),
        lambda one: cv2.copyMakeBorder(one, 300, 300, 100, 500, cv2.BORDER_CONSTANT),
        lambda one: cv2.convertScaleAbs(one, alpha=0.7, beta=20),
    ],
    ids=["itself", "mirrored", "jpeg 40", "in a larger picture", "faded"],
)
def test_an_enrolled_person_is_recognised_in_changed_copies(faces, change):
    photo = face_models.picture(ONE)
    people = People([person("arin", faces.to_enrol(photo))])
    (seen,) = faces.seen(change(photo), people)

    assert (seen.subject, seen.sure) == ("arin", True)
    assert all(-0.2 <= value <= 1.2 for value in seen.box)


def test_somebody_else_is_a_box_and_nothing_more(faces):
    people = People([person("arin", faces.to_enrol(face_models.picture(ONE)))])
    (seen,) = faces.seen(face_models.picture(OTHER), people)

    assert (seen.subject, seen.likeness, seen.sure) == (None, None, False)
    assert len(msgspec.json.encode(seen)) < 200


def test_no_vector_is_made_where_nobody_is_enrolled(faces, monkeypatch):
    made = []
    monkeypatch.setattr(faces, "vector", lambda *given: made.append(given))

    assert len(faces.seen(face_models.picture(OTHER), People())) == 1
    assert made == []


@pytest.mark.parametrize(
    "picture", [np.zeros((40, 40, 3), np.uint8), noise(300, 200, 1), scene(3), noise(1, 1, 1)]
)
def test_a_picture_without_faces_has_none(faces, picture):
    assert faces.seen(picture, People()) == ()
    with pytest.raises(ValueError, match="no face"):
        faces.to_enrol(picture)


def test_a_photo_of_two_people_or_a_small_face_is_not_enrolled(faces):
    one, other = face_models.picture(ONE), face_models.picture(OTHER)
    with pytest.raises(ValueError, match="2 faces"):
        faces.to_enrol(np.hstack([cv2.resize(one, (256, 256)), other]))
    with pytest.raises(ValueError, match="smaller than"):
        faces.to_enrol(cv2.resize(one, (70, 70), interpolation=cv2.INTER_AREA))
