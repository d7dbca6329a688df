"""A day with Reddit as a person has it: `jikimi run` on a settings file, against a local Reddit."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ingest.reddit_server import CLIENT_ID, CLIENT_SECRET, RunningReddit, reddit

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOUR_S = 3600.0


class Running:
    """A `jikimi run` of its own process; what it says goes to a file."""

    def __init__(self, folder: Path, server: RunningReddit) -> None:
        (folder / "secret").write_text(CLIENT_SECRET + "\n")
        (folder / "watchlist.toml").write_text(
            '[[subjects]]\nid = "haneul"\nkind = "idol"\nname = "서하늘"\nnames.ko = ["서하늘"]\n'
        )
        (folder / "jikimi.toml").write_text(
            f'data.folder = "data"\nwatchlist.file = "watchlist.toml"\nweb.port = 0\n'
            f"sources.bluesky.enabled = false\n[sources.reddit.options]\n"
            f'client_id = "{CLIENT_ID}"\nuser_agent = "linux:org.example.watch:1 (by u/x)"\n'
            f'subreddits = ["kpop"]\nbackfill = "7d"\npoll_interval_s = 2\n'
            f'oauth_url = "{server.url}"\nreddit_url = "{server.url}"\n'
        )
        self.folder = folder
        self.said = folder / "said.txt"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("JIKIMI")}
        key = "JIKIMI__SOURCES__REDDIT__OPTIONS__CLIENT_SECRET_FILE"
        environ |= {key: str(self.folder / "secret"), "PYTHONPATH": str(ROOT)}
        with self.said.open("ab") as out:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "dashboards", "-v", "run"],
                cwd=self.folder, env=environ, stdout=out, stderr=out,
            )  # fmt: skip

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._child is not None:
            self._child.send_signal(how)
            self._child.wait(30)
            self._child = None

    def texts(self) -> set[str] | None:
        """Texts of the posts that the API has; None while it starts."""
        pages = re.findall(r"^pages: (\S+)$", self.said.read_text(), re.MULTILINE)
        try:
            with urllib.request.urlopen(
                f"{pages[-1]}/api/posts?limit=100", timeout=5
            ) as answer:
                return {item["text"] for item in json.load(answer)["items"]}
        except (IndexError, OSError):
            return None


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


@pytest.fixture
def jikimi(tmp_path: Path, server: RunningReddit) -> Iterator[Running]:
    running = Running(tmp_path, server)
    yield running
    running.end()


def until(happened: Callable[[], bool], said: Path) -> None:
    begun = time.monotonic()
    while not happened():
        assert time.monotonic() - begun < 120, said.read_text()
        time.sleep(0.3)


def test_past_and_present_are_found_across_a_kill_and_what_is_removed_goes(
    server: RunningReddit, jikimi: Running
) -> None:
    now = time.time()
    old = server.submit("서하늘 연습", created_utc=now - 120 * HOUR_S, num_comments=1)
    answer = server.comment("so good", on=old, created_utc=now - 119 * HOUR_S)
    for n in range(105):
        server.submit(f"weather {n}", created_utc=now - 50 * HOUR_S)
        server.comment(f"rain {n}", created_utc=now - 50 * HOUR_S)
    new = server.submit("서하늘 무대", created_utc=now)
    jikimi.start()
    until(lambda: jikimi.texts() == {"서하늘 연습", "so good", "서하늘 무대"}, jikimi.said)

    jikimi.end(signal.SIGKILL)
    server.submit("서하늘 돌아왔다", created_utc=time.time())
    server.moods = [(503, {}, b"<html>"), (429, {"Retry-After": "1"}, b""), "reset"]
    jikimi.start()
    until(lambda: len(jikimi.texts() or ()) == 4, jikimi.said)
    assert "서하늘 돌아왔다" in (jikimi.texts() or ())

    server.change(new, removed_by_category="moderator", selftext="[removed]")
    until(lambda: "서하늘 무대" not in (jikimi.texts() or {"서하늘 무대"}), jikimi.said)
    jikimi.end()

    said = jikimi.said.read_text()
    assert "Traceback" not in said
    assert "Reddit is in trouble (503)" in said
    assert "logged 4 posts" in said, "nothing came twice"
    assert answer in " ".join(server.things), "the comment was found under its submission"
    everything = [jikimi.said, *(p for p in (jikimi.folder / "data").rglob("*") if p.is_file())]
    for path in everything:
        raw = path.read_bytes()
        assert CLIENT_SECRET.encode() not in raw, path
        assert b"sentinel-token" not in raw, path
