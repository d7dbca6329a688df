"""The operators over one partition of the subject log; every host has one for each.

The entries are split at ticks; every operator gets them in order, with what earlier
operators derived and with its own timers that fell due. What they write goes into the
caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from stream.operator import Context, Item, Operator, State
from stream.records import DeadLetter, Result, SubjectEvent, Tick
from stream.storage.state import Journal, SqliteState
from stream.storage.store import Store

EXPIRE_EVERY_MS = 6 * 60 * 60 * 1000
"""Event time between removals of expired state from disk (hidden ones do not wait)."""


class Partition:
    """Operators with their state in one partition.

    Args:
        operators: in the order of the pipeline.
        watermark: event time up to which everything was applied.
        journal: told of every change of state; None: nobody is.
    """

    def __init__(
        self,
        store: Store,
        number: int,
        operators: Sequence[Operator],
        *,
        watermark: int = 0,
        journal: Journal | None = None,
    ) -> None:
        self._number = number
        self._operators = operators
        self._states = [SqliteState(store, op.name, number, journal) for op in operators]
        self.watermark = watermark
        self._expired = watermark

    def state(self, operator: str) -> State:
        """What one of the operators keeps, for reading.

        Raises:
            KeyError: there is no such operator.
        """
        for one, state in zip(self._operators, self._states, strict=True):
            if one.name == operator:
                state.watermark = self.watermark
                return state
        raise KeyError(operator)

    def rolled_back(self, watermark: int) -> None:
        """Forget what a failed transaction had done; the operators are reset by the host."""
        for state in self._states:
            state.rolled_back()
        self.watermark = watermark
        self._expired = watermark

    def apply(
        self,
        entries: Sequence[tuple[int, SubjectEvent]],
        made: list[Result],
        dead: list[DeadLetter],
    ) -> None:
        """Apply (offset, event) in order; adds to ``made`` and ``dead``."""
        watermark = self.watermark
        begin = 0
        # A tick comes alone: timers set by what precedes it can be due with it.
        ticks = [(n, e.at) for n, (_, e) in enumerate(entries) if isinstance(e, Tick)]
        for place, at in ticks:
            if place > begin:
                self._segment(watermark, entries[begin:place], made, dead)
            self._segment(watermark, entries[place : place + 1], made, dead)
            watermark = max(watermark, at)
            begin = place + 1
        if begin < len(entries):
            self._segment(watermark, entries[begin:], made, dead)
        for state in self._states:
            state.watermark = watermark
            state.flush()
            if watermark - self._expired >= EXPIRE_EVERY_MS:
                state.expire()
        if watermark - self._expired >= EXPIRE_EVERY_MS:
            self._expired = watermark
        self.watermark = watermark

    def _segment(
        self,
        watermark: int,
        segment: Sequence[tuple[int, SubjectEvent]],
        made: list[Result],
        dead: list[DeadLetter],
    ) -> None:
        context = Context(partition=self._number, watermark=watermark)
        derived: dict[int, tuple[Result, ...]] = {}
        last = segment[-1][1]
        for operator, state in zip(self._operators, self._states, strict=True):
            state.watermark = watermark
            due = state.due(last.at) if isinstance(last, Tick) else ()
            batch = [
                Item(offset, watermark, event, derived.get(offset, ()), due)
                for offset, event in segment
            ]
            effects = operator.apply(state, batch, context)
            state.stage(effects)
            for offset, result in effects.emit:
                derived[offset] = (*derived.get(offset, ()), result)
                made.append(result)
            dead.extend(effects.dead)
