"""Local features of a picture: points that are found again in crops, collages, screenshots.

SIFT (Lowe, 2004) with the square-root form of its descriptors (Arandjelović and Zisserman,
"Three things everyone should know to improve object retrieval", 2012), quantised to bytes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTH = 128
"""Numbers of a descriptor."""

REFERENCE_SIDE = 560
REFERENCE_POINTS = 500
"""Longest side in pixels, and points, of a picture that others are compared with."""

QUERY_SIDE = 1000
QUERY_POINTS = 1600
"""The same of a picture that may hold a reference somewhere in it, small."""

_HEAD = "<IHHf"
_SCALE = 512.0
"""Of square roots of shares (0 to 1) to bytes; what is above 255 is cut."""


class Features(msgspec.Struct, frozen=True, eq=False):
    """Points (n x 2, pixels of the picture as it was looked at) and descriptors (n x 128).

    ``width`` and ``height`` are those pixels; ``shrunk`` is how many pixels of the original
    one of them stands for.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    width: int
    height: int
    shrunk: float

    def __len__(self) -> int:
        return len(self.points)


def fitted(gray: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], float]:
    """The picture with its longest side at most ``side`` pixels, and how far it was shrunk."""
    height, width = gray.shape[:2]
    shrunk = max(1.0, max(height, width) / side)
    if shrunk == 1.0:
        return gray, 1.0
    size = (max(1, round(width / shrunk)), max(1, round(height / shrunk)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8), shrunk


def features_of(gray: NDArray[np.uint8], *, side: int, points: int) -> Features:
    """The strongest points of a grey picture (height x width), spread over it."""
    looked_at, shrunk = fitted(gray, side)
    height, width = looked_at.shape[:2]
    # A low contrast threshold finds points in faded copies; the strongest are kept anyway.
    sift = cv2.SIFT.create(nfeatures=points, contrastThreshold=0.02, edgeThreshold=12)
    keypoints, raw = sift.detectAndCompute(looked_at, None)
    if not keypoints:
        return Features(
            np.empty((0, 2), np.float32), np.empty((0, LENGTH), np.uint8), width, height, shrunk
        )
    places = np.array([one.pt for one in keypoints[:points]], np.float32).reshape(-1, 2)
    return Features(
        places, _rooted(np.asarray(raw[:points], np.float32)), width, height, shrunk
    )


def mirrored(features: Features) -> Features:
    """The features of the same picture left to right: its points move, bins change places."""
    points = features.points * np.array([-1, 1], np.float32)
    points[:, 0] += features.width - 1
    # A descriptor is four rows of four cells along its point's own direction, each with eight
    # directions; a mirror turns the rows and the directions around.
    cells = features.descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., -np.arange(8) % 8]
    return msgspec.structs.replace(
        features, points=points, descriptors=np.ascontiguousarray(cells.reshape(-1, LENGTH))
    )


def packed(features: Features) -> bytes:
    """Features as bytes: 136 a point."""
    head = struct.pack(_HEAD, len(features), features.width, features.height, features.shrunk)
    return head + features.points.astype("<f4").tobytes() + features.descriptors.tobytes()


def unpacked(data: bytes) -> Features:
    """The inverse of :func:`packed`.

    Raises:
        ValueError: these bytes hold no features.
    """
    try:
        count, width, height, shrunk = struct.unpack_from(_HEAD, data)
    except struct.error:
        raise ValueError("no features: too few bytes") from None
    start = struct.calcsize(_HEAD)
    middle = start + 8 * count
    if len(data) != middle + LENGTH * count or count > QUERY_POINTS:
        raise ValueError("no features: the number of bytes is wrong")
    points = np.frombuffer(data[start:middle], "<f4").reshape(-1, 2).astype(np.float32)
    if not (np.isfinite(points).all() and np.isfinite(shrunk) and shrunk >= 1):
        raise ValueError("no features: a number is not finite")
    descriptors = np.frombuffer(data[middle:], np.uint8).reshape(-1, LENGTH)
    return Features(points, descriptors, width, height, shrunk)


def _rooted(raw: NDArray[np.float32]) -> NDArray[np.uint8]:
    shares = raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-6)
    return np.asarray(np.minimum(np.sqrt(shares) * _SCALE, 255), np.uint8)
