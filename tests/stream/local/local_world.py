"""Putting posts into a local index and asking it about them."""

from __future__ import annotations

from stream.index import PostQuery
from stream.local_index import LocalIndex
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    batch,
    seen,
)

DAY = 24 * HOUR


def put(index: LocalIndex, *posts, subjects=("arin",)):
    index.write(batch(*(s for p in posts for s in seen(p, *subjects))))
    index.refresh()


def found(index: LocalIndex, text: str = "", **query) -> list[str]:
    index.refresh()
    page = index.search(PostQuery(text=text, **query))
    assert page.total >= len(page.posts)
    return [p.post.id.removeprefix("archive:") for p in page.posts]


def counted(index: LocalIndex, subject: str | None = None, since=T0, until=T0 + HOUR) -> int:
    buckets = index.histogram(subject=subject, since=since, until=until, bucket_ms=MINUTE)
    return sum(bucket.posts for bucket in buckets)


def as_dict(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}
