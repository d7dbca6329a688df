"""The SQLite file under the embedded host: opening, locking, schema, transactions.

One file holds the logs, the operators' state, their results and all offsets, so
that one transaction can move them together. WAL mode lets the web process read
while the pipeline writes; ``synchronous=FULL`` keeps committed offsets through
a power loss; ``secure_delete`` overwrites what is deleted.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE cursors (source TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (
    source TEXT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) WITHOUT ROWID;
CREATE TABLE statuses (source TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE dead_letters (
    seq INTEGER PRIMARY KEY, stage TEXT NOT NULL, source TEXT NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE posts_log (offset INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE seen (
    post_id TEXT PRIMARY KEY, account TEXT NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_account ON seen (account);
CREATE TABLE subject_log (
    id INTEGER PRIMARY KEY, post_offset INTEGER, body BLOB NOT NULL
);
CREATE TABLE offsets (
    consumer TEXT NOT NULL, partition INTEGER NOT NULL,
    next INTEGER NOT NULL, watermark INTEGER NOT NULL,
    PRIMARY KEY (consumer, partition)
) WITHOUT ROWID;
CREATE TABLE state (
    operator TEXT NOT NULL, partition INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (operator, partition, key)
) WITHOUT ROWID;
CREATE TABLE timers (
    operator TEXT NOT NULL, partition INTEGER NOT NULL,
    at INTEGER NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (operator, partition, at, key)
) WITHOUT ROWID;
CREATE TABLE results (
    kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX results_seq ON results (seq);
"""


class FolderInUseError(Exception):
    """Another process owns the data folder."""


class StorageFullError(Exception):
    """The disk is full; nothing of the last batch was written."""


class StorageVersionError(Exception):
    """The data folder was written by a newer version."""


class Store:
    """Owner of ``jikimi.db`` in a data folder; one process at a time.

    Args:
        folder: made if absent.

    Raises:
        FolderInUseError: a second process on the same folder.
        StorageVersionError: written by a newer jikimi.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = _lock(folder)
        try:
            self.db = _connect(folder / "jikimi.db")
            _prepare(self.db)
        except BaseException:
            os.close(self._lock)
            raise
        self._depth = 0

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; nested calls join the outer one.

        Raises:
            StorageFullError: the disk is full and all was rolled back.
        """
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self.db.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            if is_full(error):
                raise StorageFullError(full_message(self.folder)) from error
            raise
        finally:
            self._depth = 0

    def meta(self, key: str) -> bytes | None:
        """A value kept beside the logs, None when never set."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def set_meta(self, key: str, value: bytes) -> None:
        """Part of the running transaction."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def checkpoint(self) -> None:
        """Fold the write-ahead log back, so that deleted bytes leave it too."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file and let the next process in."""
        self.db.close()
        os.close(self._lock)


def is_full(error: BaseException) -> bool:
    """Whether ``error`` says that no space is left."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def full_message(folder: Path) -> str:
    """What to tell a person whose disk is full."""
    return (
        f"no space left on the disk that holds {folder}: nothing of the last batch was "
        "written and nothing is lost; free some space and it goes on"
    )


def _lock(folder: Path) -> int:
    handle = os.open(folder / "jikimi.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        raise FolderInUseError(
            f"the data folder {folder} is in use by another jikimi (process {owner}); "
            "stop that one first or choose another folder with --data"
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        path, isolation_level=None, cached_statements=512, check_same_thread=False
    )
    for pragma in (
        "page_size=8192",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
        "wal_autocheckpoint=4000",
        "busy_timeout=10000",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db


def _prepare(db: sqlite3.Connection) -> None:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StorageVersionError(
            f"this data folder has format {version}, this jikimi knows {SCHEMA_VERSION}: "
            "use the newer jikimi that wrote it"
        )
    if version == 0:
        db.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
