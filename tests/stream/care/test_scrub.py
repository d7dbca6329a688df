"""Wiping the unused part of pages: nothing deleted stays readable, nothing else changes."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

from stream.care.scrub import Scrubber

ROWS = 12_000


def filled(path: Path, seed: int = 1) -> tuple[sqlite3.Connection, list[str]]:
    """A database whose rows were moved between pages again and again, and their keys."""
    rng = random.Random(seed)
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "secure_delete=ON"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE state (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID")
    db.execute("CREATE INDEX by_value ON state (v)")
    keys = [f"{rng.getrandbits(64):016x}" for _ in range(ROWS)]
    for start in range(0, ROWS, 500):
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO state VALUES (?, ?)",
            [
                (keys[i], f"WORD{i:06d}" + "x" * rng.randint(20, 400))
                for i in range(start, start + 500)
            ],
        )
        db.execute("COMMIT")
    return db, keys


def bytes_of(path: Path) -> bytes:
    """Read by another process: closing the file in this one would drop SQLite's locks."""
    return subprocess.run(["cat", path], capture_output=True, check=True).stdout


def wipe(db: sqlite3.Connection, path: Path, pages: int = 64) -> Scrubber:
    scrubber = Scrubber(db, path)
    while not scrubber.step(pages):
        pass
    return scrubber


def test_words_that_secure_delete_leaves_in_a_page_are_wiped(tmp_path):
    path = tmp_path / "a.db"
    db, keys = filled(path)
    gone = random.Random(2).sample(range(ROWS), 400)
    db.executemany("DELETE FROM state WHERE k = ?", [(keys[i],) for i in gone])
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    words = [f"WORD{i:06d}".encode() for i in gone]
    left = [word for word in words if word in bytes_of(path)]
    assert left, "SQLite leaves nothing any more: the scrubber can go"

    kept = db.execute("SELECT k, v FROM state").fetchall()
    scrubber = wipe(db, path)

    raw = bytes_of(path)
    assert [word for word in words if word in raw] == []
    assert scrubber.wiped
    assert db.execute("SELECT k, v FROM state").fetchall() == kept
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    scrubber.close()


def test_what_was_wiped_does_not_come_back_from_the_memory_of_the_connection(tmp_path):
    path = tmp_path / "a.db"
    db, keys = filled(path)
    gone = random.Random(2).sample(range(ROWS), 400)
    db.executemany("DELETE FROM state WHERE k = ?", [(keys[i],) for i in gone])
    scrubber = wipe(db, path)
    alive = [key for i, key in enumerate(keys) if i not in set(gone)]

    db.executemany("UPDATE state SET v = v || '.' WHERE k = ?", [(k,) for k in alive[::7]])
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    raw = bytes_of(path)
    assert [i for i in gone if f"WORD{i:06d}".encode() in raw] == []
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    scrubber.close()


def test_it_waits_while_a_reader_holds_the_log_and_while_a_transaction_runs(tmp_path):
    path = tmp_path / "a.db"
    db, keys = filled(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("PRAGMA busy_timeout=10")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM state").fetchone()
    db.execute("DELETE FROM state WHERE k = ?", (keys[0],))
    scrubber = Scrubber(db, path)

    assert scrubber.step() is None
    reader.execute("COMMIT")
    db.execute("BEGIN")
    assert scrubber.step() is None
    db.execute("COMMIT")
    assert scrubber.step(1 << 20) is True
    reader.close()
    db.close()
    scrubber.close()


def test_readers_and_writers_of_other_processes_go_on_undisturbed(tmp_path):
    path = tmp_path / "a.db"
    db, keys = filled(path)
    code = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)\n"
        "for i in range(300):\n"
        "    assert db.execute('SELECT count(*) FROM state').fetchone()[0] >= 11000\n"
        "    db.execute(\"INSERT OR REPLACE INTO state VALUES ('other', ?)\", (str(i),))\n"
        "print(db.execute('PRAGMA integrity_check').fetchone()[0])\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    scrubber = Scrubber(db, path)
    doomed = iter(keys[:1000])
    while other.poll() is None:
        key = next(doomed, None)
        if key is not None:
            db.execute("DELETE FROM state WHERE k = ?", (key,))
        scrubber.step(16)

    said, _ = other.communicate(timeout=60)
    assert said.strip() == "ok"
    assert db.execute("SELECT v FROM state WHERE k = 'other'").fetchone() == ("299",)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    scrubber.close()
