"""The collecting host: sources to the posts topic, cursors only behind what is delivered.

One folder holds cursors, counters, dead letters and what is known of the posts so far (for
threads and deletions). Entries are delivered inside the transaction that moves the cursor:
killed in between, the source repeats and the router removes the repeats. A collector that
begins with an empty folder takes the cursors from the sources topic and what is known from
the posts topic. So two collectors on one source, or on two machines in turn, do no harm.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from detect.detector import Judge
from ingest.records import SourceStatus
from ingest.source import Stop
from stream.care.dead_letters import DeadLetters
from stream.care.errands import Errands
from stream.care.wiping import Wiping
from stream.hosting.echoes import Doubt
from stream.hosting.intake import Follow, Intake, Match
from stream.log import Seen
from stream.records import Logged, LoggedClock
from stream.router import LATENESS_MS, MINUTE_MS, Router, RouterClock, known_ids
from stream.scale.address import KafkaUnavailableError
from stream.storage.migrations import drop_copies
from stream.storage.sqlite_log import SqlitePostsLog
from stream.storage.store import DATABASE, StorageFullError, Store
from stream.topics import SourceCursor, SourceEntry

if TYPE_CHECKING:
    from ingest.collector import Collected
    from stream.embedded import Collecting

PAUSE_S = 2.0
STATUS_EVERY_MS = 1000
WIPE_S = 10.0
RESTORE_BATCH = 2000

log = structlog.get_logger(__name__)


class Delivering(Protocol):
    """What the host needs of a producer; each call returns when all is on the brokers."""

    def send(self, entries: Sequence[Logged], /) -> None: ...

    def note(self, entries: Sequence[SourceEntry], /) -> None: ...


class OutgoingLog:
    """The posts log as the intake sees it: entries on their way out, memory of the others."""

    def __init__(self, known: SqlitePostsLog) -> None:
        self._known = known
        self._entries: list[Logged] = []
        self._first = 1

    @property
    def last(self) -> int:
        """Offset of the last entry that ever was on its way."""
        return self._first + len(self._entries) - 1

    def append(self, entries: Sequence[Logged], /) -> None:
        """Add entries in order."""
        self._entries.extend(entries)

    def read(self, after: int, limit: int, /) -> list[tuple[int, Logged]]:
        """Entries behind ``after`` that are still on their way."""
        begin = max(0, after + 1 - self._first)
        found = self._entries[begin : begin + limit]
        return list(enumerate(found, self._first + begin))

    def seen(self, post_ids: Collection[str], /) -> Mapping[str, Seen]:
        """What is known of these ids."""
        return self._known.seen(post_ids)

    def posts_of(self, account: str, /) -> list[str]:
        """Ids of the posts of an account that are still there."""
        return self._known.posts_of(account)

    def take(self) -> list[Logged]:
        """Everything on its way; the log is empty then."""
        entries, self._entries = self._entries, []
        self._first += len(entries)
        return entries


class CollectHost:
    """Intake over one folder, delivering to Kafka.

    Args:
        folder: of this collector alone; one process at a time.
        match: mentions of a post.
        follow: mentions by thread, None to leave threads out.
        groups_of: groups of a subject; only what is known of posts rests on it.
        doubt: ambiguous names, counted where a post about the person says the same; or None.
        judge: looks at every matched post as it is taken in; None leaves that out.
        producer: where entries go.
        now: wall clock in ms.

    Raises:
        FolderInUseError: another process owns the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        match: Match,
        follow: Follow | None,
        groups_of: Callable[[str], tuple[str, ...]],
        doubt: Doubt | None = None,
        judge: Judge | None = None,
        producer: Delivering,
        now: Callable[[], int],
    ) -> None:
        self.store = Store(folder)
        self.dead = DeadLetters(self.store)
        self._known = SqlitePostsLog(self.store)
        self._out = OutgoingLog(self._known)
        self.intake = Intake(
            self.store,
            self._out,
            dead=self.dead,
            match=match,
            follow=follow,
            doubt=doubt,
            judge=judge,
            now=now,
        )
        self.errands = Errands(
            self.store, self.intake, self.dead, self._out, self._learn, now=now
        )
        self.wiping = Wiping(self.store.db, folder / DATABASE, also=lambda: drop_copies(folder))
        self._router = Router(groups_of)
        self._producer = producer
        self._now = now
        self._owner = socket.gethostname()
        self._routed = 0
        self._clock = RouterClock()
        self._status_at = 0
        self._cursors: dict[str, SourceCursor] = {}
        self.rolled_back()

    @property
    def fresh(self) -> bool:
        """Whether this folder has never been filled from the topics."""
        return self.store.meta("restored") is None

    def restore(
        self, cursors: Mapping[str, str], partitions: Iterable[Iterable[Logged]]
    ) -> None:
        """Learn where sources go on and what the posts topic holds, partition by partition."""
        with self.store.transaction():
            for source, cursor in cursors.items():
                self.intake.set_cursor(source, cursor)
            newest = self._clock
            for entries in partitions:
                self._clock = RouterClock()
                rest = iter(entries)
                while batch := list(islice(rest, RESTORE_BATCH)):
                    self._out.append(batch)
                    self._learn()
                    self._out.take()
                newest = max(newest, self._clock, key=lambda clock: clock.newest)
            self._clock = newest
            self._keep_clock()
            self.store.set_meta("restored", b"1")

    def ingest(self, batches: Sequence[Collected]) -> None:
        """One round: match, deliver, commit. All of it or nothing is committed.

        Raises:
            StorageFullError, KafkaUnavailableError: call again with the same batches.
        """
        with self._round():
            for batch in batches:
                self.intake.take(batch, self._learn)
        for batch in batches:
            if batch.cursor is not None:
                self._cursors[batch.source] = SourceCursor(
                    source=batch.source, cursor=batch.cursor, owner=self._owner
                )
        try:
            self._note_cursors()
        except KafkaUnavailableError as error:
            # The round is committed and must not be done again; the next one tells it.
            log.warning("cursors_not_noted", problem=str(error))

    def _note_cursors(self) -> None:
        if self._cursors:
            self._producer.note(list(self._cursors.values()))
            self._cursors = {}

    def care(self) -> bool:
        """Carry out what people asked for, then wipe a little; True when nothing is left.

        Raises:
            StorageFullError, KafkaUnavailableError: nothing was changed; call again later.
        """
        while self.errands.waiting():
            with self._round():
                self.errands.run()
        return self.wiping.step()

    def finish(self) -> None:
        """Let event time pass the last post, so that open windows close."""
        if self._clock.newest:
            end = self._clock.newest + LATENESS_MS + MINUTE_MS
            with self._round():
                self._out.append([LoggedClock(at=end)])

    def run(self, collector: Collecting, stop: Stop) -> None:
        """Collect until ``stop`` is set or every source has ended."""
        collector.start()
        try:
            while not stop.is_set():
                batches = collector.poll(0.2)
                if batches:
                    self._persist(partial(self.ingest, batches), stop)
                self._persist(self.care, stop)
                self._persist(partial(self._tell, collector), stop)
                if not batches and collector.finished:
                    break
        finally:
            collector.close(2.0)
        if collector.finished and not stop.is_set():
            self._persist(self.finish, stop)
            self._persist(self._note_cursors, stop)
            self._status_at = 0
            self._persist(partial(self._tell, collector), stop)

    def statuses(self, collector: Collecting) -> list[SourceStatus]:
        """How the sources do, with the totals of this folder."""
        return self.intake.with_totals(collector.statuses())

    def close(self) -> None:
        """Wipe what was deleted and let the next process in."""
        self.wiping.finish(WIPE_S)
        self.store.close()
        self.wiping.close()

    def rolled_back(self) -> None:
        """Forget what a failed round had noted."""
        self._out.take()
        self._routed = self._out.last
        self.intake.rolled_back()
        self.dead.rolled_back()
        held = self.store.meta("clock")
        self._clock = msgspec.msgpack.decode(held, type=RouterClock) if held else RouterClock()

    @contextmanager
    def _round(self) -> Generator[None]:
        """A transaction that ends with the delivery of what was logged in it."""
        ticked = self._clock.ticked
        try:
            with self.store.transaction():
                yield
                self._learn()
                entries = self._out.take()
                clock = LoggedClock(at=self._clock.newest)
                if self._clock.ticked > ticked and clock not in entries:
                    # Partitions without posts would hold event time up.
                    entries.append(clock)
                self._keep_clock()
                if entries:
                    self._producer.send(entries)
        except BaseException:
            self.rolled_back()
            raise

    def _keep_clock(self) -> None:
        self.store.set_meta("clock", msgspec.msgpack.encode(self._clock))

    def _tell(self, collector: Collecting) -> None:
        now = self._now()
        if now - self._status_at >= STATUS_EVERY_MS:
            self._status_at = now
            self._producer.note(self.statuses(collector))

    def _persist(self, write: Callable[[], object], stop: Stop) -> None:
        """Try again while Kafka or the disk refuses; sources wait behind bounded queues."""
        while True:
            try:
                write()
            except (StorageFullError, KafkaUnavailableError) as error:
                log.warning("not_delivered", problem=str(error))
                if stop.wait(PAUSE_S):
                    return
            else:
                return

    def _learn(self) -> dict[str, Seen]:
        """Remember what is on its way, as the router will see it."""
        entries = self._out.read(self._routed, self._out.last - self._routed)
        if not entries:
            return {}
        seen = self._known.seen(known_ids(entries, self._known.posts_of))
        routing = self._router.route(entries, seen, self._clock, self._known.posts_of)
        self._known.remember(routing.known)
        self._clock = routing.clock
        self._routed = entries[-1][0]
        return {post_id: known for post_id, (_, known) in routing.known.items()}
