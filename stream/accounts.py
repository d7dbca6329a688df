"""Account scores from shared objects: judged by the company an account keeps.

An account scores for each object (text family, link) that it shared within a
day of somebody else, weighted by the mean trust of those others, where
``trust = s / (s + 5)`` and the first round counts each object as one. Repeating
this eight times lets accounts that recur together lift each other, while those
who share a popular object with one-off accounts fall silent. It needs no pair
to meet twice, so rotating partners do not hide.
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
    """First shares: account ``account[i]`` shared ``object[i]`` at ``at[i]`` (ms)."""

    object: Ints
    account: Ints
    at: Ints


@dataclass(frozen=True, slots=True)
class Scores:
    """By account index: the recursive score and the plain number of co-shared objects."""

    score: Floats
    objects: Ints


def first_shares(objects: Sequence[int], accounts: Sequence[int], at: Sequence[int]) -> Shares:
    """Keep the earliest share of each object by each account, ordered for scoring."""
    obj, acc, when = (np.asarray(values, dtype=np.int64) for values in (objects, accounts, at))
    order = np.lexsort((when, acc, obj))
    obj, acc, when = obj[order], acc[order], when[order]
    first = np.ones(len(obj), dtype=bool)
    first[1:] = (obj[1:] != obj[:-1]) | (acc[1:] != acc[:-1])
    obj, acc, when = obj[first], acc[first], when[first]
    order = np.lexsort((acc, when, obj))
    return Shares(obj[order], acc[order], when[order])


def company_scores(shares: Shares, accounts: int) -> Scores:
    """Score ``accounts`` many accounts; those who never co-shared get 0.

    Source: the "trust" ranking described in docs/architecture.md, measured there.
    """
    count = len(shares.object)
    if count == 0:
        return Scores(np.zeros(accounts), np.zeros(accounts, dtype=np.int64))
    low, high = _windows(shares)
    others = high - low - 1
    together = others > 0
    weight = together.astype(np.float64)
    score = _sums(shares.account, weight, accounts)
    objects = score.astype(np.int64)
    divisor = np.maximum(others, 1)
    for _ in range(ROUNDS):
        trust = score / (score + HALF_TRUST)
        mine = trust[shares.account]
        total = np.concatenate(([0.0], np.cumsum(mine)))
        mean = (total[high] - total[low] - mine) / divisor
        weight = np.where(together, np.clip(mean, 0.0, 1.0), 0.0)
        score = _sums(shares.account, weight, accounts)
    return Scores(score, objects)


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
