"""Kafka over TLS with login: everything works, and what is wrong is said without secrets."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from ingest.secret import Secret
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from stream.scale.address import KafkaAddress, kafka_python
from stream.scale.indexing import Indexer
from stream.scale.kafka_log import delivered_cursors, delivered_posts
from tests.scale.drift_world import AGENCY, results_on
from tests.scale.kafka_world import ids_on, new_topics
from tests.scale.secure_world import (
    EXPIRED,
    PASSWORD,
    SECURE,
    USER,
    make_authority,
    settings,
)
from tests.scale.servers import own_kafka, public_folder
from tests.scale.worker_world import Process, collect_demo, demo, kafka_settings, wait_until

pytestmark = pytest.mark.slow

WRONG = "wrong-horse-battery"
POSTS = 200


class Ways(NamedTuple):
    """To one broker: openly, over TLS with login, and to its expired certificate."""

    open: KafkaAddress
    secure: KafkaAddress
    expired: KafkaAddress


@pytest.fixture(scope="module")
def ways() -> Iterator[Ways]:
    with public_folder() as folder:
        authority = make_authority(folder, "authority")
        first: list[int] = []

        def told(port: int) -> str:
            first.append(port)
            return settings(folder, port)

        with own_kafka(settings=told) as servers:
            plain = KafkaAddress(bootstrap=servers.bootstrap)
            kinds = kafka_python("kafka.admin")
            with kafka_python().KafkaAdminClient(**plain.options()) as admin:
                for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                    made = kinds.UserScramCredentialUpsertion(USER, mechanism, PASSWORD)
                    admin.alter_user_scram_credentials([made])

            def over_tls(behind: int) -> KafkaAddress:
                return KafkaAddress(
                    bootstrap=f"127.0.0.1:{first[0] + behind}", tls=True, ca_file=authority,
                    sasl="SCRAM-SHA-512", username=USER, password=Secret(PASSWORD),
                )  # fmt: skip

            secure = over_tls(SECURE)
            # The broker knows a name a moment after it was made.
            wait_until(lambda: reached(secure), 60)
            yield Ways(plain, secure, over_tls(EXPIRED))


def reached(address: KafkaAddress) -> bool:
    kafka = kafka_python()
    try:
        with kafka.KafkaAdminClient(**address.options(), bootstrap_timeout_ms=2000):
            return True
    except kafka.errors.KafkaError:
        return False


def login(address: KafkaAddress, mechanism: str) -> KafkaAddress:
    return msgspec.structs.replace(address, sasl=mechanism)


class Taking:
    """The local index in the indexer's hands."""

    def __init__(self, folder: Path) -> None:
        self.index = LocalIndex(folder)
        self.posts: set[str] = set()

    def take(self, batch: IndexBatch, /) -> Sequence[object]:
        self.index.write(batch)
        self.posts |= {seen.post.id for seen in batch.sightings}
        return ()


@pytest.mark.parametrize(
    ("mechanism", "frame"), [("SCRAM-SHA-512", "faust"), ("PLAIN", "plain")]
)
def test_everything_works_over_tls_with_a_login(ways, tmp_path, mechanism, frame):
    address = login(ways.secure, mechanism)
    topics = new_topics(address, 2)
    totals = collect_demo(address, topics, tmp_path / "collect", demo(POSTS))
    worker = Process(address, topics, tmp_path / "worker", "--frame", frame)
    taking = Taking(tmp_path / "index")
    indexer = Indexer(address, topics, f"{topics.posts.name}.index", taking, now=lambda: 0)
    stop = threading.Event()
    thread = threading.Thread(target=indexer.run, args=[stop])
    thread.start()
    wanted = ids_on(address, topics)
    assert 0 < len(wanted) <= totals["logged"]
    try:
        wait_until(lambda: taking.posts >= wanted and results_on(address, topics), 150)
        assert worker.end() == 0, worker.said
    finally:
        stop.set()
        thread.join(30)
        indexer.close()
        worker.kill()
    taking.index.close()

    assert results_on(address, topics)
    assert set(delivered_cursors(address, topics)) == {"demo"}
    assert sum(len(list(part)) for part in delivered_posts(address, topics)) > 0
    assert PASSWORD not in worker.said


def said_by(
    part: Sequence[str], address: KafkaAddress, folder: Path, topics: str
) -> tuple[int, str, float]:
    """Run a part of scale-out to its end: exit code, what it said, seconds."""
    only = ("--only", "kafka") if part[0] == "setup" else ()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JIKIMI__")}
    environment |= kafka_settings(address) | {
        "JIKIMI__KAFKA__PREFIX": topics,
        "JIKIMI__WATCHLIST__FILE": str(AGENCY),
        "JIKIMI__DATA__FOLDER": str(folder),
    }
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "dashboards", *part, *only],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


def cases(ways: Ways, folder: Path) -> dict[str, tuple[KafkaAddress, str]]:
    """What is wrong, and what has to be said about it."""
    stranger = make_authority(folder, "stranger")
    wrong = msgspec.structs.replace(ways.secure, password=Secret(WRONG))
    return {
        "password": (wrong, "kafka.password"),
        "plain password": (login(wrong, "PLAIN"), "kafka.password"),
        "expired": (ways.expired, "certificate has expired"),
        "authority": (
            msgspec.structs.replace(ways.secure, ca_file=stranger),
            "kafka.ca_file",
        ),
    }


@pytest.mark.parametrize("wrong", ["password", "plain password", "expired", "authority"])
def test_what_is_wrong_is_said_in_bounded_time_and_without_secrets(ways, tmp_path, wrong):
    address, wanted = cases(ways, tmp_path)[wrong]

    code, said, seconds = said_by(("collect",), address, tmp_path, "nobody")

    assert code == 1, said
    assert wanted in said
    assert address.bootstrap in said
    assert PASSWORD not in said
    assert WRONG not in said
    assert "Traceback" not in said
    assert seconds < 60
