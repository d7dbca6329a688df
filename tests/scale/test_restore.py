"""A machine without any state takes over, also after the changelog was compacted."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from stream.scale.address import KafkaAddress, kafka_python
from stream.topics import Topic, Topics
from tests.scale.drift_world import (
    Work,
    embedded,
    record_demo,
    restore_only,
    results_on,
    run,
    worker_states,
    write_subjects,
)
from tests.scale.kafka_world import ends_on, kafka, new_topics
from tests.scale.servers import in_chaos
from tests.scale.worker_world import wait_until

pytestmark = [pytest.mark.slow, in_chaos]

PARTITIONS = 2


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


def compact_soon(address: KafkaAddress, topic: Topic) -> None:
    """Let the brokers compact a topic within seconds instead of a day."""
    kinds = kafka_python("kafka.admin")
    with kafka_python().KafkaAdminClient(**address.options()) as admin:
        settings = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0.001"}
        admin.alter_configs(
            [kinds.ConfigResource(kinds.ConfigResourceType.TOPIC, topic.name, configs=settings)]
        )


def keys_on(address: KafkaAddress, topic: Topic, partition: int) -> list[bytes]:
    """The key of every record that a partition still holds."""
    kafka = kafka_python()
    consumer = kafka.KafkaConsumer(
        **address.options(), group_id=None, isolation_level="read_committed"
    )
    try:
        place = kafka.TopicPartition(topic.name, partition)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        found: list[bytes] = []
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=500).values():
                found += [record.key for record in records]
        return found
    finally:
        consumer.close()


def replaced_on(address: KafkaAddress, topics: Topics) -> list[int]:
    """Records of each partition of the state that a later one of their key has replaced."""
    held = [keys_on(address, topics.operators_state, p) for p in range(PARTITIONS)]
    return [len(keys) - len(set(keys)) for keys in held]


def test_an_empty_machine_goes_on_from_a_compacted_changelog(address, tmp_path):
    recorded = record_demo(tmp_path / "recorded", 500)
    topics = new_topics(address, PARTITIONS)
    compact_soon(address, topics.operators_state)
    half = len(recorded) // 2
    write_subjects(address, topics, recorded[:half])
    first = Work(address, topics, tmp_path / "first", batch=3)
    run(first.run(1, ends_on(address, topics.subjects)))
    replaced = replaced_on(address, topics)
    assert all(n > 10 for n in replaced), "there is something to compact"
    time.sleep(1.5)
    # Only what stands in a closed segment is compacted, and a write closes one.
    write_subjects(address, topics, recorded[half : half + 50])
    second = Work(address, topics, tmp_path / "second")
    run(second.run(1, ends_on(address, topics.subjects)))

    def compacted() -> bool:
        left = replaced_on(address, topics)
        return all(now < before / 2 for now, before in zip(left, replaced, strict=True))

    wait_until(compacted, 90)
    results, state = embedded(tmp_path / "half", recorded[: half + 50], PARTITIONS)
    run(restore_only(second, PARTITIONS))
    restored = tmp_path / "second" / "restored"
    assert worker_states(restored, recorded[: half + 50]) == state

    write_subjects(address, topics, recorded[half + 50 :])
    third = Work(address, topics, tmp_path / "third")
    run(third.run(2, ends_on(address, topics.subjects)))

    results, state = embedded(tmp_path / "whole", recorded, PARTITIONS)
    assert results_on(address, topics) == results
    run(restore_only(third, PARTITIONS))
    assert worker_states(tmp_path / "third" / "restored", recorded) == state
