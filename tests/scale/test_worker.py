"""Workers as real processes on the real Kafka: killed, frozen, stuck, joined and left."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.demo.oracle import Oracle
from dashboards.demo.score import Score, score
from stream.records import Alert
from stream.scale.address import KafkaAddress, kafka_python
from stream.topics import Topics, read_results
from tests.scale.drift_world import results_on
from tests.scale.kafka_world import kafka, new_topics, values
from tests.scale.worker_world import Process, collect_demo, demo, routed, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.crash]

PARTITIONS = 4
POSTS = 3000


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


@pytest.fixture
def topics(address: KafkaAddress) -> Topics:
    return new_topics(address, PARTITIONS)


class Group:
    """The workers of a test; none outlives it."""

    def __init__(self, address: KafkaAddress, topics: Topics, folder: Path) -> None:
        self.address = address
        self.topics = topics
        self.folder = folder
        self.processes: list[Process] = []

    def start(self, name: str, *options: str) -> Process:
        made = Process(self.address, self.topics, self.folder / name, *options)
        self.processes.append(made)
        return made

    def lag(self) -> int:
        """Records of the input topics that the group has not noted as done."""
        client = kafka_python()
        consumer = client.KafkaConsumer(
            **self.address.options(),
            group_id=f"{self.topics.posts.name.partition('.')[0]}.workers",
            enable_auto_commit=False,
        )
        try:
            places = [
                client.TopicPartition(topic.name, partition)
                for topic in (self.topics.posts, self.topics.subjects)
                for partition in range(PARTITIONS)
            ]
            ends = consumer.end_offsets(places)
            return sum(ends[place] - (consumer.committed(place) or 0) for place in places)
        finally:
            consumer.close()

    def until_done(self) -> None:
        """Until nothing is left, seen twice, since the router makes work for the operators."""
        quiet = 0

        def done() -> bool:
            nonlocal quiet
            # A transaction's own mark counts as a record that nobody reads.
            quiet = quiet + 1 if self.lag() <= 4 * PARTITIONS else 0
            return quiet >= 3

        wait_until(done, 150)
        time.sleep(1)


@pytest.fixture
def group(address: KafkaAddress, topics: Topics, tmp_path: Path) -> Iterator[Group]:
    made = Group(address, topics, tmp_path)
    yield made
    for process in made.processes:
        process.kill()


def judged(address: KafkaAddress, topics: Topics, scenario, totals) -> Score:
    alerts = [r for r in results_on(address, topics).values() if isinstance(r, Alert)]
    return score(alerts, Oracle.of(scenario), posts=totals, seconds=0)


def test_the_demo_ends_with_the_planted_alerts_whatever_happens_to_the_workers(
    address, topics, group, tmp_path
):
    scenario = demo(POSTS)
    victim = group.start("victim")
    frozen = group.start("frozen", "--frame", "plain")
    wait_until(lambda: all("partition_opened" in one.said for one in (victim, frozen)))
    totals = collect_demo(address, topics, tmp_path / "collect", scenario)
    victim.signal(signal.SIGKILL)
    frozen.signal(signal.SIGSTOP)
    heir = group.start("heir")
    time.sleep(8)
    frozen.signal(signal.SIGCONT)
    third = group.start("third", "--frame", "plain")
    group.until_done()
    assert heir.end() == 0, heir.said
    assert third.end() == 0, third.said

    judgement = judged(address, topics, scenario, totals)
    assert (judgement.planted, judgement.found) == (3, 3)
    assert judgement.false_alerts.fan_event == 0
    assert judgement.false_alerts.criticism == 0
    counts = routed(address, topics, tmp_path / "restored")
    assert sum(n for name, n in counts.items() if name != "removed") == totals["logged"]
    assert counts.get("duplicate", 0) < totals["logged"] / 10


def test_a_worker_told_to_end_in_the_middle_of_a_rebalance_ends_in_order(group):
    leaver = group.start("leaver")
    wait_until(lambda: leaver.said.count("partition_opened") == 2 * PARTITIONS)
    frozen = group.start("frozen", "--frame", "plain")
    wait_until(lambda: "partition_opened" in frozen.said)
    # The group cannot settle until the frozen one's session is over.
    frozen.signal(signal.SIGSTOP)
    rebalances = leaver.said.count("rebalancing")
    group.start("joiner", "--frame", "plain")
    wait_until(lambda: leaver.said.count("rebalancing") > rebalances, pause=0.05)
    time.sleep(0.2)

    assert leaver.end() == 0, leaver.said
    assert "Crashed" not in leaver.said


def test_no_revision_of_a_result_stands_on_the_topic_twice(address, topics, group, tmp_path):
    collect_demo(address, topics, tmp_path / "collect", demo(800))
    first = group.start("first")
    time.sleep(6)
    first.signal(signal.SIGKILL)
    group.start("second")
    group.until_done()

    reader = read_results()
    for partition in values(address, topics.results.name, PARTITIONS):
        revisions = [reader.read(value) for value in partition]
        assert len(revisions) == len(set(map(repr, revisions)))
    assert results_on(address, topics)
