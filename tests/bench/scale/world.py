"""What the cases of the scale bench share: their input, their topics, their clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from stream.scale.address import KafkaAddress, aiokafka, kafka_python
from stream.scale.host import Place
from stream.topics import Topic, Topics, topics

BATCH = 500


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is told, as one argument of its process.

    Attributes:
        log: prefix of the topics that hold the recorded posts and subject logs.
        long: prefix of topics whose subject log is the recorded one several times over.
        own: prefix of the case's own topics, fresh for each case.
        batch: most records of a transaction.
        home: folder of all cases; each makes its own files in it.
    """

    bootstrap: str
    url: str
    log: str
    long: str
    own: str
    home: str
    partitions: int
    batch: int
    posts: int
    workers: int = 1
    rate: float = 0.0

    @property
    def folder(self) -> Path:
        return Path(self.home)

    @property
    def address(self) -> KafkaAddress:
        return KafkaAddress(bootstrap=self.bootstrap)

    def topics(self, *shared: str) -> Topics:
        """The case's own topics, but ``shared`` ones of the recorded log."""
        recorded = topics(self.log, partitions=self.partitions)
        own = topics(self.own, partitions=self.partitions)
        return msgspec.structs.replace(
            own, **{name: getattr(recorded, name) for name in shared}
        )


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a case has measured; ``parts`` are µs CPU of one unit."""

    case: str
    unit: str
    n: int
    cpu_s: float
    wall_s: float
    parts: dict[str, float] = {}
    more: dict[str, Any] = {}

    @property
    def cpu_us(self) -> float:
        """CPU of the process (all threads) a unit, in µs."""
        return self.cpu_s / self.n * 1e6

    @property
    def rate(self) -> float:
        """Units a second of wall time."""
        return self.n / self.wall_s


class Clock:
    """CPU and wall time between two marks, so that neither start nor end of a process counts."""

    def __init__(self) -> None:
        self.first: tuple[float, float] | None = None
        self.last = (0.0, 0.0)

    def begin(self) -> None:
        """The first call counts."""
        if self.first is None:
            self.first = (time.process_time(), time.monotonic())

    def mark(self) -> None:
        """The last call counts."""
        self.last = (time.process_time(), time.monotonic())

    def found(self, case: str, unit: str, n: int, **more: Any) -> Found:
        assert self.first is not None, "nothing was measured"
        cpu, wall = (last - first for first, last in zip(self.first, self.last, strict=True))
        return Found(case=case, unit=unit, n=n, cpu_s=cpu, wall_s=wall, **more)


def timed(case: str, unit: str, n: int, work: Callable[[], object]) -> Found:
    """CPU and wall time of some work."""
    clock = Clock()
    clock.begin()
    work()
    clock.mark()
    return clock.found(case, unit, n)


def ends(address: KafkaAddress, topic: Topic) -> dict[Place, int]:
    """Where each partition of a topic ends."""
    client = kafka_python()
    consumer = client.KafkaConsumer(**address.options(), group_id=None)
    places = [client.TopicPartition(topic.name, n) for n in range(topic.partitions)]
    found = consumer.end_offsets(places)
    consumer.close()
    return {Place(place.topic, place.partition): end for place, end in found.items()}


class Parts:
    """CPU of the parts of a worker: methods of classes, timed as long as nothing awaits."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def watch(self, owner: type, method: str, name: str) -> None:
        """Time every call; called in a process that measures nothing else."""
        inner = getattr(owner, method)

        def outer(*args: Any, **options: Any) -> Any:
            begun = time.thread_time()
            try:
                return inner(*args, **options)
            finally:
                spent = time.thread_time() - begun
                self.spent[name] = self.spent.get(name, 0.0) + spent

        setattr(owner, method, outer)

    def by_unit(self, n: int) -> dict[str, float]:
        return {name: round(spent / n * 1e6, 2) for name, spent in self.spent.items()}


async def copy_topic(
    address: KafkaAddress, source: Topic, target: Topic, without: bytes | None = None
) -> None:
    """Every record of a topic but those of a key to the same partition of another."""
    client = aiokafka()
    goal = ends(address, source)
    consumer = client.AIOKafkaConsumer(
        **address.options(), group_id=None, isolation_level="read_committed"
    )
    producer = client.AIOKafkaProducer(**address.options(), max_batch_size=2**18)
    await consumer.start()
    await producer.start()
    left = {client.TopicPartition(*place): end for place, end in goal.items() if end}
    consumer.assign(list(left))
    await consumer.seek_to_beginning(*left)
    while left:
        for tp, records in (await consumer.getmany(timeout_ms=500)).items():
            for record in records:
                if record.key != without:
                    await producer.send(
                        target.name, record.value, key=record.key, partition=tp.partition
                    )
            if records[-1].offset + 1 >= left[tp]:
                del left[tp]
    await producer.stop()
    await consumer.stop()


def bytes_on(address: KafkaAddress, made: Topics) -> dict[str, int]:
    """Bytes of each topic on the disks of the brokers, all replicas together."""
    admin = kafka_python().KafkaAdminClient(**address.options())
    names = {getattr(made, field).name: field for field in made.__struct_fields__}
    found = dict.fromkeys(made.__struct_fields__, 0)
    for broker in admin.describe_log_dirs(list(names)):
        for folder in broker["log_dirs"]:
            for topic in folder["topics"]:
                size = sum(part["partition_size"] for part in topic["partitions"])
                found[names[topic["name"]]] += size
    admin.close()
    return found
