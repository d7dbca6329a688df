"""The distinct texts of one subject in memory: found exactly or by MinHash bands.

Open hash chains in flat arrays, about 300 bytes a text. Everything here can be
made again from the operator's state, row for row in the same order, so that a
restart changes no result.

Nobody can make a look-up long. Which numbers meet in one chain depends on a number drawn
by each process; of those with the same number at most eight live rows are looked at; and
a row that has expired is taken out of a chain by the first look-up that passes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from detect.neardup import BANDS, VALUES, Sketch, estimates

PER_BAND = 8
"""Live texts looked at in one band, newest first: bounds the work in huge families."""
SMALLEST = 16
GROWTH = 1.25
_WORD = 64
_SPREAD = hash("stream.clustering.text_index") & (1 << _WORD) - 1 | 1
"""Another one in each process, as with Python's own tables: nobody outside can choose texts
that meet in one chain. Nothing that is found depends on it."""

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Loaded = tuple[int, int, int, int, int, str | None]
"""Key, offset, expires, kept, posts, cluster of a text."""


class TextIndex:
    """Rows of distinct texts in the order of their first post's offset.

    Row numbers are valid until the next :meth:`add` or :meth:`load`.
    """

    def __init__(self) -> None:
        self.used = 0
        self.dead = 0
        self.cluster_ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._allot(SMALLEST)

    def __len__(self) -> int:
        """Rows in use and not removed; expired ones count until they are swept."""
        return self.used - self.dead

    def memory(self) -> int:
        """Bytes of the arrays."""
        chains = (self._next, self._key_next, self._heads, self._key_heads)
        columns = (*self._columns(), self._sketch, self._cluster, *chains)
        return sum(column.nbytes for column in columns)

    def _allot(self, size: int) -> None:
        self._size = size
        # Half as many chains as rows: chains stay short and cost less memory.
        self._mask = (1 << (size - 1).bit_length()) // 2 - 1
        self._shift = _WORD - self._mask.bit_length()
        self._first_slots = np.arange(BANDS, dtype=np.int64) * (self._mask + 1)
        self._sketch: Sketch = np.zeros((size, VALUES), dtype=np.uint8)
        self._key = np.zeros(size, dtype=np.uint64)
        self._expires = np.zeros(size, dtype=np.int64)
        self._kept = np.zeros(size, dtype=np.int64)
        self._offset = np.zeros(size, dtype=np.int64)
        self._posts = np.zeros(size, dtype=np.int32)
        self._cluster = np.full(size, -1, dtype=np.int32)
        self._next = np.full(size * BANDS, -1, dtype=np.int32)
        self._key_next = np.full(size, -1, dtype=np.int32)
        self._heads = np.full(BANDS * (self._mask + 1), -1, dtype=np.int32)
        self._key_heads = np.full(self._mask + 1, -1, dtype=np.int32)
        # Single elements are read and written several times faster through views.
        self.keys = self._key.data
        self.expires = self._expires.data
        self.kept = self._kept.data
        self.offsets = self._offset.data
        self.posts = self._posts.data
        self.clusters = self._cluster.data
        self._bands = self._sketch.reshape(-1).view(np.uint32).data
        self._nexts = self._next.data
        self._key_nexts = self._key_next.data
        self._key_head = self._key_heads.data

    def find(self, key: int, watermark: int) -> int:
        """Row of the text with that key, -1 when unknown or expired."""
        slot, before = self._key_slot(key), -1
        row = self._key_head[slot]
        while row >= 0:
            following = self._key_nexts[row]
            if self.expires[row] <= watermark:
                if before < 0:
                    self._key_head[slot] = following
                else:
                    self._key_nexts[before] = following
            elif self.keys[row] == key:
                return row
            else:
                before = row
            row = following
        return -1

    def candidates(self, sketch: Sketch, watermark: int, least: float) -> list[int]:
        """Rows that share a band and look at least ``least`` alike, most alike first."""
        found: set[int] = set()
        bands, nexts, expires = self._bands, self._nexts, self.expires
        values: list[int] = sketch.view(np.uint32).tolist()
        slots = self._slots(sketch)
        newest: list[int] = self._heads[slots].tolist()
        for band, first in enumerate(newest):
            row, left, before = first, PER_BAND, -1
            while row >= 0:
                place = row * BANDS + band
                if expires[row] <= watermark:
                    if before < 0:
                        self._heads[slots[band]] = nexts[place]
                    else:
                        nexts[before] = nexts[place]
                else:
                    before = place
                    if bands[place] == values[band]:
                        found.add(row)
                        left -= 1
                        if not left:
                            break
                row = nexts[place]
        if not found:
            return []
        rows = sorted(found)
        alike: list[float] = estimates(self._sketch[rows], sketch).tolist()
        ranked = sorted((-a, row) for a, row in zip(alike, rows, strict=True) if a >= least)
        return [row for _, row in ranked]

    def _slots(self, sketch: Sketch) -> Ints:
        """The place of each band's chain in ``_heads``."""
        slots: Ints = self._spread(sketch.view(np.uint32)) + self._first_slots
        return slots

    def _spread(self, values: npt.NDArray[np.unsignedinteger[Any]]) -> Ints:
        """The chain of each number, by multiplication (Dietzfelbinger et al. 1997)."""
        spread = (values.astype(np.uint64) * np.uint64(_SPREAD)) >> np.uint64(self._shift)
        slots: Ints = spread.astype(np.int64)
        return slots

    def _key_slot(self, key: int) -> int:
        return (key * _SPREAD & _ALL) >> self._shift

    def sketch(self, row: int) -> Sketch:
        """The sketch of a row."""
        found: Sketch = self._sketch[row]
        return found

    def add(self, key: int, sketch: Sketch, offset: int, watermark: int) -> int:
        """A new row without posts or cluster; older row numbers become invalid."""
        if self.used == self._size:
            self._make_room(watermark)
        row = self.used
        self.used += 1
        self.keys[row] = key
        self.offsets[row] = offset
        self.posts[row] = 0
        self.clusters[row] = -1
        self._sketch[row] = sketch
        slots = self._slots(sketch)
        self._next[row * BANDS : (row + 1) * BANDS] = self._heads[slots]
        self._heads[slots] = row
        slot = self._key_slot(key)
        self._key_nexts[row] = self._key_head[slot]
        self._key_head[slot] = row
        return row

    def load(self, rows: Sequence[Loaded], sketches: Sketch) -> None:
        """Fill an empty index: rows in order of their offset."""
        self._allot(max(SMALLEST, int(len(rows) * GROWTH)))
        self.used = len(rows)
        for row, (key, offset, expires, kept, posts, cluster) in enumerate(rows):
            self.keys[row] = key
            self.offsets[row] = offset
            self.expires[row] = expires
            self.kept[row] = kept
            self.posts[row] = posts
            self.clusters[row] = -1 if cluster is None else self.number(cluster)
        self._sketch[: self.used] = sketches
        self._chain()

    def remove(self, row: int) -> None:
        """Forget the text."""
        self.expires[row] = _GONE
        self.dead += 1

    def sweep(self, watermark: int) -> None:
        """Count expired rows as removed."""
        expired = self._expires[: self.used] <= watermark
        self._expires[: self.used][expired] = _GONE
        self.dead = int(np.count_nonzero(expired))

    def oldest(self, count: int) -> list[int]:
        """Rows last seen longest ago (then first added), the removed ones left out."""
        live = np.flatnonzero(self._expires[: self.used] > _GONE)
        order = np.lexsort((live, self._expires[live]))
        return [int(row) for row in live[order[:count]]]

    def number(self, cluster_id: str) -> int:
        """The number of a cluster, given out at first sight."""
        number = self._numbers.get(cluster_id)
        if number is None:
            number = self._numbers[cluster_id] = len(self.cluster_ids)
            self.cluster_ids.append(cluster_id)
        return number

    def cluster_of(self, row: int) -> str | None:
        """Cluster id of a row."""
        number = self.clusters[row]
        return None if number < 0 else self.cluster_ids[number]

    def relabel(self, old: str, new: str) -> None:
        """Move all rows of one cluster to another."""
        rows = self._cluster[: self.used]
        rows[rows == self.number(old)] = self.number(new)

    def first_of(self, cluster_id: str, watermark: int) -> int:
        """The oldest live row of a cluster, -1 when there is none."""
        mine = self._cluster[: self.used] == self.number(cluster_id)
        rows = np.flatnonzero(mine & (self._expires[: self.used] > watermark))
        return int(rows[0]) if len(rows) else -1

    def _make_room(self, watermark: int) -> None:
        """Drop removed rows, or grow where there are few of them."""
        self.sweep(watermark)
        live = np.flatnonzero(self._expires[: self.used] > _GONE)
        old = self._columns()
        sketch, cluster, names = self._sketch, self._cluster, self.cluster_ids
        self._allot(max(SMALLEST, int(len(live) * GROWTH)))
        new = self._columns()
        self.used, self.dead = len(live), 0
        for source, target in zip(old, new, strict=True):
            target[: self.used] = source[live]
        self._sketch[: self.used] = sketch[live]
        self.cluster_ids, self._numbers = [], {}
        numbers: list[int] = cluster[live].tolist()
        for row, number in enumerate(numbers):
            if number >= 0:
                self.clusters[row] = self.number(names[number])
        self._chain()

    def _columns(self) -> list[npt.NDArray[Any]]:
        return [self._key, self._expires, self._kept, self._offset, self._posts]

    def _chain(self) -> None:
        """Build all chains anew, newest row first, as adding one by one does."""
        bands = self._sketch.reshape(-1).view(np.uint32).reshape(-1, BANDS)[: self.used]
        width = self._mask + 1
        following = self._next.reshape(-1, BANDS)
        for band in range(BANDS):
            slots = self._spread(bands[:, band])
            heads = self._heads[band * width : (band + 1) * width]
            following[: self.used, band] = _linked(slots, heads)
        slots = self._spread(self._key[: self.used])
        self._key_next[: self.used] = _linked(slots, self._key_heads)


_ALL = (1 << _WORD) - 1
_GONE = 0
"""Expiry of removed rows; every watermark is beyond it or equal."""


def _linked(slots: Ints, heads: Numbers) -> Numbers:
    """For each row the next older one in its slot; ``heads`` gets the newest."""
    order = np.argsort(slots, kind="stable")
    ordered = slots[order]
    older = np.full(len(slots), -1, dtype=np.int32)
    same = ordered[1:] == ordered[:-1]
    older[order[1:][same]] = order[:-1][same]
    heads[slots] = np.arange(len(slots), dtype=np.int32)
    return older
