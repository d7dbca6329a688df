"""Brings a database file up to the present schema: ordered, named steps, all or nothing.

Every step runs once, in order, and all missing ones in one transaction: killed in the
middle, the file is as before. Before a file that holds data is changed, a copy is put
beside it (``jikimi.db.format-1``). The copy serves a person who wants to go back; it
goes after a day, or with the first deletion, because it holds what was deleted.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Self

import structlog

from stream.storage.errors import StorageFullError, StorageVersionError, full_message, is_full
from stream.storage.files import connect

COPY_MARK = ".format-"
COPY_KEPT_S = 24 * 60 * 60
PART = ".part"

log = structlog.get_logger(__name__)


class Step(NamedTuple):
    """A change of the schema: SQL, then what SQL cannot do."""

    name: str
    script: str
    change: Callable[[sqlite3.Connection], None] | None = None


def version(db: sqlite3.Connection) -> int:
    """How many steps a file has behind it; 0 for a new one."""
    marked = int(db.execute("PRAGMA user_version").fetchone()[0])
    table = "SELECT 1 FROM sqlite_schema WHERE name = 'migrations'"
    if db.execute(table).fetchone() is None:
        return marked
    # The desk noted its steps before it marked the file.
    return max(marked, int(db.execute("SELECT count(*) FROM migrations").fetchone()[0]))


def check_version(db: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> int:
    """The version of a file that we know.

    Raises:
        StorageVersionError: a newer jikimi wrote it.
    """
    found = version(db)
    if found > len(steps):
        raise StorageVersionError(
            f"{path} has format {found}, this jikimi knows {len(steps)}: "
            "use the newer jikimi that wrote it"
        )
    return found


def migrate(db: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> None:
    """Run the steps that a file lacks. ``db`` is in autocommit mode.

    Raises:
        StorageVersionError: a newer jikimi wrote the file.
        StorageFullError: no space; the file is as before.
    """
    found = check_version(db, path, steps)
    if found == len(steps):
        return
    try:
        if found:
            copy = keep_copy(db, path, found)
            log.info("migrating", file=path.name, since=found, to=len(steps), copy=copy.name)
        _climb(db, steps)
    except (sqlite3.OperationalError, OSError) as error:
        if is_full(error):
            raise StorageFullError(full_message(path.parent)) from error
        raise


def opened(
    path: Path, steps: Sequence[Step], *, pragmas: Iterable[str] = ()
) -> sqlite3.Connection:
    """A database of this format, see ``connect``; made if absent, as is its folder.

    Raises:
        StorageVersionError: a newer jikimi wrote the file.
        StorageFullError: no space; the file is as before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    db = connect(path, pragmas=pragmas)
    try:
        migrate(db, path, steps)
    except BaseException:
        db.close()
        raise
    return db


class LinkedFile:
    """A database whose tables point at each other; closed at the end of ``with``."""

    def __init__(self, path: Path, steps: Sequence[Step]) -> None:
        self._path = path
        self._db = opened(path, steps, pragmas=("foreign_keys=ON",))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()


def _climb(db: sqlite3.Connection, steps: Sequence[Step]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute(
            "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT)"
        )
        held = int(db.execute("PRAGMA user_version").fetchone()[0])
        noted = int(db.execute("SELECT count(*) FROM migrations").fetchone()[0])
        for number, step in enumerate(steps, 1):
            if number > max(held, noted):
                for statement in statements(step.script):
                    db.execute(statement)
                if step.change is not None:
                    step.change(db)
            db.execute("INSERT OR IGNORE INTO migrations VALUES (?, ?)", (number, step.name))
        db.execute(f"PRAGMA user_version={len(steps)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def keep_copy(db: sqlite3.Connection, path: Path, found: int) -> Path:
    """Put a whole copy of a file beside it and return its place."""
    target = path.with_name(f"{path.name}{COPY_MARK}{found}")
    draft = target.with_name(target.name + PART)
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with closing(sqlite3.connect(draft)) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        os.fsync(handle)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return target


def drop_copies(folder: Path, *, older_than_s: float = 0.0) -> None:
    """Remove the copies kept before migrations, and halves of them."""
    for copy in folder.glob(f"*{COPY_MARK}*"):
        if time.time() - copy.stat().st_mtime >= older_than_s:
            copy.unlink(missing_ok=True)


def statements(script: str) -> list[str]:
    """The statements of a script; ``executescript`` would commit what it runs in."""
    found: list[str] = []
    statement = ""
    for piece in script.split(";")[:-1]:
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            found.append(statement)
            statement = ""
    return found
