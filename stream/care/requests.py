"""What people ask of the process that owns a data folder, while it runs.

A command or a page adds a row to the table ``requests`` of the store and waits; the
owner takes it up between two rounds, in one transaction with what it changes, so a
request is carried out once whatever dies in between. With nobody owning the folder,
the command becomes the owner itself.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from stream.care.retention import Limits
from stream.storage.errors import StorageVersionError
from stream.storage.migrations import check_version
from stream.storage.schema import STEPS

KEPT = 10_000
"""Requests that were carried out and are still listed; older ones go."""
LOOK_S = 0.1


class Forget(msgspec.Struct, frozen=True, kw_only=True, tag="forget/1"):
    """Delete posts or whole accounts, by id, as their platform would."""

    ids: tuple[str, ...]
    reason: str
    who: str = ""


class Replay(msgspec.Struct, frozen=True, kw_only=True, tag="replay/1"):
    """Read dead letters again, by number."""

    seqs: tuple[int, ...]
    who: str = ""


class Expire(msgspec.Struct, frozen=True, kw_only=True, tag="expire/1"):
    """Erase what is due by these limits; begins a run that goes on by itself."""

    limits: Limits
    who: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True, tag="hold/1"):
    """Keep posts, or all posts behind an alert, whatever retention says."""

    ids: tuple[str, ...]
    reason: str
    who: str = ""


class Release(msgspec.Struct, frozen=True, kw_only=True, tag="release/1"):
    """Take holds back, by post or by alert."""

    ids: tuple[str, ...]
    who: str = ""


Request = Forget | Replay | Expire | Hold | Release


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request: numbers by name, or why it was refused."""

    counts: dict[str, int] = {}
    problem: str = ""


_decode = msgspec.json.Decoder(Request).decode
_outcome = msgspec.json.Decoder(Outcome).decode


def reading(folder: Path) -> sqlite3.Connection:
    """The store of a folder for reading beside its owner.

    Raises:
        FileNotFoundError: no data in this folder.
        StorageVersionError: it has another format than this jikimi's.
    """
    path = folder / "jikimi.db"
    if not path.is_file():
        raise FileNotFoundError(2, "no data in this folder", str(folder))
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        db.execute("PRAGMA busy_timeout=10000")
        _check_format(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _check_format(db: sqlite3.Connection, path: Path) -> None:
    if check_version(db, path, STEPS) < len(STEPS):
        raise StorageVersionError(
            f"{path} has an older format: start `jikimi run` once, which brings it up to date"
        )


class Requests:
    """The owner's side of the table, part of its transactions."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def waiting(self) -> tuple[int, Request | None] | None:
        """The oldest request not carried out; its content is None where unreadable."""
        row = self._db.execute(
            "SELECT id, body FROM requests WHERE done_at IS NULL ORDER BY id LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        try:
            return int(row[0]), _decode(row[1])
        except msgspec.DecodeError:
            return int(row[0]), None

    def done(self, number: int, outcome: Outcome, now: int) -> None:
        """Note what came of a request at ``now`` (ms)."""
        self._db.execute(
            "UPDATE requests SET done_at = ?, outcome = ? WHERE id = ?",
            (now, msgspec.json.encode(outcome), number),
        )
        self._db.execute(
            "DELETE FROM requests WHERE id <= ? AND done_at IS NOT NULL", (number - KEPT,)
        )


class Asking:
    """The asking side, beside the owner or without one.

    Raises:
        FileNotFoundError: no data in this folder.
        StorageVersionError: the folder has another format than this jikimi's.
    """

    def __init__(self, folder: Path, *, now: Callable[[], int]) -> None:
        self._path = folder / "jikimi.db"
        if not self._path.is_file():
            raise FileNotFoundError(2, "no data in this folder", str(folder))
        self._now = now
        with closing(self._connect()) as db:
            _check_format(db, self._path)

    def ask(self, request: Request) -> int:
        """Add a request; returns its number."""
        with closing(self._connect()) as db:
            return int(
                db.execute(
                    "INSERT INTO requests (body, asked_at) VALUES (?, ?)",
                    (msgspec.json.encode(request), self._now()),
                ).lastrowid
                or 0
            )

    def outcome(self, number: int) -> Outcome | None:
        """What came of a request, None while it waits."""
        with closing(self._connect()) as db:
            row = db.execute(
                "SELECT outcome FROM requests WHERE id = ? AND done_at IS NOT NULL", (number,)
            ).fetchone()
        return None if row is None else _outcome(row[0])

    def wait(self, number: int, seconds: float) -> Outcome | None:
        """What came of a request within some seconds, None when nobody took it up."""
        until = time.monotonic() + seconds
        while (found := self.outcome(number)) is None and time.monotonic() < until:
            time.sleep(LOOK_S)
        return found

    def withdraw(self, number: int) -> None:
        """Take a request back that nobody took up."""
        with closing(self._connect()) as db:
            db.execute("DELETE FROM requests WHERE id = ? AND done_at IS NULL", (number,))

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(f"file:{self._path}?mode=rw", uri=True, isolation_level=None)
        db.execute("PRAGMA busy_timeout=10000")
        db.execute("PRAGMA secure_delete=ON")
        return db
