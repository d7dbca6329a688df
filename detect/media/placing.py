"""Where one picture lies in another, and whether what lies there is the same picture.

Points that match are not enough: different pictures in one frame, template or screen share
points. So the picture is laid over its reference by the transform that the points agree on,
and the two are compared block by block. A copy agrees nearly everywhere it can be seen; what
only shares a template agrees only there. Blocks inside a copy that do not agree are what was
changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

from detect.media.features import Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

RATIO = 0.82
"""Nearest over second nearest distance of a match (Lowe's test)."""

LEAST_INLIERS = 8
REACH = 4.0
"""Points that agree on a transform, and pixels by which they may miss."""

SIDE = 320
"""Longest side of the reference when pictures are compared block by block."""

BLOCK = 20
TEXTURE = 5.0
"""Pixels of a block's side, and the standard deviation from which it says anything."""

AGREES = 0.55
"""Correlation from which a block is the same in both."""

LEAST_AGREEING = 0.55
LEAST_BLOCKS = 8
LEAST_SEEN = 0.12
"""Share of visible textured blocks, their number, and the share of the reference that must
be visible, for a copy."""

MOST_OTHER = 0.25
"""Share of blocks that show something in both, and not the same, beyond which it is another
picture in the same template."""

MOST_IN_ONE = 0.18
"""Share of the visible picture that may differ in one piece: beyond, what agrees is only what
lies around."""

OTHER_LIGHT = 25.0
OTHER_PLAIN = 8.0
"""How far brightness may be off (of 255) in a block whose texture agrees, and in one without
texture, where brightness is all there is to compare."""

PLAIN = 8.0
LIKE = 0.4
"""Standard deviation up to which a block has no texture, and correlation from which texture
counts together with brightness."""

CURVED = 60.0
"""Range of brightness from which a curve is fitted to how it was changed, not a line."""

SMALLEST, LARGEST, LONGEST = 0.08, 12.0, 2.2
"""Sizes of a reference in a picture, and its stretch in one direction, that are believed."""

_ALIASES_FROM, _SOFTER_BELOW = 1.3, 0.7
"""Sizes beyond which the sharper of two pictures is blurred before they are compared."""

_INSIDE = 250
_WHOLLY = 0.98
_LEAST_CHANGED = 3
_SPREAD = 4.0


class Placement(msgspec.Struct, frozen=True):
    """A reference found in a picture.

    ``region`` are the corners of the reference in the picture (x, y in its own pixels, from
    the upper left clockwise), ``inliers`` the points that agree, ``agreeing`` the share of
    comparable blocks that are the same, ``seen`` the share of the reference that is visible,
    ``changed`` the rectangles (x, y, width, height as shares of the reference) inside it that
    are not the same.
    """

    region: tuple[tuple[float, float], ...]
    inliers: int
    agreeing: float
    seen: float
    changed: tuple[tuple[float, float, float, float], ...] = ()


def transform_between(
    query: Features, reference: Features
) -> tuple[NDArray[np.float64], int] | None:
    """The affine map from the reference's pixels to the query's, and how many points agree."""
    if len(query) < LEAST_INLIERS or len(reference) < LEAST_INLIERS:
        return None
    theirs, ours = _matches(query, reference)
    if len(theirs) < LEAST_INLIERS:
        return None
    guess, mask = cv2.estimateAffine2D(
        theirs, ours, method=cv2.RANSAC, ransacReprojThreshold=REACH,
        maxIters=3000, confidence=0.999, refineIters=10,
    )  # fmt: skip
    agreeing = np.asarray(mask).ravel().astype(bool)
    distinct = len(np.unique(np.round(ours[agreeing] / 3), axis=0))
    if min(int(agreeing.sum()), distinct) < LEAST_INLIERS:
        return None
    matrix = np.asarray(guess, np.float64)
    return (matrix, distinct) if _plausible(matrix) else None


def _matches(query: Features, reference: Features) -> tuple[Plane, Plane]:
    """Points of the reference and of the query that only match each other."""
    # Dot products of unit vectors stand for distances; they are exact in single precision.
    ours = query.descriptors.astype(np.float32)
    theirs = reference.descriptors.astype(np.float32)
    squares = (ours * ours).sum(axis=1)
    apart = squares[None, :] - 2.0 * (theirs @ ours.T) + (theirs * theirs).sum(axis=1)[:, None]
    nearest = np.argpartition(apart, 1, axis=1)[:, :2]
    values = np.take_along_axis(apart, nearest, axis=1)
    order = np.argsort(values, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    best = np.take_along_axis(nearest, order, axis=1)[:, 0]
    good = values[:, 0] < RATIO * RATIO * values[:, 1]
    return reference.points[good], query.points[best[good]]


def _plausible(matrix: NDArray[np.float64]) -> bool:
    """No reflection, no extreme size, no extreme shear."""
    sizes = np.linalg.svd(matrix[:, :2], compute_uv=False)
    turned = float(np.linalg.det(matrix[:, :2])) > 0
    return bool(
        turned and sizes[1] > SMALLEST and sizes[0] < LARGEST and sizes[0] < LONGEST * sizes[1]
    )


def place(
    query_gray: NDArray[np.uint8],
    query: Features,
    reference_gray: NDArray[np.uint8],
    reference: Features,
) -> Placement | None:
    """The reference in the query, if what lies there is the same picture.

    Args:
        query_gray: the picture as its features were taken of (see ``features.fitted``).
        reference_gray: the reference at any size.
    """
    found = transform_between(query, reference)
    if found is None:
        return None
    matrix, inliers = found
    whole = (reference.width, reference.height)
    seen, agreeing, changed = _compared(query_gray, reference_gray, whole, matrix)
    if agreeing < LEAST_AGREEING or seen < LEAST_SEEN:
        return None
    corners = np.array(
        [
            [0, 0],
            [reference.width, 0],
            [reference.width, reference.height],
            [0, reference.height],
        ]
    )
    there = (corners @ matrix[:, :2].T + matrix[:, 2]) * query.shrunk
    region = tuple((round(float(x), 1), round(float(y), 1)) for x, y in there)
    return Placement(region, inliers, round(agreeing, 3), round(seen, 3), changed)


def _compared(
    query: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    whole: tuple[int, int],
    matrix: NDArray[np.float64],
) -> tuple[float, float, tuple[tuple[float, float, float, float], ...]]:
    """Visible share, share of blocks that agree, and rectangles that were changed."""
    width, height = whole
    shrink = max(height, width) / SIDE
    size = (max(BLOCK, round(width / shrink)), max(BLOCK, round(height / shrink)))
    small = np.asarray(cv2.resize(reference, size, interpolation=cv2.INTER_AREA), np.float32)
    scaled = matrix.copy()
    scaled[:, 0] *= width / size[0]
    scaled[:, 1] *= height / size[1]
    # The query may show it larger than it is compared: blur first, or it would alias.
    larger = float(np.sqrt(abs(np.linalg.det(scaled[:, :2]))))
    source = cv2.GaussianBlur(query, (0, 0), 0.45 * larger) if larger > _ALIASES_FROM else query
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = np.asarray(cv2.warpAffine(source, scaled, size, flags=flags), np.float32)
    there = cv2.warpAffine(np.full(query.shape[:2], 255, np.uint8), scaled, size, flags=flags)
    if larger < _SOFTER_BELOW:
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), 0.45 / larger), np.float32)
    return _blocks(small, laid, np.asarray(there) > _INSIDE)


def _blocks(
    reference: Plane, laid: Plane, there: NDArray[np.bool_]
) -> tuple[float, float, tuple[tuple[float, float, float, float], ...]]:
    window = (BLOCK, BLOCK)
    step = BLOCK // 2
    means = [
        np.asarray(cv2.blur(plane, window), np.float32)[step::step, step::step]
        for plane in (
            reference, laid, reference * reference, laid * laid, reference * laid,
            there.astype(np.float32),
        )
    ]  # fmt: skip
    a, b, aa, bb, ab, inside = means
    visible = inside > _WHOLLY
    own = np.sqrt(np.maximum(aa - a * a, 0))
    other = np.sqrt(np.maximum(bb - b * b, 0))
    says = visible & ((own > TEXTURE) | (other > TEXTURE))
    correlation = (ab - a * b) / np.maximum(own * other, 1.0)
    same = says & (correlation > AGREES)
    counted = int(says.sum())
    if counted < LEAST_BLOCKS:
        return float(visible.mean()), 0.0, ()
    changed = says & (correlation < AGREES / 2)
    # A sticker hides; other content has a texture of its own.
    drawn = visible & (own > TEXTURE) & (other > TEXTURE)
    if int((changed & drawn).sum()) > MOST_OTHER * int(drawn.sum()):
        return float(visible.mean()), 0.0, ()
    alike = _alike(a, b, same)
    plain = (own <= PLAIN) & (other <= PLAIN)
    agreeing = (same & (alike <= OTHER_LIGHT)) | (
        (plain | (correlation > LIKE)) & (alike <= OTHER_PLAIN)
    )
    if _largest(visible & ~agreeing) > MOST_IN_ONE * int(visible.sum()):
        return float(visible.mean()), 0.0, ()
    return float(visible.mean()), float(same.sum() / counted), _rectangles(changed)


def _alike(reference: Plane, laid: Plane, same: NDArray[np.bool_]) -> Plane:
    """How far the brightness of each block is from what follows from those that are the same.

    Beyond the brightness that these have, less is known, and a quarter of the way there is
    forgiven.
    """
    if int(same.sum()) < LEAST_BLOCKS:
        return np.full(reference.shape, np.inf, np.float32)
    x, y = reference[same].astype(np.float64), laid[same].astype(np.float64)
    low, high = float(x.min()), float(x.max())
    within = np.clip(reference, low, high)
    beyond = reference - within
    if float(x.std()) < _SPREAD:
        expected = y.mean() + (within - x.mean())
    else:
        curve = np.polyfit(x, y, 2 if high - low > CURVED else 1)
        expected = np.polyval(curve, within)
    gain = float(np.clip(y.std() / max(float(x.std()), 1.0), 0.3, 1.5))
    off = np.abs(laid - (expected + gain * beyond)) - 0.25 * np.abs(beyond)
    return np.asarray(off, np.float32)


def _largest(grid: NDArray[np.bool_]) -> int:
    """Blocks of the largest connected part."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(grid.astype(np.uint8), connectivity=4)
    return max((int(stats[n][4]) for n in range(1, count)), default=0)


def _rectangles(
    grid: NDArray[np.bool_],
) -> tuple[tuple[float, float, float, float], ...]:
    """Connected blocks as rectangles, the largest first, as shares of the picture."""
    rows, columns = grid.shape
    count, _, stats, _ = cv2.connectedComponentsWithStats(grid.astype(np.uint8), connectivity=8)
    found = sorted((tuple(map(int, stats[n])) for n in range(1, count)), key=lambda s: -s[4])
    return tuple(
        (round(x / columns, 3), round(y / rows, 3), round(w / columns, 3), round(h / rows, 3))
        for x, y, w, h, area in found[:5]
        if area >= _LEAST_CHANGED
    )
