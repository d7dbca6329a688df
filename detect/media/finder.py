"""Which of many references lie in a picture: candidates by words, each then laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from detect.media.examined import Look
from detect.media.features import mirrored, unpacked
from detect.media.placing import Placement, place
from detect.media.words import WordIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LAID_OVER = 8
MOST_MIRRORED = 4
"""Candidates that are looked at closely, as they are and left to right."""

LEAST_SEEN_MIRRORED = 0.3
"""Share of a reference that must be visible left to right: lines of words in both are laid
over each other upside down too."""


class Found(msgspec.Struct, frozen=True):
    """The ``place`` of a reference among all, where it lies, and whether left to right."""

    place: int
    placement: Placement
    mirrored: bool = False


class Finder:
    """An immutable set of references, each known by its place.

    Raises:
        ValueError: a look holds no features, or not as many pixels as it says.
    """

    def __init__(self, references: Sequence[Look]) -> None:
        self._features = [unpacked(one.features) for one in references]
        self._pixels = [_pixels(one) for one in references]
        self._words = WordIndex(self._features)

    def find(self, look: Look) -> list[Found]:
        """References in a picture, those with most points first.

        Raises:
            ValueError: the look holds no features, or not as many pixels as it says.
        """
        features, pixels = unpacked(look.features), _pixels(look)
        found: dict[int, Found] = {}
        for flipped, most in ((False, MOST_LAID_OVER), (True, MOST_MIRRORED)):
            if flipped:
                features = mirrored(features)
                pixels = np.ascontiguousarray(pixels[:, ::-1])
            for candidate in self._words.candidates(features, most):
                if candidate in found:
                    continue
                placement = place(
                    pixels, features, self._pixels[candidate], self._features[candidate]
                )
                if placement is None or (flipped and placement.seen < LEAST_SEEN_MIRRORED):
                    continue
                if flipped:
                    placement = _turned_back(placement, features.width * features.shrunk)
                found[candidate] = Found(candidate, placement, flipped)
        return sorted(found.values(), key=lambda one: (-one.placement.inliers, one.place))


def _turned_back(placement: Placement, width: float) -> Placement:
    """A region of the mirrored picture as one of the picture itself."""
    region = tuple((round(width - x, 1), y) for x, y in placement.region)
    return msgspec.structs.replace(placement, region=region)


def _pixels(look: Look) -> NDArray[np.uint8]:
    if len(look.pixels) != look.width * look.height or not look.pixels:
        raise ValueError("a look has not as many pixels as it says")
    return np.frombuffer(look.pixels, np.uint8).reshape(look.height, look.width)
