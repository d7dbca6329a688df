"""What Bluesky deletes leaves every byte of the data folder of a running jikimi in a minute."""

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

import pytest

from tests.ingest.jetstream_server import Jetstream, jetstream, post_event

pytestmark = [pytest.mark.slow, pytest.mark.crash]

ROOT = Path(__file__).parents[2]
SENTINEL = "zzqsentinel"
KOREAN = "쀍뛣쫕"
WORDS = [SENTINEL, KOREAN[:2]]
MINUTE_S = 60.0

TEXT = f"Arin was seen at the airport with {SENTINEL} and {KOREAN} yesterday evening"


def now_us() -> int:
    return time.time_ns() // 1000


def write_settings(folder: Path, server: Jetstream) -> Path:
    (folder / "watchlist.toml").write_text(
        '[[subjects]]\nid = "arin"\nkind = "idol"\nname = "Arin"\nnames.en = ["Arin"]\n'
    )
    settings = folder / "jikimi.toml"
    settings.write_text(
        f'[data]\nfolder = "{folder / "data"}"\n[watchlist]\nfile = "{folder / "watchlist.toml"}"\n'
        f'[web]\nport = 0\n[sources.bluesky.options]\nurls = ["{server.url}"]\n'
    )
    return settings


@contextmanager
def running(settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running jikimi; what it says goes to the file ``said`` beside its settings."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("JIKIMI")}
    said = settings.with_name("said")
    with said.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-m", "dashboards", "-q", "--config", str(settings), "run"],
            cwd=ROOT, env=environ, stderr=file,
        )  # fmt: skip
    try:
        yield child
        # Ctrl-C while modules are imported ends it too, but Python may tell of that.
        until(lambda: child.poll() is not None or b"pages:" in said.read_bytes(), 60)
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(60)
        finally:
            child.kill()
            child.wait()
        assert b"Traceback" not in said.read_bytes()


def held(folder: Path, words: list[str] = WORDS) -> list[str]:
    """Where in the folder the words stand."""
    found = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("sentinel.py")), str(folder), *words],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return found.stdout.splitlines()


def until(happened, seconds: float) -> float:
    """Seconds until it happened."""
    begun = time.monotonic()
    while not happened():
        assert time.monotonic() - begun < seconds, "it did not happen in time"
        time.sleep(0.5)
    return time.monotonic() - begun


def smear(server: Jetstream) -> None:
    """Copies by six accounts, so that there is a cluster, a burst and an alert."""
    for n in range(6):
        picture = {
            "$type": "app.bsky.embed.images",
            "images": [
                {
                    "alt": f"{SENTINEL} in a picture",
                    "image": {
                        "$type": "blob",
                        "ref": {"$link": "b" * 40},
                        "mimeType": "image/png",
                    },
                }
            ],
        }
        server.add(
            post_event(
                f"3smear{n}",
                TEXT,
                now_us(),
                did=f"did:plc:liar{n}",
                tags=[SENTINEL],
                embed=picture,
            )
        )
    broken = json.loads(post_event("3broken", TEXT, now_us(), did="did:plc:liar9"))
    broken["commit"]["record"]["text"] = {"not": SENTINEL}
    server.add(json.dumps(broken).encode())


def crowd(server: Jetstream, first: int, count: int) -> None:
    for n in range(first, first + count):
        server.add(
            post_event(f"3crowd{n}", f"Arin sang song number {n} so well", now_us(),
                       did=f"did:plc:fan{n}")
        )  # fmt: skip


def deletions() -> list[bytes]:
    found = [
        post_event(f"3smear{n}", "", now_us(), did=f"did:plc:liar{n}", operation="delete")
        for n in range(5)
    ]
    found.append(post_event("3broken", "", now_us(), did="did:plc:liar9", operation="delete"))
    account = {"active": False, "did": "did:plc:liar5", "status": "deleted", "seq": 1}
    event = {"did": "did:plc:liar5", "time_us": now_us(), "kind": "account", "account": account}
    found.append(json.dumps(event).encode())
    return found


def everywhere(data: Path) -> bool:
    """The words stand in log, index, search and dead letters."""
    places = held(data)
    return any("jikimi.db" in p for p in places) and any("terms" in p for p in places)


def test_deleted_words_are_nowhere_within_a_minute(tmp_path):
    data = tmp_path / "data"
    with jetstream() as server:
        settings = write_settings(tmp_path, server)
        with running(settings):
            crowd(server, 0, 500)
            smear(server)
            crowd(server, 500, 500)
            until(lambda: data.exists() and everywhere(data), 60)

            server.add(*deletions())
            crowd(server, 1000, 100)
            took = until(lambda: held(data) == [], MINUTE_S)
            print(f"nowhere after {took:.1f} s")
            assert held(data, ["song"]) != [], "what nobody deleted is still there"


@pytest.mark.parametrize("after_s", [0.3, 1.5, 4.0])
def test_also_when_it_is_killed_in_between(tmp_path, after_s):
    data = tmp_path / "data"
    with jetstream() as server:
        settings = write_settings(tmp_path, server)
        with running(settings) as child:
            crowd(server, 0, 200)
            smear(server)
            until(lambda: data.exists() and everywhere(data), 60)
            server.add(*deletions())
            time.sleep(after_s)
            child.kill()
        with running(settings):
            until(lambda: held(data) == [], MINUTE_S)
            assert held(data, ["song"]) != []
