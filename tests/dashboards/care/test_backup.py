"""Backups: whole or nothing, consistent while everything moves, nothing secret in them."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.care import backup as backups
from dashboards.care.backup import back_up
from dashboards.care.manifest import BackupUnusableError
from dashboards.care.restore import check, restore
from dashboards.cli import run
from dashboards.desk import Desk
from stream.storage.errors import FolderInUseError
from stream.storage.store import Store
from tests.dashboards.care.backup_world import NOW, SHAPES, add_alert, decide, rows

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_backup_is_restored_with_every_row(data: Path, tmp_path: Path, shape: str):
    made = back_up(data, tmp_path / shape, watchlist=None, now=NOW)
    assert check(tmp_path / shape) == made

    restore(tmp_path / shape, tmp_path / "new")

    assert made.counts["posts_log"] == 200
    assert made.counts["decisions"] == 10
    for name, table in (("jikimi.db", "posts_log"), ("desk.db", "decisions")):
        sql = f"SELECT * FROM {table} ORDER BY 1"
        assert rows(tmp_path / "new" / name, sql) == rows(data / name, sql)
    assert not list(tmp_path.rglob("*.part"))
    assert not (tmp_path / "new" / "restoring").exists()


def test_the_manifest_names_every_file_with_its_hash_and_format(data: Path, tmp_path: Path):
    names = tmp_path / "names.toml"
    names.write_text("[[subjects]]\n")
    back_up(data, tmp_path / "whole", watchlist=names, now=NOW)

    said = json.loads((tmp_path / "whole" / "manifest.json").read_text())

    assert said["format"] == "jikimi-backup/1"
    assert said["made_at"] == NOW
    files = {file["name"]: file for file in said["files"]}
    assert set(files) == {"desk.db", "jikimi.db", "watchlist.toml"}
    for name, file in files.items():
        body = (tmp_path / "whole" / name).read_bytes()
        assert file["sha256"] == hashlib.sha256(body).hexdigest()
        assert file["bytes"] == len(body)
    assert files["jikimi.db"]["schema"] == rows(data / "jikimi.db", "PRAGMA user_version")[0][0]


@pytest.mark.parametrize("shape", SHAPES)
def test_only_its_owner_can_read_a_backup(data: Path, tmp_path: Path, shape: str):
    back_up(data, tmp_path / shape, watchlist=None, now=NOW)
    restore(tmp_path / shape, tmp_path / "new")
    for top in (tmp_path / shape, tmp_path / "new"):
        for file in [top, *top.glob("*.db"), *top.glob("*.json")]:
            assert file.stat().st_mode & 0o077 == 0, file


def test_whatever_moves_meanwhile_every_decision_names_an_alert_of_the_store(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(backups, "PAGES", 4)
    store, desk = Store(data), Desk(data / "desk.db")
    count = 1000

    def moves(done: int, total: int) -> None:
        nonlocal count
        assert done <= total + (1 << 20)
        decide(desk, add_alert(store, count))
        count += 1

    decide(desk, add_alert(store, 999))
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW, tell=moves)
    desk.close()
    store.close()

    alerts = {
        row[0] for row in rows(tmp_path / "whole" / "jikimi.db", "SELECT id FROM results")
    }
    named = rows(
        tmp_path / "whole" / "desk.db", "SELECT alert_id FROM decisions WHERE seq > 10"
    )
    assert ("al_999",) in named
    assert {row[0] for row in named} <= alerts
    assert count > 1010, "alerts came and were decided about all the time"
    assert f"al_{count - 1}" not in alerts, "and it is a moment of the past"


def test_a_writer_is_never_held_up_by_a_backup(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(backups, "PAGES", 4)
    store = Store(data)
    store.db.execute("PRAGMA busy_timeout=0")
    written = 0

    def writes(done: int, total: int) -> None:
        nonlocal written
        add_alert(store, 5000 + written)
        written += 1

    back_up(data, tmp_path / "whole", watchlist=None, now=NOW, tell=writes)
    store.close()
    assert written > 10


def test_nothing_is_ever_overwritten(data: Path, tmp_path: Path):
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    (tmp_path / "file.tar.zst").write_bytes(b"kept")
    for target in ("whole", "file.tar.zst", "data"):
        with pytest.raises(FileExistsError):
            back_up(data, tmp_path / target, watchlist=None, now=NOW)
    assert (tmp_path / "file.tar.zst").read_bytes() == b"kept"
    with pytest.raises(ValueError, match="lies in the data folder"):
        back_up(data, data / "inside", watchlist=None, now=NOW)

    with pytest.raises(FileExistsError, match="new folder"):
        restore(tmp_path / "whole", data)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("kept")
    with pytest.raises(FileExistsError, match=r"holds mine\.txt"):
        restore(tmp_path / "whole", tmp_path / "other")
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["mine.txt"]


def test_two_backups_to_one_place_do_not_meet(data: Path, tmp_path: Path):
    def again(done: int, total: int) -> None:
        with pytest.raises(FileExistsError, match="another backup is being written"):
            back_up(data, tmp_path / "whole", watchlist=None, now=NOW)

    back_up(data, tmp_path / "whole", watchlist=None, now=NOW, tell=again)
    check(tmp_path / "whole")


KILLED = """
import os, pathlib, sys
from dashboards.care import backup, restore

folder, target, at = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
kind, number = at.split(":")
backup.PAGES, left = 4, [int(number)]

def turn(*_):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), 9)

def dying(work):
    def step(*args, **more):
        turn()
        return work(*args, **more)
    return step

if kind == "copy":
    backup.back_up(folder, target, watchlist=None, now=1, tell=turn)
elif kind == "rename":
    pathlib.Path.rename = dying(pathlib.Path.rename)
    backup.back_up(folder, target, watchlist=None, now=1)
elif kind == "take":
    restore.restore(folder, target, tell=turn)
elif kind == "move":
    pathlib.Path.rename = dying(pathlib.Path.rename)
    restore.restore(folder, target)
"""


def killed(folder: Path, target: Path, at: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(target), at],
        cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL


@pytest.mark.crash
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("at", ["copy:0", "copy:7", "copy:15", "rename:0", "rename:1"])
def test_a_backup_that_is_killed_leaves_nothing_that_looks_whole(
    data: Path, tmp_path: Path, shape: str, at: str
):
    target = tmp_path / shape
    killed(data, target, at)

    assert not target.exists()
    left = tmp_path / f"{shape}.part"
    assert left.exists()
    for place in (target, left, *left.iterdir()):
        with pytest.raises((BackupUnusableError, FileNotFoundError)):
            check(place)

    back_up(data, target, watchlist=None, now=NOW)
    check(target)
    assert not left.exists()


@pytest.mark.crash
@pytest.mark.parametrize("at", ["take:0", "take:1", "move:1", "move:2", "move:3"])
def test_a_restore_that_is_killed_is_refused_until_it_is_finished(
    data: Path, tmp_path: Path, at: str, capsys: pytest.CaptureFixture[str]
):
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    new = tmp_path / "new"
    killed(tmp_path / "whole", new, at)

    assert (new / "restoring").exists()
    assert run(["web", "--data", str(new), "--port", "0"]) == 1
    assert "was cut off" in capsys.readouterr().err
    with pytest.raises(Exception, match="was cut off"):
        Store(new)

    restore(tmp_path / "whole", new)
    assert not (new / "restoring").exists()
    Store(new).close()
    assert len(rows(new / "jikimi.db", "SELECT 1 FROM posts_log")) == 200
    assert len(rows(new / "desk.db", "SELECT 1 FROM decisions")) == 10


def test_a_restore_cut_off_is_not_mixed_with_another_backup(data: Path, tmp_path: Path):
    back_up(data, tmp_path / "one", watchlist=None, now=NOW)
    back_up(data, tmp_path / "two", watchlist=None, now=NOW + 1)
    killed(tmp_path / "one", tmp_path / "new", "move:2")

    with pytest.raises(FileExistsError, match="holds another backup"):
        restore(tmp_path / "two", tmp_path / "new")
    assert len(rows(tmp_path / "new" / "desk.db", "SELECT 1 FROM decisions")) == 10


def test_a_folder_in_use_is_not_restored_into(data: Path, tmp_path: Path):
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    store = Store(tmp_path / "new")
    for file in (tmp_path / "new").glob("jikimi.db*"):
        file.unlink()
    with pytest.raises(FolderInUseError):
        restore(tmp_path / "whole", tmp_path / "new")
    store.close()
