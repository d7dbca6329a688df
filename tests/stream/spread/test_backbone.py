"""The backbone of a network, and that it is drawn the same every time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.spread.backbone import MOST_EDGES, MOST_NODES, backbone, layout


def mesh(nodes: Iterable[int]) -> list[tuple[int, int]]:
    """All pairs."""
    return list(combinations(nodes, 2))


@st.composite
def networks(draw: st.DrawFn) -> tuple[dict[tuple[int, int], int], int]:
    nodes = draw(st.integers(2, 60))
    pairs = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    chosen = draw(st.lists(pairs.filter(lambda p: p[0] < p[1]), max_size=60)) + draw(
        st.sampled_from([[], mesh(range(nodes))])
    )
    return {pair: draw(st.integers(1, 9)) for pair in chosen}, nodes


def parts(edges, nodes: int) -> set[frozenset[int]]:
    near = {one: {one} for one in range(nodes)}
    for a, b, *_ in edges:
        joined = near[a] | near[b]
        for one in joined:
            near[one] = joined
    return {frozenset(one) for one in near.values()}


@given(networks())
def test_it_keeps_together_what_was_together(found):
    weights, nodes = found

    kept = backbone(weights, nodes)

    assert {edge[:2] for edge in kept} <= set(weights)
    assert all(weights[a, b] == w for a, b, w in kept)
    assert parts(kept, nodes) == parts(weights, nodes)


def test_an_edge_that_stands_out_stays_and_even_ones_go():
    even = dict.fromkeys(mesh(range(30)), 1)
    heavy = even | {(0, 1): 50, (0, 2): 40, (1, 2): 45}

    assert len(backbone(even, 30)) == 29
    assert {(0, 1), (1, 2)} <= {edge[:2] for edge in backbone(heavy, 30)}
    assert len(backbone(heavy, 30)) < 40


def test_a_ring_in_which_everybody_shares_with_everybody_is_drawn_as_one():
    even = dict.fromkeys(mesh(range(18)), 1)

    assert len(backbone(even, 18)) == len(even)


def test_where_all_weigh_the_same_nobody_looks_like_a_hub():
    even = dict.fromkeys(mesh(range(30)), 1)
    order = [7 * n % 30 for n in range(30)]

    kept = backbone(even, 30, order)

    assert {tuple(sorted((order[a], order[b]))) for a, b, _ in kept} == {
        (at, at + 1) for at in range(29)
    }


@given(networks())
def test_it_is_drawn_inside_its_frame_and_always_the_same(found):
    weights, nodes = found
    kept = backbone(weights, nodes)

    places = layout(kept, nodes)

    assert places.shape == (nodes, 2)
    assert np.isfinite(places).all()
    assert places.min() >= 0
    assert places.max() <= 1
    assert (places == layout(kept, nodes)).all()


def test_two_groups_are_drawn_apart():
    groups = {(a, b): 1 for s in (0, 8) for a in range(s, s + 8) for b in range(a + 1, s + 8)}
    places = layout([(a, b, w) for (a, b), w in groups.items()], 16)

    middle = places[:8].mean(axis=0), places[8:].mean(axis=0)
    spread = max(places[:8].std(), places[8:].std())
    assert np.linalg.norm(middle[0] - middle[1]) > spread


def test_three_hundred_accounts_that_share_everything_take_a_moment():
    weights = {(a, b): 1 + (a + b) % 5 for a in range(300) for b in range(a + 1, 300)}
    began = time.process_time()

    kept = backbone(weights, MOST_NODES)
    layout(kept, MOST_NODES)

    assert len(kept) <= MOST_EDGES
    assert time.process_time() - began < 10
