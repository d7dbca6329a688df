"""Keyed state, timers, offsets and results of the operators on SQLite.

A batch works on an overlay over the committed state; ``flush`` writes it as
part of the running transaction, so that state, results and the applied offset
move together. A bounded cache of recent values saves reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from detect.records import PictureFinding
from stream.operator import Effects, Put
from stream.records import Alert, Burst, Campaign, Cluster, Membership, Result
from stream.storage.store import Store

CACHE_ENTRIES = 4_000
CACHE_BYTES = 4_000_000
"""Values held of one operator in one partition: a few large ones must not hold more than
thousands of small ones."""
NEVER = (1 << 63) - 1


class Journal(Protocol):
    """Told of every change of state as it is written; a value None means it is gone."""

    def state(self, operator: str, changes: Mapping[str, Put | None], /) -> None: ...

    def timers(self, operator: str, timers: Iterable[tuple[str, int]], /) -> None: ...

    def timers_gone(self, operator: str, timers: Iterable[tuple[str, int]], /) -> None: ...


class SqliteState:
    """State of one operator in one partition."""

    def __init__(
        self, store: Store, operator: str, partition: int, journal: Journal | None = None
    ) -> None:
        self._db = store.db
        self._journal = journal
        self._operator = operator
        self._partition = partition
        self._fresh: dict[str, Put | None] = {}
        self._cache: dict[str, Put] = {}
        self._cached = 0
        self._timers: list[tuple[str, int]] = []
        self._next_timer = self._first_timer()
        self.watermark = 0

    def get(self, key: str, /) -> bytes | None:
        """The value, None when absent or expired."""
        if key in self._fresh:
            put = self._fresh[key]
            if put is None or put.expires_at <= self.watermark:
                return None
            return put.value
        held = self._cache.get(key)
        if held is None:
            row = self._db.execute(
                "SELECT value, expires_at FROM state "
                "WHERE operator = ? AND partition = ? AND key = ?",
                (self._operator, self._partition, key),
            ).fetchone()
            if row is None:
                return None
            held = self._cache[key] = Put(bytes(row[0]), int(row[1]))
            self._cached += len(held.value)
            self._trim()
        return None if held.expires_at <= self.watermark else held.value

    def cached(self) -> int:
        """Bytes of the values held in memory."""
        return sum(len(put.value) for put in self._cache.values())

    def scan(self, prefix: str, /) -> Iterator[tuple[str, bytes]]:
        """Live keys with ``prefix`` in byte order."""
        self.flush()
        rows = self._db.execute(
            "SELECT key, value FROM state WHERE operator = ? AND partition = ? "
            "AND key >= ? AND key < ? AND expires_at > ? ORDER BY key",
            (
                self._operator,
                self._partition,
                prefix,
                prefix + "\U0010ffff",
                self.watermark,
            ),
        )
        for key, value in rows:
            yield key, bytes(value)

    def stage(self, effects: Effects) -> None:
        """Take an operator's writes; visible to it from now on."""
        for key in effects.delete:
            self._fresh[key] = None
            self._cache.pop(key, None)
        self._fresh.update(effects.put)
        self._cache.update(effects.put)
        # What was replaced is counted too until the next trim: counting it out costs more.
        self._cached += sum([len(put.value) for put in effects.put.values()])
        self._trim()
        for timer in effects.timers:
            self._timers.append(timer)
            self._next_timer = min(self._next_timer, timer[1])

    def due(self, at: int) -> tuple[str, ...]:
        """Take out the timers up to ``at``, by time then key."""
        if at < self._next_timer:
            return ()
        self.flush()
        where = "operator = ? AND partition = ? AND at <= ?"
        values = (self._operator, self._partition, at)
        rows = self._db.execute(
            f"SELECT key, at FROM timers WHERE {where} ORDER BY at, key", values
        ).fetchall()
        self._db.execute(f"DELETE FROM timers WHERE {where}", values)
        if self._journal is not None:
            self._journal.timers_gone(self._operator, rows)
        self._next_timer = self._first_timer()
        return tuple(dict.fromkeys(row[0] for row in rows))

    def flush(self) -> None:
        """Write the overlay as part of the running transaction."""
        if self._fresh:
            if self._journal is not None:
                self._journal.state(self._operator, self._fresh)
            gone = [
                (self._operator, self._partition, k) for k, p in self._fresh.items() if not p
            ]
            puts = [
                (self._operator, self._partition, key, put.expires_at, put.value)
                for key, put in self._fresh.items()
                if put
            ]
            self._db.executemany(
                "DELETE FROM state WHERE operator = ? AND partition = ? AND key = ?", gone
            )
            self._db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?)", puts)
            self._fresh = {}
        if self._timers:
            if self._journal is not None:
                self._journal.timers(self._operator, self._timers)
            self._db.executemany(
                "INSERT OR IGNORE INTO timers VALUES (?, ?, ?, ?)",
                [(self._operator, self._partition, at, key) for key, at in self._timers],
            )
            self._timers = []

    def expire(self) -> None:
        """Remove what no reader can see any more."""
        where = "operator = ? AND partition = ? AND expires_at <= ?"
        values = (self._operator, self._partition, self.watermark)
        if self._journal is not None:
            rows = self._db.execute(f"SELECT key FROM state WHERE {where}", values)
            self._journal.state(self._operator, dict.fromkeys(row[0] for row in rows))
        self._db.execute(f"DELETE FROM state WHERE {where}", values)

    def rolled_back(self) -> None:
        """Forget everything a failed transaction had staged."""
        self._fresh = {}
        self._cache = {}
        self._cached = 0
        self._timers = []
        self._next_timer = self._first_timer()

    def _trim(self) -> None:
        """Let the oldest go, at the caps a quarter at once."""
        if len(self._cache) <= CACHE_ENTRIES and self._cached <= CACHE_BYTES:
            return
        self._cached = self.cached()
        most, room = CACHE_ENTRIES, CACHE_BYTES
        if len(self._cache) > CACHE_ENTRIES or self._cached > CACHE_BYTES:
            most, room = most * 3 // 4, room * 3 // 4
        for old in list(self._cache):
            if len(self._cache) <= most and self._cached <= room:
                break
            self._cached -= len(self._cache.pop(old).value)

    def _first_timer(self) -> int:
        row = self._db.execute(
            "SELECT min(at) FROM timers WHERE operator = ? AND partition = ?",
            (self._operator, self._partition),
        ).fetchone()
        return NEVER if row[0] is None else int(row[0])


class Results:
    """The latest revision of every result, with the order in which they changed."""

    def __init__(self, store: Store) -> None:
        self._db = store.db
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Result).decode
        self.last = 0
        self.rolled_back()

    def rolled_back(self) -> None:
        """Find the last sequence number again."""
        row = self._db.execute("SELECT max(seq) FROM results").fetchone()
        self.last = int(row[0] or 0)

    def write(self, results: Sequence[Result]) -> None:
        """Keep the last of each id, as part of the running transaction."""
        latest: dict[tuple[str, str], Result] = {}
        for result in results:
            key = key_of(result)
            latest.pop(key, None)
            latest[key] = result
        rows: list[tuple[str, str, int, bytes]] = []
        for (kind, id_), result in latest.items():
            self.last += 1
            rows.append((kind, id_, self.last, self._encode(result)))
        self._db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", rows)

    def after(self, seq: int, limit: int) -> list[tuple[int, Result]]:
        """Results that changed behind ``seq``, in that order."""
        if seq >= self.last:
            return []
        rows = self._db.execute(
            "SELECT seq, body FROM results WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
        )
        return [(int(row[0]), self._decode(row[1])) for row in rows]

    def of_kind(self, kind: str) -> Iterator[Result]:
        """All results of a kind in order of id."""
        rows = self._db.execute("SELECT body FROM results WHERE kind = ? ORDER BY id", (kind,))
        for row in rows:
            yield self._decode(row[0])


def key_of(result: Result) -> tuple[str, str]:
    """(kind, id) under which a result replaces its earlier revisions."""
    match result:
        case Membership():
            return "membership", f"{result.subject}\x1f{result.post_id}"
        case Cluster():
            return "cluster", result.cluster_id
        case Burst():
            return "burst", result.burst_id
        case Campaign():
            return "campaign", result.campaign_id
        case Alert():
            return "alert", result.alert_id
        case PictureFinding():
            return "finding", result.finding_id


class Offsets:
    """Applied offsets and watermarks of a consumer by partition."""

    def __init__(self, store: Store, consumer: str) -> None:
        self._db = store.db
        self._consumer = consumer

    def read(self) -> Mapping[int, tuple[int, int]]:
        """Partition to (last applied offset, watermark)."""
        rows = self._db.execute(
            "SELECT partition, next, watermark FROM offsets WHERE consumer = ?",
            (self._consumer,),
        )
        return {int(p): (int(offset), int(mark)) for p, offset, mark in rows}

    def write(self, partition: int, offset: int, watermark: int) -> None:
        """Part of the running transaction."""
        self._db.execute(
            "INSERT OR REPLACE INTO offsets VALUES (?, ?, ?, ?)",
            (self._consumer, partition, offset, watermark),
        )
