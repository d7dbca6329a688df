"""Whether a group of consumers has come to the end of its topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stream.scale.address import KafkaAddress, KafkaUnavailableError, kafka_python
from stream.topics import LARGEST_VALUE, Topic

POLL_MS = 200


def at_end(address: KafkaAddress, group: str, topics: Sequence[Topic]) -> bool:
    """Whether nothing committed on these topics lies behind what the group has noted.

    Offsets alone do not tell: marks of transactions count there, and nobody reads them. So
    the rest of each partition is read until a record comes.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """
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
            places = [
                kafka.TopicPartition(topic.name, partition)
                for topic in topics
                for partition in range(topic.partitions)
            ]
            return _nothing_left(consumer, places)
        finally:
            consumer.close(autocommit=False)
    except (kafka.errors.KafkaError, OSError) as error:
        raise KafkaUnavailableError(
            f"Kafka at {address.bootstrap}: {type(error).__name__}: {error}"
        ) from error


def _nothing_left(consumer: Any, places: Sequence[Any]) -> bool:
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    for place in places:
        consumer.seek(place, consumer.committed(place) or 0)
    while any(consumer.position(place) < ends[place] for place in places):
        if consumer.poll(timeout_ms=POLL_MS):
            return False
    return True
