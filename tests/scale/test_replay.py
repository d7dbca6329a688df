"""``jikimi replay`` from a real Kafka into a real Elasticsearch: killed, run twice, switched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from dashboards.composing.compose import build_host
from dashboards.demo.cast import AGENCY_FILE
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from detect.watchlist import load_watchlist
from ingest.collector import Collector
from ingest.records import Deletion
from stream.index import AlertQuery, IndexBatch
from stream.records import Alert, Cluster, Logged, LoggedDeletion, LoggedPost, Result
from stream.scale.address import KafkaAddress
from stream.scale.kafka_log import PostsProducer
from stream.scale.replay_log import TopicLog
from stream.settings import Settings
from stream.topics import Topics
from tests.scale.elastic_world import Eager, Ground, elasticsearch, urls
from tests.scale.kafka_world import kafka, new_topics, raw_producer
from tests.stream.index_world import alert

pytestmark = [pytest.mark.slow, pytest.mark.crash]
ROOT = Path(__file__).parents[2]
START = 1_789_948_800_000
HOUR = 3_600_000
KINDS = ("membership", "cluster", "burst", "alert")


class Past:
    """A log of the demo, and how the embedded host judges its posts in order of their times.

    In that order a compacted topic is replayed: where an edited post first stood, it no
    longer says.
    """

    def __init__(self, folder: Path) -> None:
        watchlist = load_watchlist(AGENCY_FILE)
        host = build_host(folder / "live", Settings(), watchlist, None)
        scenario = Scenario(seed=7, posts=2000, hours=24, start_ms=START)
        host.run(Collector([DemoSource(scenario)], {}, batch=500), threading.Event())
        self.entries = [e for _, e in host.posts.read(0, 100_000)]
        host.close()
        self.entries += copies(self.entries)
        latest = {e.post.id: e for e in self.entries if isinstance(e, LoggedPost)}
        gone = {e.deletion.id for e in self.entries if isinstance(e, LoggedDeletion)}
        held = [entry for id_, entry in latest.items() if id_ not in gone]
        self.posts = [entry.post for entry in held]
        ordered = build_host(folder / "ordered", Settings(), watchlist, None)
        ordered.take_in(sorted(held, key=lambda e: (e.post.event_at, e.post.id)))
        ordered.finish()
        self.results: list[Result] = [
            one for kind in KINDS for one in ordered.processor.results.of_kind(kind)
        ]
        ordered.close()

    def alerts(self) -> set[str]:
        return {one.alert_id for one in self.results if isinstance(one, Alert)}


def copies(entries: list[Logged]) -> list[LoggedPost]:
    """One text by three accounts, each with a mark of its own that a sample shows."""
    like = next(e for e in entries if isinstance(e, LoggedPost) and not e.post.repost_of)
    return [
        msgspec.structs.replace(
            like,
            post=msgspec.structs.replace(
                like.post,
                id=f"demo:copy-{n}",
                author_id=f"copier-{n}",
                created_at=START + HOUR + n,
                observed_at=None,
                text=f"{like.post.text} copies-of-one-text https://link.example/mark-{n}",
            ),
        )
        for n in range(3)
    ]


@pytest.fixture(scope="module")
def past(tmp_path_factory) -> Past:
    return Past(tmp_path_factory.mktemp("past"))


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as found:
        yield found


@pytest.fixture
def topics(address: KafkaAddress, past: Past) -> Topics:
    made = new_topics(address, partitions=3)
    producer = PostsProducer(address, made)
    producer.send(past.entries)
    producer.close()
    return made


@pytest.fixture
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


@pytest.fixture
def index(ground: Ground) -> Iterator[Eager]:
    made = ground.index()
    yield made
    made.close()


def settings(folder: Path, address: KafkaAddress, topics: Topics, ground: Ground) -> None:
    prefix = topics.posts.name.removesuffix(".posts")
    (folder / "jikimi.toml").write_text(
        f'[kafka]\nbootstrap = "{address.bootstrap}"\nprefix = "{prefix}"\npartitions = 3\n'
        f'[elasticsearch]\nurl = "{urls(ground.client)[0]}"\nprefix = "{ground.names.prefix}"\n'
        f'[watchlist]\nfile = "{AGENCY_FILE}"\n[data]\nfolder = "{folder / "data"}"\n'
    )


def iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def begin(folder: Path, *more: str, since: int = START - HOUR) -> subprocess.Popen:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JIKIMI__")}
    return subprocess.Popen(
        [sys.executable, "-m", "dashboards", "--config", "jikimi.toml", "replay", "--from",
         iso(since), "--to", iso(START + 30 * HOUR), "--into", "2", *more],
        cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def done(child: subprocess.Popen) -> tuple[int, str]:
    out, err = child.communicate(timeout=120)
    return child.returncode, out + err


def alerts(index: Eager) -> dict[str, Alert]:
    index.refresh()
    return {one.alert_id: one for one in index.alerts(AlertQuery(limit=500)).alerts}


def test_killed_in_the_middle_and_run_again_it_ends_with_the_same_judgement(
    past, address, topics, ground, index, tmp_path
):
    settings(tmp_path, address, topics, ground)
    old = [alert("al_old", created_at=START + HOUR, updated_at=START + 2 * HOUR)]
    kept = [alert("al_kept", created_at=START - 9 * HOUR, updated_at=START - 8 * HOUR)]
    index.take(IndexBatch(checkpoint="", results=[*old, *kept]))
    data = tmp_path / "data" / "replay-2" / "data"
    cut = begin(tmp_path)
    until = time.monotonic() + 60
    while not (data / "jikimi.db").exists() and cut.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.4)
    cut.send_signal(signal.SIGKILL)
    cut.communicate()
    assert set(alerts(index)) == {"al_old", "al_kept"}, "nothing is in force yet"

    code, said = done(begin(tmp_path))
    assert code == 0, said
    found = alerts(index)
    assert set(found) == past.alerts() | {"al_kept"}
    assert all(found[i].replayed for i in past.alerts())
    assert "in force: generation 2" in said
    assert not data.parent.exists(), "the words that it worked on are gone"

    code, said = done(begin(tmp_path))
    assert code == 0
    assert "nothing to do" in said
    assert set(alerts(index)) == past.alerts() | {"al_kept"}


def test_looked_at_first_and_then_switched_with_what_was_deleted_meanwhile(
    past, address, topics, ground, index, tmp_path
):
    settings(tmp_path, address, topics, ground)
    index.take(IndexBatch(checkpoint="", results=past.results))
    code, said = done(begin(tmp_path, "--no-switch"))
    assert code == 0, said
    same = len(past.alerts())
    assert f"{same:,} before, {same:,} now, {same:,} of them the same" in said
    assert not any(one.replayed for one in alerts(index).values())

    shown = [one.sample for one in past.results if isinstance(one, Cluster)]
    assert any("mark-0" in text for text in shown)
    producer = PostsProducer(address, topics)
    deletion = Deletion(id="demo:copy-0", source="demo", deleted_at=START + 40 * HOUR)
    producer.send([LoggedDeletion(deletion=deletion)])
    producer.close()
    code, said = done(begin(tmp_path))
    assert code == 0, said
    assert set(alerts(index)) <= past.alerts()
    texts = [one.sample for one in index.clusters(limit=10_000)]
    assert any("copies-of-one-text" in text for text in texts)
    assert not any("mark-0" in text for text in texts)


def test_a_log_that_does_not_reach_back_is_refused(address, topics, ground, index, tmp_path):
    settings(tmp_path, address, topics, ground)
    from stream.scale.address import kafka_python
    from stream.scale.admin import kafka_admin

    place = kafka_python().TopicPartition(topics.posts.name, 0)
    with kafka_admin(address) as admin:
        admin.delete_records({place: 5})
    log = TopicLog(address, topics)
    assert log.begins_at() is not None
    log.close()
    code, said = done(begin(tmp_path))
    assert code == 1
    assert f"topic {topics.posts.name} begins at" in said
    assert (
        ground.client.indices.exists(index=ground.names.generation("alerts", 2)).body is False
    )


def test_records_that_nobody_can_read_are_passed_over(address, topics, past):
    with raw_producer(address) as producer:
        producer.send(topics.posts.name, key=b"poison", value=b"\xc1 no record", partition=0)
        producer.send(topics.posts.name, key=b"gone", value=None, partition=0)
    log = TopicLog(address, topics)
    read = [
        entry
        for partition, end in log.ends().items()
        for piece in log.read(partition, 0, end)
        for entry in piece.entries
        if isinstance(entry, LoggedPost)
    ]
    log.close()
    assert {entry.post.id for entry in read} >= {post.id for post in past.posts}
