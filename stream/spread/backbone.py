"""The backbone of a network of accounts, and where each is drawn. Pure, without chance.

A network that an eye can take in keeps all its edges. Of a larger one an edge stays when
it is heavier than chance would spread an account's weight over its edges, for one end at
least (disparity filter, Serrano et al. 2009), and every account keeps its heaviest way to
the others (maximum spanning forest), so that nobody is drawn alone who is not.
Places come from forces (Fruchterman and Reingold 1991), begun on a circle: the same network
is always drawn the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

MOST_NODES = 300
MOST_EDGES = 1_500
FEW_EDGES = 300
"""So many are drawn as they are: the full mesh of two dozen accounts looks like one."""
SIGNIFICANT = 0.05
ROUNDS = 80
NEAR = 1e-9
Edge = tuple[int, int, float]
"""Two nodes by number and a weight above zero."""
Points = npt.NDArray[np.float64]


def backbone(
    weights: Mapping[tuple[int, int], float], nodes: int, order: Sequence[int] = ()
) -> list[Edge]:
    """The edges that are drawn, heaviest first, at most ``MOST_EDGES``.

    Args:
        weights: by pair of nodes, the smaller number first.
        nodes: how many there are.
        order: place of each node in time, else its number. Of edges of one weight those
            between neighbours in time come first: where all weigh the same, a chain is
            drawn and no account looks like the hub that it is not.
    """
    place = order or range(nodes)
    edges = sorted(
        ((a, b, w) for (a, b), w in weights.items()),
        key=lambda edge: (-edge[2], abs(place[edge[0]] - place[edge[1]]), edge[:2]),
    )
    if len(edges) <= FEW_EDGES:
        return edges
    degree = [0] * nodes
    strength = [0.0] * nodes
    for a, b, weight in edges:
        for one in (a, b):
            degree[one] += 1
            strength[one] += weight
    way = _forest(edges, nodes)
    rest = [
        (chance, edge)
        for edge in edges
        if edge not in way and (chance := _chance(edge, degree, strength)) < SIGNIFICANT
    ]
    rest.sort(key=lambda one: (one[0], one[1][:2]))
    kept = way | {edge for _, edge in rest[: max(0, MOST_EDGES - len(way))]}
    return [edge for edge in edges if edge in kept]


def _chance(edge: Edge, degree: Sequence[int], strength: Sequence[float]) -> float:
    """That an end would spread so much of its weight on this edge, the smaller of both."""
    a, b, weight = edge
    return min(
        (1 - weight / strength[one]) ** (degree[one] - 1) if degree[one] > 1 else 1.0
        for one in (a, b)
    )


def _forest(edges: Sequence[Edge], nodes: int) -> set[Edge]:
    """The maximum spanning forest of edges that come heaviest first (Kruskal)."""
    leader = list(range(nodes))

    def led(one: int) -> int:
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    kept: set[Edge] = set()
    for edge in edges:
        a, b = led(edge[0]), led(edge[1])
        if a != b:
            leader[a] = b
            kept.add(edge)
    return kept


def layout(edges: Sequence[Edge], nodes: int) -> Points:
    """A place for each node, both coordinates from 0 to 1."""
    if nodes == 0:
        return np.zeros((0, 2))
    turn = 2 * np.pi * np.arange(nodes) / nodes
    at = 0.5 + 0.4 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    ideal = 0.6 / np.sqrt(nodes)
    pairs = np.array([edge[:2] for edge in edges], dtype=np.int64).reshape(-1, 2)
    weight = np.array([edge[2] for edge in edges])
    pull = np.sqrt(weight / weight.max()) if len(weight) else weight
    for step in range(ROUNDS):
        apart = at[:, None, :] - at[None, :, :]
        far = np.maximum((apart**2).sum(axis=2), 1e-6)
        move = (apart * (ideal**2 / far)[:, :, None]).sum(axis=1)
        along = at[pairs[:, 0]] - at[pairs[:, 1]]
        length = np.sqrt((along**2).sum(axis=1, keepdims=True))
        force = along * length / ideal * pull[:, None]
        np.add.at(move, pairs[:, 0], -force)
        np.add.at(move, pairs[:, 1], force)
        move += (0.5 - at) * 0.05
        size = np.maximum(np.sqrt((move**2).sum(axis=1, keepdims=True)), NEAR)
        heat = 0.1 * (1 - step / ROUNDS)
        at = at + move / size * np.minimum(size, heat)
    low, high = at.min(axis=0), at.max(axis=0)
    width = np.maximum(high - low, NEAR)
    placed: Points = np.where(high - low > NEAR, (at - low) / width, 0.5)
    return placed
