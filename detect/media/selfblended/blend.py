"""Self-blended images: a photo blended with a changed version of itself.

After Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022: what
face swaps have in common is a border across which colour, noise and sharpness differ. A
photo and a copy of it, one of the two changed in colour and frequency, the copy moved a
little, are blended by a mask of the face. Real and forged are treated alike otherwise, so
that nothing but the blending tells them apart. Changes by noise and by JPEG are ours, and so
are filters over the whole picture: without them, two in three photos that were smoothed all
over were called likely forged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np

from detect.media.forgery import Box, cut_out
from detect.media.selfblended.shape import bent, soft_mask

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Points = NDArray[np.float64]

_AROUND = 0.5
"""How much of a face's box is kept on each side while blending; more is never cut out."""

_MOVES = 0.05
_HALF, _OFTEN, _AT_TIMES = 0.5, 0.7, 0.4


def pair(
    image: Picture, box: Box, points: Points, *, margin: float, rng: Generator, moves: bool
) -> tuple[Picture, Picture]:
    """A real and a forged face of one photo, cut out as models are shown them.

    Args:
        image: height x width x 3 in the order blue, green, red.
        box, points: the face, as YuNet gives it, in pixels.
        margin: of the box, see :class:`detect.media.registry.Input`.
        moves: whether the box is moved a little and the photo mirrored now and then, so that
            more is learnt of it; not where something is measured.

    Raises:
        ValueError: see :func:`self_blended`.
    """
    part, near, inside = surroundings(image, box, points)
    made = sent(self_blended(part, inside, rng), rng)
    if moves:
        side = max(near.width, near.height)
        x, y = rng.uniform(-_MOVES, _MOVES, 2) * side
        near = Box(near.x + x, near.y + y, near.width, near.height)
    real, forged = (cut_out(one, near, margin) for one in made)
    if moves and rng.random() < _HALF:
        real, forged = (np.ascontiguousarray(one[:, ::-1]) for one in (real, forged))
    return real, forged


def surroundings(image: Picture, box: Box, points: Points) -> tuple[Picture, Box, Points]:
    """The part of a photo that a face needs, with the box and points in it."""
    height, width = image.shape[:2]
    across = _AROUND * max(box.width, box.height)
    left, top = (max(0, int(one - across)) for one in (box.x, box.y))
    right = min(width, int(box.x + box.width + across) + 1)
    bottom = min(height, int(box.y + box.height + across) + 1)
    part = np.ascontiguousarray(image[top:bottom, left:right])
    moved = Box(box.x - left, box.y - top, box.width, box.height)
    return part, moved, np.asarray(points, np.float64).reshape(5, 2) - (left, top)


def self_blended(image: Picture, points: Points, rng: Generator) -> tuple[Picture, Picture]:
    """A photo as it may count as real, and the same photo blended with itself.

    Args:
        image: height x width x 3 in the order blue, green, red.
        points: five rows of x and y in pixels, as YuNet gives them.

    Raises:
        ValueError: the points are those of no face, see
            :func:`detect.media.selfblended.shape.fitted`.
    """
    height, width = image.shape[:2]
    mask = soft_mask(height, width, points, rng)
    source, target = image, image
    if rng.random() < _HALF:
        source = _changed(image, rng)
    else:
        target = _changed(image, rng)
    unit = float(np.linalg.norm(np.diff(np.asarray(points).reshape(5, 2)[:2], axis=0)))
    moved, mask = _moved(source, mask, unit, rng)
    weight = mask[..., None]
    forged = moved * weight + target.astype(np.float32) * (1 - weight)
    return target, np.asarray(np.clip(np.round(forged), 0, 255), np.uint8)


def sent(images: tuple[Picture, ...], rng: Generator) -> tuple[Picture, ...]:
    """The same pictures after what people and platforms do, done alike to all: smoothed or
    sharpened all over, smaller, another light, JPEG."""
    scale = rng.uniform(0.5, 1.0) if rng.random() < _AT_TIMES else 1.0
    quality = int(rng.integers(40, 101)) if rng.random() < _OFTEN else 0
    gain, lift = rng.uniform(0.9, 1.1), rng.uniform(-10, 10)
    way = _FILTERS.get(int(rng.integers(_ONE_IN)))
    strength = float(rng.uniform(0, 1))
    lit = rng.random() < _AT_TIMES
    found: list[Picture] = []
    for one in images:
        now = one if way is None else way(one, strength)
        if lit:
            now = np.asarray(cv2.convertScaleAbs(now, alpha=gain, beta=lift), np.uint8)
        if scale < 1:
            small = cv2.resize(now, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            back = cv2.resize(small, one.shape[1::-1], interpolation=cv2.INTER_CUBIC)
            now = np.asarray(back, np.uint8)
        found.append(as_jpeg(now, quality) if quality else now)
    return tuple(found)


def as_jpeg(image: Picture, quality: int) -> Picture:
    """A picture as it comes back from JPEG of a quality (1 to 100), in memory."""
    _, raw = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(raw, cv2.IMREAD_COLOR), np.uint8)


def _smoothed(image: Picture, strength: float) -> Picture:
    """As filters for skin do: what is nearly even becomes even, edges stay."""
    soft = cv2.bilateralFilter(image, 9, 15 + 45 * strength, 3 + 6 * strength)
    return np.asarray(soft, np.uint8)


def _calmed(image: Picture, strength: float) -> Picture:
    """As cameras do in the dark: a median of neighbours, mixed in."""
    calm = cv2.medianBlur(image, 3)
    return np.asarray(cv2.addWeighted(image, 1 - strength, calm, strength, 0), np.uint8)


def _crisp(image: Picture, strength: float) -> Picture:
    soft = cv2.GaussianBlur(image, (0, 0), 1.2)
    return np.asarray(cv2.addWeighted(image, 1 + strength, soft, -strength, 0), np.uint8)


_FILTERS: dict[int, Callable[[Picture, float], Picture]] = {0: _smoothed, 1: _calmed, 2: _crisp}
_ONE_IN = 6
"""Draws of which three are a filter over the whole picture."""


def _changed(image: Picture, rng: Generator) -> Picture:
    """Another colour, and another sharpness or noise."""
    out = image.astype(np.float32)
    kinds = rng.random(3) < _AT_TIMES
    if kinds[0]:
        out += rng.uniform(-20, 20, 3).astype(np.float32)
    if kinds[1]:
        grey = out.mean(axis=2, keepdims=True)
        out = grey + (out - grey) * np.float32(rng.uniform(0.7, 1.3))
    if kinds[2]:
        out = (out - 128) * np.float32(rng.uniform(0.9, 1.1)) + 128
        out += np.float32(rng.uniform(-20, 20))
    plain = np.asarray(np.clip(out, 0, 255), np.uint8)
    return _FREQUENCY[int(rng.integers(len(_FREQUENCY)))](plain, rng)


def _smaller(image: Picture, rng: Generator) -> Picture:
    scale = float(rng.uniform(0.3, 0.8))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    back = cv2.INTER_CUBIC if rng.random() < _HALF else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(small, image.shape[1::-1], interpolation=back), np.uint8)


def _sharper(image: Picture, rng: Generator) -> Picture:
    amount = float(rng.uniform(0.3, 1.2))
    soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.7, 1.5)))
    return np.asarray(cv2.addWeighted(image, 1 + amount, soft, -amount, 0), np.uint8)


def _noisier(image: Picture, rng: Generator) -> Picture:
    noise = rng.normal(0, rng.uniform(1, 6), image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


def _encoded(image: Picture, rng: Generator) -> Picture:
    return as_jpeg(image, int(rng.integers(30, 90)))


_FREQUENCY = (_smaller, _smaller, _sharper, _noisier, _encoded)


def _moved(
    source: Picture, mask: NDArray[np.float32], unit: float, rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Source and mask, scaled and pushed together, the source bent a little besides."""
    height, width = mask.shape
    factor = rng.uniform(0.95, 1 / 0.95)
    middle = np.array([width / 2, height / 2])
    push = rng.uniform(-0.06, 0.06, 2) * unit
    matrix = np.array([[factor, 0, 0], [0, factor, 0]], np.float64)
    matrix[:, 2] = middle - factor * middle + push
    shifted = cv2.warpAffine(
        source.astype(np.float32), matrix, (width, height), flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    along = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)
    shifted = bent(np.asarray(shifted, np.float32), rng, reach=0.02 * unit, scale=0.3 * unit)
    return shifted, np.asarray(along, np.float32)
