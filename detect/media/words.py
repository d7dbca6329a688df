"""Which of many pictures may share local features with one: a short list to look at closely.

Every descriptor is cut into a few words of bits, the sides of random planes on which it lies
(locality-sensitive hashing, Charikar 2002). Descriptors of the same point share words far more
often than others; a picture is a candidate by how many words it shares, rare ones counting
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from detect.media.features import LENGTH, Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

TABLES = 6
BITS = 18
"""Words of a descriptor, and bits of a word."""

COMMON = 2_000
"""Descriptors under one word beyond which it says nothing."""

_SEED = 20_261_125


class WordIndex:
    """An immutable index of pictures by their features; each is known by its place."""

    def __init__(self, pictures: Sequence[Features]) -> None:
        self._size = len(pictures)
        planes = np.random.default_rng(_SEED).standard_normal((LENGTH, TABLES * BITS))
        self._planes = planes.astype(np.float32)
        everything = [one.descriptors for one in pictures if len(one)]
        self._centre = (
            np.concatenate(everything).mean(axis=0, dtype=np.float64).astype(np.float32)
            if everything
            else np.zeros(LENGTH, np.float32)
        )
        owners = np.repeat(np.arange(self._size), [len(one) for one in pictures])
        words = [self._words(one.descriptors) for one in pictures]
        joined = np.concatenate(words) if words else np.empty((0, TABLES), np.int64)
        self._tables: list[tuple[NDArray[np.int64], NDArray[np.intp]]] = []
        for table in range(TABLES):
            order = np.argsort(joined[:, table], kind="stable")
            self._tables.append((joined[order, table], owners[order]))

    def candidates(self, query: Features, most: int) -> list[int]:
        """Places of at most ``most`` pictures, the likeliest first."""
        votes = np.zeros(self._size)
        words = self._words(query.descriptors)
        for table, (held, owners) in enumerate(self._tables):
            asked = np.unique(words[:, table])
            begin = np.searchsorted(held, asked, side="left")
            lengths = np.searchsorted(held, asked, side="right") - begin
            useful = (lengths > 0) & (lengths <= COMMON)
            begin, lengths = begin[useful], lengths[useful]
            if not len(begin):
                continue
            ends = np.cumsum(lengths)
            rows = np.arange(int(ends[-1])) - np.repeat(ends - lengths, lengths)
            rows += np.repeat(begin, lengths)
            np.add.at(votes, owners[rows], np.repeat(1.0 / lengths, lengths))
        order = np.argsort(-votes, kind="stable")[:most]
        return [int(place) for place in order if votes[place] > 0]

    def _words(self, descriptors: NDArray[np.uint8]) -> NDArray[np.int64]:
        centred = descriptors.astype(np.float32) - self._centre
        sides = (centred @ self._planes > 0).reshape(-1, TABLES, BITS)
        return sides @ (1 << np.arange(BITS, dtype=np.int64))
