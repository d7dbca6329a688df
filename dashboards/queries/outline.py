"""Which part of a tree is listed: everything near, a count of what is folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stream.index import RelationKind, Relative
from stream.threads.spread import sizes_of

CHILDREN = 40
"""Branches directly below the top on one page."""
FAMILY = 5
"""Children shown of every other post."""
DEEPEST = 6
"""Levels below the top that are shown."""
ROWS = 200
"""Posts on one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A post of the list; ``folded`` posts below it are not shown, of ``below`` in all."""

    node: Relative
    below: int
    folded: int
    children: tuple[Branch, ...]

    def nodes(self) -> Iterator[Relative]:
        """The post and everything shown below it."""
        yield self.node
        for child in self.children:
            yield from child.nodes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One page of the branches directly below the top, of ``pages``."""

    branches: tuple[Branch, ...]
    page: int
    pages: int

    def ids(self) -> list[str]:
        """Ids of the posts shown."""
        return [node.id for branch in self.branches for node in branch.nodes()]


def outline(
    nodes: Sequence[Relative], *, page: int = 1, kinds: Sequence[RelationKind] = ()
) -> Outline:
    """One page of a tree: at most ``ROWS`` posts, the near before the far.

    Args:
        nodes: the top first, parents before children.
        page: from 1; beyond the last one the last one is shown.
        kinds: of the posts directly below the top only these, without any all.
    """
    families: dict[str, list[int]] = {}
    for i, node in enumerate(nodes[1:], 1):
        families.setdefault(node.parent or "", []).append(i)
    own = families.get(nodes[0].id, [])
    if kinds:
        own = [i for i in own if nodes[i].kind in kinds]
    pages = max(1, -(-len(own) // CHILDREN))
    page = min(max(page, 1), pages)
    listed = own[(page - 1) * CHILDREN : page * CHILDREN]
    shown = _shown(nodes, families, listed)
    sizes = sizes_of(nodes)
    return Outline(
        branches=tuple(_branch(nodes, shown, sizes, i) for i in listed),
        page=page,
        pages=pages,
    )


def _shown(
    nodes: Sequence[Relative], families: dict[str, list[int]], listed: Sequence[int]
) -> dict[int, list[int]]:
    """By node, which of its children are shown."""
    shown: dict[int, list[int]] = {}
    level, left = list(listed), ROWS - len(listed)
    for _ in range(DEEPEST - 1):
        below: list[int] = []
        for i in level:
            shown[i] = families.get(nodes[i].id, [])[: min(FAMILY, max(left, 0))]
            left -= len(shown[i])
            below += shown[i]
        level = below
    return shown


def _branch(
    nodes: Sequence[Relative], shown: dict[int, list[int]], sizes: Sequence[int], i: int
) -> Branch:
    # No deeper than DEEPEST, whatever the tree.
    children = tuple(_branch(nodes, shown, sizes, child) for child in shown.get(i, ()))
    below = sizes[i] - 1
    return Branch(
        node=nodes[i],
        below=below,
        folded=below - sum(child.below + 1 for child in children),
        children=children,
    )
