"""The SQLite file of people's decisions: one owner, migrations, transactions of any thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stream.storage.errors import FolderInUseError, StorageFullError, full_message, is_full
from stream.storage.files import OwnedError, own, transaction
from stream.storage.migrations import Step, opened

DECISIONS = """
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    decision_id TEXT NOT NULL UNIQUE,
    alert_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    reason TEXT NOT NULL, note TEXT NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL,
    undoes TEXT NOT NULL,
    digest BLOB NOT NULL
);
CREATE INDEX decisions_alert ON decisions (alert_id, seq, state);
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
CREATE TRIGGER decisions_are_kept BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;
"""

DELIVERIES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sinks (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id TEXT NOT NULL UNIQUE,
    sink TEXT NOT NULL, alert_id TEXT NOT NULL,
    occasion TEXT NOT NULL, severity INTEGER NOT NULL, round INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('pending', 'sending', 'done', 'failed', 'skipped')),
    tries INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL DEFAULT 0,
    changed_at INTEGER NOT NULL,
    problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX deliveries_alert ON deliveries (alert_id, sink);
CREATE INDEX deliveries_waiting ON deliveries (sink, seq)
    WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_state ON deliveries (sink, state, changed_at);
"""

KEYS = """
CREATE TABLE keys (
    key_id TEXT PRIMARY KEY,
    name TEXT NOT NULL, scopes TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL, revoked_at INTEGER
) WITHOUT ROWID;
"""
MOMENTS = "CREATE INDEX decisions_at ON decisions (at);"
VIEWS = """
CREATE TABLE views (
    view_id TEXT PRIMARY KEY,
    name TEXT NOT NULL, page TEXT NOT NULL, query TEXT NOT NULL,
    owner TEXT NOT NULL, who TEXT NOT NULL, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX views_owner ON views (owner, name);
"""
LOOKS = """
CREATE TABLE looks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX looks_sha256 ON looks (sha256, who, at);
CREATE TRIGGER looks_stay BEFORE UPDATE ON looks
    BEGIN SELECT RAISE(ABORT, 'who looked is never changed'); END;
CREATE TRIGGER looks_are_kept BEFORE DELETE ON looks
    BEGIN SELECT RAISE(ABORT, 'who looked is never deleted'); END;
"""

MIGRATIONS = (
    Step("decisions", DECISIONS),
    Step("deliveries", DELIVERIES),
    Step("keys", KEYS),
    Step("moments", MOMENTS),
    Step("views", VIEWS),
    Step("looks", LOOKS),
)
"""Applied in order, once each; only ever appended to."""


class DeskInUseError(FolderInUseError):
    """Another process owns the desk."""


class DeskFile:
    """An open desk file. Methods may be called from any thread.

    Args:
        path: made if absent, as is its folder.
        beside: do not become the owner, who may be running: for what SQLite keeps
            apart by itself, as keys are.

    Raises:
        DeskInUseError: another process has it open.
        StorageVersionError: written by a newer version.
    """

    def __init__(self, path: Path, *, beside: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._guard = threading.RLock()
        self._lock = os.open(os.devnull, os.O_RDONLY) if beside else _lock(path)
        try:
            self._db = opened(path, MIGRATIONS)
        except BaseException:
            os.close(self._lock)
            raise

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All or nothing; other threads wait. Nested calls join the outer one.

        Raises:
            StorageFullError: the disk is full and all was rolled back.
        """
        with self._guard:
            if self._db.in_transaction:
                yield self._db
                return
            with transaction(self._db, self.path.parent):
                yield self._db

    def probe(self) -> None:
        """Check that it can be written: changes something and takes it back.

        Raises:
            StorageFullError: the disk is full.
            sqlite3.OperationalError: anything else is in the way.
        """
        with self._guard:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.execute("CREATE TABLE probe (n INTEGER)")
            except sqlite3.OperationalError as error:
                if is_full(error):
                    raise StorageFullError(full_message(self.path.parent)) from error
                raise
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._guard:
            return self._db.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Close the file and let the next process in; calling it again does nothing."""
        with self._guard:
            if self._lock < 0:
                return
            self._db.close()
            os.close(self._lock)
            self._lock = -1


def _lock(path: Path) -> int:
    try:
        return own(path.with_name(f"{path.name}.lock"))
    except OwnedError as owned:
        raise DeskInUseError(
            f"{path} is in use by another jikimi (process {owned}); decisions have one owner: "
            "stop that one first or choose another folder with --data"
        ) from None
