"""``jikimi collect`` as a process of its own, over a file, on a machine with any clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from dashboards.composing.compose import matching
from dashboards.demo.scenario import Scenario, generate
from ingest.archive import ArchiveSource
from ingest.records import Post
from stream.scale.address import KafkaAddress
from stream.settings import Settings
from stream.topics import Topics
from tests.scale.drift_world import AGENCY, agency
from tests.scale.worker_world import kafka_settings
from tests.stream.embedded_world import START

SKEWED = """
import sys, time
off = int(sys.argv.pop(1))
wall, wall_ns = time.time, time.time_ns
time.time = lambda: wall() + off
time.time_ns = lambda: wall_ns() + off * 10**9
from dashboards.cli import main
main()
"""
"""jikimi on a machine whose clock is so many seconds off."""


def written(folder: Path, posts: int) -> Path:
    """The posts of the demo as a file that the archive source reads."""
    scenario = Scenario(seed=7, posts=posts, hours=24, start_ms=START)
    file = folder / "posts.ndjson"
    with file.open("w", encoding="utf-8") as lines:
        for item in (staged.item for staged in generate(scenario)):
            if isinstance(item, Post):
                at = datetime.fromtimestamp(item.created_at / 1000, UTC)
                shown = {
                    "id": item.id, "platform": item.platform, "author_id": item.author_id,
                    "created_at": at.isoformat(), "text": item.text,
                }  # fmt: skip
                lines.write(json.dumps(shown) + "\n")
    return file


def matched(file: Path) -> set[str]:
    """Ids of the posts of a file that are about somebody."""
    match, *_ = matching(Settings(), agency())
    items = [sighting.item for sighting in ArchiveSource([file]).read(None, threading.Event())]
    return {item.id for item in items if isinstance(item, Post) and match(item)}


class Collector:
    """A ``jikimi collect`` of that file, on a machine with a clock of its own."""

    def __init__(
        self, address: KafkaAddress, topics: Topics, folder: Path, file: Path, off_s: int = 0
    ) -> None:
        folder.mkdir()
        settings = folder / "jikimi.toml"
        settings.write_text(
            "[sources.bluesky]\nenabled = false\n"
            f'[sources.file]\nkind = "archive"\nenabled = true\n'
            f'[sources.file.options]\npaths = ["{file}"]\n'
        )
        environment = {k: v for k, v in os.environ.items() if not k.startswith("JIKIMI__")}
        environment |= kafka_settings(address) | {
            "JIKIMI__KAFKA__PREFIX": topics.posts.name.partition(".")[0],
            "JIKIMI__KAFKA__PARTITIONS": str(topics.subjects.partitions),
            "JIKIMI__KAFKA__ROUTER_PARTITIONS": str(topics.posts.partitions),
            "JIKIMI__KAFKA__REPLICATION": str(len(address.servers())),
            "JIKIMI__WATCHLIST__FILE": str(AGENCY),
            "JIKIMI__PIPELINE__BATCH": "10",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self._log = folder / "log"
        with self._log.open("w") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-c", SKEWED, str(off_s), "--config", str(settings),
                 "collect", "--data", str(folder)],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._log.read_text()

    def end(self) -> None:
        assert self.child.wait(240) == 0, self.said

    def kill(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(60)
