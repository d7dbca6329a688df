"""Closed circles: the same accounts, and hardly anybody else, come again with something else.

Fans meet again too, but in crowds: of two hundred who vote and two hundred who stream a few
dozen are the same. Accounts that are run together share one thing after another among
themselves alone. So what is measured is how much of two sets of sharers is common to both
(Jaccard), and how surprising that is for accounts that share as much as these people do.
What is done openly, and by machines that repeat themselves, makes no circle.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stream.coordination.past import Actions, actions
from stream.coordination.table import Table
from stream.coordination.usual import surprise_of_meeting

CIRCLE = np.dtype([("object", "<u8"), ("surprise", "<f4")])
"""An object that a closed circle shared, and how surprising that it met again is."""
FEWEST, MOST = 4, 200
"""Sharers of an object that may be a circle's."""
OPENLY = 60
"""Mean openness (0 to 100) from which an object makes no circle, as for fan events."""
REPEATING = 3.0
"""Posts an account with one object from which machines repeat themselves."""
APART_MS = 60 * 60 * 1000
"""Time between an account's two posts from which it came again."""
SAME = 0.3
"""Jaccard overlap of two sets of sharers from which they are one circle."""
UNLIKELY = 5.0
"""-log10 of the chance from which a circle is told: thousands of pairs are compared."""
MOSTLY = 0.5
"""Share of accounts that must belong to circles for all of them to be taken as one."""
MOST_OF_ACCOUNT = 32
"""Newest objects of one account that are compared."""
MOST_CIRCLES = 4_096

Circles = npt.NDArray[np.void]
Numbers = npt.NDArray[np.int64]


def circles(table: Table, past: Actions) -> Circles:
    """The objects of closed circles among what was shared in two weeks, by object number."""
    every = np.concatenate([past, actions(table.columns(), table.base)])
    every = every[every["account"] != 0]
    if not len(every):
        return np.zeros(0, dtype=CIRCLE)
    names, objects = np.unique(every["object"], return_inverse=True)
    _, accounts = np.unique(every["account"], return_inverse=True)
    order = np.lexsort((every["at"], accounts, objects))
    objects, accounts = objects[order], accounts[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (objects[1:] != objects[:-1]) | (accounts[1:] != accounts[:-1])
    shares = np.bincount(objects)
    sizes = np.bincount(objects[first])
    openness = np.bincount(objects, weights=every["open"][order]) / shares
    fit = (sizes >= FEWEST) & (sizes <= MOST) & (openness < OPENLY)
    fit &= shares < REPEATING * sizes
    rows = np.flatnonzero(first)
    rows = rows[fit[objects[rows]]]
    one, other, common = _meetings(
        objects[rows], accounts[rows], every["at"][order][rows], every["post"][order][rows]
    )
    same = common >= SAME * (sizes[one] + sizes[other] - common)
    meeting = zip(one[same].tolist(), other[same].tolist(), common[same].tolist(), strict=True)
    usual = _Usual(objects[first], accounts[first])
    found: dict[int, float] = {}
    for a, b, count in meeting:
        surprise = surprise_of_meeting(count, usual.chance(a, b))
        if surprise >= UNLIKELY:
            for value in (a, b):
                found[value] = max(found.get(value, 0.0), surprise)
    return _kept(names, found)


def circling(
    surprises: Sequence[float],
    sharers: Sequence[npt.NDArray[np.uint64]],
    accounts: npt.NDArray[np.uint64],
) -> float:
    """How surprising the closed circles are to which most of the accounts belong, 0 without.

    Args:
        surprises: of each object of theirs that a circle shared.
        sharers: of each of these objects.
        accounts: all of them; a few friends in a crowd do not make the crowd a circle.
    """
    if not surprises or np.isin(accounts, np.concatenate(sharers)).mean() < MOSTLY:
        return 0.0
    return max(surprises)


def _meetings(
    objects: Numbers, accounts: Numbers, at: Numbers, post: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Pairs of objects that at least four accounts shared at different times, with how many.

    Each account has each object once in these arrays.
    """
    order = np.lexsort((objects, -at, accounts))
    objects, accounts, at, post = objects[order], accounts[order], at[order], post[order]
    place = np.arange(len(order)) - np.searchsorted(accounts, accounts, side="left")
    kept = place < MOST_OF_ACCOUNT
    objects, accounts, at, post = objects[kept], accounts[kept], at[kept], post[kept]
    width = int(objects.max()) + 1 if len(objects) else 1
    pairs: list[Numbers] = [np.zeros(0, dtype=np.int64)]
    for lag in range(1, min(MOST_OF_ACCOUNT, len(objects))):
        near, far = slice(None, -lag), slice(lag, None)
        mine = accounts[near] == accounts[far]
        if not mine.any():
            break
        mine &= (np.abs(at[near] - at[far]) >= APART_MS) & (post[near] != post[far])
        low = np.minimum(objects[near], objects[far])[mine]
        high = np.maximum(objects[near], objects[far])[mine]
        pairs.append(low * width + high)
    found, common = np.unique(np.concatenate(pairs), return_counts=True)
    often = common >= FEWEST
    return found[often] // width, found[often] % width, common[often]


class _Usual:
    """How often two sets of accounts would meet if everybody shared as much as they do."""

    def __init__(self, objects: Numbers, accounts: Numbers) -> None:
        self._busy = np.bincount(accounts).astype(np.float64)
        self._accounts = accounts
        self._starts = np.searchsorted(objects, np.arange(int(objects.max()) + 2))
        self._all, self._square = self._busy.sum(), (self._busy**2).sum()

    def chance(self, one: int, other: int) -> float:
        """Accounts that two objects would have in common; all other accounts are the measure.

        A ring that is half of a small subject's posts must not be its own.
        """
        mine = self._of(one), self._of(other)
        own = self._busy[np.union1d(*mine)]
        rest = self._all - own.sum()
        share = (self._square - (own**2).sum()) / rest**2 if rest > 0 else 1.0
        return float(len(mine[0]) * len(mine[1]) * share)

    def _of(self, value: int) -> Numbers:
        return self._accounts[self._starts[value] : self._starts[value + 1]]


def _kept(names: npt.NDArray[np.uint64], found: dict[int, float]) -> Circles:
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))[:MOST_CIRCLES]
    out = np.zeros(len(ranked), dtype=CIRCLE)
    out["object"] = names[[value for value, _ in ranked]] if ranked else ()
    out["surprise"] = [surprise for _, surprise in ranked]
    return np.sort(out, order="object")
