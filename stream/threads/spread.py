"""How a post spread: the shape, the speed and the first steps of its tree. Pure functions.

All take the nodes of a :class:`stream.index.Tree`, parents before children, and need
time proportional to their number (times are sorted). Posts that are not held count
for the shape, as they were there, and not for times or accounts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stream.index import Relative


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Form of a tree.

    ``depth`` counts steps from the top to the farthest post, ``breadth`` the posts of
    the widest level, the top not counted. ``virality`` is the mean number of steps
    between two posts of the tree (Goel et al. 2016): near 2 when all come from one
    post, higher the more it went from person to person; None for a single post.
    """

    nodes: int
    held: int
    depth: int
    breadth: int
    virality: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The first post of an account or on a platform; ``lag_ms`` after the start.

    ``below`` is how many posts of the tree go back to this one.
    """

    name: str
    post_id: str
    at: int
    lag_ms: int
    below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The tree as it was at a moment: held posts, depth, and its widest level."""

    at: int
    posts: int
    depth: int
    breadth: int


def shape(nodes: Sequence[Relative]) -> Shape:
    """Size, depth, breadth and structural virality of a tree."""
    levels = levels_of(nodes)
    widths: dict[int, int] = {}
    for level in levels:
        widths[level] = widths.get(level, 0) + 1
    widths.pop(0, None)
    return Shape(
        nodes=len(nodes),
        held=sum(node.held == "held" for node in nodes),
        depth=max(levels, default=0),
        breadth=max(widths.values(), default=0),
        virality=_virality(sizes_of(nodes)),
    )


def levels_of(nodes: Sequence[Relative]) -> list[int]:
    """Steps from the top, for each node."""
    levels: dict[str, int] = {}
    for node in nodes:
        levels[node.id] = 0 if node.parent is None else levels[node.parent] + 1
    return [levels[node.id] for node in nodes]


def sizes_of(nodes: Sequence[Relative]) -> list[int]:
    """Nodes of the branch that begins at each node, itself included."""
    place = {node.id: i for i, node in enumerate(nodes)}
    sizes = [1] * len(nodes)
    for i in range(len(nodes) - 1, 0, -1):
        parent = nodes[i].parent
        if parent is not None:
            sizes[place[parent]] += sizes[i]
    return sizes


def _virality(sizes: Sequence[int]) -> float | None:
    # Each edge lies on the way between every post below it and every other one.
    n = len(sizes)
    if n < 2:  # noqa: PLR2004 - one post has no pair
        return None
    return 2 * sum(size * (n - size) for size in sizes[1:]) / (n * (n - 1))


def time_to_share(times: Iterable[int], share: float, since: int) -> int | None:
    """Milliseconds from ``since`` until that share of all posts was there; None of none."""
    ordered = sorted(times)
    if not ordered:
        return None
    return max(ordered[max(math.ceil(share * len(ordered)), 1) - 1] - since, 0)


def platform_arrivals(nodes: Sequence[Relative]) -> list[Arrival]:
    """The first post on each platform, in order of time."""
    return _arrivals(nodes, [node.platform for node in nodes])


def first_movers(nodes: Sequence[Relative], limit: int) -> list[Arrival]:
    """The first accounts that passed a post on or answered it, without its own."""
    own = nodes[0].account if nodes else None
    named = [None if node.account == own else node.account for node in nodes]
    return _arrivals(nodes, named)[:limit]


def _arrivals(nodes: Sequence[Relative], names: Sequence[str | None]) -> list[Arrival]:
    start = starts_at(nodes)
    if start is None:
        return []
    sizes = sizes_of(nodes)
    first: dict[str, tuple[int, int]] = {}
    for i, (node, name) in enumerate(zip(nodes, names, strict=True)):
        if name is not None and node.at is not None:
            first[name] = min(first.get(name, (node.at, i)), (node.at, i))
    return [
        Arrival(name=name, post_id=nodes[i].id, at=at, lag_ms=at - start, below=sizes[i] - 1)
        for name, (at, i) in sorted(first.items(), key=lambda item: item[1])
    ]


def starts_at(nodes: Sequence[Relative]) -> int | None:
    """When the tree began: the time of its top, else of the earliest post held."""
    if nodes and nodes[0].at is not None:
        return nodes[0].at
    return min((node.at for node in nodes if node.at is not None), default=None)


def growth(nodes: Sequence[Relative], moments: Sequence[int]) -> list[Extent]:
    """The tree at each of the moments, which come in order of time."""
    levels = levels_of(nodes)
    timed = sorted(
        (n.at, level) for n, level in zip(nodes, levels, strict=True) if n.at is not None
    )
    widths: dict[int, int] = {}
    posts = depth = breadth = i = 0
    found: list[Extent] = []
    for moment in moments:
        while i < len(timed) and timed[i][0] <= moment:
            level = timed[i][1]
            posts += 1
            depth = max(depth, level)
            if level:
                widths[level] = widths.get(level, 0) + 1
                breadth = max(breadth, widths[level])
            i += 1
        found.append(Extent(at=moment, posts=posts, depth=depth, breadth=breadth))
    return found
