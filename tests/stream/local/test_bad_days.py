"""The local index on bad days: kill -9, full disk, damaged files, a second process."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stream.index import PostQuery
from stream.local_index import LocalIndex
from tests.stream.local.bad_day_world import SIZE, assert_holds, numbered

ROOT = Path(__file__).parent.parent.parent.parent

WRITER = """
import itertools
import sys
from pathlib import Path
from stream.local_index import LocalIndex
from tests.stream.local.test_bad_days import numbered
index = LocalIndex(Path(sys.argv[1]))
print("ready", flush=True)
start = int(index.checkpoint() or "-1") + 1
for i in itertools.count(start):
    index.write(numbered(i))
    print(i, flush=True)
"""


@contextmanager
def child(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that writes batches until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.crash
def test_a_writer_that_is_killed_anywhere_loses_and_doubles_nothing(tmp_path):
    draw = random.Random(5)
    for _ in range(8):
        with child(tmp_path / "index") as process:
            time.sleep(draw.uniform(0.02, 1.6))
            process.kill()
            told = process.communicate()[0].split()
        assert process.returncode == -signal.SIGKILL
        with_reader = LocalIndex(tmp_path / "index", read_only=True)
        committed = int(with_reader.checkpoint() or "-1")
        with_reader.close()
        # The batch that was being told about may have been committed already.
        assert committed >= int(told[-1] if told and told[-1].isdigit() else -1) - 1

    index = LocalIndex(tmp_path / "index")
    assert int(index.checkpoint()) > 20
    assert_holds(index, int(index.checkpoint()))
    index.close()


@pytest.mark.crash
def test_a_reader_beside_a_writer_sees_whole_batches_in_order(tmp_path):
    seen_until, found = -1, 0
    with child(tmp_path / "index"):
        reader = LocalIndex(tmp_path / "index", read_only=True)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            now = int(reader.checkpoint() or "-1")
            assert now >= seen_until
            seen_until = now
            assert reader.counts()["posts"] >= (now + 1) * SIZE - max(now, 0) // 3
            total = reader.search(PostQuery(text="번호", limit=5)).total
            assert total >= found - 2 * max(now, 0)
            found = total
        reader.close()

    assert seen_until > 10
    assert found > 0


def test_search_that_lags_behind_the_tables_is_healed_on_opening(tmp_path):
    index = LocalIndex(tmp_path / "index")
    for i in range(3):
        index.write(numbered(i))
    index.refresh()
    for i in range(3, 10):
        index.write(numbered(i))
    feeder = index._feeder
    feeder._search.close()
    feeder.db.close()
    os.close(index._lock)

    index = LocalIndex(tmp_path / "index")
    assert_holds(index, 9)
    index.close()


def test_search_that_is_ahead_of_the_tables_is_healed_on_opening(tmp_path):
    """After a power loss the tables may have lost their last commits, search not."""
    index = LocalIndex(tmp_path / "index")
    for i in range(4):
        index.write(numbered(i))
    index.close()
    old = tmp_path / "old.db"
    database = tmp_path / "index" / "generation-1" / "index.db"
    shutil.copy(database, old)
    index = LocalIndex(tmp_path / "index")
    for i in range(4, 10):
        index.write(numbered(i))
    index.close()
    shutil.copy(old, database)

    index = LocalIndex(tmp_path / "index")
    assert index.search(PostQuery(text="n8")).total == 0
    for i in range(4, 10):
        index.write(numbered(i))
    assert_holds(index, 9)
    index.close()
