"""One recorded subject log through both hosts: what has to be the same afterwards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from dashboards.composing.compose import build_host
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from detect.watchlist import Watchlist, load_watchlist
from ingest.collector import Collector
from stream.hosting.processor import Processor
from stream.log import Routed, partitions_for
from stream.operator import Operator
from stream.pipeline import operators
from stream.records import Result, SubjectEvent, Tick
from stream.scale.address import KafkaAddress
from stream.scale.host import Place, ScaleHost
from stream.scale.loop import WorkerLoop
from stream.scale.operating import Operating, RouterClocks
from stream.settings import Settings
from stream.storage.sqlite_log import SqliteSubjectLog
from stream.storage.state import key_of
from stream.storage.store import DATABASE, Store
from stream.topics import RouterTick, Topics, pack, read_results, read_subjects, subject_key
from tests.scale.kafka_world import raw_producer, values

AGENCY = Path(__file__).parents[2] / "dashboards" / "demo" / "agency.toml"
START = 1_789_948_800_000
Results = dict[tuple[str, str], Result]
State = list[tuple[str, str, bytes]]


def agency() -> Watchlist:
    return load_watchlist(AGENCY)


def pipeline() -> Sequence[Operator]:
    settings = Settings()
    return operators(
        agency(),
        threshold=settings.clusters.threshold,
        days=settings.clusters.days,
        max_texts=settings.clusters.max_texts,
        min_accounts=settings.bursts.min_accounts,
        window_minutes=settings.bursts.window_minutes,
        cooldown_hours=settings.alerts.cooldown_hours,
    )


def record_demo(folder: Path, posts: int) -> list[SubjectEvent]:
    """The subject log of the demo, as the embedded host wrote it."""
    scenario = Scenario(seed=7, posts=posts, hours=24, start_ms=START)
    settings = Settings()
    host = build_host(folder, settings, agency(), None)
    host.run(Collector([DemoSource(scenario)], {}, batch=500), threading.Event())
    host.close()
    return read_recorded(folder, settings.pipeline.partitions)


def read_recorded(folder: Path, partitions: int) -> list[SubjectEvent]:
    """The subject log of a data folder as one."""
    store = Store(folder)
    log = SqliteSubjectLog(store, partitions)
    # Everything that is said to all subjects stands in every partition, in the same places.
    queues = [log.read(p, 0, 10**9) for p in range(log.partitions)]
    merged = merge([[event for _, event in queue] for queue in queues])
    store.close()
    return merged


def merge(queues: list[list[SubjectEvent]]) -> list[SubjectEvent]:
    """One log out of the partitions: their own events between those that all share."""
    merged: list[SubjectEvent] = []
    places = [0] * len(queues)
    while True:
        for number, queue in enumerate(queues):
            while places[number] < len(queue) and queue[places[number]].subject:
                merged.append(queue[places[number]])
                places[number] += 1
        if places[0] >= len(queues[0]):
            return merged
        merged.append(queues[0][places[0]])
        places = [place + 1 for place in places]


def embedded(
    folder: Path, events: Sequence[SubjectEvent], partitions: int
) -> tuple[Results, State]:
    """Results and live state of the embedded host's operators."""
    store = Store(folder)
    log = SqliteSubjectLog(store, partitions)
    processor = Processor(store, log, pipeline())
    for start in range(0, len(events), 1000):
        with store.transaction():
            log.append([Routed(event=event) for event in events[start : start + 1000]])
            processor.step()
    kinds = ("membership", "cluster", "burst", "campaign", "alert")
    results = {key_of(r): r for kind in kinds for r in processor.results.of_kind(kind)}
    state = live_state([store], events)
    store.close()
    return results, state


def live_state(stores: Sequence[Store], events: Sequence[SubjectEvent]) -> State:
    end = max(event.at for event in events if isinstance(event, Tick))
    query = "SELECT operator, key, value FROM state WHERE expires_at > ?"
    return sorted(row for store in stores for row in store.db.execute(query, (end,)))


def write_subjects(
    address: KafkaAddress, topics: Topics, events: Sequence[SubjectEvent]
) -> None:
    """Write a recorded log to the subjects topic, as the router would place it."""
    partitions = topics.subjects.partitions
    with raw_producer(address) as producer:
        for event in events:
            key, value = subject_key(event), pack(event)
            for place in partitions_for(event, partitions):
                producer.send(topics.subjects.name, key=key, value=value, partition=place)


def as_embedded(address: KafkaAddress, topics: Topics, folder: Path) -> tuple[Results, State]:
    """What the embedded host makes of the subject logs that the routers wrote to Kafka."""
    results: Results = {}
    state: State = []
    reader = read_subjects()
    written = values(address, topics.subjects.name, topics.subjects.partitions)
    for partition, log in enumerate(written):
        clocks = RouterClocks({}, 0)
        events: list[SubjectEvent] = []
        for entry in map(reader.read, log):
            event = clocks.tick(entry) if isinstance(entry, RouterTick) else entry
            if event is not None:
                events.append(event)
        made, kept = embedded(folder / str(partition), events, 1)
        results |= made
        state += kept
    return results, sorted(state)


def ticks_on(address: KafkaAddress, topics: Topics) -> list[SubjectEvent]:
    """How far event time has come on every partition of the subjects topic, in the end."""
    reader = read_subjects()
    logs = values(address, topics.subjects.name, topics.subjects.partitions)
    return [
        Tick(at=max(e.at for e in map(reader.read, log) if isinstance(e, RouterTick)))
        for log in logs
    ]


def results_on(address: KafkaAddress, topics: Topics) -> Results:
    """The last revision of every result on the topic."""
    reader = read_results()
    found: Results = {}
    for partition in values(address, topics.results.name, topics.results.partitions):
        for value in partition:
            result = reader.read(value)
            found[key_of(result)] = result
    return found


def worker_states(folder: Path, events: Sequence[SubjectEvent]) -> State:
    """Live state of all partitions in the folder of one worker."""
    stores = [Store(path.parent) for path in sorted(folder.glob(f"operators-*/{DATABASE}"))]
    try:
        return live_state(stores, events)
    finally:
        for store in stores:
            store.close()


class Work:
    """Workers of one group over the same topics, in this process."""

    def __init__(
        self,
        address: KafkaAddress,
        topics: Topics,
        folder: Path,
        *,
        batch: int = 500,
        host: Callable[..., ScaleHost] = ScaleHost,
        kinds: Callable[[], list[object]] | None = None,
    ) -> None:
        self.address = address
        self.topics = topics
        self.folder = folder
        self.batch = batch
        self.group = topics.posts.name.partition(".")[0]
        self._host = host
        self._kinds = kinds or (lambda: [Operating(topics, pipeline)])
        self.hosts: dict[str, ScaleHost] = {}

    async def worker(self, name: str, stop: asyncio.Event) -> None:
        host = self._host(
            self.folder / name, address=self.address, topics=self.topics, group=self.group,
            kinds=self._kinds(),
        )  # fmt: skip
        self.hosts[name] = host
        loop = WorkerLoop(
            host, self.address, group=self.group, batch=self.batch, session_ms=6_000
        )
        try:
            await loop.run(stop)
        finally:
            del self.hosts[name]

    async def until_done(self, ends: dict[Place, int]) -> None:
        """Wait until every partition was applied to its end."""
        while any(self.reached(place) < end for place, end in ends.items()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def reached(self, place: Place) -> int:
        for host in self.hosts.values():
            with suppress(KeyError):
                return host.next(place)
        return -1

    async def run(self, workers: int, ends: dict[Place, int]) -> None:
        """Run so many workers until everything is applied, then stop them."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self.worker(f"w{n}", stop)) for n in range(workers)]
        waiting = asyncio.create_task(self.until_done(ends))
        done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        waiting.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()


async def restore_only(work: Work, partitions: int) -> None:
    """Open every partition on a machine that has nothing."""
    host = ScaleHost(
        work.folder / "restored", address=work.address, topics=work.topics, group=work.group,
        kinds=[Operating(work.topics, pipeline)],
    )  # fmt: skip
    for partition in range(partitions):
        await host.open(Place(work.topics.subjects.name, partition))
    await host.close_all()


def ends_of(topics: Topics, events: Sequence[SubjectEvent]) -> dict[Place, int]:
    """Where each partition of the subjects topic ends once all is written to it."""
    partitions = topics.subjects.partitions
    counts = dict.fromkeys(range(partitions), 0)
    for event in events:
        for place in partitions_for(event, partitions):
            counts[place] += 1
    return {Place(topics.subjects.name, place): n for place, n in counts.items()}


def run(work: Awaitable[None], seconds: float = 240) -> None:
    asyncio.run(asyncio.wait_for(work, seconds))
