"""The SQLite file under the embedded host: opening, locking, schema, transactions.

One file holds the logs, the operators' state, their results and all offsets, so
that one transaction can move them together. WAL mode lets the web process read
while the pipeline writes; ``synchronous=FULL`` keeps committed offsets through
a power loss; ``secure_delete`` overwrites what is deleted.
"""

from __future__ import annotations

import os
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
from stream.storage.files import OwnedError, connect, own, transaction
from stream.storage.migrations import migrate
from stream.storage.schema import STEPS

DATABASE = "jikimi.db"
_PRAGMAS = (
    "page_size=8192",
    "cache_size=-32768",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
)

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
            self.db = connect(folder / DATABASE, pragmas=_PRAGMAS, cached_statements=512)
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
        self._depth = 1
        try:
            with transaction(self.db, self.folder):
                yield
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
    try:
        return own(folder / "jikimi.lock")
    except OwnedError as owned:
        raise FolderInUseError(
            f"the data folder {folder} is in use by another jikimi (process {owned}); "
            "stop that one first or choose another folder with --data"
        ) from None
