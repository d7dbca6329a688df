"""The same recorded subject log through both hosts gives the same records, whatever happens."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from stream.records import SubjectEvent
from stream.scale.address import KafkaAddress, KafkaUnavailableError
from stream.scale.host import FencedError, Place, ScaleHost
from stream.scale.loop import WorkerLoop
from stream.scale.operating import Operating
from stream.scale.stage import Inbound
from stream.topics import Topics, read_dead
from tests.scale.drift_world import (
    Results,
    State,
    Work,
    embedded,
    ends_of,
    pipeline,
    record_demo,
    restore_only,
    results_on,
    run,
    worker_states,
    write_subjects,
)
from tests.scale.kafka_world import kafka, new_topics, raw_producer, values

pytestmark = pytest.mark.slow


class World:
    """The recorded logs, and what the embedded host makes of them."""

    def __init__(self, address: KafkaAddress, folder: Path) -> None:
        self.address = address
        self.folder = folder
        self.events = cache(self._events)
        self.expected = cache(self._expected)

    def _events(self, posts: int) -> Sequence[SubjectEvent]:
        return record_demo(self.folder / f"recorded-{posts}", posts)

    def _expected(self, posts: int, partitions: int) -> tuple[Results, State]:
        folder = self.folder / f"embedded-{posts}-{partitions}"
        return embedded(folder, self.events(posts), partitions)

    def topics(self, posts: int, partitions: int) -> Topics:
        """Topics that hold the recorded log."""
        made = new_topics(self.address, partitions)
        write_subjects(self.address, made, self.events(posts))
        return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kafka() as address:
        yield World(address, tmp_path_factory.mktemp("drift"))


MANY, SOME, FEW = 3000, 1000, 150


@pytest.mark.parametrize(
    ("posts", "partitions", "workers", "batch"),
    [
        (MANY, 1, 3, 500),
        (MANY, 8, 1, 500),
        (MANY, 8, 3, 500),
        (SOME, 8, 3, 7),
        (FEW, 1, 1, 1),
        (FEW, 8, 3, 1),
    ],
)
def test_results_and_state_are_those_of_the_embedded_host(
    world, tmp_path, posts, partitions, workers, batch
):
    events = world.events(posts)
    results, state = world.expected(posts, partitions)
    topics = world.topics(posts, partitions)
    work = Work(world.address, topics, tmp_path, batch=batch)

    run(work.run(workers, ends_of(topics, events)))

    assert {kind for kind, _ in results} >= {"cluster", "membership"}
    assert posts < MANY or {kind for kind, _ in results} >= {"burst", "alert"}
    assert results_on(world.address, topics) == results
    shutil.rmtree(tmp_path)
    run(restore_only(work, partitions))
    assert worker_states(tmp_path / "restored", events) == state, "from the changelog alone"


class Power(Exception):
    """The power failed."""


class Failing(ScaleHost):
    """Fails at one batch, before or after Kafka has it; then the process is gone."""

    countdown = -1
    after = False

    async def handle(self, place: Place, records: Sequence[Inbound]) -> None:
        Failing.countdown -= 1
        if Failing.countdown == 0:
            link = self._held[place].link
            send = link.send

            async def fail(*what) -> int:
                if Failing.after:
                    await send(*what)
                raise Power

            link.send = fail
        await super().handle(place, records)


@pytest.mark.parametrize("after", [False, True], ids=["before Kafka has it", "after"])
@pytest.mark.parametrize("lost", [False, True], ids=["folder kept", "folder lost"])
def test_a_crash_around_a_commit_changes_nothing(
    world, tmp_path, monkeypatch, *, after: bool, lost: bool
):
    events = world.events(MANY)
    results, state = world.expected(MANY, 2)
    topics = world.topics(MANY, 2)
    work = Work(world.address, topics, tmp_path, batch=100, host=Failing)
    monkeypatch.setattr(Failing, "after", after)
    for countdown in (3, 11, 24):
        monkeypatch.setattr(Failing, "countdown", countdown)
        with pytest.raises(Power):
            run(work.run(1, ends_of(topics, events)))
        if lost:
            shutil.rmtree(tmp_path / "w0")

    run(work.run(1, ends_of(topics, events)))

    assert results_on(world.address, topics) == results
    assert worker_states(tmp_path / "w0", events) == state


class Repeating(ScaleHost):
    """Gets every batch twice, the second time with all that came before it."""

    async def handle(self, place: Place, records: Sequence[Inbound]) -> None:
        held = self.__dict__.setdefault("all", {}).setdefault(place, [])
        held += records
        await super().handle(place, records)
        await super().handle(place, held)


def test_repeated_delivery_changes_nothing(world, tmp_path):
    events = world.events(FEW)
    topics = world.topics(FEW, 2)
    work = Work(world.address, topics, tmp_path, batch=50, host=Repeating)

    run(work.run(1, ends_of(topics, events)))

    assert results_on(world.address, topics) == world.expected(FEW, 2)[0]
    assert worker_states(tmp_path / "w0", events) == world.expected(FEW, 2)[1]


def test_workers_that_come_and_go_change_nothing(world, tmp_path):
    events = world.events(MANY)
    topics = world.topics(MANY, 8)
    work = Work(world.address, topics, tmp_path, batch=20)

    async def storm() -> None:
        stays = asyncio.Event()
        tasks = [asyncio.create_task(work.worker("stays", stays))]
        for number in range(4):
            stop = asyncio.Event()
            task = asyncio.create_task(work.worker(f"guest{number % 2}", stop))
            await asyncio.sleep(0.7)
            stop.set()
            await task
        await work.until_done(ends_of(topics, events))
        stays.set()
        await asyncio.gather(*tasks)

    run(storm())

    assert results_on(world.address, topics) == world.expected(MANY, 8)[0]


def test_whoever_owned_a_partition_before_can_write_nothing_more(world, tmp_path):
    topics = world.topics(FEW, 1)
    place = Place(topics.subjects.name, 0)
    records = [
        Inbound(offset, value, 0)
        for offset, value in enumerate(values(world.address, place.topic, 1)[0])
    ]

    def host(name: str) -> ScaleHost:
        return ScaleHost(
            tmp_path / name, address=world.address, topics=topics, group="g",
            kinds=[Operating(topics, pipeline)],
        )  # fmt: skip

    async def story() -> None:
        zombie, heir = host("zombie"), host("heir")
        await zombie.open(place)
        await zombie.handle(place, records[:90])
        await heir.open(place)
        assert heir.next(place) == 90, "it has what the other one did"
        with pytest.raises(FencedError, match="another owner"):
            await zombie.handle(place, records[90:140])
        await heir.handle(place, records[90:])
        with pytest.raises(FencedError):
            await zombie.handle(place, records[140:])
        await zombie.close_all()
        await heir.close_all()

    run(story())

    assert results_on(world.address, topics) == world.expected(FEW, 1)[0]
    events = world.events(FEW)
    assert worker_states(tmp_path / "heir", events) == world.expected(FEW, 1)[1]


def test_a_worker_that_has_given_all_up_takes_nothing_over_any_more(world, tmp_path):
    topics = world.topics(FEW, 1)
    host = ScaleHost(
        tmp_path, address=world.address, topics=topics, group="ended",
        kinds=[Operating(topics, pipeline)],
    )  # fmt: skip

    async def story() -> None:
        loop = WorkerLoop(host, world.address, group="ended", session_ms=6_000)
        stop = asyncio.Event()
        stop.set()
        await loop.run(stop)
        # A rebalance that others' leaving began reaches it while it leaves itself.
        await loop.assigned([Place(topics.subjects.name, 0)])

    run(story())

    assert host.places == ()


def test_unreadable_records_become_dead_letters_and_stop_nothing(world, tmp_path):
    events = world.events(FEW)
    topics = new_topics(world.address, 2)
    poison = [b"", b"\xc1", b"\x28\xb5\x2f\xfd\x00", b'{"schema": "post/1"}']
    with raw_producer(world.address) as producer:
        for value in poison:
            producer.send(topics.subjects.name, key=b"k", value=value, partition=0)
        producer.send(topics.subjects.name, key=b"k", value=None, partition=0)
    write_subjects(world.address, topics, events)
    ends = ends_of(topics, events)
    ends[Place(topics.subjects.name, 0)] += 5

    run(Work(world.address, topics, tmp_path).run(1, ends))

    assert results_on(world.address, topics) == world.expected(FEW, 2)[0]
    assert worker_states(tmp_path / "w0", events) == world.expected(FEW, 2)[1]
    letters = [
        read_dead().read(value) for value in values(world.address, topics.dead.name, 1)[0]
    ]
    assert [letter.raw for letter in letters] == [*poison, b""]
    assert {letter.source for letter in letters} == {topics.subjects.name}
    assert all(letter.reason and letter.at for letter in letters)


def test_a_broker_that_is_not_there_is_an_error_that_names_it(tmp_path, world):
    topics = world.topics(FEW, 1)
    nowhere = KafkaAddress(bootstrap="127.0.0.1:1")
    work = Work(nowhere, topics, tmp_path)

    with pytest.raises(KafkaUnavailableError, match=r"127\.0\.0\.1:1"):
        run(work.worker("w0", asyncio.Event()))
