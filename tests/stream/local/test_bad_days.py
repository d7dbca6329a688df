"""The local index on bad days: kill -9, full disk, damaged files, a second process."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stream.index import PostQuery
from stream.local_index import IndexDamagedError, IndexInUseError, LocalIndex
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    alert,
    batch,
    gone,
    membership,
    post,
    seen,
)

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

SIZE = 20


def numbered(i: int):
    """Batch i: 20 posts; every third batch also deletes and edits posts of the one before."""
    posts = [
        post(f"{i}-{k}", f"번호 n{i} k{k}", created_at=T0 + i * MINUTE) for k in range(SIZE)
    ]
    sightings = [s for p in posts for s in seen(p)]
    if i % 3 or not i:
        return batch(*sightings, checkpoint=str(i))
    edited = post(f"{i - 1}-1", f"edited e{i}", created_at=T0 + i * MINUTE)
    return batch(
        *sightings,
        *seen(edited, revision=2),
        checkpoint=str(i),
        gone=[gone(post(f"{i - 1}-0"), revision=2)],
        results=[membership(edited, "cl_1")],
    )


def assert_holds(index: LocalIndex, last: int) -> None:
    """Exactly what batches 0 to ``last`` say, in tables and search."""
    thirds = last // 3
    index.refresh()
    assert index.checkpoint() == str(last)
    assert index.counts()["posts"] == (last + 1) * SIZE - thirds
    assert index.counts()["deleted"] == thirds
    assert index.search(PostQuery(limit=0)).total == (last + 1) * SIZE - thirds
    assert index.search(PostQuery(text="번호", limit=0)).total == (last + 1) * SIZE - 2 * thirds
    assert index.search(PostQuery(text="edited", limit=0)).total == thirds
    for i in (0, last // 2, last):
        hits = index.search(PostQuery(text=f"n{i}", limit=50)).posts
        assert len({hit.post.id for hit in hits}) == len(hits) >= SIZE - 2
    buckets = index.histogram(
        subject="arin", since=T0, until=T0 + (last // 60 + 1) * HOUR, bucket_ms=HOUR
    )
    assert sum(b.posts for b in buckets) == (last + 1) * SIZE - thirds
    assert len(index.members("cl_1", limit=10**6)) == thirds


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


def damage_nothing_left(search: Path) -> None:
    shutil.rmtree(search)


def damage_no_meta(search: Path) -> None:
    (search / "meta.json").unlink()


def damage_meta(search: Path) -> None:
    (search / "meta.json").write_text("{")


def damage_position(search: Path) -> None:
    (search / "position.json").write_text("[")


def damage_old_format(search: Path) -> None:
    (search / "position.json").write_text('{"format":"0","n":9,"touched":9}')


def damage_segments_gone(search: Path) -> None:
    for file in search.glob("*.term"):
        file.unlink()


def damage_segments_cut(search: Path) -> None:
    for file in search.glob("*.idx"):
        file.write_bytes(file.read_bytes()[:7])


@pytest.mark.parametrize(
    "damage",
    [
        damage_nothing_left,
        damage_no_meta,
        damage_meta,
        damage_position,
        damage_old_format,
        damage_segments_gone,
        damage_segments_cut,
    ],
    ids=lambda damage: damage.__name__,
)
def test_a_lost_or_damaged_search_folder_is_made_anew(tmp_path, damage):
    index = LocalIndex(tmp_path / "index")
    for i in range(7):
        index.write(numbered(i))
    index.close()
    damage(tmp_path / "index" / "generation-1" / "search")

    index = LocalIndex(tmp_path / "index")
    assert_holds(index, 6)
    index.write(numbered(7))
    assert_holds(index, 7)
    index.close()


@pytest.mark.parametrize(
    "content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 9000]
)
def test_a_damaged_database_is_refused_with_advice_and_rebuilt(tmp_path, content):
    folder = tmp_path / "index"
    index = LocalIndex(folder)
    index.write(numbered(0))
    index.close()
    (folder / "generation-1" / "index.db").write_bytes(content)

    if content:
        for read_only in (False, True):
            with pytest.raises(IndexDamagedError, match="jikimi index rebuild"):
                LocalIndex(folder, read_only=read_only)
    LocalIndex.rebuild(folder, [numbered(0), numbered(1)])
    index = LocalIndex(folder)
    assert_holds(index, 1)
    index.close()


def test_an_index_of_another_version_asks_for_a_rebuild(tmp_path):
    LocalIndex(tmp_path).close()
    db = sqlite3.connect(tmp_path / "generation-1" / "index.db")
    db.execute("PRAGMA user_version=99")
    db.close()

    with pytest.raises(IndexDamagedError, match="format 99"):
        LocalIndex(tmp_path)


def test_full_tables_take_nothing_and_go_on_when_there_is_space(tmp_path):
    index = LocalIndex(tmp_path / "index")
    index.write(numbered(0))
    db = index._feeder.db
    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
    big = batch(*seen(post("big", "긴 글 " * 20_000), "arin", "newcomer"), checkpoint="1")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        index.write(big)

    assert_holds(index, 0)
    assert index.post("archive:big") is None
    assert index.facet("subject", since=T0, until=T0 + HOUR) == {"arin": SIZE}

    db.execute("PRAGMA max_page_count=1000000")
    index.write(big)
    index.refresh()
    assert index.search(PostQuery(subject="newcomer")).total == 1
    assert index.search(PostQuery(text="글")).total == 1
    index.close()


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 6 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("free_kb", [0, 40, 200, 600])
def test_a_full_disk_is_told_and_what_stands_stays_whole(small_disk, free_kb):
    index = LocalIndex(small_disk / "index")
    index.write(numbered(0))
    index.refresh()
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk)
    ballast.write_bytes(b"\0" * max(0, free.f_bavail * free.f_bsize - free_kb * 1024))
    told, i, reasons = 0, 1, set()
    for _ in range(60):
        try:
            index.write(numbered(i))
            index.refresh()
            i += 1
        except (OSError, sqlite3.OperationalError) as error:
            told += 1
            reasons.add(getattr(error, "errno", None) or error.sqlite_errorcode)
            if told > 3:
                break

    ballast.unlink()
    assert reasons <= {errno.ENOSPC, sqlite3.SQLITE_FULL}
    if told:
        index.write(numbered(i))
        i += 1
    assert_holds(index, i - 1)
    index.close()
    index = LocalIndex(small_disk / "index")
    assert_holds(index, i - 1)
    index.close()


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path):
    index = LocalIndex(tmp_path / "index")
    with pytest.raises(IndexInUseError, match="another process"):
        LocalIndex(tmp_path / "index")
    with pytest.raises(IndexInUseError):
        LocalIndex.rebuild(tmp_path / "index", [])

    index.write(numbered(0))
    assert_holds(index, 0)
    index.close()
    LocalIndex(tmp_path / "index").close()


def test_a_closed_index_says_so_and_closing_again_is_fine(tmp_path):
    index = LocalIndex(tmp_path / "index")
    index.close()
    index.close()
    with pytest.raises(ValueError, match="closed"):
        index.counts()
    with pytest.raises(ValueError, match="closed"):
        index.write(numbered(0))


def test_a_reader_writes_nothing(tmp_path):
    LocalIndex(tmp_path / "index").close()
    reader = LocalIndex(tmp_path / "index", read_only=True)
    with pytest.raises(ValueError, match="reading"):
        reader.write(numbered(0))
    reader.close()


def test_a_reader_of_nothing_sees_the_index_when_it_comes(tmp_path):
    reader = LocalIndex(tmp_path / "index", read_only=True)
    assert reader.counts()["posts"] == 0
    assert reader.search(PostQuery(text="번호")).total == 0
    assert not (tmp_path / "index").exists()

    index = LocalIndex(tmp_path / "index")
    index.write(numbered(0))
    index.refresh()
    reader.refresh()
    assert_holds(reader, 0)
    reader.close()
    index.close()


def test_a_reader_follows_a_rebuild_and_delivery_misses_nothing(tmp_path):
    folder = tmp_path / "index"
    index = LocalIndex(folder)
    index.write(batch(results=[alert("al_1")], checkpoint="a"))
    index.close()
    reader = LocalIndex(folder, read_only=True)
    told = reader.alerts_after(0)[-1][0]

    LocalIndex.rebuild(folder, [batch(results=[alert("al_1"), alert("al_2")]), numbered(0)])
    reader.refresh()

    assert_holds(reader, 0)
    assert [a.alert_id for _, a in reader.alerts_after(told)] == ["al_1", "al_2"]
    assert [p.name for p in folder.glob("generation-*")] == ["generation-2"]
    reader.close()


def test_a_rebuild_that_fails_leaves_the_old_index(tmp_path):
    folder = tmp_path / "index"
    index = LocalIndex(folder)
    index.write(numbered(0))
    index.close()

    def batches():
        yield numbered(0)
        raise LookupError("the log could not be read")

    with pytest.raises(LookupError):
        LocalIndex.rebuild(folder, batches())

    index = LocalIndex(folder)
    assert_holds(index, 0)
    assert [p.name for p in folder.glob("generation-*")] == ["generation-1"]
    index.close()
