"""Of three brokers one or two are killed, stay away, and return."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stream.scale.address import KafkaAddress
from stream.scale.admin import patiently
from stream.topics import Topics
from tests.scale.accounting import assert_all_is_as_it_must_be
from tests.scale.collector_world import Collector, written
from tests.scale.crew import Crew
from tests.scale.kafka_world import ids_on, new_topics
from tests.scale.servers import Servers, in_chaos, own_kafka
from tests.scale.worker_world import wait_until

pytestmark = [
    in_chaos,
    pytest.mark.slow,
    pytest.mark.crash,
    pytest.mark.timeout(600),
    # kafka-python leaves connections that never came about to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

PARTITIONS, POSTS = 3, 6000


@pytest.fixture(scope="module")
def brokers() -> Iterator[Servers]:
    with own_kafka(nodes=3) as servers:
        yield servers


def leader_of(address: KafkaAddress, topics: Topics) -> int:
    """The broker that takes the posts; -1 while there is none."""

    def leader(admin: Any) -> int:
        (found,) = admin.describe_topics([topics.posts.name])
        return int(found["partitions"][0]["leader_id"])

    return patiently(address, leader)


def test_one_that_is_away_for_a_while_stops_nobody_and_loses_nothing(brokers, tmp_path):
    address = KafkaAddress(bootstrap=brokers.bootstrap)
    topics = new_topics(address, PARTITIONS, 3, routers=1)
    file = written(tmp_path, POSTS)
    crew = Crew(address, topics, tmp_path, only=None)
    crew.start("faust")
    crew.start("plain", "--frame", "plain")
    collector = Collector(address, topics, tmp_path / "collect", file)
    try:
        wait_until(lambda: len(ids_on(address, topics)) > 50, pause=0.2)
        assert collector.child.poll() is None, "there is something left to collect"
        victim = leader_of(address, topics)
        os.kill(brokers.pids("kafka")[f"node-{victim}"], signal.SIGKILL)
        wait_until(lambda: leader_of(address, topics) not in {victim, -1})

        held = len(ids_on(address, topics))
        wait_until(lambda: len(ids_on(address, topics)) > held + 100, pause=0.2)
        crew.supervise()
        assert brokers.pids("kafka")[f"node-{victim}"] == 0, "and it is still away"

        assert brokers.call("up", "kafka").returncode == 0
        collector.end()
        crew.settle()
    finally:
        collector.kill()
        crew.stop()

    assert_all_is_as_it_must_be(address, topics, tmp_path, file, crew)


def test_with_two_away_nothing_counts_as_delivered_and_nothing_is_lost(brokers, tmp_path):
    address = KafkaAddress(bootstrap=brokers.bootstrap)
    topics = new_topics(address, PARTITIONS, 3, routers=1)
    file = written(tmp_path, POSTS)
    crew = Crew(address, topics, tmp_path, only=None)
    crew.start("faust", "--stuck", "20")
    crew.start("plain", "--stuck", "20", "--frame", "plain")
    collector = Collector(address, topics, tmp_path / "collect", file)
    try:
        wait_until(lambda: len(ids_on(address, topics)) > 50, pause=0.2)
        running = brokers.pids("kafka")
        for victim in ("node-1", "node-3"):
            os.kill(running[victim], signal.SIGKILL)
        time.sleep(15)
        assert collector.child.poll() is None, "it waits"
        crew.supervise()
        time.sleep(5)

        assert brokers.call("up", "kafka").returncode == 0
        collector.end()
        crew.settle()
    finally:
        collector.kill()
        crew.stop()

    assert_all_is_as_it_must_be(address, topics, tmp_path, file, crew)
