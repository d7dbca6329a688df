"""Cascades out of references, whatever those claim."""

from __future__ import annotations

import time
from collections import deque
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.spread.forest import cascades_of
from stream.threads.relatives import Member
from stream.threads.spread import shape

KINDS = ("reply", "repost", "quote")


def post(name: str, at: int, *targets: str) -> Member:
    return Member(
        id=name,
        at=at,
        platform="x",
        account=f"x:{name}",
        references=tuple(("repost", target) for target in targets if target != name),
    )


@st.composite
def claims(draw: st.DrawFn) -> list[Member]:
    """Posts that refer to any others, to themselves and to ones that are not there."""
    size = draw(st.integers(1, 25))
    names = [f"p{i}" for i in range(size)]
    anything = st.sampled_from([*names, "gone1", "gone2"])
    return [
        post(name, draw(st.integers(0, 40)), *draw(st.lists(anything, max_size=2)))
        for name in names
    ]


def edges_of(tree) -> list[tuple[str, str]]:
    return [(node.id, node.parent) for node in tree if node.parent is not None]


@given(claims())
def test_every_post_stands_in_exactly_one_cascade_below_its_parent(members: list[Member]):
    trees = cascades_of(members)
    nodes = [node for tree in trees for node in tree]

    assert sorted(node.id for node in nodes if node.held == "held") == sorted(
        one.id for one in members
    )
    assert len({node.id for node in nodes}) == len(nodes)
    for tree in trees:
        met = set()
        for node in tree:
            assert (node.parent is None) == (not met)
            assert node.parent is None or node.parent in met
            met.add(node.id)


@given(claims())
def test_a_post_stands_only_under_what_it_refers_to(members: list[Member]):
    links = {one.id: {target for _, target in one.references} for one in members}

    for tree in cascades_of(members):
        for child, parent in edges_of(tree):
            assert parent in links[child]


@given(claims())
def test_the_order_in_which_posts_come_changes_nothing(members: list[Member]):
    assert cascades_of(members) == cascades_of(members[::-1])


@given(claims())
def test_shapes_are_those_of_walking_between_all_pairs(members: list[Member]):
    for tree in cascades_of(members):
        near: dict[str, set[str]] = {node.id: set() for node in tree}
        for child, parent in edges_of(tree):
            near[child].add(parent)
            near[parent].add(child)
        walks = {node.id: _steps(near, node.id) for node in tree}
        seen = shape(tree)

        levels = walks[tree[0].id]
        assert seen.depth == max(levels.values())
        assert seen.breadth == max(
            (list(levels.values()).count(n) for n in range(1, seen.depth + 1)), default=0
        )
        pairs = [walks[a][b] for a, b in combinations(near, 2)]
        if pairs:
            assert seen.virality == pytest.approx(sum(pairs) / len(pairs))


def _steps(near: dict[str, set[str]], start: str) -> dict[str, int]:
    found = {start: 0}
    waiting = deque([start])
    while waiting:
        one = waiting.popleft()
        for other in near[one] - found.keys():
            found[other] = found[one] + 1
            waiting.append(other)
    return found


def test_two_reposts_of_a_post_that_never_came_are_one_cascade():
    (tree,) = cascades_of([post("a", 1, "gone"), post("b", 2, "gone")])

    assert [(node.id, node.held) for node in tree] == [
        ("gone", "unknown"),
        ("a", "held"),
        ("b", "held"),
    ]


def test_a_circle_is_cut_above_its_oldest_post():
    (tree,) = cascades_of([post("a", 3, "b"), post("b", 1, "c"), post("c", 2, "a")])

    assert tree[0].id == "b"


def test_a_hundred_thousand_posts_in_one_chain_take_seconds():
    members = [post(f"p{i}", i, f"p{max(0, i - 1)}") for i in range(100_000)]
    began = time.process_time()

    (tree,) = cascades_of(members)

    assert shape(tree).depth == 99_999
    assert time.process_time() - began < 20
