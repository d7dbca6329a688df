"""Exact search for hashes within a number of differing bits.

A small table is compared as a whole. In a large one a hash is looked up by its sixteen pieces
of sixteen bits: of two hashes that differ in at most 31 bits, one piece at least differs in
none or one of its bits (Norouzi, Punjani and Fleet, "Fast exact search in Hamming space with
multi-index hashing", 2014). Where too many share a piece the table is compared as a whole
after all, so nothing is ever missed.
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

_INDEXED_FROM = 50_000
"""Hashes from which looking up is faster than comparing."""

_PIECES, _PIECE_BITS = 16, 16
_MOST_SHARED = 8
"""A lookup that leads to more than one in so many of all hashes is no faster than comparing."""

_NEIGHBOURS = np.array([0, *(1 << bit for bit in range(_PIECE_BITS))], np.uint16)
"""Added to a piece without carrying: itself, and all that differ in one bit."""


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
        self._pieces = _Pieces(words) if len(words) >= _INDEXED_FROM else None

    def __len__(self) -> int:
        return len(self._columns[0])

    def within(self, query: bytes, bits: int = MATCH) -> list[tuple[int, int]]:
        """Place and distance of every hash at most ``bits`` away, nearest first."""
        asked = np.frombuffer(query, np.uint64)
        near = None
        if self._pieces is not None and bits < 2 * _PIECES:
            near = self._pieces.sharing(query)
        if near is None:
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


class _Pieces:
    """Places of hashes by each of their pieces: those of one value lie side by side."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        pieces = words.view(np.uint16).reshape(-1, _PIECES)
        self._size = len(pieces)
        orders: list[NDArray[np.int32]] = []
        begins: list[NDArray[np.int64]] = []
        for number in range(_PIECES):
            column = np.ascontiguousarray(pieces[:, number])
            orders.append(np.argsort(column, kind="stable").astype(np.int32))
            counts = np.bincount(column, minlength=1 << _PIECE_BITS)
            begins.append(np.concatenate([[0], np.cumsum(counts)]) + number * self._size)
        self._order = np.concatenate(orders)
        self._begin = np.stack(begins)
        self._rows = np.arange(_PIECES)[:, None]

    def sharing(self, query: bytes) -> NDArray[np.intp] | None:
        """Places of hashes that have a piece in common but for one bit, each once; None if
        there are too many of them."""
        asked = np.frombuffer(query, np.uint16)[:, None] ^ _NEIGHBOURS
        begin = self._begin[self._rows, asked].ravel()
        lengths = self._begin[self._rows, asked.astype(np.int64) + 1].ravel() - begin
        total = int(lengths.sum())
        if total * _MOST_SHARED > self._size:
            return None
        ends = np.cumsum(lengths)
        rows = np.arange(total) + np.repeat(begin - (ends - lengths), lengths)
        found = np.sort(self._order[rows])
        first = np.ones(len(found), np.bool_)
        first[1:] = found[1:] != found[:-1]
        return np.asarray(found[first], np.intp)
