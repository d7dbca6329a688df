"""The live view on a real Kafka: what comes in is counted, and its page says no more than that."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from stream.records import PostSeen
from stream.scale.address import KafkaAddress
from stream.topics import RouterTick, Topics, pack, subject_key
from tests.scale.drift_world import AGENCY
from tests.scale.kafka_world import kafka, new_topics, raw_producer
from tests.stream.index_world import post

pytestmark = pytest.mark.slow

SUBJECTS = ("velloria", "dalsup")
PARTITIONS = 2


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


@pytest.fixture
def topics(address: KafkaAddress) -> Topics:
    return new_topics(address, PARTITIONS)


class View:
    """A running ``jikimi live``."""

    def __init__(self, address: KafkaAddress, topics: Topics, folder: Path) -> None:
        environ = {
            **os.environ,
            "JIKIMI__KAFKA__BOOTSTRAP": address.bootstrap,
            "JIKIMI__KAFKA__PREFIX": topics.posts.name.partition(".")[0],
            "JIKIMI__KAFKA__PARTITIONS": str(PARTITIONS),
            "JIKIMI__WATCHLIST__FILE": str(AGENCY),
            "PYTHONUNBUFFERED": "1",
        }
        self._log = (folder / "live.log").open("a+")
        self.child = subprocess.Popen(
            [sys.executable, "-m", "dashboards", "live", "--data", str(folder), "--port", "0"],
            env=environ, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        line = self.child.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), self.said
        self.url = line.split()[1]

    @property
    def said(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def counts(self) -> dict[str, int]:
        with urlopen(f"{self.url}/live.json") as answer:
            told = json.load(answer)
        assert told["approximate"] is True
        return {one["id"]: one["last_hour"] for one in told["subjects"] if one["last_hour"]}

    def until(self, wanted: dict[str, int]) -> None:
        deadline = time.monotonic() + 120
        while self.counts() != wanted:
            assert time.monotonic() < deadline, (self.counts(), self.said)
            time.sleep(0.3)

    def end(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(60)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()
        self._log.close()


@contextmanager
def live(address: KafkaAddress, topics: Topics, folder: Path) -> Iterator[View]:
    made = View(address, topics, folder)
    try:
        yield made
    finally:
        made.close()


def send(address: KafkaAddress, topics: Topics, *entries, raw: bytes | None = None) -> None:
    with raw_producer(address) as producer:
        for entry in entries:
            place = SUBJECTS.index(entry.subject) if isinstance(entry, PostSeen) else 0
            producer.send(
                topics.subjects.name, key=subject_key(entry), value=pack(entry), partition=place
            )
        if raw is not None:
            producer.send(topics.subjects.name, key=b"k", value=raw, partition=0)


def seen(name: str, subject: str, change: str = "new") -> PostSeen:
    return PostSeen(subject=subject, post=post(name, "secret words"), change=change)


def test_new_posts_are_counted_by_subject_and_a_restart_remembers_them(
    address, topics, tmp_path
):
    first, second = SUBJECTS
    with live(address, topics, tmp_path) as view:
        assert view.counts() == {}
        send(
            address, topics,
            *(seen(f"a{n}", first) for n in range(5)),
            *(seen(f"b{n}", second) for n in range(2)),
            seen("a0", first, "edit"), seen("a9", first, "past"), RouterTick(router=0, of=2, at=1),
            raw=b"\xc1 no record",
        )  # fmt: skip
        view.until({first: 5, second: 2})
        with urlopen(f"{view.url}/") as answer:
            page = answer.read().decode()
        assert "Approximate" in page
        assert "secret words" not in page
        assert view.end() == 0, view.said

    with live(address, topics, tmp_path) as view:
        view.until({first: 5, second: 2})
        send(address, topics, seen("a6", first))
        view.until({first: 6, second: 2})
        assert view.end() == 0, view.said


def test_its_page_answers_this_machine_only_and_has_nothing_of_fausts_own(
    address, topics, tmp_path
):
    with live(address, topics, tmp_path) as view:
        with urlopen(f"{view.url}/") as answer:
            policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        for path in ("/router", "/table", "/table/minutes", "/stats", "/graph", "/docs"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"{view.url}{path}")
        with pytest.raises(HTTPError, match="400"):
            urlopen(Request(view.url, headers={"Host": "evil.example"}))
        assert view.end() == 0, view.said
