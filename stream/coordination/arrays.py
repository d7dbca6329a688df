"""Sets as sorted arrays: the different values, and which are among known ones."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind", np.int64, np.uint64)


def sorted_once(values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """The different values in order."""
    found = np.sort(values)
    first = np.ones(len(found), dtype=np.bool_)
    np.not_equal(found[1:], found[:-1], out=first[1:])
    return found[first]


def among(values: npt.NDArray[Kind], known: npt.NDArray[Kind]) -> npt.NDArray[np.bool_]:
    """Which values are in a sorted array of known ones."""
    if not len(known):
        return np.zeros(len(values), dtype=np.bool_)
    place = np.searchsorted(known, values)
    place[place == len(known)] = 0
    found: npt.NDArray[np.bool_] = known[place] == values
    return found
