"""Dead letters: what could not be read, bounded in number and bytes, found by names.

A deletion must reach a letter whose bytes nobody could read. So the words of its raw
bytes that may be identifiers are noted as hashes: a deletion looks its own id's words
up there and then compares bytes. This also reaches letters of posts that never
entered the log.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
import xxhash

from stream.records import DeadLetter

if TYPE_CHECKING:
    from stream.storage.store import Store

KEPT = 20_000
KEPT_BYTES = 256 * 2**20
"""Beyond either, the oldest letters go."""
NAMES = 160
"""Words noted of one letter, from both its ends: identifiers stand there."""
SLACK = 50
"""Letters dropped at once at the cap, so that it is not met with every letter."""

_NAME = re.compile(rb"[A-Za-z0-9\x80-\xff][A-Za-z0-9._:~\x80-\xff-]{0,199}")
_decode = msgspec.msgpack.Decoder(DeadLetter).decode
_encode = msgspec.msgpack.Encoder().encode


class DeadLetters:
    """The writing side, part of the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.db
        self._count = 0
        self._bytes = 0
        self.rolled_back()

    def rolled_back(self) -> None:
        """Count anew what a failed transaction may have changed."""
        row = self._db.execute("SELECT count(*), total(size) FROM dead_letters").fetchone()
        self._count, self._bytes = int(row[0]), int(row[1])

    def bury(self, letters: Iterable[DeadLetter]) -> None:
        """Keep letters; beyond the caps the oldest go."""
        for letter in letters:
            body = _encode(letter)
            seq = self._db.execute(
                "INSERT INTO dead_letters (stage, source, reason, at, size, body) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (letter.stage, letter.source, letter.reason, letter.at, len(body), body),
            ).lastrowid
            note_names(self._db, int(seq or 0), letter.raw)
            self._count += 1
            self._bytes += len(body)
        if self._count > KEPT or self._bytes > KEPT_BYTES:
            self._drop_oldest()

    def get(self, seq: int) -> DeadLetter | None:
        """A letter by number, None when it is gone."""
        row = self._db.execute("SELECT body FROM dead_letters WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else _decode(row[0])

    def reasons(self, most: int = 5) -> dict[str, int]:
        """Why letters could not be read and how many for each, the most frequent first."""
        rows = self._db.execute(
            "SELECT reason, count(*) FROM dead_letters GROUP BY reason "
            "ORDER BY count(*) DESC, reason LIMIT ?",
            (most,),
        )
        return {str(reason): int(count) for reason, count in rows}

    def tried(self, seq: int, letter: DeadLetter, reason: str) -> None:
        """Note another try that failed, and why."""
        again = msgspec.structs.replace(letter, reason=reason, tries=letter.tries + 1)
        body = _encode(again)
        before = self._db.execute("SELECT size FROM dead_letters WHERE seq = ?", (seq,))
        self._bytes += len(body) - int(before.fetchone()[0])
        self._db.execute(
            "UPDATE dead_letters SET reason = ?, size = ?, body = ? WHERE seq = ?",
            (reason, len(body), body, seq),
        )

    def forget(self, native_ids: Iterable[str]) -> int:
        """Remove every letter that names one of these ids; returns how many."""
        gone = 0
        for native in native_ids:
            if not self._count:
                break
            gone += self.remove(self._naming(native))
        if gone:
            self._store.wipe_later()
        return gone

    def remove(self, seqs: Collection[int]) -> int:
        """Remove letters by number; returns how many there were."""
        removed = 0
        for seq in seqs:
            row = self._db.execute(
                "SELECT size, body FROM dead_letters WHERE seq = ?", (seq,)
            ).fetchone()
            if row is None:
                continue
            names = [(name, seq) for name in _hashed(_decode(row[1]).raw)]
            self._db.executemany("DELETE FROM dead_names WHERE name = ? AND seq = ?", names)
            self._db.execute("DELETE FROM dead_letters WHERE seq = ?", (seq,))
            self._count -= 1
            self._bytes -= int(row[0])
            removed += 1
        return removed

    def _naming(self, native: str) -> list[int]:
        words = _NAME.findall(native.rpartition("://")[2].encode("utf-8", "replace"))
        if not words:
            return []
        # Of author, collection and key of a record the middle one tells nothing.
        parts = (words[0], words[-1])
        rows = self._db.execute(
            "SELECT d.seq, d.body FROM dead_names n JOIN dead_letters d ON d.seq = n.seq "
            "WHERE n.name = ?",
            (_hash(parts[-1]),),
        )
        return [int(seq) for seq, body in rows if all(p in _decode(body).raw for p in parts)]

    def _drop_oldest(self) -> None:
        rows = self._db.execute("SELECT seq, size FROM dead_letters ORDER BY seq").fetchall()
        gone: list[int] = []
        count, size = self._count, self._bytes
        for seq, bytes_ in rows:
            if count <= KEPT - SLACK and size <= KEPT_BYTES:
                break
            gone.append(int(seq))
            count, size = count - 1, size - int(bytes_)
        self.remove(gone)


def note_names(db: sqlite3.Connection, seq: int, raw: bytes) -> None:
    """Note the words of a letter by which a deletion finds it."""
    db.executemany(
        "INSERT OR IGNORE INTO dead_names VALUES (?, ?)",
        [(name, seq) for name in _hashed(raw)],
    )


def note_all_names(db: sqlite3.Connection) -> None:
    """Note the words of every letter there is."""
    for seq, body in db.execute("SELECT seq, body FROM dead_letters").fetchall():
        note_names(db, int(seq), _decode(body).raw)


def _hashed(raw: bytes) -> list[int]:
    words: Sequence[bytes] = list(dict.fromkeys(_NAME.findall(raw)))
    if len(words) > NAMES:
        words = [*words[: NAMES // 2], *words[-NAMES // 2 :]]
    return [_hash(word) for word in words]


def _hash(word: bytes) -> int:
    """64 bits as SQLite holds them."""
    return xxhash.xxh3_64_intdigest(word) - (1 << 63)
