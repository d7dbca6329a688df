"""Tables of the local index, and the connections to them.

``posts`` holds one row a post: where it is counted (time, source, language), the
subjects it concerns with the revision that said so, its body, and what was said of its
language and harm. A deleted post keeps its row without content, so that a late repeat
cannot bring it back. The rollups ``minutes`` and ``hours`` count posts by subject;
subject 0 counts every post once. ``relations`` leads from a post id, held or not, to the
rows of the posts that answer, repost or quote it, in order of time.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 4
DATABASE = "index.db"

EVERY_SUBJECT = 0
"""Key under which the rollups count each post once, whatever its subjects."""

CHUNK = 500

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE posts (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL,
    source INTEGER NOT NULL, lang INTEGER NOT NULL, subjects BLOB NOT NULL, body BLOB,
    judgement BLOB
);
CREATE UNIQUE INDEX posts_id ON posts (id);
CREATE TABLE touched (seq INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL);
CREATE TABLE minutes (
    subject INTEGER NOT NULL, at INTEGER NOT NULL, source INTEGER NOT NULL,
    lang INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (subject, at, source, lang)
) WITHOUT ROWID;
CREATE TABLE hours (
    subject INTEGER NOT NULL, at INTEGER NOT NULL, source INTEGER NOT NULL,
    lang INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (subject, at, source, lang)
) WITHOUT ROWID;
CREATE TABLE relations (
    target TEXT NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL, kind INTEGER NOT NULL,
    PRIMARY KEY (target, at, n, kind)
) WITHOUT ROWID;
CREATE TABLE memberships (
    post_id TEXT NOT NULL, subject TEXT NOT NULL, cluster_id TEXT,
    revision INTEGER NOT NULL, similarity REAL NOT NULL,
    PRIMARY KEY (post_id, subject)
) WITHOUT ROWID;
CREATE INDEX memberships_cluster ON memberships (cluster_id) WHERE cluster_id IS NOT NULL;
CREATE TABLE clusters (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, subject TEXT NOT NULL,
    posts INTEGER NOT NULL, last_at INTEGER NOT NULL, merged_into TEXT, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX clusters_recent ON clusters (last_at, posts, subject) WHERE merged_into IS NULL;
CREATE INDEX clusters_merged ON clusters (merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE bursts (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, cluster_id TEXT NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX bursts_cluster ON bursts (cluster_id);
CREATE TABLE campaigns (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, subject TEXT NOT NULL,
    kind TEXT NOT NULL, last_at INTEGER NOT NULL, merged_into TEXT, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX campaigns_recent ON campaigns (last_at) WHERE merged_into IS NULL;
CREATE TABLE alerts (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, seq INTEGER NOT NULL UNIQUE,
    subject TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL,
    created_at INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX alerts_created ON alerts (created_at);
CREATE INDEX alerts_kind ON alerts (kind, severity);
CREATE TABLE findings (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, post_id TEXT NOT NULL,
    family TEXT NOT NULL, at INTEGER, subject TEXT NOT NULL, severity TEXT NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX findings_post ON findings (post_id) WHERE at IS NOT NULL;
CREATE INDEX findings_family ON findings (family, at) WHERE at IS NOT NULL;
CREATE INDEX findings_at ON findings (at, id) WHERE at IS NOT NULL;
CREATE INDEX findings_grave ON findings (at, id) WHERE at IS NOT NULL AND severity != '';
CREATE INDEX findings_subject ON findings (subject, at) WHERE at IS NOT NULL;
CREATE TABLE gaps (
    source TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
    reason TEXT NOT NULL, PRIMARY KEY (source, since, until)
) WITHOUT ROWID;
CREATE TABLE statuses (source TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
"""


class IndexDamagedError(Exception):
    """The index cannot be read; nothing is lost, it can be made anew from the log."""


def connect_writer(folder: Path) -> sqlite3.Connection:
    """The database of an index folder for writing, made if absent.

    ``synchronous=NORMAL``: after a power loss the index may be a moment behind,
    together with its checkpoint, and is fed again from there.

    Raises:
        IndexDamagedError: not a database of this version.
    """
    path = folder / DATABASE
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "secure_delete=ON",
            "cache_size=-32768",
            "temp_store=MEMORY",
            "wal_autocheckpoint=4000",
            "busy_timeout=10000",
        ):
            db.execute(f"PRAGMA {pragma}")
        if _version(db) == 0:
            create(db)
        _check(db, folder)
    except sqlite3.DatabaseError as error:
        db.close()
        raise _damaged(folder, error) from error
    except IndexDamagedError:
        db.close()
        raise
    return db


def connect_reader(folder: Path) -> sqlite3.Connection | None:
    """The database for reading beside a writer, None while there is none.

    Raises:
        IndexDamagedError: not a database of this version.
    """
    path = folder / DATABASE
    if not path.is_file():
        return None
    uri = f"{path.resolve().as_uri()}?mode=ro"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA busy_timeout=5000")
        db.execute("PRAGMA cache_size=-32768")
        if _version(db) == 0:
            db.close()
            return None
        _check(db, folder)
    except sqlite3.DatabaseError as error:
        db.close()
        raise _damaged(folder, error) from error
    except IndexDamagedError:
        db.close()
        raise
    return db


def empty() -> sqlite3.Connection:
    """A database without anything, in memory: what a reader sees before the first write."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    create(db)
    return db


def create(db: sqlite3.Connection) -> None:
    """Make the tables.

    The sequence of alerts begins at the wall clock, so that it also goes up from
    one index to the next: whoever tails it misses nothing after a rebuild.
    """
    db.executescript(
        f"BEGIN;{SCHEMA}"
        f"INSERT INTO meta VALUES ('seq', {time.time_ns() // 1_000_000});"
        "INSERT INTO meta VALUES ('posts', 0);"
        "INSERT INTO meta VALUES ('deleted', 0);"
        f"PRAGMA user_version={SCHEMA_VERSION};COMMIT;"
    )


def select_in(
    db: sqlite3.Connection, sql: str, values: Iterable[str]
) -> Iterator[tuple[Any, ...]]:
    """Rows of a query over any number of values, put where ``{marks}`` stands."""
    wanted = list(values)
    for i in range(0, len(wanted), CHUNK):
        chunk = wanted[i : i + CHUNK]
        yield from db.execute(sql.format(marks=",".join("?" * len(chunk))), chunk)


def storable(text: str) -> bool:
    """Whether SQLite can be asked for it: lone surrogates never reached the tables."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_damage(error: BaseException) -> bool:
    """Whether ``error`` says that the file itself is broken."""
    return isinstance(error, sqlite3.DatabaseError) and error.sqlite_errorcode in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _check(db: sqlite3.Connection, folder: Path) -> None:
    found = _version(db)
    if found != SCHEMA_VERSION:
        raise IndexDamagedError(
            f"the index in {folder} has format {found}, this jikimi writes {SCHEMA_VERSION}: "
            "run `jikimi index rebuild`, which makes it anew from the log"
        )


def _damaged(folder: Path, error: sqlite3.DatabaseError) -> Exception:
    if not is_damage(error):
        return error
    return IndexDamagedError(
        f"the index in {folder} is damaged ({error}): run `jikimi index rebuild`, "
        "which makes it anew from the log; nothing is lost"
    )
