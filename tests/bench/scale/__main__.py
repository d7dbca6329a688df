"""Scale-out measured on real servers, each figure beside the raw ceiling of the same run.

    make bench-scale [ARGS="--posts 20000 --rounds 2 --json"]

Each case is a process of its own; its CPU time (all threads) counts from its first batch to
its last, so neither start nor end nor the servers are in it. Cases that are compared run in
turn, ``--rounds`` times, and the cheapest round of each counts: noise only adds.

No case begins ``--seconds`` after the start (480) and none lasts longer than 150: with the
servers' start it is over within 12 minutes, and what was left out is named at the end. For
less, ask for fewer posts, one round, or some parts: ``--rounds 1 --parts worker delay``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

import msgspec
import structlog

from stream.records import Tick
from stream.topics import Topics, subject_key, topics
from tests.bench.scale.report import Report, told
from tests.bench.scale.world import Found, Given, bytes_on, copy_topic
from tests.scale.drift_world import record_demo, write_subjects
from tests.scale.elastic_world import elasticsearch, urls
from tests.scale.kafka_world import kafka, new_topics

LONG = ("bare", "pattern", "pattern_as_found", "empty_plain", "empty_faust")
"""Cases that are over in a moment: they get more records."""
COPIES = 6
CASE_S = 150.0
JOIN_S = 40.0
INTERPRETER = (sys.executable, "-W", "ignore", "-m", "tests.bench.scale.cases")


class Bench:
    """Runs cases over one recorded log and keeps what they found."""

    def __init__(self, given: Given, until: float) -> None:
        self.given = given
        self._until = until
        self.found: dict[str, Found] = {}
        self.failed: dict[str, str] = {}

    def fresh(self, **changes: object) -> Given:
        """What the next case is given: topics that nobody has used."""
        made = new_topics(self.given.address, self.given.partitions)
        own = prefix_of(made)
        return msgspec.structs.replace(self.given, own=own, **changes)

    def once(self, name: str, given: Given | None = None) -> None:
        """Run a case; of several rounds the cheapest is kept."""
        if self._over(name):
            return
        if given is None:
            log = self.given.long if name in LONG else self.given.log
            given = self.fresh(log=log)
        child = self._start(name, given)
        self._keep(name, self._ended(name, child))

    def in_turn(self, names: list[str], rounds: int) -> None:
        for _ in range(rounds):
            for name in names:
                self.once(name)

    def workers(self, name: str, count: int) -> None:
        """So many workers that wait for the same posts; together they are one case."""
        if self._over(name):
            return
        given = self.fresh()
        children = [self._start("both_faust", given) for _ in range(count)]
        own = topics(given.own, partitions=given.partitions)
        until = time.monotonic() + JOIN_S
        while time.monotonic() < until and not _all_open(given, children):
            time.sleep(0.2)
        log = topics(given.log, partitions=given.partitions)
        asyncio.run(copy_topic(given.address, log.posts, own.posts))
        each = [found for child in children if (found := self._ended(name, child))]
        if len(each) == count:
            total = sum(found.n for found in each)
            held = {k: round(n / total) for k, n in bytes_on(given.address, own).items()}
            held["worker folders"] = round(_size_of(given) / total)
            began = min(found.more["began"] for found in each)
            ended = max(found.more["ended"] for found in each)
            self._keep(
                name,
                Found(
                    case=name, unit="post", n=total, more={"bytes": held},
                    cpu_s=sum(found.cpu_s for found in each), wall_s=ended - began,
                ),
            )  # fmt: skip

    def delay(self, rate: float) -> None:
        """Posts at this rate to one worker."""
        if self._over("delay"):
            return
        given = self.fresh(rate=rate)
        worker = self._start("both_faust", given)
        until = time.monotonic() + JOIN_S
        while time.monotonic() < until and not _all_open(given, [worker]):
            time.sleep(0.2)
        self._keep("delay", self._ended("delay", self._start("delay", given)))
        self._ended("delay", worker)

    def _over(self, name: str) -> bool:
        if time.monotonic() > self._until:
            self.failed[name] = "left out: the time was over"
            return True
        print(f"{name} …", file=sys.stderr, flush=True)
        return False

    def _start(self, name: str, given: Given) -> subprocess.Popen[bytes]:
        raw = msgspec.json.encode(given).decode()
        log = (given.folder / "cases.log").open("a")
        with log:
            return subprocess.Popen(
                [*INTERPRETER, name, raw], stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": "."},
            )  # fmt: skip

    def _ended(self, name: str, child: subprocess.Popen[bytes]) -> Found | None:
        try:
            child.wait(CASE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            self.failed[name] = f"took more than {CASE_S:.0f} s"
            return None
        if child.returncode:
            last = (self.given.folder / "cases.log").read_text().strip().rpartition("\n")[2]
            self.failed[name] = f"ended with {child.returncode}: {last}"
            return None
        said = (self.given.folder / f"{child.pid}.found").read_bytes()
        return msgspec.json.decode(said, type=Found)

    def _keep(self, name: str, found: Found | None) -> None:
        if found is None:
            return
        best = self.found.get(name)
        if best is None or found.cpu_us < best.cpu_us:
            self.found[name] = msgspec.structs.replace(found, case=name)


def prefix_of(made: Topics) -> str:
    return made.posts.name.partition(".")[0]


def _all_open(given: Given, children: list[subprocess.Popen[bytes]]) -> bool:
    signs = list(given.folder.glob(f"{given.own}-open-*"))
    owners = {sign.name.rpartition("-")[2] for sign in signs}
    mine = {str(child.pid) for child in children}
    return len(signs) == 2 * given.partitions and owners == mine


def _size_of(given: Given) -> int:
    """Bytes in the folders of the workers."""
    folders = given.folder.glob(f"{given.own}-*")
    return sum(f.stat().st_size for folder in folders for f in folder.rglob("*.db"))


PARTS = ("worker", "producer", "whole", "delay", "index", "packing", "where")


def measure(bench: Bench, *, rounds: int, parts: Collection[str]) -> None:
    """All cases of these parts, what matters most first."""
    given = bench.given
    bench.once("collect", msgspec.structs.replace(given, own=given.log))
    if "worker" in parts:
        bench.in_turn([*LONG], rounds)
        bench.in_turn(["embedded", "all_plain", "all_faust"], rounds)
    if {"whole", "delay"} & set(parts):
        bench.workers("one worker", 1)
    one = bench.found.get("one worker")
    if "delay" in parts and one is not None:
        bench.delay(one.rate / 2)
    if "whole" in parts:
        bench.workers("two workers", 2)
    if {"index", "packing"} & set(parts):
        # Results of the log's own prefix, for what reads them.
        bench.once("all_plain", msgspec.structs.replace(given, own=given.log))
    if "index" in parts:
        again = bench.fresh()
        bench.once("indexer", again)
        bench.once("parallel", again)
    if "producer" in parts:
        ways = ("ours", "kafka_python", "kafka_python_as_shipped", "aiokafka", "confluent")
        for name in ways:
            bench.once(f"producer_{name}")
    if "whole" in parts:
        bench.once("embedded_whole")
    for name in ("packing", "where"):
        if name in parts:
            bench.once(name)


def main() -> None:
    """Measure and print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=16_000)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--batch", type=int, default=4000, help="most records a transaction")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=480, help="begin no case after these")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="measure these alone"
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    began = time.monotonic()
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        address = stack.enter_context(kafka())
        url = urls(stack.enter_context(elasticsearch()))[0] if "index" in asked.parts else ""
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-scale-")))
        log = new_topics(address, asked.partitions)
        events = record_demo(folder / "recorded", asked.posts)
        write_subjects(address, log, events)
        long = new_topics(address, asked.partitions)
        for number in range(COPIES):
            # Event time goes on once only.
            without = subject_key(Tick(at=0)) if number else None
            asyncio.run(copy_topic(address, log.subjects, long.subjects, without))
        given = Given(
            bootstrap=address.bootstrap, url=url, log=prefix_of(log), long=prefix_of(long), own="",
            home=str(folder), partitions=asked.partitions, batch=asked.batch, posts=asked.posts,
        )  # fmt: skip
        bench = Bench(given, began + asked.seconds)
        measure(bench, rounds=asked.rounds, parts=asked.parts)
    report = Report(
        found=bench.found, failed=bench.failed, cores=os.cpu_count() or 1, load_before=load,
        load_after=os.getloadavg()[0], seconds=time.monotonic() - began,
    )  # fmt: skip
    print(json.dumps(report.plain()) if asked.json else told(report))


if __name__ == "__main__":
    main()
