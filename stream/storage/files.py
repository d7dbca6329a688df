"""SQLite files as they are kept here: private, with one owner, changed all or nothing."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from stream.storage.errors import StorageFullError, full_message, is_full


class OwnedError(Exception):
    """Another process holds the lock; the argument is its number, or "unknown"."""


def own(place: Path) -> int:
    """Hold the lock file at ``place`` until the returned descriptor is closed.

    Raises:
        OwnedError: another process holds it.
    """
    handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        raise OwnedError(owner) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def connect(
    path: Path, *, pragmas: Iterable[str], cached_statements: int = 128
) -> sqlite3.Connection:
    """Open a database in autocommit mode, durable, without traces of what was deleted.

    Args:
        path: made if absent, readable by its owner alone.
        pragmas: more of them, those of a new file first.
        cached_statements: statements that SQLite keeps prepared.
    """
    # SQLite would make the file readable by everybody.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(
        path, isolation_level=None, cached_statements=cached_statements, check_same_thread=False
    )
    durable = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")
    for pragma in (*pragmas, *durable, "busy_timeout=10000"):
        db.execute(f"PRAGMA {pragma}")
    return db


@contextmanager
def transaction(db: sqlite3.Connection, folder: Path) -> Generator[None]:
    """All or nothing, against other writers.

    Raises:
        StorageFullError: the disk of ``folder`` is full and all was rolled back.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        if is_full(error):
            raise StorageFullError(full_message(folder)) from error
        raise
