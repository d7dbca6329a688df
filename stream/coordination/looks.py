"""What the posts around one object show: who, how alike, how fast, how openly, how harmful."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.objects import (
    APPEAL,
    CRITICAL,
    DISGUISED,
    FAMILY,
    FLAGGED,
    NARRATIVE,
    NEWS,
    ORIGINAL,
    SPARE,
    TEXT,
)
from stream.coordination.past import Standings
from stream.coordination.table import Columns, Table
from stream.coordination.trust import HALF_TRUST
from stream.coordination.usual import YOUNG_DAYS, Usual

SEVERAL = 2
PEAK_MS = 10 * 60 * 1000

Places = npt.NDArray[np.int64]


class Look(msgspec.Struct, frozen=True):
    """The posts of one object or of several; shares are 0 to 1.

    ``company`` is the mean trust that accounts earned elsewhere, ``closed`` the
    share of accounts that have something else in common with others of the set.
    ``hiding`` is how surprising so many young accounts and disguised texts are, and
    ``burst`` is how surprising a burst of its copies was (both -log10 of the chance).
    ``harm`` is the mean of the posts that were assessed, None when none was.
    """

    places: Places
    accounts: npt.NDArray[np.uint64]
    posts: int
    original: float
    openness: float
    news: float
    critical: float
    spare: float
    appeals: float
    flagged: float
    company: float
    closed: float
    young: float | None
    disguised: float
    hiding: float
    exact: float
    texts: int
    copied: float
    span_ms: int
    peak: int
    burst: float
    harm: float | None

    @property
    def size(self) -> int:
        """How many accounts."""
        return len(self.accounts)


class Pairs:
    """Which account is part of which followed object, made once a sweep."""

    def __init__(self, table: Table, columns: Columns) -> None:
        values = sorted(table.hot)
        self._values = values
        self._number = {value: number for number, value in enumerate(values)}
        lengths = [len(table.hot[value]) for value in values]
        rows = [row - table.base for value in values for row in table.hot[value]]
        objects = np.repeat(np.arange(len(values)), lengths)
        accounts = columns.account[rows] if rows else np.zeros(0, dtype=np.uint64)
        self._of_objects = accounts
        posts = np.array(rows, dtype=np.int64)
        self._starts = np.cumsum([0, *lengths[:-1]]) if values else np.zeros(0, np.int64)
        order = np.lexsort((objects, accounts))
        self._accounts, self._objects = accounts[order], objects[order]
        self._posts = posts[order]
        new = np.ones(len(order), dtype=np.int64)
        new[1:] = self._accounts[1:] != self._accounts[:-1]
        self._who = np.cumsum(new)

    def trusted(self, standings: Standings, least: float) -> list[int]:
        """Objects whose sharers have at least this mean trust."""
        if not len(self._values) or not len(standings):
            return []
        place = np.searchsorted(standings["account"], self._of_objects)
        place[place == len(standings)] = 0
        known = standings["account"][place] == self._of_objects
        score = np.where(known, standings["score"][place], 0.0)
        mean = np.add.reduceat(score / (score + HALF_TRUST), self._starts)
        ends = np.append(self._starts[1:], len(self._of_objects))
        lengths = ends - self._starts
        return [self._values[n] for n in np.flatnonzero(mean >= least * lengths).tolist()]

    def others(self, accounts: npt.NDArray[np.uint64], own: set[int], places: Places) -> float:
        """Share of the accounts that meet others of them elsewhere.

        Elsewhere: in an object outside ``own``, by other posts than those at ``places``
        (a text and the link beside it are not two meetings).
        """
        low = np.searchsorted(self._accounts, accounts, side="left")
        high = np.searchsorted(self._accounts, accounts, side="right")
        bounds: list[tuple[int, int]] = list(zip(low.tolist(), high.tolist(), strict=True))
        ranges = [np.arange(start, stop, dtype=np.int64) for start, stop in bounds]
        if not ranges:
            return 0.0
        at = np.concatenate(ranges)
        who = np.repeat(np.arange(len(accounts)), high - low)
        mine = [self._number[value] for value in own if value in self._number]
        outside = ~np.isin(self._objects[at], mine) & ~np.isin(self._posts[at], places)
        pairs = np.unique(self._objects[at][outside] * len(accounts) + who[outside])
        objects, counts = np.unique(pairs // len(accounts), return_counts=True)
        meeting = np.isin(pairs // len(accounts), objects[counts > 1])
        return len(np.unique(pairs[meeting] % len(accounts))) / len(accounts)

    def recurring(self, accounts: npt.NDArray[np.uint64], own: set[int]) -> float:
        """Share of the accounts that push several of the objects ``own``, by several posts."""
        mine = [self._number[value] for value in own if value in self._number]
        if len(mine) < SEVERAL:
            return 0.0
        inside = np.isin(self._objects, mine)
        who = self._who[inside]
        several = _several(who, self._objects[inside]) & _several(who, self._posts[inside])
        return len(several) / len(accounts)

    def around(self, members: npt.NDArray[np.uint64]) -> list[tuple[int, int, int]]:
        """Objects that any of these accounts shared: (object, of them, accounts in all)."""
        known = np.isin(self._accounts, members)
        mine = np.unique(np.stack([self._objects[known], self._who[known]]), axis=1)[0]
        numbers, counts = np.unique(mine, return_counts=True)
        every = np.unique(np.stack([self._objects, self._who]), axis=1)[0]
        totals = np.bincount(every, minlength=len(self._values))
        return [
            (self._values[n], count, int(totals[n]))
            for n, count in zip(numbers.tolist(), counts.tolist(), strict=True)
        ]


def look(
    columns: Columns,
    places: Places,
    trust: Mapping[int, float],
    pairs: Pairs,
    own: set[int],
    usual: Usual,
    burst: float,
) -> Look:
    """The look of posts at these places of the arrays, which share the objects ``own``."""
    accounts, first = np.unique(columns.account[places], return_index=True)
    flags = columns.flags[places]
    ages = columns.age[places][first]
    told = ages[ages != UNKNOWN_AGE]
    new = int(np.count_nonzero(told < YOUNG_DAYS))
    masked = np.unique(columns.account[places][(flags & DISGUISED) > 0])
    original = (flags & ORIGINAL) > 0
    mine = places[original] if original.any() else places
    aged = columns.age[places]
    known = aged[aged != UNKNOWN_AGE]
    harm = columns.harm[places]
    assessed = harm[harm >= 0]
    at = np.sort(columns.at[places])
    texts, counts = np.unique(columns.keys[mine, TEXT], return_counts=True)
    family, copies = np.unique(columns.keys[mine, FAMILY], return_counts=True)
    several = copies[(family != 0) & (copies > 1)]
    return Look(
        places=places,
        accounts=accounts,
        posts=len(places),
        original=_share(original),
        openness=float(columns.open[mine].mean()) / 100,
        news=_share((columns.flags[mine] & NEWS) > 0),
        critical=_share((flags & CRITICAL) > 0),
        spare=_share((flags & SPARE) > 0),
        appeals=_share((columns.flags[mine] & APPEAL) > 0),
        flagged=_share((columns.flags[mine] & FLAGGED) > 0),
        company=_company(accounts, trust),
        closed=max(pairs.others(accounts, own, places), pairs.recurring(accounts, own)),
        young=_share(known < YOUNG_DAYS) if len(known) * 2 >= len(aged) else None,
        disguised=_share((flags & DISGUISED) > 0),
        hiding=usual.hiding(accounts, new, len(told), len(masked)),
        exact=float(counts.max()) / len(mine),
        texts=int(np.count_nonzero(texts)),
        copied=float(several.sum()) / len(mine) * _share(original) if len(several) else 0.0,
        span_ms=int(at[-1] - at[0]),
        peak=_peak(at),
        burst=burst,
        harm=float(assessed.mean()) / 100 if len(assessed) else None,
    )


def _several(who: npt.NDArray[np.int64], what: npt.NDArray[np.int64]) -> set[int]:
    """Those who have several of something."""
    pairs = np.unique(np.stack([who, what]), axis=1)
    found, counts = np.unique(pairs[0], return_counts=True)
    return set(found[counts >= SEVERAL].tolist())


def objects_of(columns: Columns, places: Places, own: int) -> list[list[int]]:
    """What each post at these places can share besides ``own``."""
    rows: list[list[int]] = columns.keys[places][:, list(NARRATIVE)].tolist()
    return [[o for o in row if o and o != own] for row in rows]


def _company(accounts: npt.NDArray[np.uint64], trust: Mapping[int, float]) -> float:
    """Mean trust of the accounts, what this very object lent to it taken away."""
    scores = [max(0.0, trust.get(account, 0.0) - 1.0) for account in accounts.tolist()]
    return sum(s / (s + HALF_TRUST) for s in scores) / max(1, len(scores))


def _peak(at: npt.NDArray[np.int64]) -> int:
    """Most posts within ten minutes."""
    inside = np.searchsorted(at, at + PEAK_MS, side="right") - np.arange(len(at))
    return int(inside.max())


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else 0.0
