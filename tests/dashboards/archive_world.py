"""A whole world as a file of posts, read by real commands, and what a data folder then holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from dashboards.batch.rows import iso
from dashboards.demo.cast import AGENCY_FILE
from dashboards.demo.scenario import Scenario, generate
from ingest.records import Post
from stream.local_index import LocalIndex
from stream.storage.state import Results
from stream.storage.store import Store

START_MS = 1_767_571_200_000


def write_posts(path: Path) -> Path:
    """The demo's world as a file of posts, a line that is none among them."""
    scenario = Scenario(seed=5, start_ms=START_MS, posts=9000)
    with path.open("wb") as file:
        for number, staged in enumerate(generate(scenario)):
            if isinstance(staged.item, Post):
                row = msgspec.to_builtins(staged.item)
                row["created_at"] = iso(staged.at)
                for name in ("schema", "observed_at", "author", "source"):
                    row.pop(name, None)
                file.write(msgspec.json.encode(row) + b"\n")
            if number == 2000:
                file.write(b'{"id": "cut off\n')
    return path


def jikimi(*args: object, kill_after: float | None = None) -> int:
    """Run a command to its end, or kill it without warning after some seconds."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("JIKIMI")}
    child = subprocess.Popen(
        [sys.executable, "-m", "dashboards", "-q", *map(str, args)],
        env=environ,
        stdout=subprocess.DEVNULL,
    )
    if kill_after is None:
        return child.wait(120)
    time.sleep(kill_after)
    child.send_signal(signal.SIGKILL)
    return child.wait(60)


def settings(folder: Path, posts: Path) -> Path:
    path = folder / "jikimi.toml"
    path.write_text(
        f'[watchlist]\nfile = "{AGENCY_FILE}"\n[pipeline]\nbatch = 100\n'
        f'[sources.archive.options]\npaths = ["{posts}"]\n',
        encoding="utf-8",
    )
    return path


def contents(folder: Path) -> tuple[object, ...]:
    """Logs, state, results, counters and index of a data folder."""
    store = Store(folder)
    results = Results(store)
    kinds = ("alert", "burst", "cluster", "membership")
    found = (
        store.db.execute("SELECT offset, body FROM posts_log ORDER BY offset").fetchall(),
        store.db.execute(
            "SELECT id, post_offset, body FROM subject_log ORDER BY id"
        ).fetchall(),
        store.db.execute("SELECT source, name, n FROM counters ORDER BY 1, 2").fetchall(),
        store.db.execute("SELECT stage, reason FROM dead_letters").fetchall(),
        [list(results.of_kind(kind)) for kind in kinds],
    )
    store.close()
    index = LocalIndex(folder / "index", read_only=True)
    counts = dict(index.counts())
    index.close()
    return (*found, counts)
