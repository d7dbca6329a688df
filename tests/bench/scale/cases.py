"""Runs one case in a process of its own: name and what is given; writes what it found."""

from __future__ import annotations

import logging
import os
import sys
import threading

import msgspec
import structlog

from dashboards.composing.compose import matching
from dashboards.demo.source import DemoSource
from ingest.collector import Collector
from stream.scale.collecting import CollectHost
from stream.scale.kafka_log import PostsProducer
from stream.settings import Settings
from tests.bench.scale import delaying, indexing, packing, producing, working
from tests.bench.scale.world import Found, Given, timed
from tests.scale.drift_world import START, agency
from tests.scale.worker_world import demo


def collect(given: Given) -> Found:
    """The collecting host, from the demo's source to the posts topic."""
    producer = PostsProducer(given.address, given.topics())
    match, follow, doubt = matching(Settings(), agency())
    host = CollectHost(
        given.folder / f"{given.own}-collect", match=match, follow=follow, doubt=doubt,
        groups_of=agency().groups_of, producer=producer, now=lambda: START,
    )  # fmt: skip
    collector = Collector([DemoSource(demo(given.posts))], {})
    found = timed("", "post", 1, lambda: host.run(collector, threading.Event()))
    logged = host.intake.counters()["logged"]
    host.close()
    producer.close()
    return msgspec.structs.replace(found, n=logged)


CASES = {
    "collect": collect,
    **working.CASES,
    **producing.CASES,
    **indexing.CASES,
    **delaying.CASES,
    **packing.CASES,
}


def main() -> None:
    """Run the case and leave what it found in a file named after the process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    name, said = sys.argv[1:]
    given = msgspec.json.decode(said, type=Given)
    found = msgspec.structs.replace(CASES[name](given), case=name)
    # Not printed: Faust prints as well.
    (given.folder / f"{os.getpid()}.found").write_bytes(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
