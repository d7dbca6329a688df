"""The case of the delay: posts at a steady rate, and when their alerts stand on results."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from dashboards.composing.compose import matching
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from ingest.collector import Collector
from stream.records import Alert, Logged, LoggedPost, Membership
from stream.scale.address import kafka_python
from stream.scale.collecting import CollectHost
from stream.scale.kafka_log import PostsProducer
from stream.settings import Settings
from stream.topics import read_results
from tests.bench.scale.world import Found, Given
from tests.scale.drift_world import START, agency

STEP_S = 0.05
DAY_MS = 24 * 60 * 60 * 1000
SEEDS = 8
SETTLE_S = 6.0


class Kept:
    """A producer that keeps what collectors deliver."""

    def __init__(self) -> None:
        self.entries: list[Logged] = []

    def send(self, entries: Sequence[Logged], /) -> None:
        self.entries += entries

    def note(self, entries: Sequence[Any], /) -> None:
        del entries


def entries(given: Given, posts: int) -> list[Logged]:
    """Several days of the demo, each with other campaigns, as collectors deliver them."""
    kept = Kept()
    match, follow, doubt = matching(Settings(), agency())
    host = CollectHost(
        given.folder / f"{given.own}-collect", match=match, follow=follow, doubt=doubt,
        groups_of=agency().groups_of, producer=kept, now=lambda: START,
    )  # fmt: skip
    for seed in range(SEEDS):
        story = Scenario(
            seed=seed, posts=posts // SEEDS, hours=24, start_ms=START + 2 * seed * DAY_MS
        )
        host.run(Collector([DemoSource(story)], {}), threading.Event())
    host.close()
    return kept.entries


class Watch(threading.Thread):
    """Reads results as they are committed and notes when each came."""

    def __init__(self, given: Given) -> None:
        super().__init__(daemon=True)
        client = kafka_python()
        topic = given.topics().results
        self._consumer = client.KafkaConsumer(
            **given.address.options(), group_id=None, isolation_level="read_committed",
            fetch_max_wait_ms=50,
        )  # fmt: skip
        places = [client.TopicPartition(topic.name, n) for n in range(topic.partitions)]
        self._consumer.assign(places)
        self._consumer.seek_to_beginning(*places)
        self.alerts: list[tuple[float, Alert]] = []
        self.posts: list[tuple[float, str]] = []
        self.stop = threading.Event()

    def run(self) -> None:
        read = read_results().read
        while not self.stop.is_set():
            for records in self._consumer.poll(timeout_ms=50).values():
                now = time.monotonic()
                for record in records:
                    result = read(record.value)
                    if isinstance(result, Alert) and result.revision == 1:
                        self.alerts.append((now, result))
                    elif isinstance(result, Membership) and result.revision == 1:
                        self.posts.append((now, result.post_id))
        self._consumer.close()


def delay(given: Given) -> Found:
    """From the moment in which a post is handed to the producer to its result or alert."""
    made = entries(given, given.posts)
    producer = PostsProducer(given.address, given.topics())
    watch = Watch(given)
    watch.start()
    sent: dict[str, float] = {}
    step = max(1, round(given.rate * STEP_S))
    began = time.monotonic()
    cpu = time.process_time()
    for number, start in enumerate(range(0, len(made), step)):
        time.sleep(max(0.0, began + number * STEP_S - time.monotonic()))
        now = time.monotonic()
        some = made[start : start + step]
        sent.update((e.post.id, now) for e in some if isinstance(e, LoggedPost))
        producer.send(some)
    ended = time.monotonic()
    time.sleep(SETTLE_S)
    watch.stop.set()
    watch.join(10)
    producer.close()
    return _found(made, sent, watch, ended - began, time.process_time() - cpu)


def _found(
    made: Sequence[Logged], sent: dict[str, float], watch: Watch, wall: float, cpu: float
) -> Found:
    posts = [at - sent[post_id] for at, post_id in watch.posts if post_id in sent]
    alerts = [
        at - max(sent[post_id] for post_id in alert.post_ids if post_id in sent)
        for at, alert in watch.alerts
        if any(post_id in sent for post_id in alert.post_ids)
    ]
    assert alerts, "the demo raises alerts"
    more = {
        "posts": len(posts),
        "post_p50_s": round(statistics.median(posts), 3),
        "post_p95_s": round(p95(posts), 3),
        "alerts": len(alerts),
        "alert_p50_s": round(statistics.median(alerts), 3),
        "alert_p95_s": round(p95(alerts), 3),
        "alert_worst_s": round(max(alerts), 3),
    }
    return Found(case="", unit="post", n=len(made), cpu_s=cpu, wall_s=wall, more=more)


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


CASES: dict[str, Callable[[Given], Found]] = {"delay": delay}
