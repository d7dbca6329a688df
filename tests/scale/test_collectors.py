"""Two ``jikimi collect`` on one source, with clocks that are hours off; one is killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.records import LoggedPost
from stream.scale.address import KafkaAddress
from stream.scale.kafka_log import delivered_cursors
from stream.scale.routing import RouterKind
from stream.topics import Topics
from tests.scale.collector_world import Collector, written
from tests.scale.drift_world import Work, agency, run
from tests.scale.kafka_world import (
    ends_on,
    ids_on,
    kafka,
    last_revisions,
    letters_on,
    new_topics,
    posts_on,
)
from tests.scale.worker_world import routed, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.crash]

PARTITIONS = 3
HOUR_S = 3600


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


def route(address: KafkaAddress, topics: Topics, folder: Path) -> None:
    kinds = [RouterKind(topics, agency().groups_of)]
    work = Work(address, topics, folder, kinds=lambda: kinds)
    run(work.run(1, ends_on(address, topics.posts)))


def test_two_at_once_with_clocks_hours_off_bring_the_same_posts_once(address, tmp_path):
    file = written(tmp_path, 1200)
    alone = new_topics(address, PARTITIONS)
    Collector(address, alone, tmp_path / "alone", file).end()
    together = new_topics(address, PARTITIONS)
    early = Collector(address, together, tmp_path / "early", file, -5 * HOUR_S)
    late = Collector(address, together, tmp_path / "late", file, 3 * HOUR_S)
    try:
        wait_until(lambda: len(ids_on(address, together)) > 20, pause=0.2)
        late.child.send_signal(signal.SIGKILL)
        late.child.wait(60)
        again = Collector(address, together, tmp_path / "again", file, 3 * HOUR_S)
        again.end()
        early.end()
    finally:
        for one in (early, late):
            one.kill()

    assert delivered_cursors(address, together) == delivered_cursors(address, alone)
    assert ids_on(address, together) == ids_on(address, alone)
    delivered = sum(map(len, posts_on(address, together)))
    assert delivered > len(ids_on(address, alone)), "some came twice"
    for topics, name in ((alone, "r1"), (together, "r2")):
        route(address, topics, tmp_path / name)
        assert letters_on(address, topics) == []
    # An archive says no time of its own to a post's versions: what one collector read again
    # may count as one more edit, and ends with the same words.
    assert words_on(address, together) == words_on(address, alone)
    counts = routed(address, together, tmp_path / "c2")
    assert counts["indexed"] == routed(address, alone, tmp_path / "c1")["indexed"]
    assert sum(n for name, n in counts.items() if name != "removed") == delivered
    assert times_on(address, together) == times_on(address, alone), "event time only"


def words_on(address: KafkaAddress, topics: Topics) -> dict[tuple[str, str], str]:
    """The last words of each post, by subject."""
    return {key: text for key, (_, text) in last_revisions(address, topics).items()}


def times_on(address: KafkaAddress, topics: Topics) -> dict[str, int]:
    """Event time of each post, as operators will see it."""
    return {
        entry.post.id: entry.post.event_at
        for part in posts_on(address, topics)
        for entry in part
        if isinstance(entry, LoggedPost)
    }
