"""What has to hold on Kafka once a bad day is over, whatever had happened."""

from __future__ import annotations

from pathlib import Path

from stream.scale.address import KafkaAddress
from stream.topics import Topics
from tests.scale.collector_world import matched
from tests.scale.crew import Crew
from tests.scale.drift_world import (
    Work,
    as_embedded,
    restore_only,
    results_on,
    run,
    ticks_on,
    worker_states,
)
from tests.scale.kafka_world import ids_on, letters_on, posts_on
from tests.scale.worker_world import routed


def assert_all_is_as_it_must_be(
    address: KafkaAddress, topics: Topics, folder: Path, file: Path, crew: Crew
) -> None:
    """Every post of the file was delivered and accounted for, and nothing was made of it but
    what the embedded host makes of the same subject logs; nobody had given up loudly.
    """
    told = [(name, code) for name, code, _ in crew.ended]
    assert ids_on(address, topics) == matched(file)
    delivered = sum(map(len, posts_on(address, topics)))
    counts = routed(address, topics, folder / "counts")
    assert sum(n for name, n in counts.items() if name != "removed") == delivered, told
    first = counts["indexed"] + counts.get("late", 0)
    assert first == len(ids_on(address, topics)), (counts, told)
    assert letters_on(address, topics) == []

    results, state = as_embedded(address, topics, folder / "embedded")
    assert results
    assert results_on(address, topics) == results, told
    run(restore_only(Work(address, topics, folder), topics.subjects.partitions))
    assert worker_states(folder / "restored", ticks_on(address, topics)) == state, told
    assert all("Traceback" not in said for _, _, said in crew.ended), crew.ended
