"""How often chance alone would give an account such company: q-values by permutation.

The null hypothesis: within an hour of the day, and among objects that about as
many accounts shared, it does not matter who shared which. So the accounts of
shares are permuted within hour and popularity (in powers of two) and scored
anew. An account's score is measured in deviations of its own permuted scores;
all permuted scores of all accounts, measured so, are the distribution that its
p-value comes from. q-values are those of Benjamini and Hochberg (1995).
"""

from __future__ import annotations

import numpy as np

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
SEED = 20_260_105
HOUR_MS = 60 * 60 * 1000
POPULARITIES = 64
LEAST_DEVIATION = 0.05
"""So that an account whose permuted scores hardly differ does not stand out by nothing."""


def q_values(shares: Shares, accounts: int) -> Floats:
    """False discovery rate at which each account stands out, 1 for those who shared nothing."""
    q = np.ones(accounts)
    met = together(shares)
    if not met.any():
        return q
    mine = Shares(shares.object[met], shares.account[met], shares.at[met], shares.weight[met])
    observed = company_scores(mine, accounts).score
    null = _null(mine, accounts)
    active = np.flatnonzero(np.bincount(mine.account, minlength=accounts))
    mean = null.mean(axis=0)
    deviation = np.sqrt(null.var(axis=0) + LEAST_DEVIATION**2)
    # Each permuted score had a part in its own mean; without that it lies further out.
    spread = (null - mean) / deviation * (ROUNDS / (ROUNDS - 1))
    chance = np.sort(spread[:, active].ravel())
    found = (observed[active] - mean[active]) / deviation[active]
    below: Floats = np.asarray(np.searchsorted(chance, found, side="left"), dtype=np.float64)
    q[active] = benjamini_hochberg((1 + len(chance) - below) / (1 + len(chance)))
    return q


def _null(shares: Shares, accounts: int) -> Floats:
    """Scores of all accounts in each permutation, one row each."""
    popularity = np.bincount(shares.object)[shares.object]
    hour = shares.at // HOUR_MS % 24
    stratum = hour * POPULARITIES + np.log2(popularity).astype(np.int64)
    places = np.argsort(stratum, kind="stable")
    rng = np.random.Generator(np.random.PCG64(SEED))
    out = np.empty((ROUNDS, accounts))
    for row in range(ROUNDS):
        mixed = np.lexsort((rng.random(len(stratum)), stratum))
        account: Ints = np.empty_like(shares.account)
        account[places] = shares.account[mixed]
        permuted = first_shares(shares.object, account, shares.at, shares.weight)
        out[row] = company_scores(permuted, accounts).score
    return out


def benjamini_hochberg(p: Floats) -> Floats:
    """q-values of p-values, in their order."""
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(ranked[::-1])[::-1])
    return q
