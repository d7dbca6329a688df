"""What was deleted leaves the files of search within a minute, shard by shard."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tantivy

from stream.index import PostQuery
from stream.local import shards, sweep
from stream.local.feeding import Feeder
from stream.local.search import FOLDER
from stream.local.shard_view import SUFFIXES
from stream.local.shards import PLACE, Shards
from stream.local_index import LocalIndex
from stream.search.query import parse
from tests.stream.index_world import batch, gone, post, seen

ROOT = Path(__file__).parents[3]
SECRET = "xylophonically"


def words_held(folder: Path, prefix: str) -> list[str]:
    """Words in the term dictionaries of all files, those of deleted documents too."""
    found: set[str] = set()
    for place in [folder / FOLDER, *(folder / PLACE).iterdir()]:
        index = tantivy.Index.open(str(place))
        index.reload()
        found |= {word for word, _ in index.searcher().terms_with_prefix("words", prefix)}
    return sorted(found)


def strays(folder: Path) -> set[str]:
    """Files of segments that nothing names."""
    named: set[str] = set()
    files: set[str] = set()
    for place in [folder / FOLDER, *(folder / PLACE).iterdir()]:
        for segment in json.loads((place / "meta.json").read_bytes())["segments"]:
            named.add(segment["segment_id"].replace("-", ""))
        files |= {f.name for f in place.iterdir() if f.suffix in SUFFIXES}
    return {name for name in files if name.split(".")[0] not in named}


def documents(folder: Path) -> int:
    index = tantivy.Index.open(str(folder / FOLDER))
    index.reload()
    return index.searcher().num_docs


def feeder(folder: Path, *, sweep_every_s: float = math.inf) -> Feeder:
    return Feeder(
        folder, clock=lambda: 0.0, commit_every_s=math.inf, sweep_every_s=sweep_every_s
    )


def filled(folder: Path, **options) -> Feeder:
    """Fifty posts and a secret one in shards of ten, or one shard."""
    made = feeder(folder, **options)
    made.write(batch(*(s for i in range(50) for s in seen(post(str(i), f"word{i} common")))))
    made.write(batch(*seen(post("secret", f"{SECRET} common"))))
    made.flush()
    return made


def delete(one: Feeder, name: str) -> None:
    one.write(batch(gone=[gone(post(name), revision=2)]))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(shards, "ROWS", 10)


@pytest.fixture
def slow(monkeypatch):
    """Hardly anything is done with one commit."""
    monkeypatch.setattr(sweep, "CHUNK", 3)
    monkeypatch.setattr(sweep, "STEP_S", 0.0)
    monkeypatch.setattr(sweep, "HURRY_STEP_S", 0.0)


def test_a_deleted_word_leaves_every_file_and_the_others_stay(tmp_path, small):
    one = filled(tmp_path)
    delete(one, "secret")
    delete(one, "17")
    one.flush()
    assert words_held(tmp_path, "word17") == ["word17"], "only marked so far"

    assert one.settle(30)

    assert words_held(tmp_path, SECRET) == words_held(tmp_path, "word17") == []
    assert len(words_held(tmp_path, "word")) == 49
    assert documents(tmp_path) == 49
    assert strays(tmp_path) == set()
    one.close()


def test_only_the_shards_that_lost_a_post_are_written_again(tmp_path, small):
    one = filled(tmp_path)
    before = {folder.name for folder in (tmp_path / PLACE).iterdir()}
    assert before == {f"{n}.1" for n in range(6)}

    delete(one, "17")
    assert one.settle(30)

    after = {folder.name for folder in (tmp_path / PLACE).iterdir()}
    assert after == before - {"1.1"} | {"1.2"}
    one.close()


def test_flushes_alone_do_it_too_a_moment_after_the_deletion(tmp_path, slow, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("stream.local.feeding.time.monotonic", lambda: now[0])
    one = filled(tmp_path)
    delete(one, "secret")
    one.flush()
    now[0] += sweep.WAIT_S - 0.1
    one.flush()
    assert words_held(tmp_path, SECRET) == [SECRET], "others may follow"

    now[0] += 0.2
    flushes = 0
    while words_held(tmp_path, SECRET):
        one.flush()
        flushes += 1
        assert documents(tmp_path) == 50
        assert flushes < 40
    assert flushes >= 50 / 3
    one.close()


def test_closing_waits_for_the_words_to_leave(tmp_path):
    one = filled(tmp_path)
    delete(one, "secret")
    one.close()

    assert words_held(tmp_path, SECRET) == []


def test_after_a_restart_deletions_are_still_carried_out(tmp_path, monkeypatch):
    monkeypatch.setattr("stream.local.feeding.SETTLE_S", -1.0)
    one = filled(tmp_path)
    delete(one, "secret")
    one.close()
    assert words_held(tmp_path, SECRET) == [SECRET]

    one = feeder(tmp_path)
    assert one.settle(30)
    assert words_held(tmp_path, SECRET) == []
    assert documents(tmp_path) == 50
    one.close()


def test_posts_that_come_change_and_go_while_a_shard_is_written_are_right(
    tmp_path, slow, small, monkeypatch
):
    now = [100.0]
    monkeypatch.setattr("stream.local.feeding.time.monotonic", lambda: now[0])
    one = filled(tmp_path)
    delete(one, "secret")
    for i in range(45):
        now[0] += 5.0
        one.write(batch(*seen(post(f"late-{i}", f"late{i}"))))
        one.write(batch(*seen(post(str(i), f"second{i}"), revision=2)))
        if i % 3 == 0:
            delete(one, str(45 + i % 5))
        one.flush()
    monkeypatch.undo()
    monkeypatch.setattr(shards, "ROWS", 10)
    assert one.settle(30)

    assert documents(tmp_path) == 45 + 45
    assert len(words_held(tmp_path, "late")) == 45
    assert len(words_held(tmp_path, "second")) == 45
    assert words_held(tmp_path, SECRET) == words_held(tmp_path, "word45") == []
    one.close()
    index = LocalIndexOf(tmp_path)
    assert index.total("late7") == index.total("second7") == 1
    assert index.total("word7") == 0
    index.close()


class LocalIndexOf:
    """Searches a folder filled by a Feeder alone."""

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index.open(str(folder / FOLDER))

    def total(self, word: str) -> int:
        query = tantivy.Query.term_query(self._index.schema, "words", word)
        return int(self._index.searcher().search(query, limit=1).count or 0)

    def close(self) -> None:
        del self._index


def test_old_versions_of_posts_leave_when_their_turn_comes(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("stream.local.feeding.time.monotonic", lambda: now[0])
    one = filled(tmp_path, sweep_every_s=3600)
    one.write(batch(*seen(post("7", "edited common"), revision=2)))
    one.flush()
    now[0] += 3500
    one.flush()
    assert words_held(tmp_path, "word7") == ["word7"]

    now[0] += 200
    one.flush()
    assert words_held(tmp_path, "word7") == []
    assert words_held(tmp_path, "edited") == ["edited"]
    one.close()


def test_shards_of_many_segments_are_made_one(tmp_path, small, monkeypatch):
    monkeypatch.setattr(sweep, "SEGMENTS", 2)
    now = [100.0]
    monkeypatch.setattr("stream.local.feeding.time.monotonic", lambda: now[0])
    one = feeder(tmp_path, sweep_every_s=3600)
    for i in range(15):
        one.write(batch(*seen(post(str(i), f"word{i}"))))
        one.flush()
    before = len(json.loads((tmp_path / FOLDER / "meta.json").read_bytes())["segments"])

    now[0] += 4000
    for _ in range(3):
        one.flush()

    after = len(json.loads((tmp_path / FOLDER / "meta.json").read_bytes())["segments"])
    assert after < before
    assert documents(tmp_path) == 15
    one.close()


def test_readers_beside_see_every_post_at_any_moment(tmp_path, small):
    """While shards are replaced under them, with searches in another thread."""
    index = LocalIndex(tmp_path)
    for i in range(60):
        index.write(batch(*seen(post(str(i), f"word{i} common")), checkpoint=str(i)))
    index.refresh()
    reader = LocalIndex(tmp_path, read_only=True)
    totals: set[int] = set()
    ended = threading.Event()
    failures: list[BaseException] = []

    def look() -> None:
        try:
            while not ended.is_set():
                reader.refresh()
                totals.add(reader.search(PostQuery(where=parse("common"), limit=5)).total)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    feeding = index._feeder
    assert feeding is not None
    for i in range(0, 60, 3):
        index.write(batch(gone=[gone(post(str(i)), revision=2)], checkpoint=f"g{i}"))
        index.refresh()
        assert feeding.settle(30)
    ended.set()
    thread.join()

    assert failures == []
    assert totals <= set(range(40, 61))
    assert min(totals) < 60
    reader.close()
    index.close()


KILLED = """
import os, sys
from pathlib import Path
from stream.local import shard_view, shards
from stream.local.shard_view import View
from stream.local.shards import Shards
shards.ROWS = 10
from tests.stream.local.test_sweep import delete, feeder
one = feeder(Path(sys.argv[1]))
delete(one, "secret")
delete(one, "3")
die = lambda *a: os.kill(os.getpid(), 9)
when = sys.argv[2]
if when == "refilled":
    Shards.replace = die
elif when == "replaced":
    Shards.publish = die
elif when == "shown":
    real = View._show
    def show(*a):
        real(*a)
        die()
    View._show = show
elif when == "linking":
    shard_view._link = die
one.settle(30)
os.kill(os.getpid(), 9)
"""


@pytest.mark.crash
@pytest.mark.parametrize("when", ["refilled", "replaced", "shown", "linking", "after"])
def test_killed_anywhere_the_next_start_completes_it(tmp_path, small, when):
    filled(tmp_path).close()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), when],
        cwd=ROOT, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL

    one = feeder(tmp_path)
    assert one.settle(30)
    assert words_held(tmp_path, SECRET) == []
    assert "word3" not in words_held(tmp_path, "word3")
    assert documents(tmp_path) == 49
    assert strays(tmp_path) == set()
    one.close()


@pytest.mark.crash
def test_what_a_killed_writer_left_uncommitted_is_removed(tmp_path):
    one = filled(tmp_path)
    one.close()
    place = next((tmp_path / PLACE).iterdir())
    stray = place / ("0" * 32 + ".term")
    stray.write_bytes(SECRET.encode())
    (tmp_path / PLACE / "9.9").mkdir()

    one = feeder(tmp_path)
    assert not stray.exists()
    assert not (tmp_path / PLACE / "9.9").exists()
    one.close()


def test_a_shard_that_is_taken_away_is_made_anew_with_everything(tmp_path, small):
    one = filled(tmp_path)
    one.close()
    shutil.rmtree(next((tmp_path / PLACE).iterdir()))

    one = feeder(tmp_path)
    assert documents(tmp_path) == 51
    assert len(words_held(tmp_path, "word")) == 50
    one.close()


def test_without_hard_links_files_are_copied(tmp_path, monkeypatch):
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("stream.local.shard_view.os.link", refused)
    one = filled(tmp_path)
    delete(one, "secret")
    assert one.settle(30)

    assert words_held(tmp_path, SECRET) == []
    assert documents(tmp_path) == 50
    one.close()


def test_old_shards_let_go_of_their_writers(tmp_path, small):
    one = filled(tmp_path)
    for i in range(0, 50, 7):
        delete(one, str(i))
    one.flush()
    held = one._search
    assert held is not None
    assert isinstance(held.shards, Shards)
    writers = [number for number, shard in held.shards._shards.items() if shard._writer]
    assert writers in ([], [5])
    one.close()
