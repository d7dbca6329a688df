"""Seeded chaos: workers and broker die, freeze and return; the records are as if nothing had.

``make chaos`` runs twenty rounds, ``make test`` three; JIKIMI_CHAOS_SEED repeats one.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stream.records import SubjectEvent
from stream.scale.address import KafkaAddress, kafka_python
from stream.topics import Topics, read_dead
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
from tests.scale.kafka_world import new_topics, raw_producer, values
from tests.scale.servers import Servers, free_ports, public_folder
from tests.scale.worker_world import Process

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600)]

ROUNDS = int(os.environ.get("JIKIMI_CHAOS_ROUNDS", "3"))
SEEDS = [int(s) for s in os.environ.get("JIKIMI_CHAOS_SEED", "").split()] or range(ROUNDS)
POSTS = 500
BLOWS = 6
POISON = b"\xc1 no record"


@pytest.fixture(scope="module")
def broker() -> Iterator[Servers]:
    """A broker of its own: here it is killed."""
    with public_folder() as folder:
        kafka_port, es_port = free_ports(2, spread=110)
        servers = Servers(folder, kafka_port, es_port)
        servers.up("kafka")
        yield servers
        servers.call("down")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Sequence[SubjectEvent]:
    return record_demo(tmp_path_factory.mktemp("recorded"), POSTS)


class Chaos:
    """Some workers, and what may befall them; ``told`` is the story so far."""

    def __init__(self, seed: int, broker: Servers, topics: Topics, folder: Path) -> None:
        self.dice = random.Random(seed)
        self.broker = broker
        self.address = KafkaAddress(bootstrap=broker.bootstrap)
        self.topics = topics
        self.folder = folder
        self.workers: dict[str, Process] = {}
        self.poisoned = 0
        self.told: list[str] = []

    def start(self, name: str) -> None:
        frame = self.dice.choice(["faust", "plain"])
        options = ("--only", "operators", "--frame", frame)
        assert name not in self.workers or self.workers[name].child.poll() is not None
        self.workers[name] = Process(self.address, self.topics, self.folder / name, *options)

    def supervise(self) -> None:
        """Start again what has ended, as systemd would."""
        for name, process in list(self.workers.items()):
            if process.child.poll() is not None:
                self.start(name)

    def blow(self) -> None:
        name = self.dice.choice(sorted(self.workers))
        kind = self.dice.choices(
            ["kill", "freeze", "end", "lose", "join", "poison", "broker"],
            [3, 3, 2, 2, 2, 2, 1],
        )[0]
        self.told.append(f"{kind} {name}")
        process = self.workers[name]
        match kind:
            case "kill":
                process.kill()
            case "freeze":
                process.signal(signal.SIGSTOP)
                time.sleep(self.dice.uniform(0.5, 5))
                process.signal(signal.SIGCONT)
            case "end":
                process.signal(signal.SIGTERM)
            case "lose":
                process.kill()
                shutil.rmtree(self.folder / name, ignore_errors=True)
            case "join":
                self.start(f"guest{len(self.workers)}")
            case "poison":
                self.poison()
            case _:
                os.kill(self.broker.pids("kafka")["node-1"], signal.SIGKILL)
                time.sleep(1)
                assert self.broker.call("up", "kafka").returncode == 0

    def poison(self) -> None:
        self.poisoned += 1
        with raw_producer(self.address) as producer:
            producer.send(self.topics.subjects.name, key=b"k", value=POISON, partition=0)

    def left(self) -> int:
        """Records that the group has not noted as done."""
        client = kafka_python()
        prefix = self.topics.posts.name.partition(".")[0]
        consumer = client.KafkaConsumer(
            **self.address.options(), group_id=f"{prefix}.workers.operators",
            enable_auto_commit=False,
        )  # fmt: skip
        try:
            name = self.topics.subjects.name
            places = [
                client.TopicPartition(name, p) for p in range(self.topics.subjects.partitions)
            ]
            ends = consumer.end_offsets(places)
            return sum(ends[place] - (consumer.committed(place) or 0) for place in places)
        finally:
            consumer.close()

    def settle(self) -> None:
        deadline = time.monotonic() + 200
        while self.left():
            assert time.monotonic() < deadline, self.told
            self.supervise()
            time.sleep(1)

    def stop(self) -> None:
        for process in self.workers.values():
            process.kill()


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_befalls_workers_and_broker_the_records_are_the_same(
    broker, recorded, tmp_path, seed
):
    address = KafkaAddress(bootstrap=broker.bootstrap)
    partitions = random.Random(seed).choice([1, 2, 4])
    topics = new_topics(address, partitions)
    chaos = Chaos(seed, broker, topics, tmp_path)
    half = len(recorded) // 2
    try:
        write_subjects(address, topics, recorded[:half])
        for number in range(2):
            chaos.start(f"w{number}")
        for blow in range(BLOWS):
            time.sleep(chaos.dice.uniform(0.3, 2.5))
            chaos.supervise()
            chaos.blow()
            if blow == BLOWS // 2:
                write_subjects(address, topics, recorded[half:])
        chaos.settle()
    finally:
        chaos.stop()

    results, state = embedded(tmp_path / "embedded", recorded, partitions)
    assert results_on(address, topics) == results, chaos.told
    run(restore_only(Work(address, topics, tmp_path), partitions))
    assert worker_states(tmp_path / "restored", recorded) == state, chaos.told
    letters = [read_dead().read(value) for value in values(address, topics.dead.name, 1)[0]]
    assert [letter.raw for letter in letters] == [POISON] * chaos.poisoned
