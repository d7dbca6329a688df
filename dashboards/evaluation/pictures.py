"""How well reposted pictures are found: every transform of every picture, against all of them.

A picture counts as found when it is among the matches of its transform, by hash or by local
features with candidates chosen by the index, as ``jikimi bank match`` does it. A match with any
other picture is false, but for those that the transform itself put in (collages). For
templates, pictures in one frame are held against each other: none is a copy.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import msgspec
import numpy as np

from dashboards.evaluation.reposter_sets import FIRST, SECOND
from dashboards.evaluation.reposters import templated
from detect.media.caged import PREVIEW_SIDE
from detect.media.examined import Look
from detect.media.features import (
    QUERY_POINTS,
    QUERY_SIDE,
    REFERENCE_POINTS,
    REFERENCE_SIDE,
    features_of,
    fitted,
    packed,
)
from detect.media.finder import Finder
from detect.media.pdq import GOOD_QUALITY, MATCH, distance, pdq, pdq_dihedral

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dashboards.evaluation.reposters import Transform

    Picture = NDArray[np.uint8]

Half = Literal["first", "second"]
TRANSFORMS: Mapping[Half, Mapping[str, Transform]] = {"first": FIRST, "second": SECOND}

SIDE = 1024
"""Longest side of a picture before it is transformed."""

SMALLEST = 300
APART = 90
"""Pixels a side, and bits to every other picture, of one that takes part."""

OTHERS = 9
"""Pictures that a transform may put beside one."""


class Row(msgspec.Struct, frozen=True):
    """Shares of pictures found under one transform: by hash alone, and by both."""

    transform: str
    by_hash: float
    found: float


class Report(msgspec.Struct, frozen=True):
    """All transforms of a half; pairs that were looked at closely and were false."""

    half: Half
    references: int
    queries: int
    rows: list[Row]
    false: int
    pairs: int
    template_false: int
    template_pairs: int

    @property
    def by_hash(self) -> float:
        return float(np.mean([row.by_hash for row in self.rows]))

    @property
    def found(self) -> float:
        return float(np.mean([row.found for row in self.rows]))

    def interval(self) -> tuple[float, float]:
        """95 % of the mean over transforms: 2,000 resamples of them."""
        values = np.array([row.found for row in self.rows])
        rng = np.random.default_rng(1)
        means = values[rng.integers(0, len(values), (2000, len(values)))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)


def pictures(folder: Path) -> Iterator[Picture]:
    """Pictures of a folder in an order of no meaning, each unlike all others."""
    kept: list[bytes] = []
    files = [one for one in folder.rglob("*") if one.is_file()]
    for file in sorted(files, key=lambda one: (zlib.crc32(one.name.encode()), str(one))):
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None or min(image.shape[:2]) < SMALLEST:
            continue
        size = max(image.shape[:2]) / SIDE
        small = cv2.resize(image, None, fx=1 / size, fy=1 / size, interpolation=cv2.INTER_AREA)
        plain = np.asarray(small, np.uint8)
        found = pdq(plain)
        if found.quality < GOOD_QUALITY:
            continue
        # Other crops and colours of one picture would be true matches that count as false.
        views = [one.bits for one in pdq_dihedral(plain).values()]
        if any(distance(view, other) < APART for view in views for other in kept):
            continue
        kept.append(found.bits)
        yield plain


def measure(
    taken: list[Picture],
    half: Half,
    *,
    every: int = 1,
    tell: Callable[[Row], None] | None = None,
) -> Report:
    """Transform each ``every``-th picture in all ways of a half and look for it among all.

    Raises:
        ValueError: there are fewer than two pictures.
    """
    if len(taken) < 2:  # noqa: PLR2004
        raise ValueError("at least two pictures are needed")
    hashes = [pdq(one).bits for one in taken]
    finder = Finder([_look(_gray(one), reference=True) for one in taken])
    chosen = range(0, len(taken), every)
    rows: list[Row] = []
    false = pairs = 0
    for name, transform in TRANSFORMS[half].items():
        by_hash = found = 0
        for number in chosen:
            beside = {(number + step) % len(taken) for step in range(1, OTHERS + 1)} - {number}
            others = [taken[(number + step) % len(taken)] for step in range(1, OTHERS + 1)]
            out = np.ascontiguousarray(
                transform(taken[number], np.random.default_rng(number), others)
            )
            views = [one.bits for one in pdq_dihedral(out).values()]
            near = any(distance(view, hashes[number]) <= MATCH for view in views)
            places = {one.place for one in finder.find(_look(_gray(out), reference=False))}
            by_hash += near
            found += near or number in places
            false += len(places - beside - {number})
            pairs += len(taken) - 1 - len(beside)
        rows.append(Row(name, by_hash / len(chosen), found / len(chosen)))
        if tell is not None:
            tell(rows[-1])
    wrong, held = _templates([taken[number] for number in chosen])
    return Report(half, len(taken), len(chosen), rows, false, pairs, wrong, held)


def _templates(taken: list[Picture]) -> tuple[int, int]:
    """Different pictures in one template that were taken for each other, of how many pairs."""
    rng = np.random.default_rng(0)
    framed = [_gray(templated(one, rng, (), 0.6)) for one in taken]
    finder = Finder([_look(one, reference=True) for one in framed])
    wrong = 0
    for number, gray in enumerate(framed):
        found = finder.find(_look(gray, reference=False))
        wrong += sum(one.place != number for one in found)
    return wrong, len(framed) * (len(framed) - 1)


def _gray(image: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def _look(gray: Picture, *, reference: bool) -> Look:
    """As the cage makes it."""
    side, points = (
        (REFERENCE_SIDE, REFERENCE_POINTS) if reference else (QUERY_SIDE, QUERY_POINTS)
    )
    kept, _ = fitted(gray, PREVIEW_SIDE if reference else QUERY_SIDE)
    features = packed(features_of(gray, side=side, points=points))
    return Look(features, np.ascontiguousarray(kept).tobytes(), kept.shape[1], kept.shape[0])
