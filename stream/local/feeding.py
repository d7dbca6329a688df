"""The writing half of a local index: tables first, then search, healing what a crash left."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from tantivy import Document

from ingest.records import Post
from stream.care.wiping import Wiping, wipe_later
from stream.index import IndexBatch
from stream.local.documents import SearchRow, document
from stream.local.search import (
    FOLDER,
    Position,
    SearchDamagedError,
    SearchWriter,
    discard,
)
from stream.local.sweep import Sweep
from stream.local.tables import CHUNK, DATABASE, connect_writer
from stream.local.writing import Changes, TableWriter, search_row, unpacked
from stream.search.standings import decode_standings

COMMIT_EVERY_S = 1.0
SWEEP_EVERY_S = 3600.0
SETTLE_S = 10.0
"""Seconds that the end waits for deleted words to leave the files; the next start goes on."""

_ROWS = "SELECT n, subjects, body, judgement FROM posts"

_decode_post = msgspec.msgpack.Decoder(Post).decode


class Feeder:
    """Owner of one index folder: its tables and its search folder.

    Args:
        folder: made if absent.
        clock: monotonic seconds; decides only when search is committed.
        commit_every_s: least time between two commits of search.
        sweep_every_s: least time between two looks for what a sweep can tidy up
            (``stream/local/sweep.py``); deleted posts leave within a minute anyway.

    Raises:
        IndexDamagedError: the tables cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float],
        commit_every_s: float = COMMIT_EVERY_S,
        sweep_every_s: float = SWEEP_EVERY_S,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._search_folder = folder / FOLDER
        self._clock = clock
        self._commit_every_s = commit_every_s
        self._committed_at = -math.inf
        self._search: SearchWriter | None = None
        self._dirty = False
        self._touched = False
        # A killed process may have left deleted content in the write-ahead log.
        self._erased = True
        self.db = connect_writer(folder)
        self._wiping = Wiping(self.db, folder / DATABASE)
        try:
            self._tables = TableWriter(self.db)
            self._sweep = Sweep(every_s=sweep_every_s, clock=time.monotonic)
            self.checkpoint = self._meta_checkpoint()
            self._open_search()
        except BaseException:
            self.close()
            raise

    def write(self, batch: IndexBatch) -> None:
        """Write a batch and its checkpoint, all or nothing; then bring search up to it.

        When only search fails, the batch stands: writing it again changes
        nothing but tries search again.

        Raises:
            OSError: no space left for search.
            sqlite3.OperationalError: no space left; nothing was written.
        """
        changes = self._write_tables(batch)
        if self._search is None:
            # What failed before is made good from the tables, this batch included.
            self._open_search()
            return
        with self._mending():
            self._follow(self._search, changes)
            if self._clock() - self._committed_at >= self._commit_every_s:
                self._commit(self._search)

    @contextlib.contextmanager
    def _mending(self) -> Generator[None]:
        """A damaged search folder is made anew; after other failures it is opened again."""
        try:
            yield
        except SearchDamagedError:
            self.remake()
        except OSError:
            self._drop_search()
            raise

    def _write_tables(self, batch: IndexBatch) -> Changes:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            if batch.checkpoint == self.checkpoint:
                self._tables.write_statuses(batch)
                changes = Changes()
            else:
                changes = self._tables.apply(batch)
                if changes.removed:
                    wipe_later(self.db)
                self.db.execute(
                    "INSERT OR REPLACE INTO meta VALUES ('checkpoint', ?)", (batch.checkpoint,)
                )
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            self._tables.load()
            raise
        self.checkpoint = batch.checkpoint
        self._erased |= changes.erased
        return changes

    def _follow(self, search: SearchWriter, changes: Changes) -> None:
        stale = changes.changed + changes.removed
        if stale:
            search.remove(stale)
            self._touched = True
        self._sweep.removed(changes.removed, search.shards.fresh)
        if changes.added:
            search.add(changes.added)
        if changes.changed:
            search.add(self._rows(changes.changed))
        self._dirty |= bool(stale or changes.added)

    def flush(self) -> None:
        """Make everything written visible to search and durable.

        Raises:
            OSError: no space left; what is written stands, call again later.
        """
        if self._search is None:
            self._open_search()
            return
        with self._mending():
            self._commit(self._search)

    def _commit(self, search: SearchWriter, *, hurry: bool = False) -> None:
        """Commit search, and let deleted content leave the files."""
        search.check()
        if self._dirty:
            self._commit_position(search)
        else:
            search.publish()
        self._committed_at = self._clock()
        if self._erased:
            # A reader in the middle of a query holds this up; then the next commit does it.
            busy = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._erased = bool(busy)
        if search.sweep(
            lambda shards: self._sweep.step(
                shards, self._tables.last, self._documents, hurry=hurry
            )
        ):
            self._commit_position(search)
        self._wiping.step(hurry=hurry)

    def _commit_position(self, search: SearchWriter) -> None:
        position = Position(n=self._tables.last, touched=self._last_touched())
        search.commit(position)
        self._dirty = False
        if self._touched:
            self.db.execute("DELETE FROM touched WHERE seq <= ?", (position.touched,))
            self._touched = False

    def settle(self, seconds: float) -> bool:
        """Let what was deleted leave the files, for at most some seconds; False if it did not.

        Raises:
            OSError: no space left.
        """
        until = time.monotonic() + seconds
        while self._search is not None and self._sweep.urgent and time.monotonic() < until:
            with self._mending():
                self._commit(self._search, hurry=True)
        return self._wiping.finish(max(0.0, until - time.monotonic())) and not (
            self._sweep.urgent
        )

    def close(self) -> None:
        """Commit what can be committed and let go of the files."""
        try:
            if self._search is not None:
                self._commit(self._search)
                self.settle(SETTLE_S)
        except (OSError, SearchDamagedError, sqlite3.OperationalError):
            # Healed on the next opening.
            self._dirty = True
        finally:
            self._drop_search()
            self.db.close()
            self._wiping.close()

    def _open_search(self) -> None:
        """Open the search folder and bring it up to the tables; a damaged one is made anew."""
        try:
            self._catch_up()
        except SearchDamagedError:
            self.remake()

    def remake(self) -> None:
        """Make the search folder anew from the tables.

        Raises:
            OSError: no space left for it.
        """
        self._drop_search()
        discard(self._search_folder)
        self._catch_up()

    def _drop_search(self) -> None:
        if self._search is not None:
            self._search.close()
            self._search = None

    def _catch_up(self) -> None:
        """Open the folder and add what the tables hold beyond its position."""
        search = SearchWriter(self._search_folder)
        try:
            self._heal(search)
        except BaseException:
            search.close()
            raise
        self._search = search

    def _heal(self, search: SearchWriter) -> None:
        held = search.position
        last = Position(n=self._tables.last, touched=self._last_touched())
        base = min(held.n, last.n)
        touched = [
            int(row[0])
            for row in self.db.execute(
                "SELECT DISTINCT n FROM touched WHERE seq > ? AND n <= ?", (held.touched, base)
            )
        ]
        search.remove_after(base)
        search.add(
            _revive(
                self.db.execute(
                    f"{_ROWS} WHERE n > ? AND body IS NOT NULL",
                    (base,),
                )
            )
        )
        search.remove(touched)
        search.add(self._rows(touched))
        search.commit(last)
        self._sweep.opened(search.shards)
        posts = int(self.db.execute("SELECT value FROM meta WHERE key = 'posts'").fetchone()[0])
        if search.documents() != posts:
            raise SearchDamagedError(f"{self._search_folder}: it does not hold all posts")
        self._dirty = False
        self._touched = True
        self._committed_at = self._clock()

    def _documents(self, after: int, last: int, limit: int) -> list[tuple[int, Document]]:
        rows = self.db.execute(
            f"{_ROWS} WHERE n > ? AND n <= ? AND body IS NOT NULL ORDER BY n LIMIT ?",
            (after, last, limit),
        )
        return [(row.n, document(row)) for row in _revive(rows)]

    def _rows(self, numbers: list[int]) -> Iterator[SearchRow]:
        for i in range(0, len(numbers), CHUNK):
            marks = ",".join(map(str, numbers[i : i + CHUNK]))
            yield from _revive(
                self.db.execute(f"{_ROWS} WHERE n IN ({marks}) AND body IS NOT NULL")
            )

    def _last_touched(self) -> int:
        row = self.db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'touched'")
        found = row.fetchone()
        return int(found[0]) if found else 0

    def _meta_checkpoint(self) -> str | None:
        row = self.db.execute("SELECT value FROM meta WHERE key = 'checkpoint'").fetchone()
        return None if row is None else str(row[0])


def _revive(rows: Iterable[tuple[Any, ...]]) -> Iterator[SearchRow]:
    for n, subjects, body, judgement in rows:
        standings = decode_standings(subjects)
        yield search_row(n, _decode_post(body), standings, unpacked(judgement))
