"""Collecting into the real Kafka: delivered before the cursor moves, harmless when repeated."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ingest.records import Deletion, Gap, Malformed, SourceStatus
from stream import topics as layout
from stream.ids import partition_of
from stream.records import LoggedClock, LoggedDeletion, LoggedGap, LoggedPost
from stream.scale.address import KafkaAddress, KafkaUnavailableError
from stream.scale.admin import TopicsChangedError, ensure_topics
from stream.scale.collecting import CollectHost
from stream.scale.kafka_log import PostsProducer, delivered_cursors, delivered_posts
from stream.storage.store import FolderInUseError
from stream.topics import SourceCursor, Topics
from tests.scale.kafka_world import kafka, new_topics, values
from tests.scale.worker_world import wait_until
from tests.stream.embedded_world import MINUTE, START, collected, follow, match, post

PARTITIONS = 3


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


@pytest.fixture
def topics(address: KafkaAddress) -> Topics:
    return new_topics(address, PARTITIONS)


@pytest.fixture
def producer(address: KafkaAddress, topics: Topics) -> Iterator[PostsProducer]:
    made = PostsProducer(address, topics)
    yield made
    made.close()


def open_collector(folder: Path, producer: object) -> CollectHost:
    return CollectHost(
        folder, match=match, follow=follow, groups_of=lambda s: (), producer=producer,
        now=lambda: START,
    )  # fmt: skip


def posts_on(address: KafkaAddress, topics: Topics) -> list[list[object]]:
    reader = layout.read_posts()
    return [
        [reader.read(value) for value in partition]
        for partition in values(address, topics.posts.name, PARTITIONS)
    ]


class Refusing:
    """A Kafka that is away for so many deliveries, in front of the real one."""

    def __init__(self, behind: PostsProducer, times: int, *, after: bool = False) -> None:
        self._behind = behind
        self._left = times
        self._after = after

    def send(self, entries: Sequence[object]) -> None:
        if self._after:
            self._behind.send(entries)
        if self._left:
            self._left -= 1
            raise KafkaUnavailableError("no broker")
        if not self._after:
            self._behind.send(entries)

    def note(self, entries: Sequence[object]) -> None:
        self._behind.note(entries)


@pytest.mark.slow
def test_matched_posts_go_to_the_partition_of_their_id_and_others_are_counted(
    tmp_path, address, topics, producer
):
    host = open_collector(tmp_path, producer)
    items = [post(n) for n in range(20)] + [post(99, "about nobody")]
    bad = Malformed(source="x", raw=b"{", reason="not JSON")

    host.ingest([collected(*items, bad, cursor="21")])
    totals = host.intake.with_totals([SourceStatus(source="x", state="live", changed_at=0)])
    host.close()

    found = posts_on(address, topics)
    for place, entries in enumerate(found):
        ids = [e.post.id for e in entries if isinstance(e, LoggedPost)]
        assert ids == [p.id for p in items[:20] if partition_of(p.id, PARTITIONS) == place]
    assert (totals[0].read, totals[0].logged, totals[0].unmatched, totals[0].malformed) == (
        22, 20, 1, 1,
    )  # fmt: skip


@pytest.mark.slow
def test_every_partition_hears_of_a_new_minute_also_when_nobody_is_named(
    tmp_path, address, topics, producer
):
    host = open_collector(tmp_path, producer)

    host.ingest([collected(post(1), cursor="1")])
    host.ingest([collected(post(2, "nobody", at=START + 9 * MINUTE), cursor="2")])
    host.ingest([collected(post(3, "nobody", at=START + 9 * MINUTE + 1), cursor="3")])
    host.close()

    for entries in posts_on(address, topics):
        assert [e.at for e in entries if isinstance(e, LoggedClock)] == [
            START,
            START + 9 * MINUTE,
        ]


@pytest.mark.slow
def test_the_time_stands_where_it_was_said_between_the_posts(tmp_path, address):
    topics = new_topics(address, 1)
    producer = PostsProducer(address, topics)
    host = open_collector(tmp_path, producer)
    late = post(2, "nobody", at=START + 9 * MINUTE)

    host.ingest([collected(post(1), late, post(3, at=START + MINUTE), cursor="3")])
    host.close()
    producer.close()

    reader = layout.read_posts()
    entries = [reader.read(value) for value in values(address, topics.posts.name, 1)[0]]
    assert [type(entry) for entry in entries] == [LoggedPost, LoggedClock, LoggedPost]


@pytest.mark.slow
def test_a_cursor_moves_only_behind_what_is_delivered(tmp_path, address, topics, producer):
    host = open_collector(tmp_path, Refusing(producer, 1))
    batch = collected(post(1), cursor="1")

    with pytest.raises(KafkaUnavailableError):
        host.ingest([batch])
    assert host.intake.cursor("x") is None
    assert host.intake.counters() == {}
    assert delivered_cursors(address, topics) == {}

    host.ingest([batch])
    assert host.intake.cursor("x") == "1"
    host.close()
    assert delivered_cursors(address, topics) == {"x": "1"}
    assert sum(isinstance(e, LoggedPost) for p in posts_on(address, topics) for e in p) == 1


class Forgetful:
    """A Kafka that takes posts and, for so many times, no cursors."""

    def __init__(self, behind: PostsProducer, times: int) -> None:
        self.send = behind.send
        self._behind = behind
        self._left = times

    def note(self, entries: Sequence[object]) -> None:
        if self._left:
            self._left -= 1
            raise KafkaUnavailableError("no broker")
        self._behind.note(entries)


@pytest.mark.slow
def test_a_round_is_not_done_again_because_its_cursor_could_not_be_told(
    tmp_path, address, topics, producer
):
    host = open_collector(tmp_path, Forgetful(producer, 1))

    host.ingest([collected(post(1), cursor="1")])
    assert host.intake.counters()["logged"] == 1
    assert delivered_cursors(address, topics) == {}

    host.ingest([collected(post(2, "nobody"), cursor="2")])
    host.close()
    assert delivered_cursors(address, topics) == {"x": "2"}


@pytest.mark.slow
def test_what_was_delivered_but_not_noted_comes_again_and_is_counted_once(
    tmp_path, address, topics, producer
):
    host = open_collector(tmp_path, Refusing(producer, 1, after=True))
    batch = collected(post(1), cursor="1")
    with pytest.raises(KafkaUnavailableError):
        host.ingest([batch])

    host.ingest([batch])

    assert host.intake.counters()["logged"] == 1
    host.close()
    sent = [e for p in posts_on(address, topics) for e in p if isinstance(e, LoggedPost)]
    assert [e.post.id for e in sent] == ["x:1", "x:1"], "the router removes the second"


@pytest.mark.slow
def test_a_collector_without_a_folder_goes_on_where_the_last_one_delivered(
    tmp_path, address, topics, producer
):
    first = open_collector(tmp_path / "a", producer)
    first.ingest([collected(post(1, author_id="a1"), post(2, author_id="a2"), cursor="7")])
    first.close()

    second = open_collector(tmp_path / "b", producer)
    assert second.fresh
    second.restore(delivered_cursors(address, topics), delivered_posts(address, topics))

    assert not second.fresh
    assert second.intake.cursor("x") == "7"
    answer = post(3, "I agree", reply_to="x:1")
    gone = Deletion(id="x:2", source="x", deleted_at=START)
    second.ingest([collected(answer, gone, cursor="9")])
    second.close()
    entries = [e for p in posts_on(address, topics) for e in p]
    answers = [e for e in entries if isinstance(e, LoggedPost) and e.post.id == "x:3"]
    assert [m.reason for m in answers[0].mentions] == ["thread"]
    assert [e.deletion.id for e in entries if isinstance(e, LoggedDeletion)] == ["x:2"]


@pytest.mark.slow
def test_a_deleted_account_is_told_to_every_partition_and_a_gap_to_one(
    tmp_path, address, topics, producer
):
    host = open_collector(tmp_path, producer)
    host.ingest([collected(post(1), cursor="1")])
    account = Deletion(id="x:a1", source="x", deleted_at=START, scope="account")
    gap = Gap(source="x", since=START, until=START + MINUTE, reason="away")

    host.ingest([collected(account, gap, cursor="2")])
    host.close()

    found = posts_on(address, topics)
    assert all(any(isinstance(e, LoggedDeletion) for e in entries) for entries in found)
    assert sum(isinstance(e, LoggedGap) for entries in found for e in entries) == 1


@pytest.mark.slow
def test_two_collectors_on_one_source_deliver_everything_and_agree_on_the_cursor(
    tmp_path, address, topics, producer
):
    one, two = (open_collector(tmp_path / name, producer) for name in "ab")
    for n in range(6):
        batch = collected(post(n), cursor=str(n))
        (one if n % 2 else two).ingest([batch])
        (two if n % 2 else one).ingest([batch])
    one.close()
    two.close()

    ids = [e.post.id for p in posts_on(address, topics) for e in p if isinstance(e, LoggedPost)]
    assert sorted(ids) == sorted([f"x:{n}" for n in range(6)] * 2)
    assert delivered_cursors(address, topics) == {"x": "5"}


@pytest.mark.slow
def test_a_second_collector_on_a_folder_is_refused(tmp_path, producer):
    host = open_collector(tmp_path, producer)

    with pytest.raises(FolderInUseError, match="in use"):
        open_collector(tmp_path, producer)
    host.close()


@pytest.mark.slow
def test_unreadable_values_do_not_keep_a_collector_from_starting(
    tmp_path, address, topics, producer
):
    producer._deliver(topics.posts.name, [(0, b"k", b"\xff garbage")])
    producer._deliver(topics.sources.name, [(0, b"k", b"\xff garbage")])
    producer.note([SourceCursor(source="x", cursor="4")])
    host = open_collector(tmp_path, producer)

    host.restore(delivered_cursors(address, topics), delivered_posts(address, topics))

    assert host.intake.cursor("x") == "4"
    host.close()


@pytest.mark.slow
def test_topics_are_made_once_corrected_and_never_cut_anew(address, topics):
    assert ensure_topics(address, topics.all(), replication=1) == []

    prefix = topics.posts.name.partition(".")[0]
    shorter = layout.topics(prefix, partitions=PARTITIONS, retention_days=3)
    planned = ensure_topics(address, shorter.all(), replication=1, dry_run=True)
    done = ensure_topics(address, shorter.all(), replication=1)
    assert planned == done
    assert {(c.action, *c.config) for c in done} == {("configure", "retention.ms")}
    # A broker shows a setting a moment after it was accepted.
    wait_until(lambda: ensure_topics(address, shorter.all(), replication=1) == [], 60)

    with pytest.raises(TopicsChangedError, match=r"has 3 partitions.*say 5"):
        ensure_topics(address, layout.topics(prefix, partitions=5).all(), replication=1)


@pytest.mark.slow
def test_an_unreachable_broker_is_named(tmp_path):
    watchlist = tmp_path / "watchlist.toml"
    watchlist.write_text('[[subjects]]\nid = "arin"\nname = "Arin"\nkind = "idol"\n')
    settings = {
        "JIKIMI__KAFKA__BOOTSTRAP": "127.0.0.1:1",
        "JIKIMI__WATCHLIST__FILE": str(watchlist),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dashboards", "collect", "--data", str(tmp_path)],
        env={**os.environ, **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    assert "Kafka at 127.0.0.1:1: " in done.stderr
    assert "Traceback" not in done.stderr
