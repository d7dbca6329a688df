"""Cases of the worker: the raw ceiling, the worker in both frames, the embedded host."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from dashboards.composing.compose import build_host
from dashboards.demo.source import DemoSource
from ingest.collector import Collector
from stream.hosting.partition import Partition
from stream.hosting.processor import Processor
from stream.log import Routed
from stream.operator import Operator
from stream.scale.address import aiokafka
from stream.scale.faust_app import Parts as FaustParts
from stream.scale.faust_app import build_app, run_app
from stream.scale.host import Place, ScaleHost
from stream.scale.journal import ChangeJournal
from stream.scale.link import PartitionLink
from stream.scale.loop import WorkerLoop
from stream.scale.operating import Operating, OperatorsStage
from stream.scale.progress import Progress
from stream.scale.routing import RouterKind
from stream.scale.stage import Inbound, StageKind
from stream.scale.watchdog import Watchdog
from stream.settings import Settings
from stream.storage.memory import seldom_collect
from stream.storage.sqlite_log import SqliteSubjectLog
from stream.storage.state import SqliteState
from stream.storage.store import Store
from stream.topics import LARGEST_VALUE, Topic, Topics, read_subjects
from tests.bench.scale.world import Clock, Found, Given, Parts, ends, timed
from tests.scale.drift_world import agency, pipeline, read_recorded
from tests.scale.worker_world import demo

RECORD, POST = "record of subjects", "post"
LONGEST_S = 120.0
QUIET_S = 2.0
"""Nothing came for so long: all is done."""
AT_ONCE = 3000
"""Entries in one transaction of the embedded host: its log keeps so many in memory."""


async def _read(given: Given, take: Callable[[Place, Sequence[Any]], None]) -> Found:
    """Bare aiokafka: batches of each partition to ``take``, from the beginning to the end."""
    client = aiokafka()
    consumer = client.AIOKafkaConsumer(
        **given.address.options(), group_id=None, enable_auto_commit=False,
        isolation_level="read_committed", max_partition_fetch_bytes=LARGEST_VALUE,
    )  # fmt: skip
    goal = ends(given.address, given.topics("subjects").subjects)
    await consumer.start()
    places = [client.TopicPartition(*place) for place in goal]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    clock, total = Clock(), 0
    left = {client.TopicPartition(*place): end for place, end in goal.items() if end}
    while left:
        found = await consumer.getmany(timeout_ms=500, max_records=given.batch * 2)
        clock.begin()
        for tp, records in found.items():
            for start in range(0, len(records), given.batch):
                take(Place(*tp), records[start : start + given.batch])
            total += len(records)
            if records[-1].offset + 1 >= left[tp]:
                del left[tp]
    clock.mark()
    await consumer.stop()
    return clock.found("", RECORD, total)


def bare(given: Given) -> Found:
    """Read and decode in batches, nothing else; garbage is collected as in our workers."""
    seldom_collect()
    read = read_subjects().read

    def take(_: Place, records: Sequence[Any]) -> None:
        for record in records:
            read(record.value)

    return asyncio.run(_read(given, take))


def pattern(given: Given) -> Found:
    """The same, and one durable SQLite transaction a batch that notes the offset."""
    seldom_collect()
    return _pattern(given)


def pattern_as_found(given: Given) -> Found:
    """The same with Python's own settings of the garbage collector, as it was proven."""
    return _pattern(given)


def _pattern(given: Given) -> Found:
    read = read_subjects().read
    files: dict[int, sqlite3.Connection] = {}
    for n in range(given.partitions):
        db = sqlite3.connect(given.folder / f"{given.own}-{n}.db", isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE applied (partition INTEGER PRIMARY KEY, next INTEGER)")
        files[n] = db

    def take(place: Place, records: Sequence[Any]) -> None:
        for record in records:
            read(record.value)
        db = files[place.partition]
        db.execute("BEGIN IMMEDIATE")
        values = (place.partition, records[-1].offset + 1)
        db.execute("INSERT OR REPLACE INTO applied VALUES (?, ?)", values)
        db.execute("COMMIT")

    try:
        return asyncio.run(_read(given, take))
    finally:
        for db in files.values():
            db.close()


class TimedHost(ScaleHost):
    """Notes CPU and time of the first and the last batch, and what is open and done."""

    def __init__(self, given: Given, topics: Topics, kinds: Sequence[StageKind]) -> None:
        folder = given.folder / f"{given.own}-{os.getpid()}"
        super().__init__(
            folder, address=given.address, topics=topics, group=given.own, kinds=kinds
        )
        self.clock = Clock()
        self.done: dict[str, int] = {}
        self._busy = 0
        self._given = given

    async def open(
        self, place: Place, confirm: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        await super().open(place, confirm)
        self._opened(place).touch()

    async def close(self, place: Place) -> None:
        self._opened(place).unlink(missing_ok=True)
        await super().close(place)

    async def handle(self, place: Place, records: Sequence[Inbound]) -> None:
        self.clock.begin()
        before = self.next(place)
        self._busy += 1
        await super().handle(place, records)
        self._busy -= 1
        self.clock.mark()
        # Some come twice where the group was divided anew meanwhile.
        applied = self.next(place) - before
        self.done[place.topic] = self.done.get(place.topic, 0) + applied

    def finished(self) -> bool:
        """Whether something came, and then nothing for a while."""
        quiet = time.monotonic() - self.clock.last[1] > QUIET_S
        return bool(self.done) and not self._busy and quiet

    def found(self, unit: str, topic: Topic) -> Found:
        """Of the records of a topic; the clock of the machine, for who adds workers up."""
        clock = self.clock
        assert clock.first is not None, "nothing came"
        found = clock.found("", unit, max(1, self.done.get(topic.name, 0)))
        return changed(found, more={"began": clock.first[1], "ended": clock.last[1]})

    def _opened(self, place: Place) -> Path:
        name = f"{self._given.own}-open-{place.topic}-{place.partition}-{os.getpid()}"
        return self._given.folder / name


def changed(found: Found, **fields: Any) -> Found:
    return msgspec.structs.replace(found, **fields)


def _when_finished(host: TimedHost, then: Callable[[], object]) -> None:
    def watch() -> None:
        until = time.monotonic() + LONGEST_S
        while not host.finished() and time.monotonic() < until:
            time.sleep(0.1)
        then()

    threading.Thread(target=watch, daemon=True).start()


def _plain(given: Given, host: TimedHost) -> None:
    seldom_collect()

    async def work() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        _when_finished(host, lambda: loop.call_soon_threadsafe(stop.set))
        worker = WorkerLoop(host, given.address, group=given.own, batch=given.batch)
        await worker.run(stop)

    asyncio.run(work())


def _faust(given: Given, host: TimedHost) -> None:
    parts = FaustParts(host, Watchdog(), given.batch, Progress())
    folder = given.folder / f"{given.own}-{os.getpid()}-faust"
    app = build_app(parts, given.address, group=given.own, folder=folder)
    _when_finished(host, lambda: os.kill(os.getpid(), signal.SIGTERM))
    seldom_collect()
    run_app(app)


def _operators_alone(
    given: Given,
    frame: Callable[[Given, TimedHost], None],
    operators: Callable[[], Sequence[Operator]],
) -> Found:
    topics = given.topics("subjects")
    host = TimedHost(given, topics, [Operating(topics, operators)])
    frame(given, host)
    return host.found(RECORD, topics.subjects)


def empty_plain(given: Given) -> Found:
    """Our worker in the bare loop, with no operators."""
    return _operators_alone(given, _plain, list)


def empty_faust(given: Given) -> Found:
    """Our worker under Faust, with no operators."""
    return _operators_alone(given, _faust, list)


def all_plain(given: Given) -> Found:
    """Our worker in the bare loop, with all operators."""
    return _operators_alone(given, _plain, pipeline)


def all_faust(given: Given) -> Found:
    """Our worker under Faust, with all operators."""
    return _operators_alone(given, _faust, pipeline)


def where(given: Given) -> Found:
    """The same as ``all_plain``, with its parts timed."""
    parts = Parts()
    parts.watch(OperatorsStage, "work", "stage")
    parts.watch(OperatorsStage, "_read", "decode")
    parts.watch(Partition, "apply", "apply")
    parts.watch(SqliteState, "flush", "flush")
    parts.watch(ChangeJournal, "state", "journal")
    parts.watch(ChangeJournal, "take", "take")
    parts.watch(PartitionLink, "_pack", "batches")
    found = all_plain(given)
    spent = parts.by_unit(found.n)
    shares = {
        "records to events": spent["decode"],
        "operators": spent["apply"] - spent["flush"],
        "rows of state to SQLite": spent["flush"] - spent["journal"],
        "results to bytes": spent["stage"] - spent["decode"] - spent["apply"],
        "changelog to bytes": spent["journal"] + spent["take"],
        "batches for Kafka": spent["batches"],
    }
    shares["consumer, requests, commits"] = found.cpu_us - sum(shares.values())
    return changed(found, parts={name: round(us, 1) for name, us in shares.items()})


def embedded(given: Given) -> Found:
    """The operators of the embedded host: log, apply, results, one durable transaction."""
    events = read_recorded(given.folder / "recorded", Settings().pipeline.partitions)
    store = Store(given.folder / given.own)
    log = SqliteSubjectLog(store, given.partitions)
    processor = Processor(store, log, pipeline())

    def work() -> None:
        for start in range(0, len(events), AT_ONCE):
            with store.transaction():
                log.append([Routed(event=e) for e in events[start : start + AT_ONCE]])
                processor.step()

    found = timed("", RECORD, 1, work)
    total = sum(log.last(partition) for partition in range(given.partitions))
    store.close()
    return changed(found, n=total)


def embedded_whole(given: Given) -> Found:
    """The embedded host from source to results, without the index."""
    host = build_host(given.folder / given.own, Settings(), agency(), None)
    collector = Collector([DemoSource(demo(given.posts))], {})
    found = timed("", POST, 1, lambda: host.run(collector, threading.Event()))
    logged = host.intake.counters()["logged"]
    host.close()
    return changed(found, n=logged)


def both_faust(given: Given) -> Found:
    """Our worker under Faust, router and operators, from its own posts topic to results."""
    topics = given.topics()
    kinds = [RouterKind(topics, agency().groups_of), Operating(topics, pipeline)]
    host = TimedHost(given, topics, kinds)
    _faust(given, host)
    return host.found(POST, topics.posts)


CASES: dict[str, Callable[[Given], Found]] = {
    case.__name__: case
    for case in (
        bare, pattern, pattern_as_found, empty_plain, empty_faust, all_plain, all_faust, where, embedded,
        embedded_whole, both_faust,
    )
}  # fmt: skip
