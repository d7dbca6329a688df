"""Cases of the producer: ours beside the three clients alone, the same posts."""

from __future__ import annotations

import asyncio
import importlib
import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from stream.ids import partition_of
from stream.scale.address import aiokafka, kafka_python
from stream.scale.kafka_log import BATCH_BYTES, PostsProducer, delivered_posts
from stream.topics import pack, post_key
from tests.bench.scale.world import Clock, Found, Given

ROUND = 2000
"""Posts whose delivery is waited for at once."""
POST = "post"
Message = tuple[int, bytes, bytes]


def _entries(given: Given) -> list[Any]:
    return [e for part in delivered_posts(given.address, given.topics("posts")) for e in part]


def _messages(given: Given) -> list[Message]:
    made: list[Message] = []
    for entry in _entries(given):
        key = post_key(entry)
        made.append((partition_of(key.decode(), given.partitions), key, pack(entry)))
    return made


def _timed(entries: Sequence[Any], send: Callable[[Sequence[Any]], object]) -> Found:
    clock = Clock()
    send(entries[:ROUND])  # Metadata, producer id and connections are there from here on.
    clock.begin()
    for start in range(0, len(entries), ROUND):
        send(entries[start : start + ROUND])
    clock.mark()
    return clock.found("", POST, len(entries))


def producer_ours(given: Given) -> Found:
    """What collectors use: records to bytes, delivered to all replicas."""
    entries = _entries(given)
    producer = PostsProducer(given.address, given.topics())
    found = _timed(entries, producer.send)
    producer.close()
    return found


def _kafka_python(given: Given, client: Any, messages: list[Message]) -> Found:
    producer = client.KafkaProducer(
        **given.address.options(), acks="all", enable_idempotence=True, linger_ms=5,
        batch_size=BATCH_BYTES,
    )  # fmt: skip
    topic = given.topics().posts.name

    def send(some: Sequence[Message]) -> None:
        sent = [producer.send(topic, key=k, value=v, partition=p) for p, k, v in some]
        for future in sent:
            future.get(timeout=30)

    found = _timed(messages, send)
    producer.close()
    return found


def producer_kafka_python(given: Given) -> Found:
    """kafka-python alone, with the compiled checksum that we give it."""
    return _kafka_python(given, kafka_python(), _messages(given))


def producer_kafka_python_as_shipped(given: Given) -> Found:
    """kafka-python alone, with its own checksum in Python."""
    client = kafka_python()
    checksum = importlib.import_module("kafka.record.util").calc_crc32c
    messages = _messages(given)
    importlib.import_module("kafka.record.default_records").calc_crc32c = checksum
    return _kafka_python(given, client, messages)


def producer_aiokafka(given: Given) -> Found:
    """aiokafka alone, idempotent, one record at a time."""
    messages = _messages(given)
    topic = given.topics().posts.name

    async def work() -> Found:
        producer = aiokafka().AIOKafkaProducer(
            **given.address.options(), enable_idempotence=True, linger_ms=5,
            max_batch_size=BATCH_BYTES,
        )  # fmt: skip
        await producer.start()

        async def send(some: Sequence[Message]) -> None:
            sent = [await producer.send(topic, v, key=k, partition=p) for p, k, v in some]
            await asyncio.gather(*sent)

        clock = Clock()
        await send(messages[:ROUND])
        clock.begin()
        for start in range(0, len(messages), ROUND):
            await send(messages[start : start + ROUND])
        clock.mark()
        await producer.stop()
        return clock.found("", POST, len(messages))

    return asyncio.run(work())


def producer_confluent(given: Given) -> Found:
    """confluent-kafka alone, idempotent; installed for this bench only, if at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = importlib.import_module("confluent_kafka")
    messages = _messages(given)
    topic = given.topics().posts.name
    problems: list[str] = []
    producer = client.Producer(
        {"bootstrap.servers": given.bootstrap, "enable.idempotence": True, "linger.ms": 5,
         "batch.size": BATCH_BYTES},
        logger=logging.getLogger("confluent"),
    )  # fmt: skip

    def told(error: Any, _: Any) -> None:
        if error is not None:
            problems.append(str(error))

    def send(some: Sequence[Message]) -> None:
        for partition, key, value in some:
            producer.produce(topic, value, key, partition, on_delivery=told)
        assert producer.flush(30) == 0
        assert not problems, problems[0]

    return _timed(messages, send)


CASES: dict[str, Callable[[Given], Found]] = {
    case.__name__: case
    for case in (
        producer_ours, producer_kafka_python, producer_kafka_python_as_shipped,
        producer_aiokafka, producer_confluent,
    )
}  # fmt: skip
