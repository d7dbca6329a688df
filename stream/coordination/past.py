"""What accounts shared with each other in the last two weeks, and how they stand after it.

Of a post that leaves the table only those objects stay that somebody else
shared too: object, account, time, openness, number of the post, 29 bytes each.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from stream.coordination.objects import SHARED
from stream.coordination.table import Columns, Table
from stream.coordination.trust import Shares, company_scores, first_shares

ACTION = np.dtype(
    [("object", "<u8"), ("account", "<u8"), ("at", "<i8"), ("open", "u1"), ("post", "<u4")]
)
"""One account shared one object by a post, which is told by the number of its row."""
STANDING = np.dtype([("account", "<u8"), ("score", "<f4"), ("objects", "<i4")])
"""How an account stands."""
MOST_STANDING = 50_000
LEAST_SCORE = 0.02

Actions = npt.NDArray[np.void]
Standings = npt.NDArray[np.void]


def actions(columns: Columns, base: int, until: int | None = None) -> Actions:
    """All shares of the rows from number ``base`` on (up to place ``until`` in the arrays)."""
    keys = columns.keys[:until]
    found: list[Actions] = []
    for column in SHARED:
        rows = np.flatnonzero(keys[:, column])
        part = np.zeros(len(rows), dtype=ACTION)
        part["object"] = keys[rows, column]
        part["account"] = columns.account[rows]
        part["at"] = columns.at[rows]
        part["open"] = columns.open[rows]
        part["post"] = base + rows
        found.append(part)
    return np.concatenate(found)


def settled(table: Table, count: int, known: Actions) -> Actions:
    """What stays of the oldest ``count`` rows: shares of objects that others shared too."""
    columns = table.columns()
    leaving = actions(columns, table.base, count)
    every = np.concatenate([actions(columns, table.base), known])
    order = np.lexsort((every["account"], every["object"]))
    objects, accounts = every["object"][order], every["account"][order]
    other = (objects[1:] == objects[:-1]) & (accounts[1:] != accounts[:-1])
    return leaving[np.isin(leaving["object"], objects[1:][other])]


class Held(msgspec.Struct, frozen=True):
    """All shares held, with accounts and objects numbered through in these orders."""

    accounts: npt.NDArray[np.uint64]
    objects: npt.NDArray[np.uint64]
    shares: Shares


def scored(table: Table, past: Actions) -> Held:
    """What scores rest on: shares of objects that were shared more than once."""
    every = np.concatenate([past, actions(table.columns(), table.base)])
    _, place, count = np.unique(every["object"], return_inverse=True, return_counts=True)
    every = every[count[place] > 1]
    names, account = np.unique(every["account"], return_inverse=True)
    objects, obj = np.unique(every["object"], return_inverse=True)
    weight = 1.0 - every["open"].astype(np.float64) / 100.0
    post = every["post"].astype(np.int64)
    return Held(names, objects, first_shares(obj, account, every["at"], weight, post))


def standings(table: Table, past: Actions) -> Standings:
    """Accounts that shared something with somebody, in order of the account number."""
    held = scored(table, past)
    scores = company_scores(held.shares, len(held.accounts))
    keep = np.flatnonzero(scores.objects > 0)
    out = np.zeros(len(keep), dtype=STANDING)
    out["account"] = held.accounts[keep]
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
