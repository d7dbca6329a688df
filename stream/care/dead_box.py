"""Reading dead letters and asking for another try: what commands and pages see of them.

``DeadBox`` is all they know; ``LocalDeadBox`` reads the store beside its owner.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from stream.care.requests import Asking, Outcome, Replay
from stream.records import DeadLetter
from stream.storage.migrations import version
from stream.storage.schema import STEPS

MOST_AT_ONCE = 5_000
"""Letters of one request."""


class DeadQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters; ``reason`` is a part of the reason, times are ms, ends left out."""

    source: str | None = None
    stage: str | None = None
    reason: str | None = None
    since: int | None = None
    until: int | None = None
    offset: int = 0
    limit: int = 50


class DeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A letter in a list. ``bytes`` are those of the original record, cut at 64 KiB."""

    seq: int
    stage: str
    source: str
    reason: str
    at: int
    bytes: int
    tries: int


class DeadPage(msgspec.Struct, frozen=True, kw_only=True):
    """Letters, the newest first, how many match in all, and what there is to filter by."""

    total: int
    rows: tuple[DeadRow, ...]
    held: int
    held_bytes: int
    sources: tuple[str, ...]
    stages: tuple[str, ...]


class StoredLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter with its original bytes."""

    row: DeadRow
    raw: bytes


class DeadBox(Protocol):
    """Where dead letters are read and tried again."""

    def page(self, query: DeadQuery, /) -> DeadPage:
        """Letters that match, the newest first."""
        ...

    def seqs(self, query: DeadQuery, /) -> tuple[int, ...]:
        """Numbers of all letters that match, the oldest first, whatever offset and limit."""
        ...

    def letter(self, seq: int, /) -> StoredLetter | None:
        """One letter, None when unknown."""
        ...

    def replay(self, seqs: Sequence[int], /, *, who: str) -> int:
        """Ask the owner of the folder to read letters again; the number of the request.

        Raises:
            ValueError: more than ``MOST_AT_ONCE``.
        """
        ...

    def outcome(self, number: int, /) -> Outcome | None:
        """What came of a request, None while it waits."""
        ...


class LocalDeadBox:
    """The letters of a data folder; reads as empty until there is a store.

    Raises:
        sqlite3.DatabaseError: the store cannot be read.
    """

    def __init__(self, folder: Path, *, now: Callable[[], int]) -> None:
        self._folder = folder
        self._path = folder / "jikimi.db"
        self._now = now

    def page(self, query: DeadQuery, /) -> DeadPage:
        """Letters that match, the newest first."""
        where, values = _conditions(query)
        with self._reading() as db:
            if db is None:
                return DeadPage(total=0, rows=(), held=0, held_bytes=0, sources=(), stages=())
            total = db.execute(f"SELECT count(*) FROM dead_letters WHERE {where}", values)
            held = db.execute("SELECT count(*), total(size) FROM dead_letters").fetchone()
            rows = db.execute(
                f"SELECT seq, body FROM dead_letters WHERE {where} "
                "ORDER BY seq DESC LIMIT ? OFFSET ?",
                (*values, max(query.limit, 0), max(query.offset, 0)),
            )
            return DeadPage(
                total=int(total.fetchone()[0]),
                rows=tuple(_letter(seq, body).row for seq, body in rows),
                held=int(held[0]),
                held_bytes=int(held[1]),
                sources=_values(db, "source"),
                stages=_values(db, "stage"),
            )

    def seqs(self, query: DeadQuery, /) -> tuple[int, ...]:
        """Numbers of all letters that match, the oldest first."""
        where, values = _conditions(query)
        with self._reading() as db:
            if db is None:
                return ()
            rows = db.execute(
                f"SELECT seq FROM dead_letters WHERE {where} ORDER BY seq", values
            )
            return tuple(int(row[0]) for row in rows)

    def letter(self, seq: int, /) -> StoredLetter | None:
        """One letter, None when unknown."""
        with self._reading() as db:
            if db is None or not 0 <= seq < 1 << 63:
                return None
            row = db.execute(
                "SELECT seq, body FROM dead_letters WHERE seq = ?", (seq,)
            ).fetchone()
        return None if row is None else _letter(*row)

    def replay(self, seqs: Sequence[int], /, *, who: str) -> int:
        """Ask the owner of the folder to read letters again; the number of the request."""
        if len(seqs) > MOST_AT_ONCE:
            raise ValueError(f"{len(seqs)} letters, allowed at once: {MOST_AT_ONCE}")
        asking = Asking(self._folder, now=self._now)
        return asking.ask(Replay(seqs=tuple(seqs), who=who))

    def outcome(self, number: int, /) -> Outcome | None:
        """What came of a request, None while it waits."""
        if not self._path.is_file() or not 0 <= number < 1 << 63:
            return None
        return Asking(self._folder, now=self._now).outcome(number)

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection | None]:
        """The store for reading; None while there is none of our format."""
        if not self._path.is_file():
            yield None
            return
        with closing(
            sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)
        ) as db:
            db.execute("PRAGMA busy_timeout=5000")
            yield db if version(db) == len(STEPS) else None


def _letter(seq: int, body: bytes) -> StoredLetter:
    held = msgspec.msgpack.decode(body, type=DeadLetter)
    row = DeadRow(
        seq=seq,
        stage=held.stage,
        source=held.source,
        reason=held.reason,
        at=held.at,
        bytes=len(held.raw),
        tries=held.tries,
    )
    return StoredLetter(row=row, raw=held.raw)


def _conditions(query: DeadQuery) -> tuple[str, list[object]]:
    clauses, values = ["TRUE"], list[object]()
    for clause, value in (
        ("source = ?", query.source),
        ("stage = ?", query.stage),
        ("instr(lower(reason), lower(?)) > 0", query.reason),
        ("at >= ?", query.since),
        ("at < ?", query.until),
    ):
        if value is not None:
            clauses.append(clause)
            values.append(
                value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            )
    return " AND ".join(clauses), values


def _values(db: sqlite3.Connection, column: str) -> tuple[str, ...]:
    rows = db.execute(f"SELECT DISTINCT {column} FROM dead_letters ORDER BY 1 LIMIT 100")
    return tuple(str(row[0]) for row in rows)
