"""Numbered posts, and what must hold of an index that took them."""

from __future__ import annotations

from stream.index import PostQuery
from stream.local_index import LocalIndex
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    batch,
    gone,
    membership,
    post,
    seen,
)

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
