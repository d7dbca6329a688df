"""What a thread says: where it began, its copies, how it spread."""

from __future__ import annotations

import pytest

from dashboards.queries.threads import beginning, extent, series, thread
from ingest.records import Gap
from stream.index import Index
from stream.local_index import LocalIndex
from stream.records import GapSeen
from tests.dashboards.web.memory_index import MemoryIndex
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    batch,
    cluster,
    gone,
    membership,
    post,
    seen,
)


@pytest.fixture(params=["local", "memory"])
def index(request, tmp_path):
    """The real index and the one of the page tests must say the same."""
    found = LocalIndex(tmp_path / "index") if request.param == "local" else MemoryIndex()
    yield found
    found.close()


def put(index: Index, *posts, **fields) -> None:
    index.write(batch(*(s for p in posts for s in seen(p)), **fields))


def named(n: object, minutes: int = 0, **fields):
    return post(
        str(n), f"text {n}", created_at=T0 + minutes * MINUTE, author_id=f"a{n}", **fields
    )


ROOT = named(1)
FAMILY = (
    ROOT,
    named(2, 5, reply_to="archive:1", root="archive:1"),
    named(3, 8, reply_to="archive:2", root="archive:1"),
    named(4, 20, repost_of="archive:1", platform="bluesky"),
    named(5, 30, quote_of="archive:3"),
)


def test_a_thread_tells_its_shape_speed_and_first_movers(index):
    put(index, *FAMILY)

    found = thread(index, "archive:1")

    assert (found.shape.held, found.shape.depth, found.shape.breadth) == (5, 3, 2)
    assert found.counts == {"reply": 1, "repost": 1, "quote": 0}
    assert (found.half_ms, found.most_ms) == (8 * MINUTE, 30 * MINUTE)
    assert [(m.name, m.lag_ms, m.below) for m in found.movers[:2]] == [
        ("x:a2", 5 * MINUTE, 2),
        ("x:a3", 8 * MINUTE, 1),
    ]
    assert [(p.name, p.lag_ms) for p in found.platforms] == [("x", 0), ("bluesky", 20 * MINUTE)]
    assert set(found.posts) >= {p.id for p in FAMILY[1:]}


def test_seen_from_a_reply_the_beginning_is_the_first_post_above_it(index):
    put(index, *FAMILY)

    found = thread(index, "archive:5")

    assert [one.id for one in found.above] == ["archive:3", "archive:2", "archive:1"]
    assert found.began.first.post == ROOT
    assert found.began.missing is None
    assert found.began.gaps == ()


def test_what_lies_before_the_first_post_is_named_as_missing(index):
    put(index, named(2, 5, reply_to="archive:1"), named(3, 9, reply_to="archive:2"))

    missing = thread(index, "archive:3").began.missing

    assert (missing.id, missing.held) == ("archive:1", "unknown")


def test_a_deleted_first_post_is_named_as_missing(index):
    put(index, *FAMILY)
    index.write(batch(gone=[gone(ROOT, revision=9)]))

    found = thread(index, "archive:2")

    assert found.began.first.post.id == "archive:2"
    assert (found.began.missing.id, found.began.missing.held) == ("archive:1", "deleted")


def test_the_thread_of_a_post_that_never_came_begins_with_its_earliest_child(index):
    put(index, *FAMILY[1:])

    found = thread(index, "archive:1")

    assert found.post is None
    assert found.top.held == "unknown"
    assert found.start == T0 + 5 * MINUTE
    assert found.began.first.post.id == "archive:2"
    assert found.began.missing.id == "archive:1"


def test_of_what_nobody_knows_there_is_no_thread(index):
    put(index, named(9))
    index.write(batch(gone=[gone(named(9), revision=9)]))

    assert thread(index, "archive:9") is None
    assert thread(index, "archive:77") is None


def test_copies_without_a_link_are_a_layer_of_their_own_and_may_be_earlier(index):
    earlier, later = (
        named("c1", -10, platform="reddit", container="reddit:pop"),
        named("c2", 50),
    )
    put(
        index,
        *FAMILY,
        earlier,
        later,
        results=[
            cluster("cl_1"),
            *(membership(p, "cl_1") for p in (ROOT, FAMILY[3], earlier, later)),
        ],
    )

    found = thread(index, "archive:1")

    assert [p.post.id for p in found.copies.posts] == ["archive:c1", "archive:c2"]
    assert [c.cluster_id for c in found.copies.clusters] == ["cl_1"]
    assert found.began.first.post == earlier
    assert [p.name for p in found.platforms] == ["reddit", "x", "bluesky"]
    assert extent(found) == (T0 - 10 * MINUTE, T0 + 50 * MINUTE)


def test_a_gap_shortly_before_the_beginning_is_told_and_a_distant_one_is_not(index):
    near = Gap(source="x", since=T0 - 3 * HOUR, until=T0 - HOUR, reason="away")
    far = Gap(source="x", since=T0 - 80 * HOUR, until=T0 - 70 * HOUR, reason="away")
    after = Gap(source="x", since=T0 + HOUR, until=T0 + 2 * HOUR, reason="away")
    put(index, ROOT, gaps=[GapSeen(gap=gap) for gap in (near, far, after)])

    assert beginning(index, [index.post("archive:1")]).gaps == (near,)
    assert beginning(index, []) is None


def test_the_spread_adds_up_by_kind_and_marks_gaps(index):
    gap = Gap(source="x", since=T0 + 10 * MINUTE, until=T0 + 12 * MINUTE, reason="away")
    put(index, *FAMILY, gaps=[GapSeen(gap=gap)])
    found = thread(index, "archive:1")

    grown = series(index, found, T0, T0 + 40 * MINUTE, 10 * MINUTE)

    assert [s.counts["reply"] for s in grown.steps] == [2, 2, 2, 2]
    assert [s.counts["repost"] for s in grown.steps] == [0, 0, 1, 1]
    assert [s.counts["quote"] for s in grown.steps] == [0, 0, 0, 1]
    assert [s.depth for s in grown.steps] == [2, 2, 2, 3]
    assert [s.masked for s in grown.steps] == [False, True, False, False]
    assert grown.kinds == ("reply", "repost", "quote")
    assert grown.gaps == (gap,)


def test_kinds_and_pages_narrow_down_the_list_and_not_the_counts(index):
    put(index, *FAMILY)

    found = thread(index, "archive:1", kinds=("repost",), page=99)

    assert found.outline.ids() == ["archive:4"]
    assert found.shape.held == 5
