"""Tests on the real Kafka: topics of their own, writing and reading them as others would."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from stream.scale.address import KafkaAddress, kafka_python
from stream.scale.admin import ensure_topics
from stream.scale.kafka_log import read_all
from stream.topics import Topics, topics
from tests.scale.servers import shared


@contextmanager
def kafka() -> Iterator[KafkaAddress]:
    """The broker of this test run, or the one named by JIKIMI_TEST_KAFKA."""
    if running := os.environ.get("JIKIMI_TEST_KAFKA"):
        yield KafkaAddress(bootstrap=running)
        return
    with shared("kafka") as servers:
        yield KafkaAddress(bootstrap=servers.bootstrap)


def new_topics(address: KafkaAddress, partitions: int = 4) -> Topics:
    """Topics that nobody else uses."""
    made = topics(f"t{uuid.uuid4().hex[:10]}", partitions=partitions)
    ensure_topics(address, made.all(), replication=1)
    return made


def values(address: KafkaAddress, topic: str, partitions: int) -> list[list[bytes]]:
    """The committed values of each partition of a topic."""
    return [list(read_all(address, topic, partition)) for partition in range(partitions)]


@contextmanager
def raw_producer(address: KafkaAddress):
    """A plain producer, for what no part of ours would write."""
    producer = kafka_python().KafkaProducer(**address.options())
    try:
        yield producer
        producer.flush()
    finally:
        producer.close()
