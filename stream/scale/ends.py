"""Where topics end, and whether a group of consumers has come there."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from stream.scale.address import KafkaAddress, kafka_python, unavailable
from stream.topics import LARGEST_VALUE, Topic

POLL_MS = 200


def at_end(address: KafkaAddress, group: str, topics: Sequence[Topic]) -> bool:
    """Whether nothing committed on these topics lies behind what the group has noted.

    Offsets alone do not tell: marks of transactions count there, and nobody reads them. So
    the rest of each partition is read until a record comes.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """
    with _consumer(address, group) as consumer:
        return _nothing_left(consumer, [p for topic in topics for p in _places(topic)])


def end_offsets(address: KafkaAddress, topic: Topic) -> list[int]:
    """Behind the last committed record of each partition of a topic.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """
    with _consumer(address, None) as consumer:
        places = _places(topic)
        ends: dict[Any, int] = consumer.end_offsets(places)
        return [ends[place] for place in places]


def _places(topic: Topic) -> list[Any]:
    kafka = kafka_python()
    return [kafka.TopicPartition(topic.name, number) for number in range(topic.partitions)]


@contextmanager
def _consumer(address: KafkaAddress, group: str | None) -> Generator[Any]:
    kafka = kafka_python()
    try:
        consumer = kafka.KafkaConsumer(
            **address.options(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=1,
            max_partition_fetch_bytes=LARGEST_VALUE,
            allow_auto_create_topics=False,
        )
        try:
            yield consumer
        finally:
            consumer.close(autocommit=False)
    except (kafka.errors.KafkaError, OSError) as error:
        raise unavailable(address, error) from error


def _nothing_left(consumer: Any, places: Sequence[Any]) -> bool:
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    for place in places:
        consumer.seek(place, consumer.committed(place) or 0)
    while any(consumer.position(place) < ends[place] for place in places):
        if consumer.poll(timeout_ms=POLL_MS):
            return False
    return True
