"""Workers that are frozen, or busy for long, just while they take their partitions over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stream.scale.address import KafkaAddress
from stream.scale.host import Place, ScaleHost
from stream.scale.loop import WorkerLoop
from stream.scale.operating import Operating
from tests.scale.drift_world import (
    embedded,
    ends_of,
    pipeline,
    record_demo,
    results_on,
    run,
    write_subjects,
)
from tests.scale.kafka_world import kafka, new_topics
from tests.scale.servers import in_chaos
from tests.scale.worker_world import Process, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.crash]

PARTITIONS = 2
FROZEN = """
import pathlib, sys, time
gate = pathlib.Path(sys.argv.pop(1))
from stream.scale.host import ScaleHost
opened = ScaleHost.open
async def late(self, *given):
    gate.with_suffix(".reached").touch()
    while not gate.exists():
        time.sleep(0.05)
    return await opened(self, *given)
ScaleHost.open = late
from dashboards.cli import main
main()
"""
"""jikimi that stands still when it is about to open a partition, until a file is there."""


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


@pytest.mark.parametrize("frame", ["faust", pytest.param("plain", marks=in_chaos)])
def test_one_that_wakes_up_after_others_took_over_fences_nobody(address, tmp_path, frame):
    topics = new_topics(address, PARTITIONS)
    recorded = record_demo(tmp_path / "recorded", 200)
    half = len(recorded) // 2
    gate: Path = tmp_path / "gate"
    only = ("--only", "operators")
    frozen = Process(
        address, topics, tmp_path / "frozen", *only, "--frame", frame,
        program=("-c", FROZEN, str(gate)),
    )  # fmt: skip
    heir = None
    try:
        wait_until(gate.with_suffix(".reached").exists)
        heir = Process(address, topics, tmp_path / "heir", *only, "--frame", "plain")
        wait_until(lambda: heir.said.count("partition_opened") == PARTITIONS)
        write_subjects(address, topics, recorded[:half])

        gate.touch()
        wait_until(lambda: "woke_up_too_late" in frozen.said)
        write_subjects(address, topics, recorded[half:])
        wait_until(lambda: "partition_opened" in frozen.said)

        results, _ = embedded(tmp_path / "embedded", recorded, PARTITIONS)
        wait_until(lambda: results_on(address, topics) == results, pause=1)
        assert (frozen.end(), heir.end()) == (0, 0), heir.said
    finally:
        for process in filter(None, (frozen, heir)):
            process.kill()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


class Slow(ScaleHost):
    """Takes longer to open a partition than a session lasts."""

    async def open(self, place, confirm=None) -> None:
        await asyncio.sleep(5)
        await super().open(place, confirm)


def test_who_takes_long_to_restore_stays_a_member(address, tmp_path):
    topics = new_topics(address, 1)
    recorded = record_demo(tmp_path / "recorded", 100)
    write_subjects(address, topics, recorded)
    place = Place(topics.subjects.name, 0)
    host = Slow(
        tmp_path / "slow", address=address, topics=topics, group="g",
        kinds=[Operating(topics, pipeline)],
    )  # fmt: skip
    joined: list[int] = []

    async def story() -> None:
        stop = asyncio.Event()
        loop = WorkerLoop(host, address, group=topics.posts.name, session_ms=2_000)
        task = asyncio.create_task(loop.run(stop))
        end = ends_of(topics, recorded)[place]
        await until(lambda: place in host.places and host.next(place) >= end)
        joined.append(loop._consumer._coordinator.generation)
        stop.set()
        await task

    run(story(), 120)

    assert joined == [1], "it joined once, and was never put out of the group"
