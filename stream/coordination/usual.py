"""What is usual among the accounts about a subject, and how surprising a set of them is."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.objects import DISGUISED
from stream.coordination.table import Columns

YOUNG_DAYS = 30
FEWEST = 10
"""Accounts that a share is taken to rest on besides those that are there."""
RAREST = 0.02
"""Least share taken as usual: what was never seen yet is not thereby impossible."""
LEAST_SHARE = 0.1
"""Share, rounded down, that must hide for it to say something of all of them: in a crowd of
hundreds a handful more than usual is as unlikely as a ring, and hides nobody."""
MOST_SURPRISE = 12.0


class Usual(msgspec.Struct, frozen=True):
    """The accounts held, in order: whether each is young, its age told, and its text masked."""

    accounts: npt.NDArray[np.uint64]
    young: npt.NDArray[np.bool_]
    told: npt.NDArray[np.bool_]
    masked: npt.NDArray[np.bool_]

    def hiding(
        self, accounts: npt.NDArray[np.uint64], young: int, told: int, masked: int
    ) -> float:
        """-log10 of the chance of so many young and disguised ones among these accounts.

        All others are the measure: a ring that is half of a small subject's posts must
        not be its own.

        Args:
            accounts: in order.
            young: how many of them are young, of ``told`` whose age is known.
            masked: how many of them disguised a text.
        """
        place = np.searchsorted(self.accounts, accounts)
        place[place == len(self.accounts)] = 0
        own = place[self.accounts[place] == accounts]
        usually_young = _share(self._others(self.young, own), self._others(self.told, own))
        usually_masked = _share(self._others(self.masked, own), len(self.accounts) - len(own))
        found = ((young, told, usually_young), (masked, len(accounts), usually_masked))
        return sum(
            surprise_of(some, among, usual)
            for some, among, usual in found
            if some >= math.floor(LEAST_SHARE * among)
        )

    @staticmethod
    def _others(what: npt.NDArray[np.bool_], own: npt.NDArray[np.int64]) -> int:
        return int(np.count_nonzero(what)) - int(np.count_nonzero(what[own]))


def _share(part: int, whole: int) -> float:
    return max(RAREST, (part + 1) / (whole + 2 * FEWEST))


def usual_of(columns: Columns) -> Usual:
    """What is usual among all accounts that are held."""
    accounts, first = np.unique(columns.account, return_index=True)
    ages = columns.age[first]
    told = ages != UNKNOWN_AGE
    masked = np.unique(columns.account[(columns.flags & DISGUISED) > 0])
    return Usual(
        accounts,
        told & (ages < YOUNG_DAYS),
        told,
        np.isin(accounts, masked, assume_unique=True),
    )


def surprise_of(found: int, among: int, usual: float) -> float:
    """-log10 of the chance of so many or more (binomial), 0 where it is no more than usual."""
    if not found or found <= among * usual:
        return 0.0
    ratio = usual / (1 - usual)
    term = math.exp(
        math.lgamma(among + 1)
        - math.lgamma(found + 1)
        - math.lgamma(among - found + 1)
        + found * math.log(usual)
        + (among - found) * math.log1p(-usual)
    )
    tail = 0.0
    for number in range(found, among + 1):
        tail += term
        term *= (among - number) / (number + 1) * ratio
    return min(MOST_SURPRISE, -math.log10(max(tail, 1e-300)))


def surprise_of_meeting(common: int, chance: float) -> float:
    """-log10 of the chance that two sets have so many accounts in common, or more (Poisson)."""
    if common <= chance:
        return 0.0
    term = math.exp(-chance + common * math.log(max(chance, 1e-12)) - math.lgamma(common + 1))
    tail = 0.0
    for number in range(common, common + 200):
        tail += term
        term *= chance / (number + 1)
        if term < tail * 1e-9:
            break
    return min(MOST_SURPRISE, -math.log10(max(tail, 1e-300)))
