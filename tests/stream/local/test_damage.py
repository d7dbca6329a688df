"""A local index that is damaged, full, or rebuilt beside its readers."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from stream.index import PostQuery
from stream.local_index import IndexDamagedError, IndexInUseError, LocalIndex
from tests.stream.index_world import (
    HOUR,
    T0,
    alert,
    batch,
    post,
    seen,
)
from tests.stream.local.bad_day_world import SIZE, assert_holds, numbered


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
