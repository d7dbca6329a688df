"""The desk's file: one owner, schema versions, whole transactions, private to its user."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.desk import Desk
from dashboards.desk_file import MIGRATIONS, DeskFile, DeskInUseError
from dashboards.terminal.exits import FAILURE, code_of
from stream.storage.migrations import Step
from stream.storage.store import StorageFullError, StorageVersionError

ROOT = Path(__file__).parents[2]


def test_a_second_process_is_refused_and_told_who_owns_it(tmp_path):
    desk = Desk(tmp_path / "desk.db")
    code = (
        "import sys, pathlib\n"
        "from dashboards.desk import Desk, DeskInUseError\n"
        "try:\n    Desk(pathlib.Path(sys.argv[1]))\n"
        "except DeskInUseError as error:\n    print(error)\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "desk.db")],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip

    assert f"in use by another jikimi (process {os.getpid()})" in said
    assert "stop that one first" in said
    desk.close()


def test_the_refusal_is_an_error_for_people():
    assert code_of(DeskInUseError("x")) == FAILURE


def test_after_closing_the_next_one_may_open_it(tmp_path):
    for _ in range(3):
        file = DeskFile(tmp_path / "desk.db")
        file.close()
        file.close()
    held = os.open(tmp_path / "desk.db.lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(held)

    assert (tmp_path / "desk.db").is_file()


def test_a_killed_owner_leaves_no_lock_behind(tmp_path):
    code = (
        "import os, pathlib, sys\n"
        "from dashboards.desk import Desk\n"
        "desk = Desk(pathlib.Path(sys.argv[1]))\n"
        "desk.decide('al_1', 'resolved', reason='handled', who='minji', at_ms=1)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "desk.db")],
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == -9

    desk = Desk(tmp_path / "desk.db")
    assert desk.decisions(["al_1"])["al_1"].state == "resolved"
    assert desk.verify().intact
    desk.close()


def test_every_migration_is_noted_once(tmp_path):
    for _ in range(2):
        file = DeskFile(tmp_path / "desk.db")
        noted = file.rows("SELECT version, name FROM migrations ORDER BY version")
        file.close()

        assert noted == [(n, step.name) for n, step in enumerate(MIGRATIONS, 1)]


def test_a_file_of_an_older_version_gets_what_it_lacks_and_keeps_what_it_has(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("dashboards.desk_file.MIGRATIONS", MIGRATIONS[:1])
    desk = Desk(tmp_path / "desk.db")
    made = desk.decide("al_1", "resolved", reason="handled", who="minji", at_ms=1)
    desk.close()
    monkeypatch.undo()

    desk = Desk(tmp_path / "desk.db")
    assert desk.history("al_1") == [made]
    assert desk.file.rows("SELECT count(*) FROM deliveries") == [(0,)]
    desk.close()


def test_a_file_of_a_newer_version_is_refused_and_stays_usable_for_it(tmp_path):
    DeskFile(tmp_path / "desk.db").close()
    newer = sqlite3.connect(tmp_path / "desk.db")
    newer.execute("INSERT INTO migrations VALUES (99, 'from the future')")
    newer.commit()
    newer.close()

    for _ in range(2):
        with pytest.raises(StorageVersionError, match="use the newer jikimi"):
            DeskFile(tmp_path / "desk.db")


def test_a_failed_migration_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "dashboards.desk_file.MIGRATIONS",
        (Step("broken", "CREATE TABLE half (x);\nCREATE TABLE half (x);\n"),),
    )
    with pytest.raises(sqlite3.OperationalError):
        DeskFile(tmp_path / "desk.db")
    monkeypatch.undo()

    file = DeskFile(tmp_path / "desk.db")
    assert file.rows("SELECT name FROM sqlite_schema WHERE name = 'half'") == []
    file.close()


def test_a_file_that_is_no_database_is_not_touched(tmp_path):
    (tmp_path / "desk.db").write_text("my shopping list, much longer than a hundred bytes " * 9)

    with pytest.raises(sqlite3.DatabaseError):
        DeskFile(tmp_path / "desk.db")

    assert (tmp_path / "desk.db").read_text().startswith("my shopping list")


def test_only_its_user_can_read_it(tmp_path):
    desk = Desk(tmp_path / "new" / "desk.db")
    desk.decide("al_1", "open", reason="", who="minji", at_ms=1)

    modes = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "new").iterdir()}

    assert set(modes) >= {"desk.db", "desk.db-wal", "desk.db.lock"}
    assert set(modes.values()) == {0}
    desk.close()


def test_a_transaction_is_all_or_nothing(tmp_path):
    file = DeskFile(tmp_path / "desk.db")

    def half_done() -> None:
        with file.transaction() as db:
            db.execute("INSERT INTO sinks VALUES ('team')")
            with file.transaction() as inner:
                inner.execute("INSERT INTO sinks VALUES ('file')")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        half_done()

    assert file.rows("SELECT name FROM sinks") == []
    file.close()


def test_a_full_disk_is_told_as_such_and_decides_nothing(tmp_path):
    desk = Desk(tmp_path / "desk.db")
    first = desk.decide("al_1", "acknowledged", reason="", who="minji", at_ms=1)
    pages = desk.file.rows("PRAGMA page_count")[0][0]
    desk.file.rows(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for number in range(200):
            desk.decide(f"al_{number}", "resolved", reason="r" * 900, who="minji", at_ms=2)

    with pytest.raises(StorageFullError, match="no space left"):
        fill()

    desk.file.rows("PRAGMA max_page_count = 1000000")
    assert desk.history("al_1")[-1] == first
    desk.decide("al_1", "open", reason="space again", who="minji", at_ms=3)
    assert desk.verify().intact
    desk.close()
