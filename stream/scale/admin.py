"""Makes the topics what they must be; run as often as you like."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from stream.scale.address import KafkaAddress, KafkaUnavailableError, kafka_python, unavailable
from stream.topics import Topic

REACH_MS = 10_000
"""Milliseconds in which a broker must answer at all."""
PATIENCE_S = 30.0
"""Seconds in which brokers that answer "not yet" must get ready, or others take over from
one that is away: a broker that has just started makes its topic of groups when it is first
asked for one."""
PAUSE_S = 0.2
T = TypeVar("T")


class TopicsChangedError(Exception):
    """A topic that holds data has another number of partitions than the settings."""


class TopicChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is (or, in a dry run, would be) done about a topic."""

    topic: str
    action: str
    config: dict[str, str]


def ensure_topics(
    address: KafkaAddress, topics: Sequence[Topic], *, replication: int, dry_run: bool = False
) -> list[TopicChange]:
    """Create what is missing and correct settings; returns what was not as it must be.

    Raises:
        TopicsChangedError: a topic has another number of partitions.
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """
    changes: dict[str, TopicChange] = {}

    def ensure(admin: Any) -> None:
        held = {
            found["name"]: len(found["partitions"])
            for found in admin.describe_topics()
            if not found["error_code"]
        }
        _check_partitions(topics, held)
        missing = [topic for topic in topics if topic.name not in held]
        for topic in missing:
            config = topic.config(replication)
            changes[topic.name] = TopicChange(topic=topic.name, action="create", config=config)
        if missing and not dry_run:
            _create(admin, missing, replication)
        present = [topic for topic in topics if topic.name in held]
        for change in _correct(admin, present, replication, dry_run=dry_run):
            changes.setdefault(change.topic, change)

    patiently(address, ensure)
    return list(changes.values())


def delete_topics(address: KafkaAddress, topics: Sequence[Topic]) -> None:
    """Delete those of the topics that are there, with all they hold.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """

    def delete(admin: Any) -> None:
        held = {found["name"] for found in admin.describe_topics() if not found["error_code"]}
        names = [topic.name for topic in topics if topic.name in held]
        if names:
            admin.delete_topics(names)

    patiently(address, delete)


def partition_count(address: KafkaAddress, topic: str) -> int:
    """Partitions of a topic, 0 when there is none.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """

    def count(admin: Any) -> int:
        found = [t for t in admin.describe_topics() if t["name"] == topic]
        return len(found[0]["partitions"]) if found else 0

    return patiently(address, count)


def patiently(
    address: KafkaAddress, task: Callable[[Any], T], patience_s: float = PATIENCE_S
) -> T:
    """Do a task with an admin client, again while the brokers say that they are not ready,
    or while one of them does not answer.

    Args:
        task: is given the client; may be begun several times.
        patience_s: how long that is not taken for an answer.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached, refuses, or did not get ready.
    """
    until = time.monotonic() + patience_s
    while True:
        reached = False
        try:
            with kafka_admin(address) as admin:
                reached = True
                return task(admin)
        except KafkaUnavailableError as error:
            # Nobody there at all is known by now; of several, one may be away.
            passing = reached and getattr(error.__cause__, "retriable", False)
            if not passing or time.monotonic() > until:
                raise
        # A new client: this one goes on asking the coordinator that it was told first.
        time.sleep(PAUSE_S)


@contextmanager
def kafka_admin(address: KafkaAddress) -> Generator[Any]:
    """kafka-python's admin client, as Any.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """
    kafka = kafka_python()
    try:
        options = {**address.options(), "bootstrap_timeout_ms": REACH_MS}
        with kafka.KafkaAdminClient(**options) as admin:
            yield admin
    except (kafka.errors.KafkaError, OSError) as error:
        raise unavailable(address, error) from error


def _check_partitions(topics: Sequence[Topic], held: dict[str, int]) -> None:
    for topic in topics:
        found = held.get(topic.name, topic.partitions)
        if found != topic.partitions:
            raise TopicsChangedError(
                f"topic {topic.name} has {found} partitions, the settings (kafka.partitions, "
                f"kafka.router_partitions) say {topic.partitions}: set them back, or begin "
                "anew under another kafka.prefix"
            )


def _create(admin: Any, topics: Sequence[Topic], replication: int) -> None:
    admin.create_topics(
        {
            topic.name: {
                "num_partitions": topic.partitions,
                "replication_factor": replication,
                "configs": topic.config(replication),
            }
            for topic in topics
        },
        wait_for_metadata=True,
    )


def _correct(
    admin: Any, topics: Sequence[Topic], replication: int, *, dry_run: bool
) -> list[TopicChange]:
    kinds = kafka_python("kafka.admin")
    resource = kinds.ConfigResource
    topic_kind = kinds.ConfigResourceType.TOPIC
    if not topics:
        return []
    asked = [resource(topic_kind, topic.name) for topic in topics]
    described = admin.describe_configs(asked, config_filter="all")
    held = next(iter(described.values()))
    changes: list[TopicChange] = []
    for topic in topics:
        now = {key: entry["value"] for key, entry in held[topic.name].items()}
        wanted = topic.config(replication)
        other = {key: value for key, value in wanted.items() if now.get(key) != value}
        if other:
            changes.append(TopicChange(topic=topic.name, action="configure", config=other))
    if changes and not dry_run:
        admin.alter_configs([resource(topic_kind, c.topic, configs=c.config) for c in changes])
    return changes
