"""What a partition's state has become, as records of a changelog topic, and back into SQLite.

A change is a key and a value, None when it is gone. Only the last one of a key matters, so
the topic is compacted. Keys are short names of the table and its key, divided by 0x1f.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import zstandard

from stream.log import Seen
from stream.operator import Put
from stream.storage.store import Store

STATE = "s"
TIMER = "t"
KNOWN = "p"
COUNTER = "c"
META = "m"
COMPRESS_FROM = 1000
_SEPARATOR = "\x1f"
_RAW, _ZSTD = b"\x00", b"\x01"
LARGEST = 256 * 2**20

_encode = msgspec.msgpack.Encoder().encode


class Change(NamedTuple):
    """One record of a changelog."""

    key: bytes
    value: bytes | None


class ChangeJournal:
    """Gathers the changes of one transaction."""

    def __init__(self) -> None:
        self._changes: dict[str, bytes | None] = {}

    def state(self, operator: str, changes: Mapping[str, Put | None], /) -> None:
        """Keyed state of an operator."""
        gathered, head = self._changes, _key(STATE, operator, "")
        for key, put in changes.items():
            gathered[head + key] = None if put is None else _encode((put.expires_at, put.value))

    def timers(self, operator: str, timers: Iterable[tuple[str, int]], /) -> None:
        """Timers of an operator that were set: (key, event time)."""
        for key, at in timers:
            self._changes[_key(TIMER, operator, str(at), key)] = b""

    def timers_gone(self, operator: str, timers: Iterable[tuple[str, int]], /) -> None:
        """Timers that fell due."""
        for key, at in timers:
            self._changes[_key(TIMER, operator, str(at), key)] = None

    def known(self, known: Mapping[str, tuple[str, Seen]]) -> None:
        """What the router knows of posts: post id to (account, Seen)."""
        gathered, head = self._changes, _key(KNOWN, "")
        for post_id, held in known.items():
            gathered[head + post_id] = _encode(held)

    def counter(self, source: str, name: str, total: int) -> None:
        """A counter's new total."""
        self._changes[_key(COUNTER, source, name)] = _encode(total)

    def meta(self, name: str, value: bytes) -> None:
        """A value kept beside the tables."""
        self._changes[_key(META, name)] = value

    def take(self) -> list[Change]:
        """The changes so far; the journal is empty then."""
        taken, self._changes = self._changes, {}
        return [
            Change(
                key.encode("utf-8", "surrogatepass"), None if value is None else _pack(value)
            )
            for key, value in taken.items()
        ]


def restore(
    store: Store, partition: int, changes: Iterable[Change], broken: dict[bytes, str]
) -> None:
    """Bring a store to what the changes say, as part of the running transaction.

    Args:
        broken: is told the key of each change that nothing of ours can have written, and
            why; a later change of the same key takes it out again.
    """
    for key, value in changes:
        try:
            _restore(store, partition, key, value)
        except _UNREADABLE as error:
            if value is not None:
                broken[key] = f"{type(error).__name__}: {error}"
                continue
        broken.pop(key, None)


_UNREADABLE = (
    ValueError,  # UnicodeDecodeError too
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    msgspec.MsgspecError,
    zstandard.ZstdError,
)


def _restore(store: Store, partition: int, key: bytes, value: bytes | None) -> None:
    table, *parts = key.decode("utf-8", "surrogatepass").split(_SEPARATOR)
    body = None if value is None else _unpack(value)
    if table == STATE:
        operator, name = parts[0], _SEPARATOR.join(parts[1:])
        _restore_state(store, partition, operator, name, body)
    elif table == TIMER:
        _restore_timer(store, partition, parts, set_=body is not None)
    elif body is None:
        return
    elif table == KNOWN:
        account, seen = msgspec.msgpack.decode(body, type=tuple[str, Seen])
        store.db.execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)",
            (_SEPARATOR.join(parts), account, msgspec.msgpack.encode(seen)),
        )
    elif table == COUNTER:
        store.db.execute(
            "INSERT OR REPLACE INTO counters VALUES (?, ?, ?)",
            (parts[0], parts[1], msgspec.msgpack.decode(body, type=int)),
        )
    elif table == META:
        msgspec.msgpack.decode(body)
        store.set_meta(parts[0], body)
    else:
        raise ValueError(f"nothing is kept in a table {table[:40]!r}")


def _restore_state(
    store: Store, partition: int, operator: str, key: str, body: bytes | None
) -> None:
    if body is None:
        store.db.execute(
            "DELETE FROM state WHERE operator = ? AND partition = ? AND key = ?",
            (operator, partition, key),
        )
        return
    expires_at, value = msgspec.msgpack.decode(body, type=tuple[int, bytes])
    store.db.execute(
        "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?)",
        (operator, partition, key, expires_at, value),
    )


def _restore_timer(store: Store, partition: int, parts: list[str], *, set_: bool) -> None:
    operator, at, key = parts[0], int(parts[1]), _SEPARATOR.join(parts[2:])
    if set_:
        statement = "INSERT OR IGNORE INTO timers VALUES (?, ?, ?, ?)"
    else:
        statement = (
            "DELETE FROM timers WHERE operator = ? AND partition = ? AND at = ? AND key = ?"
        )
    store.db.execute(statement, (operator, partition, at, key))


def _key(*parts: str) -> str:
    return _SEPARATOR.join(parts)


class _Zstd(threading.local):
    """A thread's own: neither is safe to share, and both cost more to make than to use."""

    def __init__(self) -> None:
        self.deflate = zstandard.ZstdCompressor(level=1).compress
        self.inflate = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()


def _pack(value: bytes) -> bytes:
    if len(value) < COMPRESS_FROM:
        return _RAW + value
    return _ZSTD + _zstd.deflate(value)


def _unpack(value: bytes) -> bytes:
    if value[:1] == _ZSTD:
        return _zstd.inflate(value[1:], max_output_size=LARGEST)
    if value[:1] != _RAW:
        raise ValueError(f"a value that begins with {value[:1]!r}")
    return value[1:]
