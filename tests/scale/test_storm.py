"""Workers that join and leave before the group has settled; some, and a collector, are killed."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Iterator

import pytest

from stream.scale.address import KafkaAddress
from tests.scale.accounting import assert_all_is_as_it_must_be
from tests.scale.collector_world import Collector, written
from tests.scale.crew import Crew
from tests.scale.kafka_world import kafka, new_topics
from tests.scale.servers import in_chaos

pytestmark = [in_chaos, pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600)]

PARTITIONS, POSTS, GUESTS = 4, 4000, 12
FRAMES = ("faust", "plain")


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_of_rebalances_with_kills_changes_nothing(address, tmp_path, seed):
    dice = random.Random(seed)
    topics = new_topics(address, PARTITIONS)
    file = written(tmp_path, POSTS)
    crew = Crew(address, topics, tmp_path, only=None)
    for name in FRAMES:
        crew.start(name, "--frame", name)
    collector = Collector(address, topics, tmp_path / "collect", file)
    guests: list[str] = []
    try:
        for number in range(GUESTS):
            name = f"guest{number}"
            crew.start(name, "--frame", dice.choice(FRAMES))
            guests.append(name)
            # About as long as a worker takes to join: some leave while others open.
            time.sleep(dice.uniform(0.2, 4))
            if len(guests) > dice.randint(0, 2):
                crew.leave(
                    guests.pop(0), dice.choices([signal.SIGTERM, signal.SIGKILL], [2, 1])[0]
                )
            if number == GUESTS // 3:
                collector.kill()
                collector = Collector(address, topics, tmp_path / "elsewhere", file)
            if number == GUESTS // 2:
                crew.workers["faust"].kill()
                shutil.rmtree(tmp_path / "faust")
            crew.supervise()
        collector.end()
        crew.settle()
        opened = [
            process.said.count("partition_opened")
            for process in (*crew.workers.values(), *crew.gone)
        ]
    finally:
        collector.kill()
        crew.stop()

    assert sum(opened) > 3 * 2 * PARTITIONS, "partitions have changed hands"
    assert_all_is_as_it_must_be(address, topics, tmp_path, file, crew)
