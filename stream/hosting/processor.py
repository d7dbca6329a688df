"""Runs the operators over the subject logs of the embedded host: reads, applies, commits.

State, results and the applied offset are written in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from stream.hosting.partition import Partition
from stream.operator import Operator, State
from stream.records import DeadLetter, Result
from stream.storage.sqlite_log import SqliteSubjectLog
from stream.storage.state import Offsets, Results
from stream.storage.store import Store


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
        self._partitions = [
            Partition(store, number, self._operators) for number in range(log.partitions)
        ]
        self._applied: list[int] = []
        self._load()

    def _load(self) -> None:
        known = self._offsets.read()
        self._applied = [known.get(p, (0, 0))[0] for p in range(len(self._partitions))]
        for number, partition in enumerate(self._partitions):
            partition.rolled_back(known.get(number, (0, 0))[1])

    def versions(self) -> dict[str, str]:
        """Name and version of each operator, in pipeline order."""
        return {op.name: op.version for op in self._operators}

    def states(self, operator: str) -> list[State]:
        """What an operator keeps, by partition, for reading."""
        return [partition.state(operator) for partition in self._partitions]

    def step(self) -> list[DeadLetter]:
        """Apply everything the log holds; part of the running transaction."""
        dead: list[DeadLetter] = []
        made: list[Result] = []
        for number, partition in enumerate(self._partitions):
            while entries := self._log.read(number, self._applied[number], self._batch):
                partition.apply(entries, made, dead)
                self._applied[number] = entries[-1][0]
                self._offsets.write(number, self._applied[number], partition.watermark)
        self.results.write(made)
        return dead

    def rolled_back(self) -> None:
        """Forget what a failed transaction had done."""
        for operator in self._operators:
            operator.reset()
        self.results.rolled_back()
        self._load()
