"""Account scores from shared objects: judged by the company an account keeps.

An account scores for each object (text family, link, picture) that it shared
within a day of somebody else, weighted by the mean trust of those others, where
``trust = s / (s + 4)`` and the first round counts each object as one. Repeating
this eight times lets accounts that recur together lift each other, while those
who share a popular object with one-off accounts fall silent. It needs no pair
to meet twice, so rotating partners do not hide. What is shared openly (official
links, declared projects) counts less, in the measure of its openness. A post counts
once, by the best of what it shares: who passes a text on passes on the link in it too,
which is one meeting and not two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW_MS = 24 * 60 * 60 * 1000
HALF_TRUST = 4.0
"""Posts in the best of company that earn half of all trust."""
ROUNDS = 8

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shares:
    """First shares: account ``account[i]`` shared ``object[i]`` at ``at[i]`` (ms).

    ``weight`` is what a share counts at most, 0 to 1. Shares with the same number in
    ``post`` come from one post of that account.
    """

    object: Ints
    account: Ints
    at: Ints
    weight: Floats
    post: Ints

    def only(self, kept: NDArray[np.bool_]) -> Shares:
        """Those that are marked, in the same order."""
        return Shares(
            self.object[kept],
            self.account[kept],
            self.at[kept],
            self.weight[kept],
            self.post[kept],
        )


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
    posts: Ints | None = None,
) -> Shares:
    """Keep the earliest share of each object by each account, ordered for scoring.

    Args:
        weights: 1 for each where it is None.
        posts: which shares come from one post; without it each comes from its own.
    """
    obj, acc, when = (np.asarray(values, dtype=np.int64) for values in (objects, accounts, at))
    weight = np.ones(len(obj)) if weights is None else weights
    post: Ints = np.arange(len(obj), dtype=np.int64) if posts is None else posts
    order = np.lexsort((when, acc, obj))
    new = np.ones(len(obj), dtype=bool)
    new[1:] = (obj[order][1:] != obj[order][:-1]) | (acc[order][1:] != acc[order][:-1])
    kept = order[new]
    kept = kept[np.lexsort((acc[kept], when[kept], obj[kept]))]
    return Shares(obj[kept], acc[kept], when[kept], weight[kept], post[kept])


def company_scores(
    shares: Shares,
    accounts: int,
    about: NDArray[np.bool_] | None = None,
    *,
    half: float = HALF_TRUST,
) -> Scores:
    """Score ``accounts`` many accounts; those who never co-shared get 0.

    Args:
        about: by object, whether its shares count in the end; trust rests on all of them.
        half: the score that earns half of all trust.

    Source: the "trust" ranking of docs/decisions/0022-coordination.md, measured there.
    """
    count = len(shares.object)
    if count == 0:
        return Scores(np.zeros(accounts), np.zeros(accounts, dtype=np.int64))
    low, high = _windows(shares)
    others = high - low - 1
    together = others > 0
    objects = np.bincount(shares.account[together], minlength=accounts).astype(np.int64)
    posts = _Posts(shares, accounts)
    gained = np.where(together, shares.weight, 0.0)
    score = posts.sums(gained)
    divisor = np.maximum(others, 1)
    for _ in range(ROUNDS):
        trust = score / (score + half)
        mine = trust[shares.account]
        total = np.concatenate(([0.0], np.cumsum(mine)))
        mean = (total[high] - total[low] - mine) / divisor
        gained = np.where(together, np.clip(mean, 0.0, 1.0) * shares.weight, 0.0)
        score = posts.sums(gained)
    if about is not None:
        score = posts.sums(np.where(about[shares.object], gained, 0.0))
    return Scores(score, objects)


def together(shares: Shares) -> NDArray[np.bool_]:
    """For each share whether anybody else shared the object within a day of it."""
    if not len(shares.object):
        return np.zeros(0, dtype=np.bool_)
    low, high = _windows(shares)
    return high - low > 1


class _Posts:
    """Shares put together by the post they come from."""

    def __init__(self, shares: Shares, accounts: int) -> None:
        self._accounts = accounts
        self._order = np.lexsort((shares.post, shares.account))
        post, owner = shares.post[self._order], shares.account[self._order]
        new = np.ones(len(post), dtype=bool)
        new[1:] = (post[1:] != post[:-1]) | (owner[1:] != owner[:-1])
        self._starts = np.flatnonzero(new)
        self._owner = owner[self._starts]

    def sums(self, gained: Floats) -> Floats:
        """By account, the best of each post."""
        best = np.maximum.reduceat(gained[self._order], self._starts)
        found = np.bincount(self._owner, weights=best, minlength=self._accounts)
        return found.astype(np.float64)


def _windows(shares: Shares) -> tuple[Ints, Ints]:
    """For each share the range of shares of the same object within the window."""
    # Objects are laid end to end on one time axis, further apart than the window.
    span = int(shares.at.max() - shares.at.min()) + 2 * WINDOW_MS
    new = np.concatenate(([False], shares.object[1:] != shares.object[:-1]))
    axis: Ints = np.cumsum(new, dtype=np.int64) * span + (shares.at - shares.at.min())
    low: Ints = np.searchsorted(axis, axis - WINDOW_MS, side="left").astype(np.int64)
    high: Ints = np.searchsorted(axis, axis + WINDOW_MS, side="right").astype(np.int64)
    return low, high
