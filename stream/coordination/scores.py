"""How accounts stand, read from the state that Coordination keeps."""

from __future__ import annotations

import msgspec
import numpy as np

from stream.bursts.window import number
from stream.coordination.keeping import Memory
from stream.coordination.past import scored
from stream.coordination.significance import q_values
from stream.coordination.trust import company_scores
from stream.hosting.overlay import Overlay
from stream.operator import Effects, State


def subjects(state: State) -> list[str]:
    """The subjects of which something is held."""
    return [key.removeprefix("h:") for key, _ in state.scan("h:")]


class Standing(msgspec.Struct, frozen=True):
    """How an account stands.

    ``score`` is higher the more trusted company it keeps, ``objects`` counts what it
    shared with others within a day, ``q_value`` is the false discovery rate at which
    it stands out.
    """

    score: float
    objects: int
    q_value: float


def account_scores(state: State, subject: str) -> dict[int, Standing]:
    """Standings of a subject by account number, worked out from all that is held."""
    memory = Memory(subject, Overlay(state, Effects()))
    names, shares = scored(memory.table, memory.past)
    scores = company_scores(shares, len(names))
    q = q_values(shares, len(names))
    return {
        int(names[n]): Standing(
            float(scores.score[n]), int(scores.objects[n]), round(float(q[n]), 6)
        )
        for n in np.flatnonzero(scores.objects > 0).tolist()
    }


def account_number(account: str) -> int:
    """The number under which an account is kept."""
    return number(account, 64)
