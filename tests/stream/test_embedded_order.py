"""The embedded host: batches, failures and full disks change no result."""

from __future__ import annotations

import random
import sqlite3
import threading
from pathlib import Path

import pytest

from ingest.collector import Collected
from ingest.records import Deletion, SourceStatus
from stream.embedded import EmbeddedHost
from stream.hosting.feed import IndexFeed
from stream.records import Tick
from stream.storage.store import StorageFullError
from tests.stream.embedded_world import (
    MINUTE,
    START,
    collected,
    events,
    everything,
    open_host,
    post,
)


def stream(seed: int) -> list[object]:
    rng = random.Random(seed)
    items: list[object] = []
    for n in range(300):
        at = START + n * MINUTE // 3 + rng.randrange(-3, 3) * MINUTE
        roll = rng.random()
        if roll < 0.05 and n:
            items.append(Deletion(id=f"x:{rng.randrange(n)}", source="x", deleted_at=at))
        elif roll < 0.15 and n:
            items.append(post(rng.randrange(n), text="arin again", at=at))
        else:
            who = rng.choice(["arin", "bora", "weather", "arin and bora"])
            reply = f"x:{rng.randrange(n)}" if n and rng.random() < 0.3 else None
            items.append(post(n, text=f"{who} {n}", at=at, reply_to=reply))
    return items


def play(host: EmbeddedHost, items: list[object], batch: int) -> None:
    """Read on from the host's cursor, as a collector would."""
    start = int(host.intake.cursor("x") or 0)
    for cut in range(start, len(items), batch):
        part = items[cut : cut + batch]
        host.ingest([collected(*part, cursor=str(cut + len(part)))])


@pytest.mark.parametrize("batch", [1, 7, 500])
@pytest.mark.parametrize("partitions", [1, 8])
def test_the_batch_size_and_the_partitions_change_nothing(
    tmp_path: Path, batch: int, partitions: int
) -> None:
    items = stream(3)
    reference = open_host(tmp_path / "a", partitions=8)
    play(reference, items, 40)
    other = open_host(tmp_path / "b", partitions=partitions)
    play(other, items, batch)

    assert everything(other)[1:] == everything(reference)[1:]
    reference.close()
    other.close()


def test_a_failure_at_any_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    items = stream(5)
    reference = open_host(tmp_path / "a")
    play(reference, items, 20)
    rng = random.Random(11)
    folder = tmp_path / "b"
    failures = 0

    for _ in range(200):
        host = open_host(folder)
        left = [rng.randrange(1, 400)]

        def interrupt(left: list[int] = left) -> int:
            left[0] -= 1
            return left[0] == 0

        # SQLite calls this every few steps of its machine and gives up when told to.
        host.store.db.set_progress_handler(interrupt, 10)
        try:
            play(host, items, 20)
        except sqlite3.OperationalError:
            failures += 1
            host.store.db.set_progress_handler(None, 0)
            host.close()
        else:
            break

    host.store.db.set_progress_handler(None, 0)
    assert failures > 5
    assert everything(host) == everything(reference)
    host.close()
    reference.close()


def test_a_full_disk_writes_nothing_and_goes_on_when_there_is_space(tmp_path: Path) -> None:
    items = stream(9)
    reference = open_host(tmp_path / "a")
    play(reference, items, 50)
    host = open_host(tmp_path / "b")
    host.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = host.store.db.execute("PRAGMA page_count").fetchone()[0]
    host.store.db.execute(f"PRAGMA max_page_count={pages + 2}")

    with pytest.raises(StorageFullError, match="nothing of the last batch was written"):
        play(host, items, 50)
    full = host.intake.cursor("x")
    host.store.db.execute("PRAGMA max_page_count=1000000")
    play(host, items, 50)

    assert int(full or 0) < len(items)
    assert everything(host) == everything(reference)
    host.close()
    reference.close()


class Listed:
    """A collector whose batches are given; it never waits."""

    def __init__(self, batches: list[Collected]) -> None:
        self._batches = batches
        self.closed = False

    @property
    def finished(self) -> bool:
        return not self._batches

    def start(self) -> None: ...

    def poll(self, timeout: float, /) -> list[Collected]:
        return [self._batches.pop(0)] if self._batches else []

    def statuses(self) -> list[SourceStatus]:
        return [SourceStatus(source="x", state="live", changed_at=START)]

    def close(self, timeout: float = 0.0, /) -> None:
        self.closed = True


def test_running_ends_when_all_sources_have_ended_and_closes_the_windows(
    tmp_path: Path,
) -> None:
    host = open_host(tmp_path)
    collector = Listed([collected(post(1), cursor="1")])
    told: list[dict[str, int]] = []

    host.run(collector, threading.Event(), told.append)

    assert collector.closed
    assert told[-1]["logged"] == 1
    assert any(isinstance(e, Tick) for e in events(host))
    (status,) = host.statuses(collector)
    assert (status.read, status.logged) == (1, 1)
    host.close()


def test_the_index_feed_resumes_at_its_checkpoint_and_counts_a_post_once(
    tmp_path: Path,
) -> None:
    host = open_host(tmp_path)
    host.ingest([collected(post(1, text="arin and bora"))])
    feed = IndexFeed(host.subjects, host.processor.results)
    first, position = feed.next(feed.start(None))
    assert first is not None
    host.ingest([collected(Deletion(id="x:1", source="x", deleted_at=START))])

    second, end = feed.next(feed.start(first.checkpoint))

    assert feed.start(first.checkpoint) == position
    assert [e.post.id for e in first.posts] == ["x:1"]
    assert {e.subject for e in first.sightings} == {"arin", "bora", "luna"}
    assert second is not None
    assert not second.posts
    assert {e.post_id for e in second.gone} == {"x:1"}
    assert feed.next(end)[0] is None
    host.close()
