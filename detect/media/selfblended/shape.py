"""Where a face ends, from the five points of YuNet: a soft mask of it, deformed at random.

Self-blended images (Shiohara and Yamasaki, CVPR 2022) take the convex hull of 68 or 81
landmarks. We have five, so the outline of a usual face is fitted to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Points = NDArray[np.float64]

USUAL = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, 0.6), (-0.4, 1.1), (0.4, 1.1)])
"""Eyes, tip of the nose, corners of the mouth; lengths in distances of the eyes."""

_WHOLE = np.array([
    (-1.0, -0.2), (-0.75, -0.5), (0.0, -0.6), (0.75, -0.5), (1.0, -0.2), (1.05, 0.4),
    (0.92, 1.0), (0.6, 1.5), (0.0, 1.8), (-0.6, 1.5), (-0.92, 1.0), (-1.05, 0.4),
])  # fmt: skip
_MIDDLE = np.array([
    (-0.95, -0.3), (0.0, -0.45), (0.95, -0.3), (0.8, 0.7), (0.55, 1.35), (0.0, 1.45),
    (-0.55, 1.35), (-0.8, 0.7),
])  # fmt: skip
_BELOW = np.array([
    (-0.95, 0.3), (0.0, 0.2), (0.95, 0.3), (0.9, 1.0), (0.6, 1.5), (0.0, 1.75),
    (-0.6, 1.5), (-0.9, 1.0),
])  # fmt: skip
_PARTS, _SHARES = (_WHOLE, _MIDDLE, _BELOW), (0.5, 0.3, 0.2)

RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
"""How much of the source shows inside of the mask: as in the paper, one of these."""

_LEAST_EYES = 8.0
_MOST_SKEW = 6.0


def fitted(points: Points) -> Points:
    """The map (2 x 3) that brings the usual face onto five points, by least squares.

    Raises:
        ValueError: the points are no face seen from the front: too near, or in a line.
    """
    given = np.asarray(points, np.float64).reshape(5, 2)
    known = np.hstack([USUAL, np.ones((5, 1))])
    found = np.linalg.lstsq(known, given, rcond=None)[0].T
    if not np.isfinite(found).all():
        raise ValueError("the points of the face are no numbers")
    longest, shortest = np.linalg.svd(found[:, :2], compute_uv=False)
    if shortest < _LEAST_EYES or longest > _MOST_SKEW * shortest:
        raise ValueError("the face is too small, or turned away")
    return np.asarray(found, np.float64)


def soft_mask(height: int, width: int, points: Points, rng: Generator) -> Plane:
    """How much of another version shows, pixel by pixel (0 to 1).

    A part of the face is outlined, moved about, filled, bent elastically, made smaller or
    larger, blurred, and scaled by a ratio of blending.

    Raises:
        ValueError: see :func:`fitted`.
    """
    onto = fitted(points)
    unit = float(np.linalg.norm(onto[:, 0]))
    outline = _PARTS[int(rng.choice(len(_PARTS), p=_SHARES))]
    moved = outline * rng.uniform(0.9, 1.1, 2) + rng.normal(0, 0.05, outline.shape)
    corners = moved @ onto[:, :2].T + onto[:, 2]
    hull = cv2.convexHull(corners.astype(np.float32))
    mask = np.zeros((height, width), np.float32)
    cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1.0)
    mask = bent(mask, rng, reach=0.18 * unit, scale=0.5 * unit)
    # Blurred and cut at another height than one half, it has shrunk or grown.
    mask = _blurred(mask, rng.uniform(0.03, 0.2) * unit)
    mask = (mask > rng.uniform(0.25, 0.75)).astype(np.float32)
    mask = _blurred(mask, rng.uniform(0.01, 0.15) * unit)
    return np.asarray(mask * np.float32(rng.choice(RATIOS)), np.float32)


def bent(image: Plane, rng: Generator, *, reach: float, scale: float) -> Plane:
    """A picture (height x width, or with channels) bent elastically.

    Args:
        reach: how far a pixel moves, in pixels; about one in twenty moves twice as far.
        scale: over how many pixels the movement changes.
    """
    height, width = image.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    coarse = (max(2, round(height / scale) + 1), max(2, round(width / scale) + 1))
    moves = [
        cv2.resize(
            rng.normal(0, reach, coarse).astype(np.float32), (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for _ in range(2)
    ]  # fmt: skip
    found = cv2.remap(
        image, columns + moves[0], rows + moves[1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(found, np.float32)


def _blurred(mask: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.4, sigma)), np.float32)
