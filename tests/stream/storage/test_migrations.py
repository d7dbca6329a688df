"""Migrations: in order, once, whole or not at all, with a copy of what was before."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stream.storage.errors import StorageFullError, StorageVersionError
from stream.storage.migrations import Step, drop_copies, keep_copy, migrate, version
from stream.storage.schema import STEPS
from stream.storage.store import Store

ROOT = Path(__file__).parents[2]
ONE = Step("one", "CREATE TABLE a (x);\nINSERT INTO a VALUES ('kept');\n")


def two(db: sqlite3.Connection) -> None:
    db.execute("UPDATE b SET y = y || '!'")


TWO = Step("two", "CREATE TABLE b (y);\nINSERT INTO b SELECT x FROM a;\n", two)


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def test_steps_run_once_in_order_and_are_noted(tmp_path):
    db = opened(tmp_path / "x.db")
    migrate(db, tmp_path / "x.db", [ONE])
    for _ in range(2):
        migrate(db, tmp_path / "x.db", [ONE, TWO])

    assert db.execute("SELECT y FROM b").fetchall() == [("kept!",)]
    assert db.execute("SELECT * FROM migrations").fetchall() == [(1, "one"), (2, "two")]
    assert version(db) == 2
    db.close()


def test_a_copy_of_what_was_before_lies_beside_and_only_its_user_can_read_it(tmp_path):
    db = opened(tmp_path / "x.db")
    migrate(db, tmp_path / "x.db", [ONE])
    assert not list(tmp_path.glob("*.format-*")), "a new file has nothing to keep"

    migrate(db, tmp_path / "x.db", [ONE, TWO])
    db.close()

    copy = tmp_path / "x.db.format-1"
    assert copy.stat().st_mode & 0o077 == 0
    before = opened(copy)
    assert before.execute("SELECT x FROM a").fetchall() == [("kept",)]
    assert version(before) == 1
    before.close()


def test_copies_go_after_a_day(tmp_path):
    db = opened(tmp_path / "x.db")
    migrate(db, tmp_path / "x.db", [ONE])
    copy = keep_copy(db, tmp_path / "x.db", 1)
    drop_copies(tmp_path, older_than_s=86_400)
    assert copy.exists()

    old = time.time() - 90_000
    os.utime(copy, (old, old))
    drop_copies(tmp_path, older_than_s=86_400)
    assert not copy.exists()
    db.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path):
    def fails(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO half VALUES (1)")
        raise ValueError("no")

    db = opened(tmp_path / "x.db")
    migrate(db, tmp_path / "x.db", [ONE])
    with pytest.raises(ValueError, match="no"):
        migrate(db, tmp_path / "x.db", [ONE, Step("bad", "CREATE TABLE half (x);\n", fails)])

    assert db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchall() == []
    assert version(db) == 1
    migrate(db, tmp_path / "x.db", [ONE, TWO])
    db.close()


def test_a_file_of_a_newer_jikimi_is_refused_plainly_and_not_touched(tmp_path):
    db = opened(tmp_path / "x.db")
    migrate(db, tmp_path / "x.db", [ONE, TWO])
    with pytest.raises(
        StorageVersionError, match=r"has format 2, this jikimi knows 1: use the"
    ):
        migrate(db, tmp_path / "x.db", [ONE])
    assert version(db) == 2
    db.close()


def test_a_full_disk_stops_it_with_nothing_changed(tmp_path):
    def full(_: sqlite3.Connection) -> None:
        raise OSError(28, "No space left on device")

    db = opened(tmp_path / "x.db")
    migrate(db, tmp_path / "x.db", [ONE])
    with pytest.raises(StorageFullError, match="free some space"):
        migrate(db, tmp_path / "x.db", [ONE, Step("full", TWO.script, full)])
    assert version(db) == 1
    assert db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'b'").fetchall() == []
    db.close()


KILLED = """
import os, pathlib, sys
from stream.storage import schema as store_schema
from stream.storage.store import Store

at = sys.argv[2]
if at == "copy":
    pathlib.Path.replace = lambda *a: os.kill(os.getpid(), 9)
else:
    steps = list(store_schema.STEPS)
    steps[-1] = steps[-1]._replace(change=lambda db: os.kill(os.getpid(), 9))
    import stream.storage.store
    stream.storage.store.STEPS = tuple(steps)
Store(pathlib.Path(sys.argv[1]))
"""


@pytest.mark.crash
@pytest.mark.parametrize("at", ["copy", "step"])
def test_killed_in_the_middle_the_next_start_migrates_from_the_beginning(tmp_path, at):
    db = opened(tmp_path / "jikimi.db")
    db.executescript(f"BEGIN;{STEPS[0].script}PRAGMA user_version=1;COMMIT;")
    db.execute("INSERT INTO counters VALUES ('x', 'logged', 7)")
    db.close()

    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), at], cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    half = opened(tmp_path / "jikimi.db")
    assert version(half) == 1
    half.close()

    store = Store(tmp_path)
    assert version(store.db) == len(STEPS)
    assert store.db.execute("SELECT n FROM counters").fetchall() == [(7,)]
    assert store.db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store.close()
    assert not list(tmp_path.glob("*.part"))
