"""Where faces are (YuNet) and which enrolled person they resemble (SFace), through OpenCV.

Only people who are enrolled can be recognised. The numbers by which anybody could be known
again are made in memory for that one comparison, and only if somebody is enrolled at all; of
others nothing but a box is ever given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

from detect.media.weights import SFACE, YUNET
from detect.records import SeenFace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Vector = NDArray[np.float32]

VERSION = "yunet-2023mar+sface-2021dec/1"
THRESHOLD, REVIEW_FROM = 0.40, 0.33
"""Likeness (cosine) from which a face is an enrolled person's, and from which people look.
Measured on few faces, hardly any of them Asian: adjust them for each person."""

NUMBERS = 128
"""Of a face."""

LEAST_ENROLLED = 60
"""Pixels a side of a face that may be enrolled."""

SAME_PERSON = 0.36
"""Likeness that all reference photos of a person must have to one another."""

MOST_FACES = 32
"""Faces of a picture that are compared, the largest first."""

_SCORE, _OVERLAP, _MOST_BOXES = 0.7, 0.3, 500
_SIDES = (320, 640)


class Spotted(msgspec.Struct, frozen=True, eq=False):
    """A face as the detector gives it: box, five points and score, in pixels."""

    row: NDArray[np.float32]

    @property
    def size(self) -> float:
        """The shorter side in pixels."""
        return float(min(self.row[2], self.row[3]))

    @property
    def score(self) -> float:
        """How sure the detector is, 0 to 1."""
        return float(self.row[14])


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolled person: one vector of 128 single-precision numbers a reference photo."""

    subject: str
    vectors: tuple[bytes, ...]
    threshold: float = THRESHOLD
    review_from: float = REVIEW_FROM


class People:
    """An immutable set of enrolled people.

    Raises:
        ValueError: a vector is not what was enrolled.
    """

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._people = tuple(people)
        rows = [np.frombuffer(raw, "<f4") for one in self._people for raw in one.vectors]
        if any(len(row) != NUMBERS or not np.isfinite(row).all() for row in rows):
            raise ValueError("a vector of an enrolled face is damaged")
        self._vectors = np.array(rows, np.float32).reshape(-1, NUMBERS)
        self._owners = np.repeat(
            np.arange(len(self._people)), [len(one.vectors) for one in self._people]
        )

    def __len__(self) -> int:
        return len(self._vectors)

    def likest(self, vector: Vector) -> tuple[str, float, bool] | None:
        """The person whom a face resembles most, by how much, and whether surely; None if
        nobody enough."""
        if not len(self._vectors):
            return None
        likeness = self._vectors @ vector
        best: tuple[float, str, float, bool] | None = None
        for number, person in enumerate(self._people):
            held = likeness[self._owners == number]
            value = float(held.max()) if len(held) else -1.0
            if value < person.review_from:
                continue
            # Thresholds differ, so what counts is how far one is beyond their own.
            margin = value - person.threshold
            if best is None or margin > best[0]:
                best = (margin, person.subject, value, value >= person.threshold)
        return None if best is None else best[1:]


class Faces:
    """The two models. Not for several threads at once.

    Args:
        yunet: the very file of :data:`detect.media.weights.YUNET`.
        sface: that of :data:`detect.media.weights.SFACE`.

    Raises:
        ValueError: one of them is another file, or cannot be run.
    """

    version = VERSION

    def __init__(self, yunet: bytes, sface: bytes) -> None:
        for weights, raw in ((YUNET, yunet), (SFACE, sface)):
            problem = weights.problem(raw)
            if problem is not None:
                raise ValueError(problem)
        nothing = np.empty(0, np.uint8)
        try:
            self._detector = cv2.FaceDetectorYN.create(
                "onnx", np.frombuffer(yunet, np.uint8), nothing, (_SIDES[0], _SIDES[0]),
                _SCORE, _OVERLAP, _MOST_BOXES,
            )  # fmt: skip
            self._recogniser = cv2.FaceRecognizerSF.create(
                "onnx", np.frombuffer(sface, np.uint8), nothing
            )
        except cv2.error as error:
            raise ValueError(f"the models of faces cannot be run: {error}") from None

    def spot(self, image: Picture) -> list[Spotted]:
        """Faces of a picture (height x width x 3, blue, green, red), the largest first.

        It is looked at small, and larger only if nothing was found.
        """
        longest = max(image.shape[:2])
        for side in _SIDES:
            found = self._spotted(image, min(1.0, side / longest))
            if found or side >= longest:
                return found
        return []

    def vector(self, image: Picture, face: Spotted) -> Vector:
        """What a face is compared by: 128 numbers of length one."""
        aligned = self._recogniser.alignCrop(image, face.row[None, :14])
        raw = np.asarray(self._recogniser.feature(aligned), np.float32).ravel()
        return np.asarray(raw / max(float(np.linalg.norm(raw)), 1e-9), np.float32)

    def seen(self, image: Picture, people: People) -> tuple[SeenFace, ...]:
        """Faces of a picture, and whom of those enrolled they resemble."""
        height, width = image.shape[:2]
        found: list[SeenFace] = []
        for face in self.spot(image)[:MOST_FACES]:
            x, y, w, h = (float(value) for value in face.row[:4])
            like = people.likest(self.vector(image, face)) if len(people) else None
            found.append(
                SeenFace(
                    box=(
                        round(x / width, 4), round(y / height, 4),
                        round(w / width, 4), round(h / height, 4),
                    ),
                    score=round(face.score, 3),
                    subject=None if like is None else like[0],
                    likeness=None if like is None else round(like[1], 3),
                    sure=False if like is None else like[2],
                )
            )  # fmt: skip
        return tuple(found)

    def to_enrol(self, image: Picture) -> bytes:
        """The vector of the one face of a reference photo.

        Raises:
            ValueError: there is none, more than one, or it is too small.
        """
        found = self.spot(image)
        if not found:
            raise ValueError("no face is found in it")
        if len(found) > 1:
            raise ValueError(f"{len(found)} faces are in it: cut it to the person alone")
        if found[0].size < LEAST_ENROLLED:
            raise ValueError(f"its face is smaller than {LEAST_ENROLLED} pixels")
        return self.vector(image, found[0]).astype("<f4").tobytes()

    def _spotted(self, image: Picture, shrunk: float) -> list[Spotted]:
        height, width = image.shape[:2]
        size = (max(1, round(width * shrunk)), max(1, round(height * shrunk)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrunk < 1 else image
        self._detector.setInputSize(size)
        _, raw = self._detector.detect(small)
        # Typed as always there; None where no face is.
        rows = np.empty((0, 15), np.float32) if raw is None else np.asarray(raw, np.float32)  # pyright: ignore[reportUnnecessaryComparison]
        rows[:, :14] /= shrunk
        rows = rows[np.isfinite(rows).all(axis=1)]
        order = np.argsort(-(rows[:, 2] * rows[:, 3]), kind="stable")
        return [Spotted(rows[number]) for number in order]


def same_person(vectors: Sequence[bytes]) -> float:
    """The least likeness between any two of these faces; 1 for fewer than two."""
    if len(vectors) <= 1:
        return 1.0
    rows = np.array([np.frombuffer(one, "<f4") for one in vectors])
    return float((rows @ rows.T).min())
