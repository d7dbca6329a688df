"""PDQ, the perceptual hash that platforms exchange: 256 bits and a quality.

After "PDQ: image hashing" of Meta's ThreatExchange (hashing.pdf and its reference
implementation). A picture becomes a luma plane, a tent filter (two box filters in each
direction) and a decimation make 64 x 64 samples of it, a cosine transform keeps the 16 x 16
lowest frequencies without the constant one, and a bit says whether one is above the median.

:func:`pdq` gives the reference's bits exactly: the same single-precision sums in the same
order. :func:`local_pdq` takes sums in whatever order is fast and may differ in a few bits; its
hashes must never be given to others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

BITS = 256
BYTES = 32
SIDE = 64
"""Samples a side that the transform reads."""

SMALLEST = 5
"""Pixels a side below which the reference gives no hash."""

GOOD_QUALITY = 50
"""ThreatExchange compares no picture of lower quality: flat ones all look alike."""

MATCH = 31
"""Most differing bits that ThreatExchange counts as the same picture."""

_FREQUENCIES = 16
_COLOURED = 3
_STRIP = 64
_EXACT_BELOW = 2 * SIDE
"""Pixels a side below which what lies at the edge counts much, and exact sums cost little."""
_FLIPS = ("original", "rotate90", "rotate180", "rotate270", "flip_x", "flip_y", "plus", "minus")


class Hash(msgspec.Struct, frozen=True):
    """``bits`` as 32 bytes, the highest bit first as in exchange files; quality 0 to 100."""

    bits: bytes
    quality: int

    @property
    def hex(self) -> str:
        """64 hexadecimal digits, as exchanged."""
        return self.bits.hex()


NOTHING = Hash(bytes(BYTES), 0)
"""What a picture smaller than five pixels a side gets."""


def _cosines() -> Plane:
    columns = 2 * np.arange(SIDE) + 1
    rows = np.arange(1, _FREQUENCIES + 1)[:, None]
    # The reference rounds the factor to single precision before it multiplies.
    factor = float(np.float32(np.sqrt(2.0 / SIDE)))
    wave = np.cos((np.pi / 2.0 / SIDE) * rows * columns)
    return np.asarray(factor * wave, np.float32)


_COSINES = _cosines()


def pdq(image: NDArray[np.uint8]) -> Hash:
    """The hash of a picture, equal to the reference's in every bit.

    Args:
        image: height x width x 3 in the order blue, green, red, or height x width.
    """
    if min(image.shape[:2]) < SMALLEST:
        return NOTHING
    return _of_samples(_samples(_luma(image)))


def pdq_dihedral(image: NDArray[np.uint8]) -> dict[str, Hash]:
    """The hashes of a picture, its rotations and its mirror images, at the price of one.

    "plus" and "minus" are the reflections at the two diagonals.
    """
    if min(image.shape[:2]) < SMALLEST:
        return dict.fromkeys(_FLIPS, NOTHING)
    samples = _samples(_luma(image))
    return _turned(_transform(samples), _quality(samples))


def local_pdq(gray: NDArray[np.uint8]) -> Hash:
    """A hash for use among our own: near :func:`pdq`, several times faster.

    Args:
        gray: height x width, which may have been decoded at a fraction of its size.
    """
    if min(gray.shape[:2]) < SMALLEST:
        return NOTHING
    return _of_samples(_near_samples(gray))


def local_dihedral(gray: NDArray[np.uint8]) -> dict[str, Hash]:
    """:func:`local_pdq` of a picture, its rotations and its mirror images."""
    if min(gray.shape[:2]) < SMALLEST:
        return dict.fromkeys(_FLIPS, NOTHING)
    samples = _near_samples(gray)
    return _turned(_transform(samples), _quality(samples))


def distance(one: bytes, other: bytes) -> int:
    """Differing bits of two hashes, 0 to 256."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def near_views(bits: bytes) -> dict[str, bytes]:
    """The views of :func:`pdq_dihedral` from a hash alone: near the true ones.

    Turning changes signs of frequencies, and their median is near zero: on 28 photographs the
    worst view was 12 bits off in the middle, 22 at most. For comparing among ourselves where
    the picture is gone.
    """
    plain = np.unpackbits(np.frombuffer(bits, np.uint8))[::-1].reshape(_FREQUENCIES, -1) > 0
    even = np.arange(_FREQUENCIES) % 2 == 0
    rows, columns = even[:, None], even[None, :]
    planes = (
        plain,
        (plain ^ columns).T,
        plain ^ rows ^ columns,
        (plain ^ rows).T,
        plain ^ rows,
        plain ^ columns,
        plain.T,
        (plain ^ rows ^ columns).T,
    )
    return {
        name: np.packbits(plane.ravel()[::-1]).tobytes()
        for name, plane in zip(_FLIPS, planes, strict=True)
    }


def _luma(image: NDArray[np.uint8]) -> Plane:
    if image.ndim < _COLOURED:
        return image.astype(np.float32)
    # 299 R + 587 G + 114 B is a whole number that single precision holds, so one division
    # rounds as the reference's sum in double precision does.
    weights = np.array([[114.0, 587.0, 299.0]], np.float32)
    luma = np.empty(image.shape[:2], np.float32)
    # In strips, so that the three planes of single precision are never all there.
    for top in range(0, len(image), _STRIP):
        strip = image[top : top + _STRIP].astype(np.float32)
        luma[top : top + _STRIP] = cv2.transform(strip, weights).reshape(strip.shape[:2])
    return np.divide(luma, np.float32(1000.0), out=luma)


def _samples(luma: Plane) -> Plane:
    """64 x 64 samples of the tent-filtered plane, as the reference takes them."""
    height, width = luma.shape
    if (height, width) == (SIDE, SIDE):
        return luma
    down, across = _window(height), _window(width)
    # Sums run along the first axis, so that each step takes a whole row at once.
    turned = _box(_transposed(luma), across)
    plane = _box(_transposed(turned), down)
    columns = _box_at(_transposed(plane), across, _places(width))
    return _box_at(_transposed(columns), down, _places(height))


def _transposed(plane: Plane) -> Plane:
    turned = np.asarray(cv2.transpose(plane), np.float32)
    return turned.reshape(plane.shape[1], plane.shape[0])


def _window(length: int) -> int:
    return (length + 2 * SIDE - 1) // (2 * SIDE)


def _places(length: int) -> list[int]:
    return [int((place + 0.5) * length / SIDE) for place in range(SIDE)]


def _sizes(length: int, window: int) -> list[int]:
    """How many rows each output of a box filter is the mean of."""
    before, after = _reach(window)
    return [min(length, place + after) - max(0, place - before) for place in range(length)]


def _reach(window: int) -> tuple[int, int]:
    """Rows of a window before its place, and from its place on: 7 is 3 and 4, 8 is 3 and 5."""
    after = (window + 2) // 2
    return window - after, after


def _box(plane: Plane, window: int) -> Plane:
    """Means of ``window`` rows around each row, summed in the reference's order."""
    sums = np.empty_like(plane)
    _run(plane, window, list(sums))
    sizes = np.array(_sizes(len(plane), window), np.float32)
    return np.divide(sums, sizes[:, None], out=sums)


def _box_at(plane: Plane, window: int, places: list[int]) -> Plane:
    """:func:`_box` for some rows only."""
    length, breadth = plane.shape
    spare = np.empty((2, breadth), np.float32)
    wanted = np.empty((len(places), breadth), np.float32)
    into = [spare[place & 1] for place in range(length)]
    for row, place in enumerate(places):
        into[place] = wanted[row]
    firsts: dict[int, int] = {}
    for row, place in enumerate(places):
        firsts.setdefault(place, row)
        into[place] = wanted[firsts[place]]
    _run(plane, window, into)
    sizes = _sizes(length, window)
    rows = [firsts[place] for place in places]
    means: Plane = wanted[rows] / np.array([sizes[p] for p in places], np.float32)[:, None]
    return means


def _run(plane: Plane, window: int, into: list[Plane]) -> None:
    """Write the running sum for each row: the next row in, then the last one out."""
    rows = list(plane)
    length = len(rows)
    before, after = _reach(window)
    add, subtract = np.add, np.subtract
    half = np.empty(plane.shape[1], np.float32)
    total = np.zeros(plane.shape[1], np.float32)
    for row in rows[: after - 1]:
        total = total + row
    for place in range(length):
        ahead, behind = place + after - 1, place - before - 1
        target = into[place]
        if ahead < length:
            if behind >= 0:
                add(total, rows[ahead], half)
                subtract(half, rows[behind], target)
            else:
                add(total, rows[ahead], target)
        else:
            subtract(total, rows[behind], target)
        total = target


def _near_samples(gray: NDArray[np.uint8]) -> Plane:
    height, width = gray.shape[:2]
    if min(height, width) < _EXACT_BELOW:
        return _samples(_luma(gray))
    down, across = _window(height), _window(width)
    anchor = (_reach(across)[0], _reach(down)[0])
    plane = gray.astype(np.float32)
    for _ in range(2):
        blurred = cv2.blur(plane, (across, down), anchor=anchor, borderType=cv2.BORDER_REFLECT)
        plane = np.asarray(blurred, np.float32)
    rows, columns = _places(height), _places(width)
    return plane[np.ix_(rows, columns)]


def _quality(samples: Plane) -> int:
    """Share of strong steps between neighbours: 0 flat, 100 rich."""
    hundred, most = np.float32(100), np.float32(255)
    steps = 0
    for axis in (0, 1):
        changes = np.diff(samples, axis=axis) * hundred / most
        steps += int(np.abs(changes.astype(np.int32)).sum())
    return min(100, steps // 90)


def _transform(samples: Plane) -> Plane:
    """The 16 x 16 lowest frequencies, each sum in the reference's order."""
    half = np.zeros((_FREQUENCIES, SIDE), np.float32)
    for k in range(SIDE):
        half += _COSINES[:, k, None] * samples[k]
    whole = np.zeros((_FREQUENCIES, _FREQUENCIES), np.float32)
    for k in range(SIDE):
        whole += half[:, k, None] * _COSINES[:, k]
    return whole


def _of_samples(samples: Plane) -> Hash:
    return Hash(_bits(_transform(samples)), _quality(samples))


def _bits(frequencies: Plane) -> bytes:
    flat = frequencies.ravel()
    # The lower of the two middle values, as the reference's median of an even number.
    middle = np.partition(flat, BITS // 2 - 1)[BITS // 2 - 1]
    return np.packbits((flat > middle)[::-1]).tobytes()


def _turned(frequencies: Plane, quality: int) -> dict[str, Hash]:
    """Turning and mirroring a picture changes signs and order of its frequencies alone."""
    odd = (np.arange(_FREQUENCIES) % 2).astype(bool)
    rows = np.where(odd, 1, -1).astype(np.float32)[:, None]
    columns = rows.T
    planes = (
        frequencies,
        (frequencies * columns).T,
        frequencies * rows * columns,
        (frequencies * rows).T,
        frequencies * rows,
        frequencies * columns,
        frequencies.T,
        (frequencies * rows * columns).T,
    )
    return {
        name: Hash(_bits(plane), quality) for name, plane in zip(_FLIPS, planes, strict=True)
    }
