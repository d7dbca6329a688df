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
from stream.scale.address import KafkaAddress
from stream.topics import Topics
from tests.scale.crew import Crew
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
from tests.scale.kafka_world import letters_on, new_topics, raw_producer
from tests.scale.servers import Servers, own_kafka

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600)]

ROUNDS = int(os.environ.get("JIKIMI_CHAOS_ROUNDS", "3"))
SEEDS = [int(s) for s in os.environ.get("JIKIMI_CHAOS_SEED", "").split()] or range(ROUNDS)
WITH_THREE_BROKERS = range(15, 20)
POSTS = 500
BLOWS = 6
POISON = b"\xc1 no record"


@pytest.fixture(scope="module")
def one_broker() -> Iterator[Servers]:
    """A broker of its own: here it is killed."""
    with own_kafka() as servers:
        yield servers


@pytest.fixture(scope="module")
def three_brokers() -> Iterator[Servers]:
    with own_kafka(nodes=3) as servers:
        yield servers


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Sequence[SubjectEvent]:
    return record_demo(tmp_path_factory.mktemp("recorded"), POSTS)


class Chaos(Crew):
    """Some workers, and what may befall them; ``told`` is the story so far."""

    def __init__(self, seed: int, brokers: Servers, topics: Topics, folder: Path) -> None:
        super().__init__(KafkaAddress(bootstrap=brokers.bootstrap), topics, folder)
        self.dice = random.Random(seed)
        self.brokers = brokers
        self.poisoned = 0
        self.told: list[str] = []

    def join(self, name: str) -> None:
        self.start(name, "--frame", self.dice.choice(["faust", "plain"]))

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
                self.join(f"guest{len(self.workers)}")
            case "poison":
                self.poison()
            case _:
                running = self.brokers.pids("kafka")
                os.kill(running[self.dice.choice(sorted(running))], signal.SIGKILL)
                time.sleep(1)
                assert self.brokers.call("up", "kafka").returncode == 0

    def poison(self) -> None:
        self.poisoned += 1
        with raw_producer(self.address) as producer:
            producer.send(self.topics.subjects.name, key=b"k", value=POISON, partition=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_befalls_workers_and_brokers_the_records_are_the_same(
    request, recorded, tmp_path, seed
):
    copies = 3 if seed in WITH_THREE_BROKERS else 1
    brokers = request.getfixturevalue("three_brokers" if copies > 1 else "one_broker")
    address = KafkaAddress(bootstrap=brokers.bootstrap)
    partitions = random.Random(seed).choice([1, 2, 4])
    topics = new_topics(address, partitions, copies)
    chaos = Chaos(seed, brokers, topics, tmp_path)
    half = len(recorded) // 2
    try:
        write_subjects(address, topics, recorded[:half])
        for number in range(2):
            chaos.join(f"w{number}")
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
    assert [letter.raw for letter in letters_on(address, topics)] == [POISON] * chaos.poisoned
