"""Whom a picture is about, though nobody is named: by known pictures of them, by their face."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from detect.records import Mention, PictureMatch, Reason, SeenFace

MOST_SUBJECTS = 16
"""Subjects that the pictures of one post may be about."""


def whom(
    matches: Iterable[PictureMatch],
    faces: Iterable[SeenFace],
    about: Mapping[str, str],
    *,
    reasons: Collection[Reason],
) -> tuple[Mention, ...]:
    """Mentions of the subjects of a picture, each subject once, a known picture before a face.

    Args:
        matches: known pictures that it is or holds.
        faces: those of enrolled people count, where they are above their threshold.
        about: subjects by the reference that is said to be about them.
        reasons: which of ``media`` and ``face`` count.
    """
    found: dict[str, Mention] = {}
    if "media" in reasons:
        for one in matches:
            subject = about.get(one.reference)
            if subject is not None and one.kind != "ignore":
                told = Mention(subject=subject, reason="media", via=one.reference)
                found.setdefault(subject, told)
    if "face" in reasons:
        for face in faces:
            if face.subject is not None and face.sure:
                found.setdefault(face.subject, Mention(subject=face.subject, reason="face"))
    return tuple(found.values())[:MOST_SUBJECTS]
