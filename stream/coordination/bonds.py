"""Accounts that belong to a campaign by what they share with its members, piece by piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stream.coordination.arrays import among
from stream.coordination.objects import SHARED
from stream.coordination.table import Columns

LEAST = 2
"""Different objects shared with members, each within a day, that bind an account."""
DAY_MS = 24 * 60 * 60 * 1000

Numbers = npt.NDArray[np.uint64]


class Bonds:
    """What trusted accounts and everybody shared lately.

    Args:
        trusted: account numbers in order.
    """

    def __init__(self, columns: Columns, trusted: Numbers) -> None:
        objects: list[Numbers] = []
        places: list[npt.NDArray[np.int64]] = []
        for column in SHARED:
            rows = np.flatnonzero(columns.keys[:, column])
            rows = rows[among(columns.account[rows], trusted)]
            objects.append(columns.keys[rows, column])
            places.append(rows)
        object_ = np.concatenate(objects)
        place = np.concatenate(places)
        order = np.lexsort((place, object_))
        self._object, self._place = object_[order], place[order]
        self._account = columns.account[self._place]
        self._at = columns.at[self._place]

    def with_members(self, members: Numbers) -> list[tuple[int, int]]:
        """Posts (by place) of others that share an object with members, with the object.

        Only of accounts that do so with several objects.
        """
        inside = among(self._account, members)
        near = self._near(inside)
        found = np.flatnonzero(near & ~inside)
        order = np.lexsort((self._object[found], self._account[found]))
        account, object_ = self._account[found][order], self._object[found][order]
        new = np.ones(len(order), dtype=np.bool_)
        new[1:] = (account[1:] != account[:-1]) | (object_[1:] != object_[:-1])
        accounts, counts = np.unique(account[new], return_counts=True)
        bound = found[among(self._account[found], accounts[counts >= LEAST])]
        return [(int(self._place[n]), int(self._object[n])) for n in bound]

    def _near(self, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Whether a member shared the same object within a day."""
        near = np.zeros(len(inside), dtype=np.bool_)
        starts = np.flatnonzero(np.r_[True, self._object[1:] != self._object[:-1]])
        for start, stop in zip(starts, [*starts[1:], len(inside)], strict=True):
            mine = inside[start:stop]
            if mine.any() and not mine.all():
                at = self._at[start:stop]
                members = np.sort(at[mine])
                low = np.searchsorted(members, at - DAY_MS, side="left")
                high = np.searchsorted(members, at + DAY_MS, side="right")
                near[start:stop] = high > low
        return near
