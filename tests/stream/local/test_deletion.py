"""The local index: what is deleted is gone, what is repeated changes nothing."""

from __future__ import annotations

import pytest

from ingest.records import Gap, SourceStatus
from stream.index import PostQuery
from stream.local_index import LocalIndex
from stream.records import GapSeen
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    alert,
    batch,
    burst,
    cluster,
    gone,
    membership,
    post,
    seen,
)
from tests.stream.local.local_world import as_dict, counted, found, put


@pytest.fixture
def index(tmp_path):
    index = LocalIndex(tmp_path / "index")
    yield index
    index.close()


# --- deletion ---------------------------------------------------------------------------


def test_a_deleted_post_is_nowhere(index):
    put(index, post("1", "삭제될 글"), post("2", "남는 글"))
    index.write(
        batch(results=[membership(post("1"), "cl_1"), membership(post("2"), "cl_1"), cluster()])
    )
    index.write(batch(gone=[gone(post("1"), revision=2)]))

    assert index.post("archive:1") is None
    assert index.posts(["archive:1", "archive:2"])[0].post.id == "archive:2"
    assert found(index, "글") == ["2"]
    assert [m.post_id for m in index.members("cl_1")] == ["archive:2"]
    assert counted(index) == counted(index, "arin") == 1
    assert index.counts()["posts"] == 1
    assert index.counts()["deleted"] == 1


def test_a_deleted_founder_takes_its_text_out_of_the_cluster(index):
    put(index, post("1", "the sample"))
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster(sample="the sample")]))
    index.write(batch(gone=[gone(post("1"), revision=2)]))

    assert index.cluster("cl_1").sample == ""


def test_a_deleted_post_does_not_come_back_by_a_repeat(index):
    put(index, post("1"))
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.write(batch(*seen(post("1"))))
    index.write(batch(*seen(post("1"), revision=2)))

    assert index.post("archive:1") is None
    assert found(index) == []
    assert counted(index) == 0


def test_a_deletion_without_revision_holds_against_what_came_before(index):
    put(index, post("1"))
    index.write(batch(gone=[gone(post("1"))]))
    index.write(batch(*seen(post("1"))))

    assert index.post("archive:1") is None


def test_a_post_that_was_deleted_before_it_was_seen_never_appears(index):
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.write(batch(*seen(post("1"))))

    assert index.post("archive:1") is None
    assert index.counts()["deleted"] == 1


def test_nothing_of_a_deleted_text_remains_in_the_tables(tmp_path):
    index = LocalIndex(tmp_path / "index")
    secret = "xylophonically" * 20
    put(index, post("1", secret), post("2", "other"))
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster(sample=secret)]))
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.refresh()
    index.close()

    tables = [f for f in (tmp_path / "index").rglob("index.db*") if f.is_file()]
    assert tables
    assert not [f for f in tables if b"xylophonically" in f.read_bytes()]


# --- repeats ------------------------------------------------------------------------------


def test_the_same_batch_again_changes_nothing(index):
    everything = batch(
        *seen(post("1"), "arin", "luna"),
        *seen(post("2", created_at=T0 + MINUTE)),
        gone=[gone(post("2"), revision=2)],
        results=[membership(post("1"), "cl_1"), cluster(), burst(), alert()],
        gaps=[GapSeen(gap=Gap(source="archive", since=T0, until=T0 + 1, reason="x"))],
    )
    index.write(everything)
    before = snapshot(index)
    index.write(everything)
    index.write(type(everything)(**{**as_dict(everything), "checkpoint": "another"}))

    assert snapshot(index) == before
    assert index.checkpoint() == "another"


def snapshot(index):
    index.refresh()
    window = {"since": T0 - HOUR, "until": T0 + HOUR}
    return (
        index.search(PostQuery(limit=1000)),
        [
            index.histogram(subject=s, bucket_ms=MINUTE, **window)
            for s in (None, "arin", "luna")
        ],
        [index.facet(facet, **window) for facet in ("subject", "source", "lang")],
        index.members("cl_1"),
        index.clusters(),
        index.bursts(cluster_id="cl_1"),
        index.alerts_after(0),
        index.gaps(**window),
        index.counts(),
    )


def test_statuses_come_through_although_nothing_else_is_new(index):
    index.write(batch(*seen(post()), checkpoint="c1"))
    status = SourceStatus(source="bluesky", state="live", changed_at=T0, read=5)
    index.write(batch(checkpoint="c1", statuses=[status]))
    index.write(
        batch(
            checkpoint="c1", statuses=[SourceStatus(source="a", state="failed", changed_at=1)]
        )
    )

    assert [s.source for s in index.statuses()] == ["a", "bluesky"]
    assert index.statuses()[1] == status
