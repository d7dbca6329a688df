"""The file of enrolled people: consent, one person's photos, and deletion that leaves nothing."""

from __future__ import annotations

import numpy as np
import pytest

from stream.enrolled import FACES_FILE, Enrolled, EnrolmentRefusedError


def vector(seed, near=0.0):
    rng = np.random.default_rng(seed)
    row = rng.standard_normal(128) + near * np.random.default_rng(99).standard_normal(128)
    return (row / np.linalg.norm(row)).astype("<f4").tobytes()


ARIN = [("a" * 64, vector(1, 5)), ("b" * 64, vector(2, 5))]


@pytest.fixture
def enrolled(tmp_path):
    with Enrolled(tmp_path / FACES_FILE) as one:
        yield one


def enrol(enrolled, subject="arin", photos=ARIN, consent="signed", **more):
    return enrolled.enrol(subject, photos, consent=consent, who="kim", now=1, **more)


def test_enrolling_twice_changes_nothing(enrolled):
    assert enrol(enrolled) == 2
    assert enrol(enrolled) == 0
    (one,) = enrolled.listed()
    assert (one.subject, one.photos, one.consent) == ("arin", 2, "signed")


def test_thresholds_are_each_persons_own_and_can_be_changed(enrolled):
    enrol(enrolled, threshold=0.6, review_from=0.5)
    enrol(enrolled, "sena", [("c" * 64, vector(7))])
    enrol(enrolled, photos=[], threshold=0.7, review_from=0.5)

    assert [(one.subject, one.threshold) for one in enrolled.listed()] == [
        ("arin", 0.7),
        ("sena", 0.4),
    ]
    assert len(enrolled.people()) == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"consent": "  "}, "consent"),
        ({"subject": ""}, "subject"),
        ({"subject": "a\u202eb\n"}, "subject"),
        ({"photos": []}, "at least one photo"),
        ({"photos": [("a" * 64, b"short")]}, "length"),
        ({"photos": [*ARIN, ("c" * 64, vector(3))]}, "do not all show one person"),
        ({"photos": [(f"{n:064}", vector(1)) for n in range(51)]}, "more than 50"),
        ({"threshold": 0.3, "review_from": 0.4}, "review_from"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(enrolled, given, told):
    with pytest.raises(EnrolmentRefusedError, match=told):
        enrol(enrolled, **given)
    assert enrolled.listed() == []


def test_a_photo_of_somebody_else_is_refused_later_too(enrolled):
    enrol(enrolled)
    with pytest.raises(EnrolmentRefusedError, match="one person"):
        enrol(enrolled, photos=[("d" * 64, vector(8))])
    assert enrolled.listed()[0].photos == 2


def test_a_deleted_face_is_nowhere_in_the_files(enrolled, tmp_path):
    enrol(enrolled)
    traces = [raw[:32] for _, raw in ARIN]
    files = [tmp_path / f"{FACES_FILE}{ending}" for ending in ("", "-wal")]

    def found():
        return [
            trace for trace in traces for file in files
            if file.exists() and trace in file.read_bytes()
        ]  # fmt: skip

    assert found()
    assert enrolled.delete("arin", who="kim", now=2, note="asked")
    assert found() == []
    assert len(enrolled.people()) == 0
    assert [change[2:4] for change in enrolled.changes()] == [
        ("enrol", "arin"),
        ("delete", "arin"),
    ]


def test_deleting_whom_nobody_enrolled_says_so(enrolled):
    assert not enrolled.delete("arin", who="kim", now=2)


def test_people_outlive_the_process(tmp_path):
    with Enrolled(tmp_path / FACES_FILE) as one:
        enrol(one)
    with Enrolled(tmp_path / FACES_FILE) as one:
        assert len(one.people()) == 2
