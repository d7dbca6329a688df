"""Killed at any moment and started again: nothing lost, nothing doubled, same outputs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboards.demo.cast import AGENCY_FILE
from stream.storage.store import Store
from tests.dashboards.archive_world import contents, jikimi, settings, write_posts

pytestmark = [pytest.mark.crash, pytest.mark.slow]

KILLS = 8


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_posts(tmp_path_factory.mktemp("posts") / "posts.ndjson")


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
    # A machine that is busy with other tests may be slow once, hardly three times.
    assert any(seconds_to_stop(command) < 3 for _ in range(3))
    assert jikimi("--config", config, "run", "--no-web", "--data", tmp_path / "data") == 0


def seconds_to_stop(command: list[str]) -> float:
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
        code = child.wait(60)
        took = time.monotonic() - asked

    assert code == 0, said
    assert "Traceback" not in said
    return took


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
