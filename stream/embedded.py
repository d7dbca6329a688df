"""The embedded host: one process, one SQLite file, the operators of the pipeline.

Each round takes what the collector brings and moves it through log, router and
operators in one transaction, then feeds the index. A process that is killed
anywhere resumes from the last commit: sources repeat, the router removes
repeats, the index continues from its own checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from detect.detector import Judge
from ingest.records import SourceStatus
from ingest.source import Stop
from stream.care.dead_letters import DeadLetters
from stream.care.erasure import Eraser
from stream.care.errands import Errands
from stream.care.retention import Policy, Retention
from stream.care.wiping import Wiping
from stream.hosting.beside import Beside
from stream.hosting.echoes import Doubt
from stream.hosting.feed import IndexFeed
from stream.hosting.intake import Follow, Intake, Match
from stream.hosting.partitions import fix_partitions
from stream.hosting.processor import Processor
from stream.index import Index
from stream.log import Routed, Seen
from stream.operator import Operator
from stream.records import Logged, LoggedClock, Versions
from stream.router import LATENESS_MS, MINUTE_MS, Router, RouterClock, known_ids
from stream.storage.migrations import drop_copies
from stream.storage.sqlite_log import SqlitePostsLog, SqliteSubjectLog
from stream.storage.state import Offsets
from stream.storage.store import DATABASE, StorageFullError, Store, full_message, is_full

if TYPE_CHECKING:
    from ingest.collector import Collected

ROUTE_BATCH = 2000
STATUS_EVERY_MS = 1000
FULL_DISK_PAUSE_S = 5.0
WIPE_S = 10.0
"""Seconds that the end waits for deleted bytes to be wiped; the next start goes on."""

log = structlog.get_logger(__name__)


class Collecting(Protocol):
    """What the host needs of a collector."""

    @property
    def finished(self) -> bool: ...

    def start(self) -> None: ...

    def poll(self, timeout: float, /) -> list[Collected]: ...

    def statuses(self) -> list[SourceStatus]: ...

    def close(self, timeout: float = ..., /) -> None: ...


class EmbeddedHost:
    """Logs, router and operators over one data folder.

    Args:
        folder: data folder; one process at a time.
        match: mentions of a post (``detect.mentions``).
        follow: mentions by thread, None to leave threads out.
        groups_of: groups that a member's posts also go to.
        doubt: ambiguous names, counted where a post about the person says the same; or None.
        judge: looks at every matched post as it is taken in; None leaves that out.
        operators: fresh instances in pipeline order.
        index: filled after each commit; None leaves indexing to a later run.
        media: looks at the pictures of posts, beside them; None leaves that out.
        versions: digests of watchlist, rules, calendar and banks in force.
        now: wall clock in ms; reaches dead letters, statuses and retention only.
        policy: how long things are kept; None for ever.
        unnamed: posts that name nobody which may wait until ``media`` looked at their pictures.

    Raises:
        FolderInUseError: another process owns the folder.
        PartitionsChangedError: ``partitions`` differs from the folder's.
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
        operators: Sequence[Operator],
        now: Callable[[], int],
        index: Index | None = None,
        media: Beside | None = None,
        versions: Versions | None = None,
        partitions: int = 8,
        policy: Policy | None = None,
        unnamed: int = 0,
    ) -> None:
        self.store = Store(folder)
        try:
            fix_partitions(self.store, partitions)
        except BaseException:
            self.store.close()
            raise
        self.posts = SqlitePostsLog(self.store)
        self.subjects = SqliteSubjectLog(self.store, partitions)
        self.dead = DeadLetters(self.store)
        self.intake = Intake(
            self.store, self.posts, dead=self.dead, match=match, follow=follow, doubt=doubt,
            judge=judge, now=now, unnamed=unnamed,
        )  # fmt: skip
        self.processor = Processor(self.store, self.subjects, operators)
        self.index = index
        self.media = media
        self._now = now
        self._router = Router(groups_of)
        self._eraser = Eraser(
            self.store,
            self.posts,
            self.subjects,
            lambda entry: self._router.subjects_of(entry.mentions),
        )
        self.wiping = Wiping(self.store.db, folder / DATABASE, also=lambda: drop_copies(folder))
        taken_in = (self.store, self.intake, self.dead)
        self.retention = Retention(*taken_in, self._route, policy=policy or Policy(), now=now)
        self.errands = Errands(
            *taken_in, self.posts, self._route, now=now, retention=self.retention
        )
        self._routed = Offsets(self.store, "router")
        self._feed = IndexFeed(self.subjects, self.processor.results)
        self._position = self._feed.start(index.checkpoint() if index else None)
        self._status_at = 0
        self._load_router()
        self._announce(versions)
        self.ingest([])

    def _load_router(self) -> None:
        self._router_offset = self._routed.read().get(0, (0, 0))[0]
        held = self.store.meta("router_clock")
        self._clock = msgspec.msgpack.decode(held, type=RouterClock) if held else RouterClock()

    def _announce(self, versions: Versions | None) -> None:
        """Log the versions in force when they differ from the last ones logged."""
        if versions is None:
            return
        body = msgspec.msgpack.encode(versions)
        if self.store.meta("versions") == body:
            return
        with self.store.transaction():
            self.subjects.append([Routed(event=versions)])
            self.store.set_meta("versions", body)

    def ingest(self, batches: Sequence[Collected]) -> None:
        """One round: log, route, apply, commit. All of it or nothing.

        Raises:
            StorageFullError: nothing was written; call again with the same batches.
        """

        def take() -> None:
            for batch in batches:
                self.intake.take(batch, self._route)

        self._change(take)

    def take_in(
        self, entries: Sequence[Logged], *, cursor: tuple[str, str] | None = None
    ) -> None:
        """One round with entries of another log, kept as they were logged there.

        ``cursor`` is noted with them, under its name.

        Raises:
            StorageFullError: nothing was written; call again with the same entries.
        """

        def take() -> None:
            self.posts.append(entries)
            if cursor is not None:
                self.intake.set_cursor(*cursor)

        self._change(take)

    def care(self) -> bool:
        """Carry out what people asked for, then wipe a little; True when nothing is left.

        Raises:
            StorageFullError: nothing was changed; call again later.
        """
        while self.errands.waiting():
            self._change(self.errands.run)
        if self.retention.waiting():
            self._change(self.retention.step)
        return self.wiping.step()

    def _change(self, work: Callable[[], object]) -> None:
        """Do some work and what follows from it in one transaction."""
        try:
            with self.store.transaction():
                work()
                self._route()
                self.dead.bury(self.processor.step())
        except BaseException:
            self._rolled_back()
            raise

    def settle(self) -> None:
        """Carry out everything asked for, down to the index; wiping ends with ``close``."""
        self.care()
        while self.retention.waiting():
            self.care()
        self.feed_index()
        if self.index is not None:
            self.index.refresh()

    def finish(self) -> None:
        """Let event time pass the last post, so that open windows close."""
        newest = self._clock.newest
        if not newest or self.store.meta("finished") == str(newest).encode():
            return
        end = newest + LATENESS_MS + MINUTE_MS
        with self.store.transaction():
            self.posts.append([LoggedClock(at=end)])
            self.store.set_meta("finished", str(end).encode())
        self.ingest([])

    def look(self) -> bool:
        """Hand new posts to the media stage and log what it found; True if there was any.

        Raises:
            StorageFullError: nothing was changed; call again later.
        """
        if self.media is None:
            return False
        named = self.intake.unnamed.exchange(self._change, self.intake.name)
        found = self.media.deliver(self.take_in)
        self.media.forward(self.subjects)
        return named or found

    def _look_at_the_rest(self, stop: Stop) -> None:
        """Wait a little for the pictures of posts that will not become more."""
        until = time.monotonic() + (self.media.patience_s if self.media else 0.0)
        while self.media is not None and not stop.is_set():
            self._persist(self.look, stop)
            if self.media.idle() or time.monotonic() > until:
                return
            stop.wait(0.05)

    def feed_index(self, statuses: Sequence[SourceStatus] = ()) -> None:
        """Bring the index up to what is committed.

        Raises:
            StorageFullError: the index could not be written; call again later.
        """
        if self.index is None:
            return
        while True:
            batch, ahead = self._feed.next(self._position, statuses)
            if batch is None:
                return
            statuses = ()
            try:
                self.index.write(batch)
            except Exception as error:
                if is_full(error):
                    raise StorageFullError(full_message(self.store.folder)) from error
                raise
            self._position = ahead

    def run(
        self,
        collector: Collecting,
        stop: Stop,
        progress: Callable[[dict[str, int]], None] | None = None,
    ) -> None:
        """Collect until ``stop`` is set or every source has ended."""
        collector.start()
        if self.media is not None:
            self.intake.unnamed.recogniser = self.media.recogniser
            self.media.start()
        try:
            while not stop.is_set():
                batches = collector.poll(0.2)
                if batches:
                    self._persist(partial(self.ingest, batches), stop)
                self._persist(self.care, stop)
                self._persist(self.look, stop)
                statuses = self._due_statuses(collector)
                if batches or statuses:
                    self._persist(partial(self.feed_index, statuses), stop)
                if batches and progress is not None:
                    progress(self.intake.counters())
                if not batches and collector.finished and not self.retention.waiting():
                    break
        finally:
            collector.close(2.0)
        if collector.finished and not stop.is_set():
            self._look_at_the_rest(stop)
            self.finish()
        self.feed_index(self.statuses(collector))
        if self.index is not None:
            self.index.refresh()

    def statuses(self, collector: Collecting) -> list[SourceStatus]:
        """How the sources do, with the totals of this data folder."""
        return self.intake.with_totals(collector.statuses())

    def close(self) -> None:
        """Wipe what was deleted, close the index and let the next process in."""
        if self.media is not None:
            self.media.close()
        self.wiping.finish(WIPE_S)
        if self.index is not None:
            self.index.close()
        self.store.close()
        self.wiping.close()

    def _due_statuses(self, collector: Collecting) -> list[SourceStatus]:
        now = self._now()
        if self.index is None or now - self._status_at < STATUS_EVERY_MS:
            return []
        self._status_at = now
        return self.statuses(collector)

    def _persist(self, write: Callable[[], object], stop: Stop) -> None:
        """Try again while the disk is full; sources wait behind their bounded queues."""
        while True:
            try:
                write()
            except StorageFullError as error:
                log.warning("disk_full", problem=str(error))
                if stop.wait(FULL_DISK_PAUSE_S):
                    return
            else:
                return

    def _route(self) -> dict[str, Seen]:
        """Route what the posts log holds; returns what was learnt by post id."""
        learnt: dict[str, Seen] = {}
        while True:
            entries = self.posts.read(self._router_offset, ROUTE_BATCH)
            if not entries:
                return learnt
            seen = self.posts.seen(known_ids(entries, self.posts.posts_of))
            routing = self._router.route(entries, seen, self._clock, self.posts.posts_of)
            self.subjects.append(routing.events)
            self.posts.remember(routing.known)
            learnt.update((post_id, seen) for post_id, (_, seen) in routing.known.items())
            self.posts.compact(routing.compact)
            if routing.erase:
                # Operators see a post before its words go, however near its deletion came;
                # else results would rest on how the log was cut into batches.
                self.dead.bury(self.processor.step())
            for deletion, offsets in routing.erase:
                self._eraser.erase(deletion, offsets)
            if any(name == "deleted" for _, name in routing.counts):
                # A deleted post was sent again; its words were written for a moment.
                self.store.wipe_later()
            for (source, name), n in routing.counts.items():
                self.intake.count(source, {name: n})
            self._clock = routing.clock
            self.store.set_meta("router_clock", msgspec.msgpack.encode(routing.clock))
            self._router_offset = entries[-1][0]
            self._routed.write(0, self._router_offset, routing.clock.ticked)

    def _rolled_back(self) -> None:
        self.posts.rolled_back()
        self.subjects.rolled_back()
        self.intake.rolled_back()
        self.dead.rolled_back()
        self.retention.rolled_back()
        self.processor.rolled_back()
        self._load_router()
