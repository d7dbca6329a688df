"""The topics of scale-out: names, partitions, keys, retention, and how records are written.

    posts     what collectors bring in        key: post id          compacted
    subjects  all that operators read         key: subject, post    compacted
    results   what operators make             key: kind, id         compacted
    sources   cursors and statuses            key: kind, source     compacted
    dead      what could not be read          key: topic and place  for two weeks
    *-state   changes of state, for restoring key: table and key    compacted

A value is the msgpack of its record, or one zstd frame of it when that is worth it;
the frame's magic number tells them apart. Compression stands inside the value because
a client of ours cannot read zstd at the level of batches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
import zstandard

from ingest.records import Record, SourceStatus
from stream.ids import partition_of
from stream.records import (
    EVERYONE,
    DeadLetter,
    GapSeen,
    Logged,
    LoggedClock,
    LoggedDeletion,
    LoggedGap,
    LoggedMedia,
    LoggedPost,
    MediaSeen,
    PostGone,
    PostSeen,
    Result,
    SubjectEvent,
)
from stream.storage.state import key_of

DAY_MS = 24 * 60 * 60 * 1000
LARGEST_VALUE = 8 * 2**20
"""Bytes of a record on a topic, and of what a zstd frame may become."""
ENVELOPE = 2**16
"""Bytes for what stands around a value: key, headers, the frame of a batch."""
LARGEST_LETTER = LARGEST_VALUE + 2 * ENVELOPE
"""Bytes of a dead letter: whatever a topic took must fit, with the reason around it."""
LARGEST_REQUEST = LARGEST_LETTER + ENVELOPE
"""Bytes of one request of a producer of ours."""
COMPRESS_FROM = 400
"""Bytes below which zstd is not worth its time."""
TOMBSTONES_KEPT_MS = 7 * DAY_MS
"""A folder of state that was away for longer may have missed a removal."""

_SEPARATOR = "\x1f"
_ZSTD = b"\x28\xb5\x2f\xfd"
T = TypeVar("T")


class RouterTick(Record, frozen=True, kw_only=True, tag="router-tick/1"):
    """Event time of one of ``of`` partitions of the router has reached ``at``.

    The subject's event time is the least of all of them: the host makes a Tick of it.
    """

    router: int
    of: int
    at: int


class SourceCursor(Record, frozen=True, kw_only=True, tag="source-cursor/1"):
    """Where a source goes on; everything before it was delivered. ``owner`` wrote it."""

    source: str
    cursor: str
    owner: str = ""


SubjectEntry = SubjectEvent | RouterTick
"""What the subjects topic holds."""
SourceEntry = SourceCursor | SourceStatus
"""What the sources topic holds."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic as it must be. ``retention_ms`` None keeps the latest of each key for ever."""

    name: str
    partitions: int
    compact: bool = True
    retention_ms: int | None = None
    lag_ms: tuple[int, int] = (0, DAY_MS)
    largest: int = LARGEST_VALUE

    def config(self, replication: int = 1) -> dict[str, str]:
        """Settings of the topic as Kafka names them, held by so many brokers."""
        policies = ["compact"] if self.compact else []
        policies += ["delete"] if self.retention_ms is not None else []
        made = {
            "cleanup.policy": ",".join(policies),
            "retention.ms": str(self.retention_ms or -1),
            "max.message.bytes": str(self.largest + ENVELOPE),
            "compression.type": "producer",
            # The brokers' clocks say how old a record is: a broker refuses records of a
            # writer whose clock is an hour ahead, and drops early those of one behind.
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(_acknowledging(replication)),
        }
        if self.compact:
            made["min.compaction.lag.ms"] = str(self.lag_ms[0])
            # A deleted post leaves the topic's files within this time.
            made["max.compaction.lag.ms"] = str(self.lag_ms[1])
            made["delete.retention.ms"] = str(TOMBSTONES_KEPT_MS)
            made["min.cleanable.dirty.ratio"] = "0.2"
        return made


def _acknowledging(replication: int) -> int:
    """Brokers that must have a record before it counts as delivered.

    With three or more, what was delivered survives the loss of one, and one may be away.
    """
    return replication // 2 + 1 if replication > 2 else 1  # noqa: PLR2004


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """All topics of an installation."""

    posts: Topic
    subjects: Topic
    results: Topic
    sources: Topic
    dead: Topic
    router_state: Topic
    operators_state: Topic

    def all(self) -> tuple[Topic, ...]:
        """Every topic, in the order of the way of a post."""
        return tuple(getattr(self, field) for field in self.__struct_fields__)


def topics(
    prefix: str = "jikimi",
    *,
    partitions: int = 8,
    routers: int | None = None,
    retention_days: int = 90,
) -> Topics:
    """The topics of the installation ``prefix``.

    Args:
        partitions: of subjects, results and the operators' state; fixed once there is data.
        routers: of posts and the router's state, None for as many; with 1 the subjects see
            posts in the order in which they were collected.
        retention_days: after which posts and results leave the topics by themselves.
    """
    keep = retention_days * DAY_MS
    routers = routers or partitions
    # Within half a day a reader sees every revision; then only the last one is kept.
    read = (DAY_MS // 2, DAY_MS)

    def named(name: str, n: int = partitions, **more: object) -> Topic:
        return msgspec.convert({"name": f"{prefix}.{name}", "partitions": n, **more}, Topic)

    return Topics(
        posts=named("posts", routers, retention_ms=keep, lag_ms=read),
        subjects=named("subjects", retention_ms=keep, lag_ms=read),
        results=named("results", retention_ms=keep),
        sources=named("sources", 1),
        dead=named("dead", 1, compact=False, retention_ms=14 * DAY_MS, largest=LARGEST_LETTER),
        router_state=named("router-state", routers),
        operators_state=named("operators-state"),
    )


class UnreadableRecordError(Exception):
    """A value on a topic is no record of the kind that belongs there."""


_encode = msgspec.msgpack.Encoder().encode


class _Deflater(threading.local):
    """A compressor a thread: it is not safe to share, and costs four records to make."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=3).compress


_deflater = _Deflater()


def pack(record: Record) -> bytes:
    """The bytes of a record on a topic."""
    body = _encode(record)
    return body if len(body) < COMPRESS_FROM else _deflater.compress(body)


class Reader(Generic[T]):
    """Reads the records of one topic; ``kind`` is the union of what may be there.

    One thread at a time: it keeps its decompressor, which costs more to make than to use.

    Args:
        key_of: the key under which a record must stand, for ``keyed``.
        largest: bytes that a zstd frame may become.
    """

    def __init__(
        self,
        kind: Any,
        key_of: Callable[[T], bytes] | None = None,
        largest: int = LARGEST_VALUE,
    ) -> None:
        self._decode: Callable[[bytes], T] = msgspec.msgpack.Decoder(kind).decode
        self._inflater = zstandard.ZstdDecompressor()
        self._key_of = key_of
        self._largest = largest

    def read(self, value: bytes | None) -> T:
        """The record of a value.

        Raises:
            UnreadableRecordError: it is none, or would grow beyond what is allowed.
        """
        if value is None:
            raise UnreadableRecordError("no value")
        try:
            if value[:4] == _ZSTD:
                value = self._inflate(value)
            return self._decode(value)
        except (
            zstandard.ZstdError,
            msgspec.MsgspecError,
            UnicodeDecodeError,
            RecursionError,
        ) as error:
            raise UnreadableRecordError(str(error)) from error

    def keyed(self, key: bytes | None, value: bytes | None) -> T:
        """The record of a value that must stand under its own key.

        Under another one, compaction would let it replace what it has nothing to do with.

        Args:
            key: as it stands on the topic; None where it is not known.

        Raises:
            UnreadableRecordError: as ``read``, or the key is another one.
        """
        entry = self.read(value)
        if key is not None and self._key_of is not None and key != self._key_of(entry):
            raise UnreadableRecordError(f"under the key {key[:200]!r}, which is not its own")
        return entry

    def _inflate(self, value: bytes) -> bytes:
        size = zstandard.frame_content_size(value)
        if not 0 <= size <= self._largest:
            raise UnreadableRecordError(
                f"a zstd frame of {size} bytes, allowed: {self._largest}"
            )
        return self._inflater.decompress(value)


def read_posts() -> Reader[Logged]:
    """Reader of the posts topic: ``Logged``."""
    return Reader(Logged, post_key)


def read_subjects() -> Reader[SubjectEntry]:
    """Reader of the subjects topic: ``SubjectEntry``."""
    return Reader(SubjectEntry, subject_key)


def read_results() -> Reader[Result]:
    """Reader of the results topic: ``Result``."""
    return Reader(Result, result_key)


def read_sources() -> Reader[SourceEntry]:
    """Reader of the sources topic: ``SourceEntry``."""
    return Reader(SourceEntry, source_key)


def read_dead() -> Reader[DeadLetter]:
    """Reader of the dead letters: ``DeadLetter``."""
    return Reader(DeadLetter, largest=LARGEST_LETTER + ENVELOPE)


def post_key(entry: Logged) -> bytes:
    """Key on the posts topic: a deletion replaces the post it concerns."""
    match entry:
        case LoggedPost():
            return _key(entry.post.id)
        case LoggedDeletion(deletion=deletion):
            return _key(deletion.id)
        case LoggedMedia():
            return _key(entry.post_id, "media")
        case LoggedGap(gap=gap):
            return _key("", "gap", gap.source, str(gap.since))
        case LoggedClock():
            return _key("", "clock")


def subject_key(entry: SubjectEntry) -> bytes:
    """Key on the subjects topic: of a post in a subject only the last word is kept."""
    match entry:
        case PostSeen():
            return _key(entry.subject, entry.post.id)
        case PostGone():
            return _key(entry.subject, entry.post_id)
        case MediaSeen():
            return _key(entry.subject, entry.post_id, "media")
        case RouterTick():
            return _key(EVERYONE, "tick", str(entry.router))
        case GapSeen():
            return _key(EVERYONE, "gap", entry.gap.source, str(entry.gap.since))
        case _:
            return _key(EVERYONE, type(entry).__name__.lower())


def result_key(result: Result) -> bytes:
    """Key on the results topic: a revision replaces the one before."""
    return _key(*key_of(result))


def post_partition(entry: Logged, partitions: int) -> int:
    """Where an entry stands on the posts topic: what is said of a post, beside it."""
    if isinstance(entry, LoggedMedia):
        return partition_of(entry.post_id, partitions)
    return partition_of(post_key(entry).decode(), partitions)


def result_partition(result: Result, partitions: int) -> int:
    """Results of a subject stand in one partition, in the order in which they were made."""
    return partition_of(result.subject, partitions)


def source_key(entry: SourceEntry) -> bytes:
    """Key on the sources topic."""
    kind = "cursor" if isinstance(entry, SourceCursor) else "status"
    return _key(kind, entry.source)


def _key(*parts: str) -> bytes:
    return _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
