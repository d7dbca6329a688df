"""Shape and speed of trees, against brute force."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.index import Relative
from stream.threads import spread

MINUTE = 60_000


def node(i: int, parent: int | None, *, at: int | None = None, **fields) -> Relative:
    return Relative(
        id=str(i),
        parent=None if parent is None else str(parent),
        kind=None if parent is None else "reply",
        held="unknown" if at is None else "held",
        at=at,
        **fields,
    )


@st.composite
def trees(draw) -> list[Relative]:
    """Any tree: parents before children, times in any order, some posts not held."""
    size = draw(st.integers(1, 25))
    parents = [None, *(draw(st.integers(0, i - 1)) for i in range(1, size))]
    return [
        node(
            i,
            parent,
            at=draw(st.none() | st.integers(0, 100)),
            account=f"x:{draw(st.integers(0, 4))}",
            platform=draw(st.sampled_from(["x", "reddit", "bluesky"])),
        )
        for i, parent in enumerate(parents)
    ]


def way_up(nodes: list[Relative], i: int) -> list[str]:
    by_id = {n.id: n for n in nodes}
    at, way = nodes[i], [nodes[i].id]
    while at.parent is not None:
        at = by_id[at.parent]
        way.append(at.id)
    return way


def distance(nodes: list[Relative], a: int, b: int) -> int:
    one, other = way_up(nodes, a), way_up(nodes, b)
    return len(set(one) ^ set(other))


@given(trees())
def test_the_shape_is_what_counting_gives(nodes):
    found = spread.shape(nodes)

    levels = [len(way_up(nodes, i)) - 1 for i in range(len(nodes))]
    assert spread.levels_of(nodes) == levels
    assert found.depth == max(levels)
    assert found.breadth == max((levels.count(level) for level in levels if level), default=0)
    assert found.nodes == len(nodes)
    assert found.held == sum(n.at is not None for n in nodes)
    assert spread.sizes_of(nodes) == [
        sum(n.id in way_up(nodes, i) for i in range(len(nodes))) for n in nodes
    ]


@given(trees())
def test_virality_is_the_mean_distance_of_all_pairs(nodes):
    pairs = list(itertools.combinations(range(len(nodes)), 2))
    found = spread.shape(nodes).virality

    if not pairs:
        assert found is None
    else:
        mean = sum(distance(nodes, a, b) for a, b in pairs) / len(pairs)
        assert found == pytest.approx(mean)


def test_virality_tells_a_star_from_a_chain():
    star = [node(0, None), *(node(i, 0) for i in range(1, 1001))]
    chain = [node(0, None), *(node(i, i - 1) for i in range(1, 1001))]

    assert spread.shape(star).virality == pytest.approx(2, abs=0.01)
    assert spread.shape(chain).virality == pytest.approx(1002 / 3)


@given(st.lists(st.integers(0, 100), max_size=30), st.floats(0, 1), st.integers(-5, 5))
def test_after_the_time_to_a_share_so_many_posts_are_there_and_not_before(times, share, since):
    found = spread.time_to_share(times, share, since)

    if not times:
        assert found is None
        return
    assert sum(at <= since + found for at in times) >= share * len(times)
    if found > 0:
        assert sum(at < since + found for at in times) < max(share * len(times), 1)


@given(trees())
def test_platforms_and_accounts_arrive_in_order_of_time(nodes):
    held = [n for n in nodes if n.at is not None]
    start = spread.starts_at(nodes)

    found = spread.platform_arrivals(nodes)

    assert {one.name: one.at for one in found} == {
        p: min(n.at for n in held if n.platform == p) for p in {n.platform for n in held}
    }
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert all(one.lag_ms == one.at - start for one in found)
    movers = spread.first_movers(nodes, 3)
    others = {n.account for n in held} - {nodes[0].account}
    assert len(movers) == min(3, len(others))
    assert nodes[0].account not in {one.name for one in movers}


@given(trees(), st.lists(st.integers(0, 110), max_size=6))
def test_a_tree_at_a_moment_is_made_of_the_posts_until_then(nodes, moments):
    levels = spread.levels_of(nodes)

    for extent in spread.growth(nodes, sorted(moments)):
        there = [
            level
            for n, level in zip(nodes, levels, strict=True)
            if n.at is not None and n.at <= extent.at
        ]
        assert extent.posts == len(there)
        assert extent.depth == max(there, default=0)
        widest = max((there.count(level) for level in there if level), default=0)
        assert extent.breadth == widest


def test_posts_below_an_account_are_counted():
    nodes = [
        node(0, None, at=0, account="x:a", platform="x"),
        node(1, 0, at=5 * MINUTE, account="x:b", platform="x"),
        node(2, 1, at=6 * MINUTE, account="x:c", platform="x"),
        node(3, 2, at=9 * MINUTE, account="x:b", platform="x"),
    ]

    first, second = spread.first_movers(nodes, 9)

    assert (first.name, first.lag_ms, first.below) == ("x:b", 5 * MINUTE, 2)
    assert (second.name, second.lag_ms, second.below) == ("x:c", 6 * MINUTE, 1)


def test_nothing_has_neither_shape_nor_times():
    assert spread.shape([]).nodes == 0
    assert spread.starts_at([]) is None
    assert spread.first_movers([], 3) == []
    assert spread.platform_arrivals([]) == []
    assert spread.growth([], [1]) == [spread.Extent(at=1, posts=0, depth=0, breadth=0)]


def test_ten_thousand_posts_in_a_chain_take_milliseconds():
    chain = [node(i, i - 1 if i else None, at=i) for i in range(10_000)]
    begun = time.process_time()

    spread.shape(chain)
    spread.growth(chain, range(0, 10_000, 100))

    assert time.process_time() - begun < 1
