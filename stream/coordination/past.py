"""What accounts shared with each other in the last two weeks, and how they stand after it.

Of a post that leaves the table only those objects stay that somebody else
shared too: object, account, time, openness, 25 bytes each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stream.coordination.objects import SHARED
from stream.coordination.table import Columns, Table
from stream.coordination.trust import Shares, company_scores, first_shares

ACTION = np.dtype([("object", "<u8"), ("account", "<u8"), ("at", "<i8"), ("open", "u1")])
"""One account shared one object."""
STANDING = np.dtype([("account", "<u8"), ("score", "<f4"), ("objects", "<i4")])
"""How an account stands."""
MOST_STANDING = 50_000
LEAST_SCORE = 0.02

Actions = npt.NDArray[np.void]
Standings = npt.NDArray[np.void]


def actions(columns: Columns, until: int | None = None) -> Actions:
    """All shares of the rows (up to row number ``until`` in the arrays)."""
    keys = columns.keys[:until]
    found: list[Actions] = []
    for column in SHARED:
        rows = np.flatnonzero(keys[:, column])
        part = np.zeros(len(rows), dtype=ACTION)
        part["object"] = keys[rows, column]
        part["account"] = columns.account[rows]
        part["at"] = columns.at[rows]
        part["open"] = columns.open[rows]
        found.append(part)
    return np.concatenate(found)


def settled(table: Table, count: int, known: Actions) -> Actions:
    """What stays of the oldest ``count`` rows: shares of objects that others shared too."""
    columns = table.columns()
    leaving = actions(columns, count)
    every = np.concatenate([actions(columns), known])
    order = np.lexsort((every["account"], every["object"]))
    objects, accounts = every["object"][order], every["account"][order]
    other = (objects[1:] == objects[:-1]) & (accounts[1:] != accounts[:-1])
    return leaving[np.isin(leaving["object"], objects[1:][other])]


def scored(table: Table, past: Actions) -> tuple[npt.NDArray[np.uint64], Shares]:
    """Account numbers, and all shares held with the accounts numbered through."""
    every = np.concatenate([past, actions(table.columns())])
    _, place, count = np.unique(every["object"], return_inverse=True, return_counts=True)
    every = every[count[place] > 1]
    names, account = np.unique(every["account"], return_inverse=True)
    _, obj = np.unique(every["object"], return_inverse=True)
    weight = 1.0 - every["open"].astype(np.float64) / 100.0
    return names, first_shares(obj, account, every["at"], weight)


def standings(table: Table, past: Actions) -> Standings:
    """Accounts that shared something with somebody, in order of the account number."""
    names, shares = scored(table, past)
    scores = company_scores(shares, len(names))
    keep = np.flatnonzero(scores.objects > 0)
    out = np.zeros(len(keep), dtype=STANDING)
    out["account"] = names[keep]
    out["score"] = scores.score[keep]
    out["objects"] = scores.objects[keep]
    return out


def kept(found: Standings) -> Standings:
    """Those worth keeping: the highest, at most 50,000, in order of the account number."""
    found = found[found["score"] >= LEAST_SCORE]
    if len(found) > MOST_STANDING:
        order = np.lexsort((found["account"], -found["score"]))
        found = np.sort(found[order[:MOST_STANDING]], order="account")
    return found
