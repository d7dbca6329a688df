"""The SQLite file under the embedded host: opening, locking, schema, transactions.

One file holds the logs, the operators' state, their results and all offsets, so
that one transaction can move them together. WAL mode lets the web process read
while the pipeline writes; ``synchronous=FULL`` keeps committed offsets through
a power loss; ``secure_delete`` overwrites what is deleted.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from stream.care.wiping import wipe_later
from stream.storage.errors import (
    FolderInUseError,
    StorageFullError,
    StorageVersionError,
    full_message,
    is_full,
    prepare,
)
from stream.storage.migrations import migrate
from stream.storage.schema import STEPS

DATABASE = "jikimi.db"

__all__ = [
    "DATABASE",
    "FolderInUseError",
    "StorageFullError",
    "StorageVersionError",
    "Store",
    "full_message",
    "is_full",
]


class Store:
    """Owner of ``jikimi.db`` in a data folder; one process at a time.

    Args:
        folder: made if absent.

    Raises:
        FolderInUseError: a second process on the same folder.
        RestoreUnfinishedError: a restore into it has not ended.
        StorageVersionError: written by a newer jikimi.
    """

    def __init__(self, folder: Path) -> None:
        prepare(folder)
        self.folder = folder
        self._lock = lock(folder)
        try:
            self.db = _connect(folder / DATABASE)
            try:
                migrate(self.db, folder / DATABASE, STEPS)
            except BaseException:
                self.db.close()
                raise
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

    def wipe_later(self) -> None:
        """Note, as part of the running transaction, that deleted bytes must be wiped."""
        wipe_later(self.db)

    def close(self) -> None:
        """Close the file and let the next process in."""
        self.db.close()
        os.close(self._lock)


def lock(folder: Path) -> int:
    """Become the owner of a data folder, until the returned descriptor is closed.

    Raises:
        FolderInUseError: another process is.
    """
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
    # SQLite would make the file readable by everybody.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(
        path, isolation_level=None, cached_statements=512, check_same_thread=False
    )
    for pragma in (
        "page_size=8192",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "cache_size=-32768",
        "temp_store=MEMORY",
        "wal_autocheckpoint=4000",
        "busy_timeout=10000",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db
