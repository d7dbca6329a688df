"""The posts log on Kafka, as collectors write it: idempotent, acknowledged by all replicas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from stream.ids import partition_of
from stream.records import Logged, LoggedClock, LoggedDeletion
from stream.scale.address import KafkaAddress, KafkaUnavailableError, kafka_python
from stream.topics import (
    LARGEST_VALUE,
    SourceCursor,
    SourceEntry,
    Topics,
    UnreadableRecordError,
    pack,
    post_key,
    read_posts,
    read_sources,
    source_key,
)

DELIVERY_MS = 30_000
"""After so long without an acknowledgement a record counts as not delivered."""
BATCH_BYTES = 256 * 1024
IDLE_MS = 500


class PostsProducer:
    """Writes the topics ``posts`` and ``sources``; what it returned from is on the brokers.

    Raises:
        KafkaUnavailableError: no broker can be reached.
    """

    def __init__(self, address: KafkaAddress, topics: Topics) -> None:
        self._topics = topics
        self._kafka = kafka_python()
        self._address = address
        self._producer: Any = self._reached(
            lambda: self._kafka.KafkaProducer(
                **address.options(),
                acks="all",
                enable_idempotence=True,
                batch_size=BATCH_BYTES,
                linger_ms=5,
                delivery_timeout_ms=DELIVERY_MS,
                request_timeout_ms=DELIVERY_MS // 2,
                max_block_ms=DELIVERY_MS,
                max_request_size=LARGEST_VALUE + 2**16,
                allow_auto_create_topics=False,
            )
        )

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
                messages.append((partition_of(key.decode(), partitions), key, value))
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
        self._producer.close(timeout=5)

    def _deliver(self, topic: str, messages: Sequence[tuple[int, bytes, bytes]]) -> None:
        def all_of_them() -> None:
            sent = [
                self._producer.send(topic, value=value, key=key, partition=partition)
                for partition, key, value in messages
            ]
            for future in sent:
                future.get(timeout=DELIVERY_MS / 1000 + 5)

        self._reached(all_of_them)

    def _reached(self, call: Any) -> Any:
        try:
            return call()
        except (self._kafka.errors.KafkaError, OSError) as error:
            raise KafkaUnavailableError(
                f"Kafka at {self._address.bootstrap}: {type(error).__name__}: {error}"
            ) from error


def _for_all(entry: Logged) -> bool:
    if isinstance(entry, LoggedDeletion):
        return entry.deletion.scope == "account"
    return isinstance(entry, LoggedClock)


def read_all(address: KafkaAddress, topic: str, partition: int) -> Iterator[bytes]:
    """The values of a partition from its beginning to what is now its end.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached.
    """
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
        raise KafkaUnavailableError(f"Kafka at {address.bootstrap}: {error}") from error
    try:
        place = kafka.TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=IDLE_MS).values():
                yield from (record.value for record in records if record.value is not None)
    except (kafka.errors.KafkaError, OSError) as error:
        raise KafkaUnavailableError(f"Kafka at {address.bootstrap}: {error}") from error
    finally:
        consumer.close()


def delivered_cursors(address: KafkaAddress, topics: Topics) -> dict[str, str]:
    """Where each source goes on, as the last collector that delivered has noted.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached.
    """
    reader = read_sources()
    found: dict[str, str] = {}
    for value in read_all(address, topics.sources.name, 0):
        with suppress(UnreadableRecordError):
            entry = reader.read(value)
            if isinstance(entry, SourceCursor):
                found[entry.source] = entry.cursor
    return found


def delivered_posts(address: KafkaAddress, topics: Topics) -> Iterator[Iterator[Logged]]:
    """What the posts topic holds, partition by partition; unreadable values are left out.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached.
    """
    reader = read_posts()

    def entries(partition: int) -> Iterator[Logged]:
        for value in read_all(address, topics.posts.name, partition):
            with suppress(UnreadableRecordError):
                yield reader.read(value)

    for partition in range(topics.posts.partitions):
        yield entries(partition)
