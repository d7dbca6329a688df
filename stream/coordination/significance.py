"""How often chance alone would give an account such company: q-values by permutation.

The null hypothesis: within an hour of the day, and among objects that about as
many accounts shared, it does not matter who shared which. So posts change hands
within hour and popularity (of the most popular thing they share, in powers of two),
each with all that it shares, and are scored anew. An account's score is measured in
deviations of its own permuted scores; all permuted scores of all accounts, measured so,
are the distribution that its p-value comes from. q-values are those of Benjamini and
Hochberg (1995).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stream.coordination.trust import (
    Floats,
    Ints,
    Shares,
    company_scores,
    first_shares,
    together,
)

ROUNDS = 20
"""Permutations; each gives every account one score under the null."""
REPAIRS = 30
"""Rounds of swapping after which the few posts that still repeat an object are left."""
SEED = 20_260_105
HOUR_MS = 60 * 60 * 1000
POPULARITIES = 64
LEAST_DEVIATION = 0.05
"""So that an account whose permuted scores hardly differ does not stand out by nothing."""


def q_values(shares: Shares, accounts: int, about: NDArray[np.bool_] | None = None) -> Floats:
    """False discovery rate at which each account stands out, 1 for those who shared nothing.

    Args:
        about: by object, whether it counts. Fans keep company too, and beyond chance:
            with the objects of reported campaigns alone an account stands out by its
            part in those, not by what it shares elsewhere.
    """
    q = np.ones(accounts)
    met = together(shares)
    if not met.any() or (about is not None and not about.any()):
        return q
    mine = shares.only(met)
    observed = company_scores(mine, accounts, about).score
    null = _null(mine, accounts, about)
    active = np.flatnonzero(np.bincount(mine.account, minlength=accounts))
    # Each permuted score is measured by the others, as the observed one is by all of them.
    rest = ROUNDS - 1
    others = (null.sum(axis=0) - null) / rest
    varied = (np.square(null).sum(axis=0) - np.square(null)) / rest - np.square(others)
    spread = (null - others) / np.sqrt(np.maximum(varied, 0.0) + LEAST_DEVIATION**2)
    mean = null.mean(axis=0)
    deviation = np.sqrt(null.var(axis=0) + LEAST_DEVIATION**2)
    chance = np.sort(spread[:, active].ravel())
    found = (observed[active] - mean[active]) / deviation[active]
    below: Floats = np.asarray(np.searchsorted(chance, found, side="left"), dtype=np.float64)
    q[active] = benjamini_hochberg((1 + len(chance) - below) / (1 + len(chance)))
    return q


def _null(shares: Shares, accounts: int, about: NDArray[np.bool_] | None) -> Floats:
    """Scores of all accounts in each permutation, one row each."""
    popularity = np.bincount(shares.object)[shares.object]
    _, first, post = np.unique(shares.post, return_index=True, return_inverse=True)
    # A text and the link in it stay together: it is posts that change hands.
    most = np.zeros(len(first), dtype=np.int64)
    np.maximum.at(most, post, popularity)
    hour = shares.at[first] // HOUR_MS % 24
    deal = _Deal(
        shares.object * accounts,
        post,
        shares.account[first],
        hour * POPULARITIES + np.log2(most).astype(np.int64),
    )
    rng = np.random.Generator(np.random.PCG64(SEED))
    out = np.empty((ROUNDS, accounts))
    for row in range(ROUNDS):
        account = deal.mixed(rng)[post]
        permuted = first_shares(shares.object, account, shares.at, shares.weight, shares.post)
        out[row] = company_scores(permuted, accounts, about).score
    return out


class _Deal:
    """Posts that change hands within their stratum.

    Nobody may get one object twice: it would count once, so that everybody had less
    company than chance gives, and whoever shares much would stand out.

    Args:
        objects: of each share, times the number of accounts.
        post: of each share.
        owners: of each post.
        stratum: of each post.
    """

    def __init__(self, objects: Ints, post: Ints, owners: Ints, stratum: Ints) -> None:
        self._objects, self._post, self._owners, self._stratum = objects, post, owners, stratum
        self._places = np.argsort(stratum, kind="stable")
        ordered = stratum[self._places]
        self._low = np.searchsorted(ordered, stratum, side="left")
        self._size = np.searchsorted(ordered, stratum, side="right") - self._low

    def mixed(self, rng: np.random.Generator) -> Ints:
        """New owners by post: permuted, then swapped on until nobody has anything twice."""
        order = np.lexsort((rng.random(len(self._stratum)), self._stratum))
        owners: Ints = np.empty_like(self._owners)
        owners[self._places] = self._owners[order]
        for _ in range(REPAIRS):
            twice = self._twice(owners)
            if not len(twice):
                break
            other = self._low[twice] + (rng.random(len(twice)) * self._size[twice]).astype(int)
            for one, two in zip(twice.tolist(), self._places[other].tolist(), strict=True):
                owners[one], owners[two] = owners[two], owners[one]
        return owners

    def _twice(self, owners: Ints) -> Ints:
        """Posts whose owner has one of their objects from another post already."""
        pairs = self._objects + owners[self._post]
        order = np.argsort(pairs, kind="stable")
        again = order[1:][pairs[order][1:] == pairs[order][:-1]]
        return np.unique(self._post[again])


def benjamini_hochberg(p: Floats) -> Floats:
    """q-values of p-values, in their order."""
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(ranked[::-1])[::-1])
    return q
