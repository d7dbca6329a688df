"""The indexer between a real Kafka and a real Elasticsearch: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.records import Gap, SourceStatus
from stream.elastic.bulk import Sender
from stream.elastic.client import IndexUnavailableError
from stream.index import PostQuery
from stream.records import DeadLetter, GapSeen, PostSeen
from stream.scale.address import KafkaAddress
from stream.scale.indexing import Indexer
from stream.topics import (
    LARGEST_VALUE,
    RouterTick,
    Topics,
    pack,
    read_dead,
    result_key,
    source_key,
    subject_key,
)
from tests.scale.elastic_world import Eager, Ground, elasticsearch, urls
from tests.scale.kafka_world import kafka, new_topics, raw_producer, values
from tests.stream.index_world import (
    MINUTE,
    T0,
    alert,
    batch,
    burst,
    cluster,
    gone,
    membership,
    post,
    seen,
)

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as found:
        yield found


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


@pytest.fixture
def index(ground: Ground) -> Iterator[Eager]:
    ground.empty()
    made = ground.index()
    yield made
    made.close()


@pytest.fixture
def topics(address: KafkaAddress) -> Topics:
    return new_topics(address, partitions=2)


def send(address: KafkaAddress, topic: str, pairs: list[tuple[bytes, bytes | None]]) -> None:
    with raw_producer(address) as producer:
        for key, value in pairs:
            producer.send(topic, key=key, value=value)


def send_subjects(address: KafkaAddress, topics: Topics, *events) -> None:
    send(address, topics.subjects.name, [(subject_key(e), pack(e)) for e in events])


def send_results(address: KafkaAddress, topics: Topics, *results) -> None:
    send(address, topics.results.name, [(result_key(r), pack(r)) for r in results])


@contextmanager
def running(address: KafkaAddress, topics: Topics, index: Eager) -> Iterator[Indexer]:
    """An indexer at work in a thread of its own."""
    indexer = Indexer(address, topics, f"{topics.posts.name}.index", index, now=lambda: T0)
    stop = threading.Event()
    thread = threading.Thread(target=indexer.run, args=[stop])
    thread.start()
    try:
        yield indexer
    finally:
        stop.set()
        thread.join(60)
        indexer.close()


def wait_for(condition, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.2)


def posts(count: int, prefix: str = "p") -> list[PostSeen]:
    return [
        one
        for n in range(count)
        for one in seen(post(f"{prefix}{n}", f"글 {n}", created_at=T0 + n * MINUTE))
    ]


def dead_letters(address: KafkaAddress, topics: Topics) -> list[DeadLetter]:
    found = values(address, topics.dead.name, topics.dead.partitions)
    return [read_dead().read(value) for part in found for value in part]


def indexed(index: Eager) -> int:
    """Posts that can be counted; none while the first month is being made."""
    index.refresh()
    try:
        return index.counts()["posts"]
    except IndexUnavailableError:
        return 0


def test_everything_on_the_topics_reaches_the_index_once(address, topics, index):
    send_subjects(
        address, topics, *posts(50), gone(post("p3"), revision=2),
        RouterTick(router=0, of=1, at=T0), GapSeen(gap=Gap(source="a", since=T0, until=T0 + 1, reason="x")),
    )  # fmt: skip
    send_results(
        address, topics, membership(post("p1"), "cl_1"), cluster(), burst(), alert(), alert(revision=2)
    )  # fmt: skip
    status = SourceStatus(source="a", state="live", changed_at=T0, read=5)
    send(address, topics.sources.name, [(source_key(status), pack(status))])

    with running(address, topics, index) as indexer:
        wait_for(lambda: indexer.counts.records >= 58)
    index.refresh()
    assert index.counts() == {"posts": 49, "deleted": 1, "clusters": 1, "alerts": 1}
    assert index.alert("al_1").revision == 2
    assert [m.post_id for m in index.members("cl_1")] == ["archive:p1"]
    assert index.statuses() == [status]
    assert index.gap_ledger().total == 1

    send_subjects(address, topics, *posts(1, "q"))
    with running(address, topics, index) as indexer:
        wait_for(lambda: indexed(index) == 50)
        assert indexer.counts.records == 1, "what was committed is not read again"
    assert dead_letters(address, topics) == []


def test_a_poison_record_in_every_topic_is_kept_and_stops_nothing(address, topics, index):
    stranger = pack(*posts(1, "stranger"))
    poison: list[tuple[bytes, bytes | None]] = [
        (b"k", b"\xc1 no record"),
        (b"gone", None),
        (b"another", stranger),
        (b"deep", b"\x81\xa1x" + b"\x91" * 100_000 + b"\x01"),
        (b"huge", os.urandom(LARGEST_VALUE)),
    ]
    everywhere = (topics.subjects, topics.results, topics.sources)
    for topic in everywhere:
        send(address, topic.name, poison)
    send_subjects(address, topics, *posts(3))

    with running(address, topics, index) as indexer:
        wait_for(lambda: indexer.counts.records >= 3 + len(poison) * len(everywhere))
    assert indexed(index) == 3
    letters = dead_letters(address, topics)
    wanted = [(topic.name, value or b"") for topic in everywhere for _, value in poison]
    assert sorted((letter.source, letter.raw) for letter in letters) == sorted(wanted)
    assert {letter.stage for letter in letters} == {"index"}
    assert all(letter.reason for letter in letters)


def test_what_elasticsearch_refuses_is_kept_with_its_reason(address, topics, index):
    bad, good = posts(2)
    beyond = PostSeen(subject=bad.subject, subjects=bad.subjects, post=bad.post, revision=2**40)
    send_subjects(address, topics, beyond, good)
    send_results(address, topics, alert(posts=2**40), alert("al_2"))

    with running(address, topics, index) as indexer:
        wait_for(lambda: indexer.counts.records >= 4)
    index.refresh()
    assert index.counts()["posts"] == 1
    assert index.counts()["alerts"] == 1
    letters = dead_letters(address, topics)
    assert {letter.raw for letter in letters} == {pack(beyond), pack(alert(posts=2**40))}
    assert all("out of range" in letter.reason for letter in letters)


def test_a_read_only_index_is_waited_for(address, topics, index, ground):
    blocked = ground.client
    slow = Eager(index._client, ground.names, Sender(index._client, patience_s=0.5))
    slow.take(batch(*posts(1, "first")))
    everything = ground.names.everything
    blocked.indices.put_settings(index=everything, settings={"index.blocks.write": True})
    send_subjects(address, topics, *posts(40))

    with running(address, topics, slow) as indexer:
        wait_for(lambda: indexer.counts.waits >= 2)
        assert indexer.counts.records == 0
        blocked.indices.put_settings(index=everything, settings={"index.blocks.write": False})
        wait_for(lambda: indexed(index) == 41)
    assert dead_letters(address, topics) == []


def child(
    address: KafkaAddress, topics: Topics, ground: Ground, folder: Path
) -> subprocess.Popen:
    prefix = topics.posts.name.removesuffix(".posts")
    file = folder / "jikimi.toml"
    file.write_text(
        f'[kafka]\nbootstrap = "{address.bootstrap}"\nprefix = "{prefix}"\npartitions = 2\n'
        f'[elasticsearch]\nurl = "{urls(ground.client)[0]}"\nprefix = "{ground.names.prefix}"\n'
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JIKIMI__")}
    return subprocess.Popen(
        [sys.executable, "-m", "dashboards", "--config", str(file), "index", "run"],
        cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_killed_anywhere_the_next_goes_on_and_nothing_is_lost_or_twice(
    address, topics, index, ground, tmp_path
):
    wanted = 3000
    send_subjects(address, topics, *posts(wanted))
    first = child(address, topics, ground, tmp_path)
    wait_for(lambda: indexed(index) > 0)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    # Something is left for the next in any case, however much the first had done.
    send_subjects(address, topics, *posts(1, "after"))
    wanted += 1

    second = child(address, topics, ground, tmp_path)
    try:
        wait_for(lambda: indexed(index) == wanted, 200)
    finally:
        second.send_signal(signal.SIGINT)
        _, said = second.communicate(timeout=90)
    assert "records, 0 dead letters" in said
    found = index.search(PostQuery(limit=wanted + 10))
    assert found.total == wanted
    assert len({one.post.id for one in found.posts}) == wanted
