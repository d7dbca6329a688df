"""What the posts around one object show: who, how alike, how fast, how openly, how harmful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.arrays import among, sorted_once
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
    ``circle`` is how surprising it is that the same accounts, and hardly others, came again
    with something else (-log10 too).
    ``critical`` is the share of criticism, ``elsewhere`` that of the subject's other posts.
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
    elsewhere: float = 1.0
    circle: float = 0.0

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
        rows = b"".join([table.hot[value] for value in values])
        posts = np.frombuffer(rows, dtype=np.int64) - table.base
        objects = np.repeat(np.arange(len(values)), lengths)
        accounts = columns.account[posts]
        self._of_objects = accounts
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
        if not len(accounts):
            return 0.0
        lengths = high - low
        who = np.repeat(np.arange(len(accounts)), lengths)
        at = np.arange(len(who)) + np.repeat(low - np.cumsum(lengths) + lengths, lengths)
        outside = ~among(self._objects[at], self._numbers(own))
        outside &= ~among(self._posts[at], np.sort(places))
        pairs = sorted_once(self._objects[at][outside] * len(accounts) + who[outside])
        objects = pairs // len(accounts)
        again = objects[1:] == objects[:-1]
        meeting = np.zeros(len(pairs), dtype=np.bool_)
        meeting[1:] |= again
        meeting[:-1] |= again
        return len(set((pairs[meeting] % len(accounts)).tolist())) / len(accounts)

    def counted(self, seen: Look, own: set[int]) -> Look:
        """With the share of accounts that have more in common than the objects ``own``."""
        others = self.others(seen.accounts, own, seen.places)
        closed = max(others, self.recurring(seen.accounts, own))
        return msgspec.structs.replace(seen, closed=closed)

    def _numbers(self, own: set[int]) -> Places:
        found = sorted(self._number[value] for value in own if value in self._number)
        return np.array(found, dtype=np.int64)

    def recurring(self, accounts: npt.NDArray[np.uint64], own: set[int]) -> float:
        """Share of the accounts that push several of the objects ``own``, by several posts."""
        mine = self._numbers(own)
        if len(mine) < SEVERAL:
            return 0.0
        inside = among(self._objects, mine)
        who = self._who[inside]
        several = _several(who, self._objects[inside]) & _several(who, self._posts[inside])
        return len(several) / len(accounts)

    def around(self, members: npt.NDArray[np.uint64]) -> list[tuple[int, int, int]]:
        """Objects that any of these accounts shared: (object, of them, accounts in all)."""
        pairs, accounts, totals = self._once
        if not len(pairs):
            return []
        known = among(accounts, members)[pairs % len(accounts)]
        counts = np.bincount(pairs[known] // len(accounts), minlength=len(self._values))
        held: list[int] = np.flatnonzero(counts).tolist()
        return [(self._values[n], int(counts[n]), int(totals[n])) for n in held]

    @cached_property
    def _once(self) -> tuple[Places, npt.NDArray[np.uint64], Places]:
        """Each account of each object once, the accounts, and how many each object has."""
        accounts = sorted_once(self._accounts)
        pairs = sorted_once(self._objects * len(accounts) + self._who - 1)
        totals = np.bincount(pairs // max(1, len(accounts)), minlength=len(self._values))
        return pairs, accounts, totals


def look(
    columns: Columns,
    places: Places,
    trust: Mapping[int, float],
    usual: Usual,
    burst: float,
) -> Look:
    """The look of posts at these places of the arrays, as if all had more in common.

    How many have is told by :class:`Pairs`, and is dear to count.
    """
    account = columns.account[places]
    accounts, first = np.unique(account, return_index=True)
    flags = columns.flags[places]
    aged = columns.age[places]
    ages = aged[first]
    told = ages[ages != UNKNOWN_AGE]
    new = int(np.count_nonzero(told < YOUNG_DAYS))
    hidden = (flags & DISGUISED) > 0
    masked = len(set(account[hidden].tolist()))
    original = (flags & ORIGINAL) > 0
    own = original if original.any() else np.ones(len(places), dtype=np.bool_)
    mine = places[own]
    known = aged[aged != UNKNOWN_AGE]
    harm = columns.harm[places]
    assessed = harm[harm >= 0]
    at = np.sort(columns.at[places])
    texts = _counted(columns.keys[mine, TEXT])
    families = _counted(columns.keys[mine, FAMILY])
    copied = sum(count for family, count in families.items() if family and count > 1)
    return Look(
        places=places,
        accounts=accounts,
        posts=len(places),
        original=_share(original),
        openness=_mean(columns.open[mine]) / 100,
        news=_share((flags[own] & NEWS) > 0),
        critical=_share((flags & CRITICAL) > 0),
        spare=_share((flags & SPARE) > 0),
        appeals=_share((flags[own] & APPEAL) > 0),
        flagged=_share((flags[own] & FLAGGED) > 0),
        company=_company(accounts, trust),
        closed=1.0,
        young=_share(known < YOUNG_DAYS) if len(known) * 2 >= len(aged) else None,
        disguised=_share(hidden),
        hiding=usual.hiding(accounts, new, len(told), masked),
        exact=max(texts.values()) / len(mine),
        texts=len(texts) - (0 in texts),
        copied=copied / len(mine) * _share(original),
        span_ms=int(at[-1] - at[0]),
        peak=_peak(at),
        burst=burst,
        harm=_mean(assessed) / 100 if len(assessed) else None,
        elsewhere=_elsewhere(columns.flags, flags),
    )


def _elsewhere(every: npt.NDArray[np.uint8], mine: npt.NDArray[np.uint8]) -> float:
    """Share of criticism among all posts but these."""
    objecting = np.count_nonzero(every & CRITICAL) - np.count_nonzero(mine & CRITICAL)
    return float(objecting) / max(1, len(every) - len(mine))


def _several(who: npt.NDArray[np.int64], what: npt.NDArray[np.int64]) -> set[int]:
    """Those who have several of something."""
    if not len(what):
        return set()
    pairs = sorted_once(who * (int(what.max()) + 1) + what)
    counts = np.bincount(pairs // (int(what.max()) + 1))
    return set(np.flatnonzero(counts >= SEVERAL).tolist())


def column_of(columns: Columns, place: int, value: int) -> int:
    """What kind of object a post has in common with others: the column where it stands."""
    return next(c for c in NARRATIVE if int(columns.keys[place, c]) == value)


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
    return int(np.count_nonzero(flags)) / len(flags) if len(flags) else 0.0


def _mean(values: npt.NDArray[np.integer]) -> float:
    return int(values.sum(dtype=np.int64)) / len(values)


def _counted(values: npt.NDArray[np.uint64]) -> Counter[int]:
    listed: list[int] = values.tolist()
    return Counter(listed)
