"""The restore drill: a backup of a running jikimi, restored elsewhere, goes on as if undisturbed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from dashboards.care.backup import back_up
from dashboards.care.manifest import SCHEMAS
from dashboards.care.restore import restore
from dashboards.desk import Desk
from dashboards.notify import Notifier
from stream.banks import BANKS_FILE, Banks
from stream.local_index import LocalIndex
from stream.sink import Delivery
from tests.dashboards.archive_world import contents, jikimi, settings, write_posts

pytestmark = [pytest.mark.slow, pytest.mark.crash]

NOT_IN_A_BACKUP = {"index", "web-secret", "jikimi.lock", "desk.db.lock"}
"""What a data folder also holds, and why it need not be kept: the index and the locks are
made anew, and a new key for cookies only makes people log in again."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    return settings(folder, write_posts(folder / "posts.ndjson"))


@pytest.fixture(scope="module")
def undisturbed(config: Path) -> Path:
    """A run from the first post to the last."""
    folder = config.parent / "whole"
    assert jikimi("--config", config, "run", "--no-web", "--data", folder) == 0
    return folder


def entries(store: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM posts_log").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize(("shape", "after"), [("dir", 300), ("file.tar.zst", 2000)])
def test_a_backup_of_a_running_jikimi_goes_on_elsewhere_as_if_nothing_had_happened(
    config: Path, undisturbed: Path, tmp_path: Path, shape: str, after: int
):
    data, backup = tmp_path / "data", tmp_path / shape
    command = [sys.executable, "-m", "dashboards", "-q", "--config", str(config), "run"]
    with subprocess.Popen([*command, "--no-web", "--data", str(data)]) as child:
        deadline = time.monotonic() + 60
        while entries(data / "jikimi.db") < after and time.monotonic() < deadline:
            time.sleep(0.01)
        assert jikimi("--config", config, "backup", backup, "--data", data) == 0
        struck = child.poll() is None
        # The machine is lost at once.
        child.send_signal(signal.SIGKILL)

    assert jikimi("restore", backup, "--data", tmp_path / "new") == 0
    held = entries(tmp_path / "new" / "jikimi.db")
    assert jikimi("--config", config, "run", "--no-web", "--data", tmp_path / "new") == 0

    assert struck
    assert after <= held < entries(undisturbed / "jikimi.db")
    assert contents(tmp_path / "new") == contents(undisturbed)


def test_every_file_of_a_data_folder_is_in_the_backup_or_known_to_be_left_out(
    config: Path, tmp_path: Path
):
    data = tmp_path / "data"
    environ = {**os.environ, "JIKIMI__WEB__PORT": "0"}
    command = [sys.executable, "-m", "dashboards", "-q", "--config", str(config), "run"]
    subprocess.run([*command, "--data", str(data)], env=environ, check=True, timeout=120)

    with Banks(data / BANKS_FILE) as banks:
        banks.create("official", "official", who="kim", now=1)
    made = back_up(data, tmp_path / "whole", watchlist=None, now=1)

    found = {path.name.removesuffix("-wal").removesuffix("-shm") for path in data.iterdir()}
    assert {"jikimi.db", "desk.db", "index", "web-secret"} <= found
    assert found - NOT_IN_A_BACKUP == {file.name for file in made.files} == set(SCHEMAS)


class Kept:
    """A sink that remembers what it was given."""

    name = "team"

    def __init__(self) -> None:
        self.given: list[str] = []

    def deliver(self, delivery: Delivery) -> None:
        self.given.append(delivery.delivery_id)


def deliver(folder: Path) -> tuple[list[str], list[str]]:
    """Deliver what waits; what was sent, and which alerts somebody has decided about."""
    index, desk, sink = (
        LocalIndex(folder / "index", read_only=True),
        Desk(folder / "desk.db"),
        Kept(),
    )
    notifier = Notifier(index, desk, [sink], public_url="https://x.example", clock=lambda: 1)
    notifier.plan()
    while notifier.deliver_next("team") == 0.0:
        pass
    alerts = [alert.alert_id for _, alert in index.alerts_after(0)]
    decided = list(desk.decisions(alerts))
    if not decided:
        desk.decide(alerts[0], "resolved", reason="handled", who="Hana", at_ms=1)
    desk.close()
    index.close()
    return sink.given, decided


def test_after_a_restore_nobody_is_called_twice_and_decisions_stand(
    undisturbed: Path, tmp_path: Path
):
    back_up(undisturbed, tmp_path / "first", watchlist=None, now=1)
    restore(tmp_path / "first", tmp_path / "data")
    sent, _ = deliver(tmp_path / "data")
    assert len(sent) >= 3

    back_up(tmp_path / "data", tmp_path / "whole", watchlist=None, now=2)
    restore(tmp_path / "whole", tmp_path / "new")

    again, decided = deliver(tmp_path / "new")
    assert again == []
    assert len(decided) == 1
