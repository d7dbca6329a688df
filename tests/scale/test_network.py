"""The way to the broker is cut, halved, slowed and reset: nothing is lost, nothing is twice."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from dashboards.composing.compose import matching
from dashboards.demo.source import DemoSource
from ingest.collector import Collector
from stream.records import LoggedPost
from stream.scale.address import KafkaAddress, KafkaUnavailableError
from stream.scale.collecting import CollectHost
from stream.scale.kafka_log import PostsProducer, delivered_cursors
from stream.scale.routing import RouterKind
from stream.settings import Settings
from tests.scale.crew import Crew
from tests.scale.drift_world import (
    START,
    Work,
    agency,
    embedded,
    record_demo,
    restore_only,
    results_on,
    run,
    worker_states,
    write_subjects,
)
from tests.scale.kafka_world import (
    ends_on,
    ids_on,
    last_revisions,
    letters_on,
    new_topics,
    posts_on,
)
from tests.scale.proxy import Proxy
from tests.scale.servers import in_chaos, own_kafka
from tests.scale.worker_world import collect_demo, demo, routed, wait_until
from tests.stream.embedded_world import post

pytestmark = [
    in_chaos,
    pytest.mark.slow,
    pytest.mark.crash,
    # kafka-python leaves connections that never came about to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

PARTITIONS = 2
BEHIND = 20
"""Ports from the first one of the broker to its listener behind the proxy."""


class Way(NamedTuple):
    """To the broker: directly, and through the proxy."""

    direct: KafkaAddress
    cut: KafkaAddress
    proxy: Proxy


@pytest.fixture(scope="module")
def lines() -> Iterator[Way]:
    made: list[Proxy] = []

    def settings(port: int) -> str:
        proxy = Proxy(port + BEHIND)
        made.append(proxy)
        here = "127.0.0.1"
        listeners = f"PLAINTEXT://{here}:{port},CONTROLLER://{here}:{port + 1}"
        return (
            f"listeners={listeners},CUT://{here}:{port + BEHIND}\n"
            f"advertised.listeners=PLAINTEXT://{here}:{port},CUT://{here}:{proxy.port}\n"
            "listener.security.protocol.map="
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CUT:PLAINTEXT\n"
        )

    with own_kafka(settings=settings) as servers:
        proxy = made[0]
        through = KafkaAddress(bootstrap=f"127.0.0.1:{proxy.port}")
        yield Way(KafkaAddress(bootstrap=servers.bootstrap), through, proxy)
        proxy.close()


@pytest.fixture
def way(lines: Way) -> Iterator[Way]:
    yield lines
    lines.proxy.heal()
    gc.collect()


def test_workers_go_on_after_a_slow_broken_silent_and_deaf_network(way, tmp_path):
    recorded = record_demo(tmp_path / "recorded", 500)
    topics = new_topics(way.direct, PARTITIONS)
    crew = Crew(way.cut, topics, tmp_path, way.direct)
    bits = [recorded[n * len(recorded) // 4 : (n + 1) * len(recorded) // 4] for n in range(4)]
    try:
        crew.start("faust", "--stuck", "6")
        crew.start("plain", "--stuck", "6", "--frame", "plain")
        wait_until(lambda: crew.left() == 0 or _assigned(crew))
        for strike, patience in (
            (lambda: way.proxy.slow(0.05), 3),
            (way.proxy.reset, 1),
            (way.proxy.cut, 4),
            (way.proxy.cut_answers, 12),
        ):
            write_subjects(way.direct, topics, bits.pop(0))
            strike()
            time.sleep(patience)
            way.proxy.heal()
            crew.supervise()
        crew.settle()
    finally:
        crew.stop()

    results, state = embedded(tmp_path / "embedded", recorded, PARTITIONS)
    assert results_on(way.direct, topics) == results, crew.ended
    run(restore_only(Work(way.direct, topics, tmp_path), PARTITIONS))
    assert worker_states(tmp_path / "restored", recorded) == state
    assert letters_on(way.direct, topics) == []
    assert {code for _, code, _ in crew.ended} <= {1}
    assert all("Traceback" not in said for _, _, said in crew.ended), crew.ended


def _assigned(crew: Crew) -> bool:
    return all("partition_opened" in process.said for process in crew.workers.values())


def test_a_worker_in_a_transaction_without_answers_ends_itself_and_another_goes_on(
    way, tmp_path
):
    recorded = record_demo(tmp_path / "recorded", 150)
    topics = new_topics(way.direct, 1)
    crew = Crew(way.cut, topics, tmp_path, way.direct)
    try:
        deaf = crew.start("deaf", "--stuck", "5")
        wait_until(lambda: "partition_opened" in deaf.said)
        way.proxy.slow(0.02)
        write_subjects(way.direct, topics, recorded)
        wait_until(lambda: crew.left() < len(recorded), pause=0.05)
        way.proxy.cut_answers()

        assert deaf.child.wait(60) == 1
        assert "stuck for" in deaf.said

        way.proxy.heal()
        crew.supervise()
        crew.settle()
    finally:
        crew.stop()
    results, _ = embedded(tmp_path / "embedded", recorded, 1)
    assert results_on(way.direct, topics) == results


def test_a_collector_waits_while_kafka_is_away_and_then_delivers_everything(way, tmp_path):
    topics = new_topics(way.direct, PARTITIONS)
    clean = new_topics(way.direct, PARTITIONS)
    totals = collect_demo(way.direct, clean, tmp_path / "clean", demo(300))
    match, follow, doubt = matching(Settings(), agency())
    producer = PostsProducer(way.cut, topics, delivery_ms=2000)
    host = CollectHost(
        tmp_path / "collect", match=match, follow=follow, doubt=doubt, groups_of=agency().groups_of,
        producer=producer, now=lambda: START,
    )  # fmt: skip
    collector = Collector([DemoSource(demo(300))], {}, batch=8)
    thread = threading.Thread(target=host.run, args=[collector, threading.Event()])
    way.proxy.slow(0.02)
    thread.start()
    for strike, patience in ((way.proxy.cut, 6), (way.proxy.cut_answers, 6)):
        time.sleep(1)
        assert thread.is_alive(), "there is something left to cut"
        strike()
        time.sleep(patience)
        way.proxy.heal()
        way.proxy.slow(0.02)
    way.proxy.reset()
    time.sleep(0.5)
    way.proxy.heal()
    thread.join(90)
    assert not thread.is_alive()

    assert host.intake.counters() == totals
    cursor = host.intake.cursor("demo")
    host.close()
    producer.close()
    assert delivered_cursors(way.direct, topics) == {"demo": cursor}
    assert ids_on(way.direct, topics) == ids_on(way.direct, clean)
    for made, name in ((topics, "cut"), (clean, "straight")):
        kinds = [RouterKind(made, agency().groups_of)]
        work = Work(way.direct, made, tmp_path / name, kinds=lambda kinds=kinds: kinds)
        run(work.run(1, ends_on(way.direct, made.posts)))
    assert last_revisions(way.direct, topics) == last_revisions(way.direct, clean)
    counts = routed(way.direct, topics, tmp_path / "counts")
    delivered = sum(len(part) for part in posts_on(way.direct, topics))
    assert sum(n for name, n in counts.items() if name != "removed") == delivered


def test_a_broker_that_swallows_everything_is_an_error_in_bounded_time(way, tmp_path):
    topics = new_topics(way.direct, 1)
    producer = PostsProducer(way.cut, topics, delivery_ms=1500)
    way.proxy.cut()
    began = time.monotonic()
    try:
        with pytest.raises(KafkaUnavailableError, match=way.cut.bootstrap):
            producer.send([LoggedPost(post=post(1))])
        assert time.monotonic() - began < 15
    finally:
        way.proxy.heal()
        producer.close()
