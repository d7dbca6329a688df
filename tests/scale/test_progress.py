"""The look at progress: quiet while partitions move or are read to their end, else deadly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

import pytest

from stream.records import SubjectEvent
from stream.scale.address import KafkaAddress
from stream.scale.host import Place, ScaleHost
from stream.scale.loop import WorkerLoop
from stream.scale.operating import Operating
from stream.scale.progress import Progress
from tests.scale.drift_world import ends_of, pipeline, record_demo, write_subjects
from tests.scale.kafka_world import kafka, new_topics


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def watched(stuck_s: float = 10) -> tuple[Progress, list[str], Clock]:
    said: list[str] = []
    clock = Clock()
    return Progress(stuck_s, said.append, clock), said, clock


def test_a_partition_that_is_behind_and_stands_still_ends_the_worker():
    progress, said, clock = watched()
    for clock.at in (0, 5, 10):
        progress.seen({"p0": (7, 20), "p1": (int(clock.at), 100)})
    assert said == []

    clock.at = 11
    progress.seen({"p0": (7, 20), "p1": (11, 100)})

    assert len(said) == 1
    assert "p0 has stood at 7 for 11 s and ends at 20" in said[0]


def test_one_that_is_read_to_its_end_may_stand_as_long_as_it_likes():
    progress, said, clock = watched()
    for clock.at in range(100):
        progress.seen({"p0": (20, 20)})
    progress.seen({"p0": (20, 21)})
    clock.at += 9
    progress.seen({"p0": (20, 22)})

    assert said == []


def test_one_that_was_given_to_others_and_comes_back_begins_anew():
    progress, said, clock = watched()
    progress.seen({"p0": (7, 20)})
    clock.at = 9
    progress.seen({})
    clock.at = 18
    progress.seen({"p0": (7, 20)})

    assert said == []


def test_without_an_answer_of_the_brokers_nothing_is_concluded():
    progress, said, clock = watched()

    async def no_answer(_: object) -> dict[str, int]:
        raise TimeoutError

    async def story() -> None:
        for clock.at in range(0, 100, 4):
            progress.look_at_times(["p0"], no_answer, no_answer)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    asyncio.run(story())

    assert said == []


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


@pytest.mark.slow
def test_a_consumer_whose_fetching_has_stopped_is_noticed_on_the_real_kafka(address, tmp_path):
    recorded: Sequence[SubjectEvent] = record_demo(tmp_path / "recorded", 150)
    topics = new_topics(address, 1)
    place = Place(topics.subjects.name, 0)
    host = ScaleHost(
        tmp_path / "worker", address=address, topics=topics, group="g",
        kinds=[Operating(topics, pipeline)],
    )  # fmt: skip
    stop = asyncio.Event()
    said: list[str] = []

    def end(reason: str) -> None:
        said.append(reason)
        stop.set()

    async def story() -> None:
        loop = WorkerLoop(host, address, group=topics.posts.name, progress=Progress(3, end))
        task = asyncio.create_task(loop.run(stop))
        await until(lambda: place in host.places)
        write_subjects(address, topics, recorded)
        await until(lambda: host.next(place) >= ends_of(topics, recorded)[place])
        await asyncio.sleep(5)
        assert said == [], "it has read everything"
        loop._consumer.pause(*loop._consumer.assignment())
        write_subjects(address, topics, recorded[:10])
        await asyncio.wait_for(task, 30)

    asyncio.run(story())

    assert len(said) == 1
    assert topics.subjects.name in said[0]
