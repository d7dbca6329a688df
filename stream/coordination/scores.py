"""How accounts stand, read from the state that Coordination keeps."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from stream.bursts.window import number
from stream.coordination.campaign_state import DARK
from stream.coordination.keeping import Memory
from stream.coordination.past import Held, scored
from stream.coordination.significance import q_values
from stream.coordination.trust import company_scores
from stream.hosting.overlay import Overlay
from stream.operator import Effects, State

SEVERAL = 2
MOSTLY = 0.5
"""Members of one reported campaign, and their share of those who shared an object, from
which it counts as theirs."""


def subjects(state: State) -> list[str]:
    """The subjects of which something is held."""
    return [key.removeprefix("h:") for key, _ in state.scan("h:")]


class Standing(msgspec.Struct, frozen=True):
    """How an account stands.

    ``score`` is higher the more trusted company it keeps, ``objects`` counts what it
    shared with others within a day, ``q_value`` is the false discovery rate at which
    the company it keeps in a reported campaign stands out from chance: 1 for who is in
    none.
    """

    score: float
    objects: int
    q_value: float


def stronger(one: Standing, other: Standing | None) -> Standing:
    """Of an account that is known to several subjects: the highest score, the lowest q."""
    if other is None:
        return one
    best = one if one.score > other.score else other
    return Standing(best.score, best.objects, min(one.q_value, other.q_value))


def account_scores(state: State, subject: str) -> dict[int, Standing]:
    """Standings of a subject by account number, worked out from all that is held."""
    memory = Memory(subject, Overlay(state, Effects()))
    held = scored(memory.table, memory.past)
    count = len(held.accounts)
    scores = company_scores(held.shares, count)
    members, theirs = _reported(held, memory)
    q = np.where(members, q_values(held.shares, count, theirs), 1.0)
    return {
        int(held.accounts[n]): Standing(
            float(scores.score[n]), int(scores.objects[n]), round(float(q[n]), 6)
        )
        for n in np.flatnonzero(scores.objects > 0).tolist()
    }


def _reported(
    held: Held, memory: Memory
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Members of reported campaigns, and objects that mostly members of one shared."""
    members = np.zeros(len(held.accounts), dtype=np.bool_)
    theirs = np.zeros(len(held.objects), dtype=np.bool_)
    everybody = np.bincount(held.shares.object, minlength=len(theirs))
    for row in memory.campaigns.values():
        if row.kind in DARK:
            inside = np.isin(held.accounts, np.array(sorted(row.members), dtype=np.uint64))
            members |= inside
            shared = held.shares.object[inside[held.shares.account]]
            common = np.bincount(shared, minlength=len(theirs))
            theirs |= (common >= SEVERAL) & (common >= MOSTLY * everybody)
    return members, theirs


def account_number(account: str) -> int:
    """The number under which an account is kept."""
    return number(account, 64)
