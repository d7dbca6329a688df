"""CPU a record of the worker on a real Kafka, beside the raw ceiling and the embedded host.

One JSON line a case. The same recorded demo in all of them; posts of four partitions, one
process. CPU is that of the process (``time.process_time``), so the broker's is not in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stream.log import Routed
from stream.processor import Processor
from stream.records import SubjectEvent
from stream.scale.address import KafkaAddress, aiokafka
from stream.scale.host import Place
from stream.scale.operating import Operating
from stream.sqlite_log import SqliteSubjectLog
from stream.store import Store
from stream.topics import Topics, read_subjects
from tests.scale.drift_world import Work, ends_of, pipeline, record_demo, write_subjects
from tests.scale.kafka_world import kafka, new_topics

POSTS = 20_000
PARTITIONS = 4
BATCH = 500


def tell(case: str, records: int, cpu: float, wall: float) -> None:
    print(
        json.dumps(
            {
                "bench": "scale_worker",
                "case": case,
                "records": records,
                "cpu_us_per_record": round(cpu / records * 1e6, 1),
                "records_per_cpu_s": round(records / cpu),
                "wall_s": round(wall, 2),
            }
        )
    )


def timed(case: str, records: int, work: Callable[[], object]) -> None:
    cpu, wall = time.process_time(), time.monotonic()
    work()
    tell(case, records, time.process_time() - cpu, time.monotonic() - wall)


async def bare(address: KafkaAddress, topics: Topics, ends: dict[Place, int]) -> None:
    """Read and decode in batches, nothing else: what no worker can beat."""
    client = aiokafka()
    consumer = client.AIOKafkaConsumer(
        **address.options(), group_id=None, enable_auto_commit=False,
        isolation_level="read_committed", max_partition_fetch_bytes=8 * 2**20,
    )  # fmt: skip
    await consumer.start()
    places = [client.TopicPartition(*place) for place in ends]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    reader = read_subjects()
    left = sum(ends.values())
    while left:
        found = await consumer.getmany(timeout_ms=500, max_records=BATCH * 4)
        for records in found.values():
            for record in records:
                reader.read(record.value)
            left -= len(records)
    await consumer.stop()


def embedded(folder: Path, events: Sequence[SubjectEvent]) -> None:
    store = Store(folder)
    log = SqliteSubjectLog(store, PARTITIONS)
    processor = Processor(store, log, pipeline())
    for start in range(0, len(events), BATCH * PARTITIONS):
        with store.transaction():
            log.append([Routed(event=e) for e in events[start : start + BATCH * PARTITIONS]])
            processor.step()
    store.close()


def main(posts: int) -> None:
    with kafka() as address, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = record_demo(folder / "recorded", posts)
        topics = new_topics(address, PARTITIONS)
        write_subjects(address, topics, events)
        ends = ends_of(topics, events)
        total = sum(ends.values())
        timed("bare", total, lambda: asyncio.run(bare(address, topics, ends)))

        async def worker(case: str, operators: Callable[[], Sequence[object]]) -> None:
            """The same log anew: another prefix, so that no state is there."""
            fresh = new_topics(address, PARTITIONS)
            write_subjects(address, fresh, events)
            work = Work(
                address, fresh, folder / case, batch=BATCH,
                kinds=lambda: [Operating(fresh, operators)],
            )  # fmt: skip
            cpu, wall = time.process_time(), time.monotonic()
            await work.run(1, ends_of(fresh, events))
            tell(case, total, time.process_time() - cpu, time.monotonic() - wall)

        asyncio.run(worker("empty", list))
        asyncio.run(worker("operators", pipeline))
        timed("embedded", total, lambda: embedded(folder / "embedded", events))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS)
