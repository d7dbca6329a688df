"""Exact search for hashes within a number of differing bits, by comparing with all of them.

Up to a million hashes comparing is as fast as any index that never misses, and nothing has
to be rebuilt when one is added or taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from detect.media.pdq import BYTES, MATCH

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORDS = BYTES // 8
_ROWS = 16_384
"""Rows compared in one step: what is written in between stays in the processor's cache."""

_FIRST = 2
"""Words that are compared first: most hashes are already too far in half of their bits."""


class HashTable:
    """An immutable table of 256-bit hashes, each known by its place.

    Args:
        hashes: 32 bytes each.

    Raises:
        ValueError: one is not 32 bytes long.
    """

    def __init__(self, hashes: Sequence[bytes]) -> None:
        if any(len(one) != BYTES for one in hashes):
            raise ValueError(f"a hash has {BYTES} bytes")
        words = np.frombuffer(b"".join(hashes), np.uint64).reshape(-1, _WORDS)
        self._columns: list[NDArray[np.uint64]] = [
            np.ascontiguousarray(words[:, column]) for column in range(_WORDS)
        ]

    def __len__(self) -> int:
        return len(self._columns[0])

    def within(self, query: bytes, bits: int = MATCH) -> list[tuple[int, int]]:
        """Place and distance of every hash at most ``bits`` away, nearest first."""
        asked = np.frombuffer(query, np.uint64)
        near = self._candidates(asked, bits)
        apart = np.zeros(len(near), np.uint16)
        for column, word in zip(self._columns, asked, strict=True):
            apart += np.bitwise_count(column[near] ^ word)
        order = np.argsort(apart, kind="stable")
        return [
            (int(near[place]), int(apart[place])) for place in order if apart[place] <= bits
        ]

    def _candidates(self, asked: NDArray[np.uint64], bits: int) -> NDArray[np.intp]:
        """Places of hashes that are near in the words compared first."""
        first, second = self._columns[:_FIRST]
        found: list[NDArray[np.intp]] = []
        mixed = np.empty(_ROWS, np.uint64)
        apart, more = np.empty(_ROWS, np.uint8), np.empty(_ROWS, np.uint8)
        for start in range(0, len(first), _ROWS):
            size = len(first[start : start + _ROWS])
            part = slice(start, start + size)
            np.bitwise_xor(first[part], asked[0], mixed[:size])
            np.bitwise_count(mixed[:size], apart[:size])
            np.bitwise_xor(second[part], asked[1], mixed[:size])
            np.bitwise_count(mixed[:size], more[:size])
            np.add(apart[:size], more[:size], apart[:size])
            found.append(np.flatnonzero(apart[:size] <= bits) + start)
        return np.concatenate(found) if found else np.empty(0, np.intp)
