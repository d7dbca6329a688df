"""Tests on the real Kafka: topics of their own, writing and reading them as others would."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from stream.records import DeadLetter, LoggedPost, PostSeen
from stream.scale.address import KafkaAddress, kafka_python
from stream.scale.admin import ensure_topics
from stream.scale.host import Place
from stream.scale.kafka_log import read_all
from stream.topics import Topic, Topics, read_dead, read_posts, read_subjects, topics
from tests.scale.servers import shared


@contextmanager
def kafka() -> Iterator[KafkaAddress]:
    """The broker of this test run, or the one named by JIKIMI_TEST_KAFKA."""
    if running := os.environ.get("JIKIMI_TEST_KAFKA"):
        yield KafkaAddress(bootstrap=running)
        return
    with shared("kafka") as servers:
        yield KafkaAddress(bootstrap=servers.bootstrap)


def new_topics(
    address: KafkaAddress, partitions: int = 4, replication: int = 1, routers: int | None = None
) -> Topics:
    """Topics that nobody else uses."""
    made = topics(f"t{uuid.uuid4().hex[:10]}", partitions=partitions, routers=routers)
    ensure_topics(address, made.all(), replication=replication)
    return made


def values(address: KafkaAddress, topic: str, partitions: int) -> list[list[bytes]]:
    """The committed values of each partition of a topic."""
    return [list(read_all(address, topic, partition)) for partition in range(partitions)]


@contextmanager
def raw_producer(address: KafkaAddress):
    """A plain producer, for what no part of ours would write."""
    producer = kafka_python().KafkaProducer(**address.options(), max_request_size=2**24)
    try:
        yield producer
        producer.flush()
    finally:
        producer.close()


def ends_on(address: KafkaAddress, *written: Topic) -> dict[Place, int]:
    """Where each partition of these topics ends now."""
    client = kafka_python()
    consumer = client.KafkaConsumer(**address.options(), group_id=None)
    try:
        places = [
            client.TopicPartition(topic.name, partition)
            for topic in written
            for partition in range(topic.partitions)
        ]
        ends = consumer.end_offsets(places)
        return {Place(place.topic, place.partition): end for place, end in ends.items()}
    finally:
        consumer.close()


def letters_on(address: KafkaAddress, topics: Topics) -> list[DeadLetter]:
    """Everything that was buried."""
    return [read_dead().read(value) for value in values(address, topics.dead.name, 1)[0]]


def posts_on(address: KafkaAddress, topics: Topics) -> list[list[LoggedPost]]:
    """Every delivery of a post, by partition."""
    reader = read_posts()
    return [
        [entry for value in part if isinstance(entry := reader.read(value), LoggedPost)]
        for part in values(address, topics.posts.name, topics.posts.partitions)
    ]


def ids_on(address: KafkaAddress, topics: Topics) -> set[str]:
    """Posts that were delivered at least once."""
    return {entry.post.id for part in posts_on(address, topics) for entry in part}


def last_revisions(
    address: KafkaAddress, topics: Topics
) -> dict[tuple[str, str], tuple[int, str]]:
    """Of each post in each subject: its last revision, and its words."""
    reader = read_subjects()
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for part in values(address, topics.subjects.name, topics.subjects.partitions):
        for value in part:
            entry = reader.read(value)
            if isinstance(entry, PostSeen):
                found[entry.subject, entry.post.id] = (entry.revision, entry.post.text)
    return found
