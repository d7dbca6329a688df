"""Runs the operators over the subject logs: reads, applies, commits, part of a host.

For each partition the entries are split at ticks; every operator gets them in
order, with what earlier operators derived and with its own timers that fell
due. State, results and the applied offset are written in the caller's
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from stream.operator import Context, Item, Operator
from stream.records import DeadLetter, Result, SubjectEvent, Tick
from stream.sqlite_log import SqliteSubjectLog
from stream.sqlite_state import Offsets, Results, SqliteState
from stream.store import Store

EXPIRE_EVERY_MS = 6 * 60 * 60 * 1000
"""Event time between removals of expired state from disk (hidden ones do not wait)."""


class Processor:
    """Operators with their state in every partition.

    Args:
        operators: in the order of the pipeline; fresh instances.
        batch: most entries of one partition read at once.
    """

    def __init__(
        self,
        store: Store,
        log: SqliteSubjectLog,
        operators: Sequence[Operator],
        *,
        batch: int = 500,
    ) -> None:
        self._log = log
        self._operators = list(operators)
        self._batch = batch
        self._offsets = Offsets(store, "operators")
        self.results = Results(store)
        self._states = [
            [SqliteState(store, op.name, p) for op in self._operators]
            for p in range(log.partitions)
        ]
        self._applied: list[tuple[int, int]] = []
        self._expired: list[int] = []
        self._load()

    def _load(self) -> None:
        known = self._offsets.read()
        self._applied = [known.get(p, (0, 0)) for p in range(self._log.partitions)]
        self._expired = [watermark for _, watermark in self._applied]

    def versions(self) -> dict[str, str]:
        """Name and version of each operator, in pipeline order."""
        return {op.name: op.version for op in self._operators}

    def step(self) -> list[DeadLetter]:
        """Apply everything the log holds; part of the running transaction."""
        dead: list[DeadLetter] = []
        made: list[Result] = []
        for partition in range(self._log.partitions):
            while True:
                after = self._applied[partition][0]
                entries = self._log.read(partition, after, self._batch)
                if not entries:
                    break
                self._apply(partition, entries, made, dead)
        self.results.write(made)
        return dead

    def rolled_back(self) -> None:
        """Forget what a failed transaction had done."""
        for operator in self._operators:
            operator.reset()
        for states in self._states:
            for state in states:
                state.rolled_back()
        self.results.rolled_back()
        self._load()

    def _apply(
        self,
        partition: int,
        entries: Sequence[tuple[int, SubjectEvent]],
        made: list[Result],
        dead: list[DeadLetter],
    ) -> None:
        watermark = self._applied[partition][1]
        segment: list[tuple[int, SubjectEvent]] = []
        for entry in entries:
            if not isinstance(entry[1], Tick):
                segment.append(entry)
                continue
            # A tick comes alone: timers set by what precedes it can be due with it.
            if segment:
                self._segment(partition, watermark, segment, made, dead)
                segment = []
            self._segment(partition, watermark, [entry], made, dead)
            watermark = max(watermark, entry[1].at)
        if segment:
            self._segment(partition, watermark, segment, made, dead)
        offset = entries[-1][0]
        for state in self._states[partition]:
            state.watermark = watermark
            state.flush()
            if watermark - self._expired[partition] >= EXPIRE_EVERY_MS:
                state.expire()
        if watermark - self._expired[partition] >= EXPIRE_EVERY_MS:
            self._expired[partition] = watermark
        self._applied[partition] = (offset, watermark)
        self._offsets.write(partition, offset, watermark)

    def _segment(
        self,
        partition: int,
        watermark: int,
        segment: Sequence[tuple[int, SubjectEvent]],
        made: list[Result],
        dead: list[DeadLetter],
    ) -> None:
        context = Context(partition=partition, watermark=watermark)
        derived: dict[int, tuple[Result, ...]] = {}
        last = segment[-1][1]
        for operator, state in zip(self._operators, self._states[partition], strict=True):
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
