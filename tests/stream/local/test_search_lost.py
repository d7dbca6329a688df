"""Search that somebody deletes or tears while it is in use, and its making anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stream.index import PostQuery, SearchUnavailableError
from stream.local.search import FORMAT
from stream.local_index import LocalIndex
from stream.search.query import parse
from tests.stream.index_world import HOUR, MINUTE, T0, batch, membership, post, seen

SEARCH = Path("generation-1") / "search"


def filled(i: int):
    """Batch i: ten posts with everything that search keeps of them."""
    posts = [
        post(
            f"{i}-{k}",
            f"번호 n{i}",
            created_at=T0 + i * MINUTE,
            hashtags=("컴백",),
            urls=("https://news.example/1",),
            metrics={"likes": k},
        )
        for k in range(10)
    ]
    return batch(
        *[s for p in posts for s in seen(p)],
        checkpoint=str(i),
        results=[membership(p, "cl_1") for p in posts[:3]],
    )


def assert_all_there(index: LocalIndex, batches: int) -> None:
    """Every kind of question is answered from all batches."""
    n = 10 * batches
    index.refresh()
    for query, hits in (
        ("번호", n), ("tag:컴백", n), ("link:news.example", n), ("reason:alias", n),
        ("likes>=5", n // 2), ("cluster:cl_1", 3 * batches), ("has:link subject:arin", n),
    ):  # fmt: skip
        assert index.search(PostQuery(where=parse(query), limit=0)).total == hits, query
    facets = index.facets(PostQuery())
    assert dict(facets["tag"].values) == {"컴백": n}
    assert dict(facets["author"].values) == {"x:writer": n}
    buckets = index.timeline(PostQuery(), since=T0, until=T0 + HOUR, bucket_ms=MINUTE)
    assert sum(bucket.posts for bucket in buckets) == n


def gone(search: Path) -> None:
    shutil.rmtree(search)


def no_columns(search: Path) -> None:
    next(search.glob("*.fast")).unlink()


def no_words(search: Path) -> None:
    next(search.glob("*.term")).unlink()


def no_meta(search: Path) -> None:
    (search / "meta.json").unlink()


def emptied(search: Path) -> None:
    for file in search.iterdir():
        file.unlink()


DAMAGES = [gone, no_columns, no_words, no_meta, emptied]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_writer_mends_search_that_is_torn_under_it(tmp_path, damage):
    index = LocalIndex(tmp_path)
    for i in range(3):
        index.write(filled(i))
        index.refresh()
    reader = LocalIndex(tmp_path, read_only=True)
    assert_all_there(reader, 3)

    damage(tmp_path / SEARCH)
    index.write(filled(3))
    index.refresh()

    assert_all_there(index, 4)
    assert_all_there(reader, 4)
    reader.close()
    index.close()


def test_a_writer_that_is_asked_first_mends_search_before_it_answers(tmp_path):
    index = LocalIndex(tmp_path)
    index.write(filled(0))
    index.refresh()
    shutil.rmtree(tmp_path / SEARCH)
    index._search.forget()

    assert index.search(PostQuery(where=parse("tag:컴백"), limit=0)).total == 10
    assert_all_there(index, 1)
    index.close()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_reader_alone_says_what_to_do_and_a_rebuild_restores_everything(tmp_path, damage):
    index = LocalIndex(tmp_path)
    index.write(filled(0))
    index.close()
    reader = LocalIndex(tmp_path, read_only=True)
    damage(tmp_path / SEARCH)

    for ask in (
        lambda: reader.search(PostQuery()),
        lambda: reader.facets(PostQuery()),
        lambda: reader.span(PostQuery()),
        lambda: reader.timeline(PostQuery(), since=T0, until=T0 + HOUR, bucket_ms=HOUR),
    ):
        with pytest.raises(SearchUnavailableError, match="jikimi index rebuild"):
            ask()
    assert reader.counts()["posts"] == 10

    LocalIndex.rebuild(tmp_path, [filled(0), filled(1)])
    assert_all_there(reader, 2)
    reader.close()


def test_search_of_an_older_jikimi_is_not_read_and_is_made_anew(tmp_path):
    index = LocalIndex(tmp_path)
    index.write(filled(0))
    index.close()
    note = tmp_path / SEARCH / "position.json"
    note.write_text(note.read_text().replace(f'"format":"{FORMAT}', '"format":"1.0'))

    reader = LocalIndex(tmp_path, read_only=True)
    with pytest.raises(SearchUnavailableError, match=r"format 1\."):
        reader.search(PostQuery())
    index = LocalIndex(tmp_path)
    assert_all_there(index, 1)
    assert_all_there(reader, 1)
    reader.close()
    index.close()


def test_merges_of_a_busy_writer_are_not_taken_for_damage(tmp_path):
    index = LocalIndex(tmp_path)
    folder = (tmp_path / SEARCH).stat().st_ino
    for i in range(60):
        index.write(filled(i))
        index.refresh()

    assert (tmp_path / SEARCH).stat().st_ino == folder
    assert_all_there(index, 60)
    index.close()
