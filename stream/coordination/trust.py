"""Account scores from shared objects: judged by the company an account keeps.

An account scores for each object (text family, link, picture) that it shared
within a day of somebody else, weighted by the mean trust of those others, where
``trust = s / (s + 5)`` and the first round counts each object as one. Repeating
this eight times lets accounts that recur together lift each other, while those
who share a popular object with one-off accounts fall silent. It needs no pair
to meet twice, so rotating partners do not hide. What is shared openly (official
links, declared projects) counts less, in the measure of its openness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW_MS = 24 * 60 * 60 * 1000
HALF_TRUST = 5.0
ROUNDS = 8

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shares:
    """First shares: account ``account[i]`` shared ``object[i]`` at ``at[i]`` (ms).

    ``weight`` is what a share counts at most, 0 to 1.
    """

    object: Ints
    account: Ints
    at: Ints
    weight: Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """By account index: the recursive score and the plain number of co-shared objects."""

    score: Floats
    objects: Ints


def first_shares(
    objects: Sequence[int] | Ints,
    accounts: Sequence[int] | Ints,
    at: Sequence[int] | Ints,
    weights: Floats | None = None,
) -> Shares:
    """Keep the earliest share of each object by each account, ordered for scoring."""
    obj, acc, when = (np.asarray(values, dtype=np.int64) for values in (objects, accounts, at))
    weight = np.ones(len(obj)) if weights is None else weights
    order = np.lexsort((when, acc, obj))
    obj, acc, when, weight = obj[order], acc[order], when[order], weight[order]
    first = np.ones(len(obj), dtype=bool)
    first[1:] = (obj[1:] != obj[:-1]) | (acc[1:] != acc[:-1])
    obj, acc, when, weight = obj[first], acc[first], when[first], weight[first]
    order = np.lexsort((acc, when, obj))
    return Shares(obj[order], acc[order], when[order], weight[order])


def company_scores(shares: Shares, accounts: int) -> Scores:
    """Score ``accounts`` many accounts; those who never co-shared get 0.

    Source: the "trust" ranking of docs/decisions/0022-coordination.md, measured there.
    """
    count = len(shares.object)
    if count == 0:
        return Scores(np.zeros(accounts), np.zeros(accounts, dtype=np.int64))
    low, high = _windows(shares)
    others = high - low - 1
    together = others > 0
    objects = np.bincount(shares.account[together], minlength=accounts).astype(np.int64)
    score = _sums(shares.account, np.where(together, shares.weight, 0.0), accounts)
    divisor = np.maximum(others, 1)
    for _ in range(ROUNDS):
        trust = score / (score + HALF_TRUST)
        mine = trust[shares.account]
        total = np.concatenate(([0.0], np.cumsum(mine)))
        mean = (total[high] - total[low] - mine) / divisor
        gained = np.where(together, np.clip(mean, 0.0, 1.0) * shares.weight, 0.0)
        score = _sums(shares.account, gained, accounts)
    return Scores(score, objects)


def together(shares: Shares) -> NDArray[np.bool_]:
    """For each share whether anybody else shared the object within a day of it."""
    if not len(shares.object):
        return np.zeros(0, dtype=np.bool_)
    low, high = _windows(shares)
    return high - low > 1


def _sums(account: Ints, weight: Floats, accounts: int) -> Floats:
    return np.bincount(account, weights=weight, minlength=accounts).astype(np.float64)


def _windows(shares: Shares) -> tuple[Ints, Ints]:
    """For each share the range of shares of the same object within the window."""
    # Objects are laid end to end on one time axis, further apart than the window.
    span = int(shares.at.max() - shares.at.min()) + 2 * WINDOW_MS
    new = np.concatenate(([False], shares.object[1:] != shares.object[:-1]))
    axis: Ints = np.cumsum(new, dtype=np.int64) * span + (shares.at - shares.at.min())
    low: Ints = np.searchsorted(axis, axis - WINDOW_MS, side="left").astype(np.int64)
    high: Ints = np.searchsorted(axis, axis + WINDOW_MS, side="right").astype(np.int64)
    return low, high
