"""Killed at any moment and started again: nothing lost, nothing doubled, same outputs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from dashboards.batch.outputs import iso
from dashboards.demo.cast import AGENCY_FILE
from dashboards.demo.scenario import Scenario, generate
from ingest.records import Post
from stream.local_index import LocalIndex
from stream.sqlite_state import Results
from stream.store import Store

pytestmark = [pytest.mark.crash, pytest.mark.slow]

START_MS = 1_767_571_200_000
KILLS = 8


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's world as a file of posts, a line that is none among them."""
    path = tmp_path_factory.mktemp("posts") / "posts.ndjson"
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
    return child.wait(10)


def killed_until_done(seed: int, *args: object) -> int:
    """Kill at random moments, then let it finish; how many kills struck a live process."""
    rng = random.Random(seed)
    struck = 0
    for _ in range(KILLS):
        code = jikimi(*args, kill_after=rng.uniform(0.6, 1.6))
        struck += code == -signal.SIGKILL
        if code != -signal.SIGKILL:
            break
    return struck


@pytest.mark.parametrize("watched", [False, True])
def test_an_analysis_that_is_killed_ends_with_the_same_files(
    tmp_path: Path, posts: Path, watched: bool
) -> None:
    extra = ["--watchlist", AGENCY_FILE] if watched else []
    assert jikimi("analyze", posts, "--out", tmp_path / "whole", *extra) == 4

    struck = killed_until_done(1, "analyze", posts, "--out", tmp_path / "cut", *extra)
    assert jikimi("analyze", posts, "--out", tmp_path / "cut", *extra) == 4

    assert struck >= 2
    whole = {p.name: p.read_bytes() for p in (tmp_path / "whole").iterdir()}
    assert {p.name: p.read_bytes() for p in (tmp_path / "cut").iterdir()} == whole
    assert b"copy_burst" in whole["alerts.ndjson"]


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


def test_a_run_that_is_killed_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, posts: Path
) -> None:
    config = settings(tmp_path, posts)
    command = ["--config", config, "run", "--no-web", "--data"]
    assert jikimi(*command, tmp_path / "whole") == 0

    struck = killed_until_done(2, *command, tmp_path / "cut")
    assert jikimi(*command, tmp_path / "cut") == 0

    assert struck >= 2
    whole = contents(tmp_path / "whole")
    assert contents(tmp_path / "cut") == whole
    assert whole[-1]["posts"] > 3000


def test_ctrl_c_ends_a_run_cleanly_within_three_seconds(tmp_path: Path, posts: Path) -> None:
    config = settings(tmp_path, posts)
    command = ["--config", str(config), "run", "--data", str(tmp_path / "data")]
    environ = {**os.environ, "JIKIMI__WEB__PORT": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "dashboards", *command],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if "pages:" in line:
                break
        time.sleep(0.3)
        asked = time.monotonic()
        child.send_signal(signal.SIGINT)
        said = child.stderr.read()
        code = child.wait(10)

    assert code == 0, said
    assert time.monotonic() - asked < 3
    assert "Traceback" not in said
    assert jikimi("--config", config, "run", "--no-web", "--data", tmp_path / "data") == 0


def test_a_second_run_on_the_same_folder_is_refused_in_plain_words(
    tmp_path: Path, posts: Path
) -> None:
    store = Store(tmp_path / "data")
    config = settings(tmp_path, posts)

    done = subprocess.run(
        [
            *(sys.executable, "-m", "dashboards", "--config", str(config)),
            *("run", "--no-web", "--data", str(tmp_path / "data")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    store.close()

    assert done.returncode == 1
    assert f"in use by another jikimi (process {os.getpid()})" in done.stderr
    assert "Traceback" not in done.stderr
