"""Where a number stands among the objects of the rows held: the newest place, and those before.

A table with open addresses leads from a number to its newest place, and each place to
the one before it with the same number. So what is rare is found at once, however often
other numbers occur. It takes 4 bytes a place and about 13 a number.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np

SMALLEST = 1 << 10
FULL = 0.625
"""Part of the table in use at which it is made anew,"""
ROOM = 2.5
"""and how many times the numbers held it is then."""
_SPREAD = hash("stream.coordination.chains") & (1 << 64) - 1 | 1
"""Another one in each process, as with Python's own tables: nobody outside can choose texts
whose numbers meet at one place. Nothing that is found depends on it."""
_SHIFT = 40


class Chains:
    """Places of numbers that are not 0, by absolute position in ``keys``.

    Args:
        keys: all numbers held, in order; the owner adds to it and removes from its beginning,
            and then tells :meth:`add` and :meth:`drop`.
        floor: position of the first one.
    """

    def __init__(self, keys: array[int], floor: int) -> None:
        self._keys = keys
        self._floor = floor
        self._before = array("I")
        self._allot(SMALLEST)

    def _allot(self, size: int) -> None:
        self._mask = size - 1
        self._most = int(size * FULL)
        self._used = 0
        self._origin = self._floor - 1
        """Positions are noted from here, so that 0 says that nothing is noted."""
        self._slots = array("I", bytes(4 * size))

    def add(self, count: int) -> None:
        """So many numbers were added to ``keys``."""
        if self._used + count > self._most or self._beyond(count):
            self._again()
        keys, before = self._keys, self._before
        first = len(keys) - count
        before.extend([0] * count)
        for index in range(first, len(keys)):
            value = keys[index]
            if value:
                slot, held = self._find(value)
                if held >= 0:
                    before[index] = index - held
                self._slots[slot] = index + self._floor - self._origin

    def _beyond(self, count: int) -> bool:
        return len(self._keys) + self._floor - self._origin + count >= 1 << 32

    def _find(self, value: int) -> tuple[int, int]:
        """The slot of a number, or one for it, and the index of its newest place (or -1)."""
        slots, keys, mask = self._slots, self._keys, self._mask
        offset = self._origin - self._floor
        slot = (value * _SPREAD >> _SHIFT) & mask
        free = -1
        while noted := slots[slot]:
            index = noted + offset
            if index < 0:
                # Its row has left: the slot may be used again.
                free = slot if free < 0 else free
            elif keys[index] == value:
                return slot, index
            slot = (slot + 1) & mask
        if free < 0:
            self._used += 1
            return slot, -1
        return free, -1

    def newest(self, value: int) -> Iterator[int]:
        """Positions of a number, newest first."""
        slots, keys, mask = self._slots, self._keys, self._mask
        offset = self._origin - self._floor
        slot = (value * _SPREAD >> _SHIFT) & mask
        while noted := slots[slot]:
            index = noted + offset
            if index >= 0 and keys[index] == value:
                break
            slot = (slot + 1) & mask
        else:
            return
        while index >= 0:
            yield index + self._floor
            index = self._older(index, value)

    def older(self, position: int, value: int) -> int:
        """The position before one with the same number, -1 where there is none."""
        index = self._older(position - self._floor, value)
        return -1 if index < 0 else index + self._floor

    def _older(self, index: int, value: int) -> int:
        """Walks past places that were blanked, and lets the next walk leap over them."""
        keys, before = self._keys, self._before
        step = before[index]
        if not step:
            return -1
        older = index - step
        while older >= 0 and keys[older] != value:
            step = before[older]
            older = older - step if step else -1
        before[index] = index - older if older >= 0 else 0
        return older

    def blank(self, first: int, count: int) -> None:
        """Forget the numbers from a position on, before they are overwritten with 0."""
        for position in range(first, first + count):
            index = position - self._floor
            value = self._keys[index]
            if not value:
                continue
            slot, held = self._find(value)
            begin = first - self._floor
            while begin <= held < begin + count:
                held = self._older(held, value)
                if held >= 0:
                    self._slots[slot] = held + self._floor - self._origin

    def drop(self, count: int) -> None:
        """So many numbers left the beginning of ``keys``."""
        del self._before[:count]
        self._floor += count

    def _again(self) -> None:
        """Make the table anew, large enough for the numbers held and without any other."""
        held = np.frombuffer(self._keys, dtype=np.uint64)
        last = held[: len(self._before)][::-1]
        values, places = np.unique(last, return_index=True)
        size = SMALLEST
        while size < ROOM * (len(values) + 1):
            size *= 2
        self._allot(size)
        newest = (len(last) - 1 - places).tolist()
        for value, index in zip(values.tolist(), newest, strict=True):
            if value:
                slot, _ = self._find(value)
                self._slots[slot] = index + self._floor - self._origin
