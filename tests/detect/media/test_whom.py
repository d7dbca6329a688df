"""Whom a picture is about: known pictures of them, and their face where that is wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detect.media.whom import MOST_SUBJECTS, whom
from detect.records import PictureMatch, SeenFace

BOTH = ("media", "face")
ABOUT = {"ref_1": "arin", "ref_2": "sena"}


def match(reference: str, kind: str = "official") -> PictureMatch:
    return PictureMatch(reference=reference, bank="photos", kind=kind)


def face(subject: str | None, *, sure: bool = True) -> SeenFace:
    return SeenFace(box=(0.1, 0.1, 0.2, 0.2), score=0.9, subject=subject, sure=sure)


def test_a_known_picture_of_somebody_is_about_them_and_says_which_it_is():
    [mention] = whom([match("ref_1"), match("ref_9")], [], ABOUT, reasons=BOTH)

    assert (mention.subject, mention.reason, mention.via) == ("arin", "media", "ref_1")
    assert (mention.start, mention.end, mention.surface) == (None, None, "")


def test_what_is_to_be_ignored_is_about_nobody():
    assert whom([match("ref_1", "ignore")], [], ABOUT, reasons=BOTH) == ()


def test_a_face_counts_above_the_threshold_and_not_in_the_band_to_be_reviewed():
    assert [one.reason for one in whom([], [face("arin")], {}, reasons=BOTH)] == ["face"]
    assert whom([], [face("arin", sure=False), face(None)], {}, reasons=BOTH) == ()


def test_each_subject_is_mentioned_once_and_a_known_picture_says_more_than_a_face():
    found = whom([match("ref_1"), match("ref_1")], [face("arin")], ABOUT, reasons=BOTH)

    assert [(one.subject, one.reason) for one in found] == [("arin", "media")]


def test_only_reasons_that_are_wanted_count():
    seen = ([match("ref_1")], [face("sena")])

    assert [one.reason for one in whom(*seen, ABOUT, reasons=("media",))] == ["media"]
    assert [one.reason for one in whom(*seen, ABOUT, reasons=("face",))] == ["face"]
    assert whom(*seen, ABOUT, reasons=("alias",)) == ()


@given(
    st.lists(st.integers(0, 60)),
    st.lists(st.tuples(st.integers(0, 60), st.booleans())),
)
def test_nobody_is_mentioned_twice_and_never_too_many(pictures: list[int], seen: list[tuple]):
    about = {f"ref_{n}": f"subject{n % 40}" for n in range(60)}
    faces = [face(f"subject{n}", sure=sure) for n, sure in seen]
    found = [one.subject for one in whom(map(match, map("ref_{}".format, pictures)), faces,
                                         about, reasons=BOTH)]  # fmt: skip

    assert len(set(found)) == len(found) <= MOST_SUBJECTS
