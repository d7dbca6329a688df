"""A partition's transactions on the real Kafka: order, size, where the changelog ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from stream.scale.address import KafkaAddress
from stream.scale.journal import Change
from stream.scale.link import PartitionLink
from stream.scale.stage import Outbound
from tests.scale.kafka_world import kafka, new_topics, values

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


def test_records_of_any_size_arrive_whole_and_in_order_and_changes_are_read_from_any_place(
    address,
):
    topics = new_topics(address, 2)
    sizes = [10, 1_000_000, 3, 600_000, 200_000, 200_000, 5_000_000, 7]
    sent = [bytes([number]) * size for number, size in enumerate(sizes)]
    records = [
        Outbound(topics.results.name, number % 2, b"k%d" % number, value)
        for number, value in enumerate(sent)
    ]
    changes = [
        Change(b"c%d" % n, b"x" * size) for n, size in enumerate([1, 2_000_000, 300_000])
    ]

    async def story() -> list[list[Change]]:
        link = PartitionLink(address, f"{topics.posts.name}.0", topics.operators_state, 0)
        await link.open()
        first = await link.send(records, changes)
        await link.send([], [Change(b"gone", None)])
        read = [
            [change async for _, some in link.changes(after) for change in some]
            for after in (0, first)
        ]
        with pytest.raises(LookupError, match="wanted 99"):
            _ = [some async for some in link.changes(99)]
        await link.close()
        return read

    everything, rest = asyncio.run(story())

    assert everything == [*changes, Change(b"gone", None)]
    assert rest == [Change(b"gone", None)]
    assert values(address, topics.results.name, 2) == [sent[::2], sent[1::2]]
