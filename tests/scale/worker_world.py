"""Workers as processes of their own, as a person would start them, and the demo for them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dashboards.composing.compose import matching
from dashboards.composing.judging import build_judge
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from ingest.collector import Collector
from stream.scale.address import KafkaAddress
from stream.scale.collecting import CollectHost
from stream.scale.host import Place, ScaleHost
from stream.scale.kafka_log import PostsProducer
from stream.scale.routing import RouterKind
from stream.settings import Settings
from stream.storage.store import Store
from stream.topics import Topics
from tests.scale.drift_world import AGENCY, START, agency

ENDS_S = 60
"""Seconds in which a worker must be gone; a busy machine takes its time."""


class Process:
    """A ``jikimi worker``; ``said`` is what it wrote to standard error.

    Args:
        program: what Python runs as jikimi.
    """

    def __init__(
        self,
        address: KafkaAddress,
        topics: Topics,
        folder: Path,
        *options: str,
        program: Sequence[str] = ("-m", "dashboards"),
    ) -> None:
        settings = {
            "JIKIMI__KAFKA__PREFIX": topics.posts.name.partition(".")[0],
            "JIKIMI__KAFKA__PARTITIONS": str(topics.subjects.partitions),
            "JIKIMI__KAFKA__ROUTER_PARTITIONS": str(topics.posts.partitions),
            "JIKIMI__KAFKA__REPLICATION": str(len(address.servers())),
            "JIKIMI__WATCHLIST__FILE": str(AGENCY),
            "JIKIMI__PIPELINE__BATCH": "100",
            **kafka_settings(address),
        }
        self._log = folder.with_suffix(".log")
        with self._log.open("a") as log:
            self.child = subprocess.Popen(
                [sys.executable, *program, "worker", "--data", str(folder),
                 "--session", "3", *options],
                env={**os.environ, **settings}, stderr=log, stdout=log,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._log.read_text()

    def signal(self, number: int) -> None:
        os.kill(self.child.pid, number)

    def end(self) -> int:
        """Ask it to end; its exit code."""
        self.signal(signal.SIGTERM)
        return self.child.wait(ENDS_S)

    def kill(self) -> None:
        if self.child.poll() is None:
            self.signal(signal.SIGCONT)
            self.child.kill()
        self.child.wait(ENDS_S)


def kafka_settings(address: KafkaAddress) -> dict[str, str]:
    """The address as settings of a process."""
    given = {
        "bootstrap": address.bootstrap,
        "tls": str(address.tls).lower(),
        "ca_file": address.ca_file,
        "sasl": address.sasl,
        "username": address.username,
        "password": address.password.reveal() if address.password else None,
    }
    return {
        f"JIKIMI__KAFKA__{name.upper()}": str(value)
        for name, value in given.items()
        if value is not None
    }


def wait_until(condition: Callable[[], bool], seconds: float = 180, pause: float = 0.5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(pause)


def demo(posts: int) -> Scenario:
    return Scenario(seed=7, posts=posts, hours=24, start_ms=START)


def collect_demo(
    address: KafkaAddress, topics: Topics, folder: Path, scenario: Scenario
) -> dict[str, int]:
    """The demo through the collecting host; its totals."""
    producer = PostsProducer(address, topics)
    match, follow, doubt = matching(Settings(), agency())
    host = CollectHost(
        folder, match=match, follow=follow, doubt=doubt, groups_of=agency().groups_of, producer=producer,
        judge=build_judge(Settings()), now=lambda: START,
    )  # fmt: skip
    host.run(Collector([DemoSource(scenario)], {}, batch=500), threading.Event())
    totals = host.intake.counters()
    host.close()
    producer.close()
    return totals


async def restored(host: ScaleHost, topics: Topics) -> None:
    """Open every partition of the host's topics, then give them up."""
    for name in host.inputs:
        for partition in range(topics.posts.partitions):
            await host.open(Place(name, partition))
    await host.close_all()


def routed(address: KafkaAddress, topics: Topics, folder: Path) -> dict[str, int]:
    """What the routers counted, as a machine without state restores it; fences them."""
    router = RouterKind(topics, agency().groups_of)
    group = topics.posts.name.partition(".")[0]
    host = ScaleHost(folder, address=address, topics=topics, group=group, kinds=[router])
    asyncio.run(restored(host, topics))
    totals: dict[str, int] = {}
    for path in folder.glob("router-*"):
        store = Store(path)
        for name, n in store.db.execute("SELECT name, n FROM counters"):
            totals[name] = totals.get(name, 0) + n
        store.close()
    return totals
