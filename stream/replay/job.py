"""The work of a replay: stage a stretch of the log, judge it, follow later deletions.

Killed anywhere it goes on: what is staged stands with the place in the log, what is judged
stands with its cursor, in one transaction each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import structlog

from ingest.source import Stop
from stream.embedded import EmbeddedHost
from stream.records import Logged, LoggedDeletion
from stream.replay.plan import PastLog
from stream.replay.staging import Staging

BATCH = 2000
CURSOR = "replay"
KINDS = ("cluster", "burst", "campaign", "alert")

log = structlog.get_logger(__name__)


class Progress(msgspec.Struct, frozen=True):
    """What is being done, and how far it is."""

    doing: str
    done: int
    of: int


class Replay:
    """One replay over a host of its own.

    Args:
        source: the log that is replayed.
        staging: of the plan.
        host: over an empty folder, or that of the same replay before.
    """

    def __init__(self, source: PastLog, staging: Staging, host: EmbeddedHost) -> None:
        self._source = source
        self._staging = staging
        self.host = host

    @property
    def begun(self) -> bool:
        """Whether anything was judged yet."""
        return self.host.intake.cursor(CURSOR) is not None

    def run(self, stop: Stop, tell: Callable[[Progress], None] | None = None) -> bool:
        """Stage, judge and close what is open; False when stopped before.

        Raises:
            StorageFullError, KafkaUnavailableError: the same command goes on later.
        """
        tell = tell or (lambda _: None)
        # A replay that had begun before only learns what was deleted since.
        done = self.follow(stop, tell) if self.begun else self._stage(stop, tell)
        if not done or not self._judge(stop, tell):
            return False
        self.host.finish()
        self.host.feed_index()
        return self.follow(stop, tell)

    def follow(self, stop: Stop, tell: Callable[[Progress], None] | None = None) -> bool:
        """Delete here what was deleted in the log since it was read; False when stopped."""
        for partition, end in self._source.ends().items():
            start = self._staging.place(partition)
            for piece in self._source.read(partition, start, end):
                if stop.is_set():
                    return False
                deletions = [e for e in piece.entries if self._concerns(e)]
                if deletions:
                    self.host.take_in(deletions)
                self._staging.take(partition, piece, deletions_only=True)
                if tell is not None:
                    tell(Progress("following deletions", piece.next - start, end - start))
        self.host.feed_index()
        return True

    def counts(self) -> dict[str, int]:
        """Results by kind."""
        results = self.host.processor.results
        return {kind: sum(1 for _ in results.of_kind(kind)) for kind in KINDS}

    def _concerns(self, entry: Logged) -> bool:
        if not isinstance(entry, LoggedDeletion):
            return False
        id_ = entry.deletion.id
        if entry.deletion.scope == "account":
            return bool(self.host.posts.posts_of(id_))
        return id_ in self.host.posts.seen([id_])

    def _stage(self, stop: Stop, tell: Callable[[Progress], None]) -> bool:
        for partition, end in self._source.ends().items():
            start = self._staging.place(partition)
            for piece in self._source.read(partition, start, end):
                self._staging.take(partition, piece)
                tell(Progress("reading the log", piece.next - start, end - start))
                if stop.is_set():
                    return False
        return True

    def _judge(self, stop: Stop, tell: Callable[[Progress], None]) -> bool:
        total, done = self._staging.count(), 0
        cursor = self.host.intake.cursor(CURSOR)
        while True:
            entries, ahead = self._staging.after(cursor, BATCH)
            if not entries:
                return True
            if stop.is_set():
                return False
            self._take_in(entries, ahead)
            cursor = ahead
            done += len(entries)
            tell(Progress("judging", done, total))

    def _take_in(self, entries: Sequence[Logged], cursor: str | None) -> None:
        self.host.take_in(entries, cursor=(CURSOR, cursor or ""))
        self.host.feed_index()
