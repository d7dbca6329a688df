"""The posts log on Kafka, as collectors write it: idempotent, acknowledged by all replicas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import structlog

from stream.records import Logged, LoggedClock, LoggedDeletion
from stream.scale.address import (
    KafkaAddress,
    KafkaUnavailableError,
    close_producer,
    kafka_python,
    unavailable,
)
from stream.topics import (
    LARGEST_REQUEST,
    LARGEST_VALUE,
    Reader,
    SourceCursor,
    SourceEntry,
    Topics,
    UnreadableRecordError,
    pack,
    post_key,
    post_partition,
    read_posts,
    read_sources,
    source_key,
)

DELIVERY_MS = 30_000
"""After so long without an acknowledgement a record counts as not delivered."""
BATCH_BYTES = 256 * 1024
IDLE_MS = 500
T = TypeVar("T")

log = structlog.get_logger(__name__)


class PostsProducer:
    """Writes the topics ``posts`` and ``sources``; what it returned from is on the brokers.

    After a delivery that failed the client is made anew: the library's own does not find
    back when an answer stayed out for too long.

    Args:
        delivery_ms: without an acknowledgement for so long a record counts as not delivered.

    Raises:
        KafkaUnavailableError: no broker can be reached.
    """

    def __init__(
        self, address: KafkaAddress, topics: Topics, *, delivery_ms: int = DELIVERY_MS
    ) -> None:
        self._topics = topics
        self._kafka = kafka_python()
        self._address = address
        self._delivery_ms = delivery_ms
        self._client: Any = None
        self._reached(self._open)

    def _open(self) -> Any:
        if self._client is None:
            self._client = self._kafka.KafkaProducer(
                **self._address.options(),
                acks="all",
                enable_idempotence=True,
                batch_size=BATCH_BYTES,
                linger_ms=5,
                delivery_timeout_ms=self._delivery_ms,
                request_timeout_ms=self._delivery_ms // 2,
                max_block_ms=self._delivery_ms,
                max_request_size=LARGEST_REQUEST,
                allow_auto_create_topics=False,
            )
        return self._client

    def send(self, entries: Iterable[Logged]) -> None:
        """Deliver entries in order, each post to the partition of its id.

        The clock and the deletion of a whole account go to every partition. Returns
        when all are there.

        Raises:
            KafkaUnavailableError: some may not be there; call again with the same entries.
        """
        messages: list[tuple[int, bytes, bytes]] = []
        partitions = self._topics.posts.partitions
        for entry in entries:
            key, value = post_key(entry), pack(entry)
            if _for_all(entry):
                messages += [(partition, key, value) for partition in range(partitions)]
            else:
                messages.append((post_partition(entry, partitions), key, value))
        self._deliver(self._topics.posts.name, messages)

    def note(self, entries: Iterable[SourceEntry]) -> None:
        """Deliver cursors and statuses of sources.

        Raises:
            KafkaUnavailableError: some may not be there.
        """
        name = self._topics.sources.name
        self._deliver(name, [(0, source_key(entry), pack(entry)) for entry in entries])

    def close(self) -> None:
        """Let the brokers go."""
        self._let_go(5)

    def _let_go(self, seconds: float) -> None:
        client, self._client = self._client, None
        if client is not None:
            close_producer(client, seconds)

    def _deliver(self, topic: str, messages: Sequence[tuple[int, bytes, bytes]]) -> None:
        def all_of_them() -> None:
            client = self._open()
            sent = [
                client.send(topic, value=value, key=key, partition=partition)
                for partition, key, value in messages
            ]
            for future in sent:
                future.get(timeout=self._delivery_ms / 1000 + 5)

        try:
            self._reached(all_of_them)
        except KafkaUnavailableError:
            self._let_go(0)
            raise

    def _reached(self, call: Any) -> Any:
        try:
            return call()
        except (self._kafka.errors.KafkaError, OSError) as error:
            raise unavailable(self._address, error) from error


def _for_all(entry: Logged) -> bool:
    if isinstance(entry, LoggedDeletion):
        return entry.deletion.scope == "account"
    return isinstance(entry, LoggedClock)


def read_all(address: KafkaAddress, topic: str, partition: int) -> Iterator[bytes]:
    """The values of a partition from its beginning to what is now its end.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached.
    """
    return (value for _, value in _records(address, topic, partition) if value is not None)


def _records(
    address: KafkaAddress, topic: str, partition: int
) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Keys and values of a partition from its beginning to what is now its end."""
    kafka = kafka_python()
    try:
        consumer = kafka.KafkaConsumer(
            **address.options(),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=LARGEST_VALUE,
            allow_auto_create_topics=False,
        )
    except (kafka.errors.KafkaError, OSError) as error:
        raise unavailable(address, error) from error
    try:
        place = kafka.TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=IDLE_MS).values():
                yield from ((record.key, record.value) for record in records)
    except (kafka.errors.KafkaError, OSError) as error:
        raise unavailable(address, error) from error
    finally:
        consumer.close()


def delivered_cursors(address: KafkaAddress, topics: Topics) -> dict[str, str]:
    """Where each source goes on, as the last collector that delivered has noted.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached.
    """
    return {
        entry.source: entry.cursor
        for entry in _readable(address, topics.sources.name, 0, read_sources())
        if isinstance(entry, SourceCursor)
    }


def delivered_posts(address: KafkaAddress, topics: Topics) -> Iterator[Iterator[Logged]]:
    """What the posts topic holds, partition by partition; unreadable values are left out.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached.
    """
    for partition in range(topics.posts.partitions):
        yield _readable(address, topics.posts.name, partition, read_posts())


def _readable(
    address: KafkaAddress, topic: str, partition: int, reader: Reader[T]
) -> Iterator[T]:
    """The records of a partition; those who work on the topic bury what is none."""
    left_out = 0
    for key, value in _records(address, topic, partition):
        try:
            yield reader.keyed(key, value)
        except UnreadableRecordError:
            left_out += 1
    if left_out:
        log.warning("unreadable_left_out", topic=topic, partition=partition, records=left_out)
