"""What a worker does with the records of one partition: the protocol, and what both share.

A stage knows nothing of Kafka: it gets records, writes to the SQLite file of its partition,
and leaves in an ``Outbox`` what has to be sent together with that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from stream.records import DeadLetter
from stream.scale.journal import ChangeJournal
from stream.storage.store import Store
from stream.topics import Topic, Topics, UnreadableRecordError, pack

APPLIED = "applied"
LATEST_MS = 95_617_584_000_000
"""The year 5000, as far as sources believe a time."""


class Inbound(NamedTuple):
    """A record as it came: its offset, its bytes, and when it was written (ms).

    Loops hand over what their consumer has made, which has the same attributes: a copy of
    each would cost more than noting the offset of all.
    """

    offset: int
    value: bytes | None
    timestamp: int
    key: bytes | None = None


class Outbound(NamedTuple):
    """A record to send."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None


class Outbox:
    """What a transaction sends: records, and the changes of state that explain them."""

    def __init__(self, topics: Topics, journal: ChangeJournal) -> None:
        self._topics = topics
        self.records: list[Outbound] = []
        self.journal = journal

    def send(self, topic: Topic, partition: int, key: bytes, value: bytes) -> None:
        """Add a record."""
        self.records.append(Outbound(topic.name, partition, key, value))

    def bury(self, letter: DeadLetter, place: str) -> None:
        """Add a dead letter; ``place`` names the record that led to it."""
        self.send(self._topics.dead, 0, place.encode(), pack(letter))


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """How far a partition has come: the next offset, entries so far, and event time.

    Operators know entries by their number: offsets have holes where Kafka keeps marks of
    its own or nothing could be read, and state must not depend on those.
    """

    next: int = 0
    entries: int = 0
    watermark: int = 0
    routers: dict[int, int] = {}


class Stage(Protocol):
    """The work on one partition of one topic."""

    @property
    def next(self) -> int:
        """Offset of the first record that was not applied yet."""
        ...

    def work(self, records: Sequence[Inbound], out: Outbox, /) -> None:
        """Apply records in order, as part of the store's running transaction.

        The records follow ``next``; none is missing. A record that cannot be read becomes
        a dead letter; any other error is ours and ends the process.
        """
        ...


class StageKind(Protocol):
    """Makes the stage of a partition."""

    @property
    def name(self) -> str:
        """Stable name: of folders, of the transactional id, of the changelog."""
        ...

    @property
    def source(self) -> Topic:
        """The topic it reads."""
        ...

    @property
    def changelog(self) -> Topic:
        """Where its changes of state go, partition by partition."""
        ...

    def open(self, store: Store, partition: int, journal: ChangeJournal, /) -> Stage:
        """The stage over a store that is up to date; the journal hears of every change."""
        ...


def unreadable(
    stage: str, topic: Topic, partition: int, record: Inbound, reason: str
) -> tuple[DeadLetter, str]:
    """The dead letter of a record that cannot be read, and its place.

    Its time is the record's: read again, it makes the same letter.
    """
    letter = DeadLetter(
        stage=stage,
        source=topic.name,
        reason=reason,
        raw=record.value or b"",
        at=record.timestamp,
    )
    return letter, f"{topic.name}/{partition}/{record.offset}"


def check_time(at: int) -> None:
    """Refuse what is no time in ms between 1970 and 5000: state cannot keep it.

    Raises:
        UnreadableRecordError: it is none.
    """
    if not 0 <= at <= LATEST_MS:
        raise UnreadableRecordError(f"a time of {at} ms")


def read_applied(store: Store) -> Applied:
    """How far the partition of a store has come."""
    held = store.meta(APPLIED)
    return msgspec.msgpack.decode(held, type=Applied) if held else Applied()


def keep_applied(store: Store, applied: Applied, journal: ChangeJournal) -> None:
    """Note it in the running transaction and in the changelog."""
    body = msgspec.msgpack.encode(applied)
    store.set_meta(APPLIED, body)
    journal.meta(APPLIED, body)
