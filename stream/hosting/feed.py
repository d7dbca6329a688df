"""Feeds the index from the subject logs and the results, from its own checkpoint on.

The index is a consumer like any other: when it was behind, or lost its folder,
the feed begins where its checkpoint says, or at the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ingest.records import SourceStatus
from stream.index import IndexBatch
from stream.records import GapSeen, PostGone, PostSeen, Result
from stream.storage.sqlite_log import SqliteSubjectLog
from stream.storage.state import Results


class Position(msgspec.Struct, frozen=True):
    """How far the index has come: offset by partition, and the results' sequence."""

    partitions: tuple[int, ...]
    results: int


class IndexFeed:
    """Reads what the index has not seen yet."""

    def __init__(self, log: SqliteSubjectLog, results: Results) -> None:
        self._log = log
        self._results = results

    def start(self, checkpoint: str | None) -> Position:
        """The position a checkpoint stands for; None is the beginning."""
        if checkpoint is None:
            return Position((0,) * self._log.partitions, 0)
        return msgspec.json.decode(checkpoint, type=Position)

    def next(
        self, position: Position, statuses: Sequence[SourceStatus] = (), limit: int = 4096
    ) -> tuple[IndexBatch | None, Position]:
        """What follows ``position`` and the position after it; None when nothing does."""
        seen: list[PostSeen] = []
        gone: list[PostGone] = []
        gaps: list[GapSeen] = []
        offsets: list[int] = []
        for partition, after in enumerate(position.partitions):
            entries = self._log.read(partition, after, limit)
            offsets.append(entries[-1][0] if entries else after)
            for _, event in entries:
                if isinstance(event, PostSeen):
                    seen.append(event)
                elif isinstance(event, PostGone):
                    gone.append(event)
                elif isinstance(event, GapSeen) and partition == 0:
                    gaps.append(event)
        results = self._results.after(position.results, limit * 4)
        sequence = results[-1][0] if results else position.results
        ahead = Position(tuple(offsets), sequence)
        if ahead == position and not statuses:
            return None, position
        changed: list[Result] = [result for _, result in results]
        batch = IndexBatch(
            checkpoint=msgspec.json.encode(ahead).decode(),
            posts=[e for e in seen if not e.subjects or e.subject == e.subjects[0]],
            sightings=seen,
            gone=gone,
            gaps=gaps,
            results=changed,
            statuses=statuses,
        )
        return batch, ahead

    def all(self) -> Iterator[IndexBatch]:
        """Everything from the beginning, for a rebuild."""
        position = self.start(None)
        while True:
            batch, position = self.next(position)
            if batch is None:
                return
            yield batch
