"""What was deleted also leaves the files of search, bit by bit and across restarts."""

from __future__ import annotations

import math
from pathlib import Path

import tantivy

from stream.local import sweep
from stream.local.feeding import Feeder
from stream.local.search import FOLDER
from tests.stream.index_world import batch, gone, post, seen

SECRET = "xylophonically"


def words_held(folder: Path, prefix: str) -> list[str]:
    """Words of the term dictionaries, those of deleted documents too."""
    index = tantivy.Index.open(str(folder / FOLDER))
    index.reload()
    return [word for word, _ in index.searcher().terms_with_prefix("words", prefix)]


def documents(folder: Path) -> int:
    index = tantivy.Index.open(str(folder / FOLDER))
    index.reload()
    return index.searcher().num_docs


def feeder(folder: Path, *, sweep_every_s: float = 0.0) -> Feeder:
    return Feeder(
        folder, clock=lambda: 0.0, commit_every_s=math.inf, sweep_every_s=sweep_every_s
    )


def filled(folder: Path, **options) -> Feeder:
    made = feeder(folder, **options)
    made.write(batch(*(s for i in range(50) for s in seen(post(str(i), f"word{i} common")))))
    made.write(batch(*seen(post("secret", f"{SECRET} common"))))
    made.flush()
    return made


def test_without_a_sweep_a_deleted_word_stays_in_the_files(tmp_path):
    one = filled(tmp_path, sweep_every_s=math.inf)
    one.db.execute("INSERT OR REPLACE INTO meta VALUES ('swept_at', 0)")
    one.write(batch(gone=[gone(post("secret"), revision=2)]))
    one.flush()

    assert documents(tmp_path) == 50
    assert words_held(tmp_path, SECRET) == [SECRET]
    one.close()


def test_a_sweep_takes_deleted_words_out_and_keeps_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "ROWS", 7)
    one = filled(tmp_path)
    one.write(batch(gone=[gone(post("secret"), revision=2)]))
    one.write(batch(*seen(post("0", "edited common"), revision=2)))
    flushes = 0
    while words_held(tmp_path, SECRET) or words_held(tmp_path, "word0"):
        one.flush()
        flushes += 1
        assert documents(tmp_path) in (50, 51)
        assert flushes < 20

    assert flushes > 51 / 7
    assert len(words_held(tmp_path, "word")) == 49
    assert words_held(tmp_path, "edited") == ["edited"]
    assert documents(tmp_path) == 50
    one.close()


def test_a_sweep_goes_on_after_a_restart(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "ROWS", 10)
    one = filled(tmp_path)
    one.write(batch(gone=[gone(post("secret"), revision=2)]))
    for _ in range(20):
        one.flush()
        one.close()
        one = feeder(tmp_path)

    assert words_held(tmp_path, SECRET) == []
    assert documents(tmp_path) == 50
    one.close()


def test_a_second_sweep_waits_for_its_time(tmp_path):
    one = filled(tmp_path, sweep_every_s=3600)
    for name in ("secret", "1"):
        one.write(batch(gone=[gone(post(name), revision=2)]))
        for _ in range(4):
            one.flush()

    assert words_held(tmp_path, SECRET) == []
    assert words_held(tmp_path, "word1") != []
    assert documents(tmp_path) == 49
    one.close()


def test_posts_that_come_during_a_sweep_are_there_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "ROWS", 5)
    one = filled(tmp_path)
    one.write(batch(gone=[gone(post("secret"), revision=2)]))
    for i in range(30):
        one.write(batch(*seen(post(f"late-{i}", f"late{i}"))))
        one.write(batch(*seen(post(str(i), f"second{i}"), revision=2)))
        one.flush()

    assert documents(tmp_path) == 80
    assert len(words_held(tmp_path, "late")) == 30
    assert len(words_held(tmp_path, "second")) == 30
    one.close()
