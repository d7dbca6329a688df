"""``jikimi web`` as a process: ready line, real index, refusals, end with its parent."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dashboards.commands.web import read_secret
from dashboards.composing.compose import DESK_FILE, INDEX_FOLDER
from dashboards.composing.serving import web_process
from stream.local_index import LocalIndex
from tests.dashboards.web.conftest import post_form
from tests.dashboards.web.world import SMEAR, fill

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("JIKIMI")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the invented world in a real local index."""
    monkeypatch.chdir(tmp_path)
    index = LocalIndex(tmp_path / "data" / INDEX_FOLDER)
    fill(index)
    index.close()
    return tmp_path / "data"


@contextmanager
def running(folder: Path, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dashboards",
            "web",
            "--data",
            str(folder),
            "--port",
            "0",
            *options,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT), **environment},
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def url_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout
    line = child.stdout.readline()
    assert line.startswith("ready http://127.0.0.1:"), line
    return line.removeprefix("ready ").strip()


def visitor(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=20, trust_env=False)


def test_the_pages_of_a_real_index_answer_as_soon_as_they_say_ready(folder: Path):
    with running(folder) as child, visitor(url_of(child)) as client:
        overview = client.get("/")
        alert = client.get(f"/alerts/{SMEAR}")
        cluster = client.get("/clusters/cluster_smear")
        found = client.get("/posts?q=연습실에서")

    assert overview.status_code == 200
    assert "4 alerts wait for a decision" in overview.text
    assert "same time on 5 earlier days" in overview.text
    assert "연습실에서" in alert.text
    assert "Wording 2" in cluster.text
    assert "48 posts found" in found.text


def test_no_answer_waits_for_an_acknowledgement(folder: Path):
    with running(folder) as child, httpx.Client(base_url=url_of(child), trust_env=False) as who:
        taken = list[float]()
        for _ in range(30):
            begun = time.perf_counter()
            assert who.get("/healthz").status_code == 200
            taken.append(time.perf_counter() - begun)

    # On a busy machine many are slow; held back by the network layer, all take 40 ms.
    assert min(taken) < 0.03


def test_decisions_survive_a_restart(folder: Path):
    with running(folder) as child, visitor(url_of(child)) as client:
        post_form(client, f"/alerts/{SMEAR}", f"/alerts/{SMEAR}/decide", state="acknowledged")
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) in {0, -signal.SIGTERM}

    with running(folder) as child, visitor(url_of(child)) as client:
        assert SMEAR in client.get("/alerts?state=acknowledged").text


def test_the_pages_end_when_their_parent_does(folder: Path):
    with running(folder, "--with-parent") as child:
        url_of(child)
        assert child.stdin
        child.stdin.close()
        child.stdin = None

        assert child.wait(30) == 0


def test_the_pipeline_starts_and_ends_them(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with web_process(folder, config=None, options=["--port", "0"]) as web:
        assert httpx.get(f"{web.url}/healthz", trust_env=False).status_code == 200
        assert web.alive()
    begun = time.monotonic()
    with pytest.raises(httpx.ConnectError):
        httpx.get(web.url, trust_env=False)
    assert time.monotonic() - begun < 5


def test_before_the_first_post_the_pages_say_what_to_do(tmp_path: Path):
    with running(tmp_path / "new") as child, visitor(url_of(child)) as client:
        assert "No source has run yet" in client.get("/").text


def test_an_open_address_without_a_password_is_refused(folder: Path):
    with running(folder, "--host", "0.0.0.0") as child:
        _, said = child.communicate(timeout=60)

    assert child.returncode == 3
    assert "set web.password" in said


def test_a_password_from_the_environment_locks_the_pages(folder: Path):
    with (
        running(folder, JIKIMI__WEB__PASSWORD="opensesame") as child,
        visitor(url_of(child)) as client,
    ):
        assert client.get("/").status_code == 303
        child.terminate()
        said = "".join(child.communicate(timeout=60))

    assert "opensesame" not in said


def test_a_second_process_on_the_same_desk_is_refused(folder: Path):
    with running(folder) as first:
        url_of(first)
        with running(folder) as second:
            _, said = second.communicate(timeout=60)

    assert second.returncode == 1
    assert DESK_FILE in said or "desk" in said


def test_a_port_in_use_is_named(folder: Path):
    with running(folder) as first:
        port = url_of(first).rsplit(":", 1)[1]
        with running(folder, "--port", port) as second:
            _, said = second.communicate(timeout=60)

    assert second.returncode == 1
    assert f"127.0.0.1:{port}" in said


def test_the_signing_secret_is_kept_and_private(tmp_path: Path):
    path = tmp_path / "web-secret"

    made = read_secret(path)

    assert len(made) == 32
    assert read_secret(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"cut")
    assert read_secret(path) != b"cut"
