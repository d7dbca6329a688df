"""The writing half of a local index: tables first, then search, healing what a crash left."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from ingest.records import Post
from stream.index import IndexBatch
from stream.local.search import (
    FOLDER,
    Position,
    SearchDamagedError,
    SearchWriter,
    discard,
)
from stream.local.tables import connect_writer
from stream.local.writing import Changes, TableWriter, decode_standings, present_subjects

COMMIT_EVERY_S = 1.0

_decode_post = msgspec.msgpack.Decoder(Post).decode


class Feeder:
    """Owner of one index folder: its tables and its search folder.

    Args:
        folder: made if absent.
        clock: monotonic seconds; decides only when search is committed.
        commit_every_s: least time between two commits of search.

    Raises:
        IndexDamagedError: the tables cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float],
        commit_every_s: float = COMMIT_EVERY_S,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._search_folder = folder / FOLDER
        self._clock = clock
        self._commit_every_s = commit_every_s
        self._committed_at = -math.inf
        self._search: SearchWriter | None = None
        self._dirty = False
        self._touched = False
        self._erased = False
        self.commits = 0
        self.db = connect_writer(folder)
        try:
            self._tables = TableWriter(self.db)
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
        search = self._search or self._open_search()
        try:
            self._follow(search, changes)
            if self._dirty and self._clock() - self._committed_at >= self._commit_every_s:
                self.flush()
        except SearchDamagedError:
            self._remake_search()
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
        for n in (*changes.changed, *changes.removed):
            search.remove(n)
        for n, post, subjects in changes.added:
            search.add(n, post, subjects)
        self._add_rows(search, changes.changed)
        if changes.changed or changes.removed:
            self._touched = True
        if changes.added or changes.changed or changes.removed:
            self._dirty = True

    def flush(self) -> None:
        """Commit search, and fold deleted content out of the write-ahead log.

        Raises:
            OSError: no space left.
        """
        search = self._search or self._open_search()
        if self._dirty:
            position = Position(n=self._tables.last, touched=self._last_touched())
            search.commit(position)
            self.commits += 1
            self._dirty = False
            if self._touched:
                self.db.execute("DELETE FROM touched WHERE seq <= ?", (position.touched,))
                self._touched = False
        self._committed_at = self._clock()
        if self._erased:
            # A reader in the middle of a query holds this up; then the next flush does it.
            busy = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._erased = bool(busy)

    def close(self) -> None:
        """Commit what can be committed and let go of the files."""
        try:
            if self._search is not None:
                self.flush()
        except (OSError, SearchDamagedError, sqlite3.OperationalError):
            # Healed on the next opening.
            self._dirty = True
        finally:
            self._drop_search()
            self.db.close()

    def _open_search(self) -> SearchWriter:
        """The search folder, brought up to the tables; made anew when it is damaged."""
        try:
            return self._catch_up()
        except SearchDamagedError:
            return self._remake_search()

    def _remake_search(self) -> SearchWriter:
        self._drop_search()
        discard(self._search_folder)
        return self._catch_up()

    def _drop_search(self) -> None:
        if self._search is not None:
            self._search.close()
            self._search = None

    def _catch_up(self) -> SearchWriter:
        """Open the folder and add what the tables hold beyond its position."""
        search = SearchWriter(self._search_folder)
        try:
            self._heal(search)
        except BaseException:
            search.close()
            raise
        self._search = search
        return search

    def _heal(self, search: SearchWriter) -> None:
        held, last = (
            search.position,
            Position(n=self._tables.last, touched=self._last_touched()),
        )
        base = min(held.n, last.n)
        search.remove_after(base)
        rows = self.db.execute(
            "SELECT n, subjects, body FROM posts WHERE n > ? AND body IS NOT NULL", (base,)
        )
        _add(search, rows)
        touched = [
            int(row[0])
            for row in self.db.execute(
                "SELECT DISTINCT n FROM touched WHERE seq > ? AND n <= ?", (held.touched, base)
            )
        ]
        for n in touched:
            search.remove(n)
        self._add_rows(search, touched)
        search.commit(last)
        self.commits += 1
        self._dirty = False
        self._touched = True
        self._committed_at = self._clock()

    def _add_rows(self, search: SearchWriter, numbers: list[int]) -> None:
        for i in range(0, len(numbers), 500):
            marks = ",".join(map(str, numbers[i : i + 500]))
            rows = self.db.execute(
                f"SELECT n, subjects, body FROM posts WHERE n IN ({marks}) AND body IS NOT NULL"
            )
            _add(search, rows)

    def _last_touched(self) -> int:
        row = self.db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'touched'")
        found = row.fetchone()
        return int(found[0]) if found else 0

    def _meta_checkpoint(self) -> str | None:
        row = self.db.execute("SELECT value FROM meta WHERE key = 'checkpoint'").fetchone()
        return None if row is None else str(row[0])


def _add(search: SearchWriter, rows: Iterable[tuple[Any, ...]]) -> None:
    for n, subjects, body in rows:
        search.add(n, _decode_post(body), present_subjects(decode_standings(subjects)))
