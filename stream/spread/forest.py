"""Posts that refer to each other as cascades: one tree for each post that began something.

References come from outside: they may form circles, point at the post itself, or at
posts that are not here. A post stands under the first of its references that is here;
where none is, under what it refers to, whose place is kept though nothing is known of
it: two reposts of a post that never came are one cascade. Time and space are
proportional to the number of posts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stream.index import Forest, RelationKind, Relative
from stream.threads.relatives import Kin, Linked, Member, gather, references, relative

CascadeTree = tuple[Relative, ...]
"""The top first, parents before children; near before far, in a family the older first."""


def cascades_of(members: Iterable[Member]) -> tuple[CascadeTree, ...]:
    """The cascades of these posts, that with the oldest post first.

    A circle is cut above its oldest post. A post that refers to nothing is a cascade
    of its own, maybe of one post.
    """
    held = {one.id: one for one in sorted(members, key=_age)}
    parents: dict[str, tuple[str, RelationKind]] = {}
    for one in held.values():
        link = next((r for r in one.references if r[1] in held), None)
        link = link or next(iter(one.references), None)
        if link is not None and link[1] != one.id:
            parents[one.id] = link[1], link[0]
    _cut_circles(held, parents)
    children: dict[str, list[str]] = {}
    tops: dict[str, None] = {}
    for post_id in held:
        parent = parents.get(post_id)
        if parent is None:
            tops.setdefault(post_id)
        else:
            children.setdefault(parent[0], []).append(post_id)
            if parent[0] not in held:
                tops.setdefault(parent[0])
    trees = [_tree(top, held, parents, children) for top in tops]
    return tuple(sorted(trees, key=lambda tree: (began_at(tree), tree[0].id)))


def member_of_post(post: Linked, at: int, platform: str, account: str) -> Member:
    """A post as far as its place in a cascade needs it; ``at`` is its event time."""
    return Member(
        id=post.id, at=at, platform=platform, account=account, references=references(post)
    )


def planted(kin: Kin, post_ids: Sequence[str], limit: int) -> Forest:
    """The cascades of posts of an index, with what is below them up to ``limit`` posts."""
    members, truncated = gather(kin, post_ids, limit)
    return Forest(trees=cascades_of(members), truncated=truncated)


def began_at(tree: CascadeTree) -> int:
    """When the first post of a cascade that is here was posted."""
    return min(node.at for node in tree if node.at is not None)


def _cut_circles(
    held: Mapping[str, Member], parents: dict[str, tuple[str, RelationKind]]
) -> None:
    """Every post leads to a top when this is done."""
    done: set[str] = set()
    for start in held:
        way: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in done and at not in way:
            way[at] = None
            link = parents.get(at)
            at = link[0] if link is not None and link[0] in held else None
        if at is not None and at in way:
            circle = list(way)[list(way).index(at) :]
            del parents[min(circle, key=lambda one: _age(held[one]))]
        done.update(way)


def _tree(
    top: str,
    held: Mapping[str, Member],
    parents: Mapping[str, tuple[str, RelationKind]],
    children: Mapping[str, list[str]],
) -> CascadeTree:
    nodes: list[Relative] = []
    level = [top]
    while level:
        for post_id in level:
            member = held.get(post_id)
            parent, kind = parents.get(post_id, (None, None))
            if member is None:
                nodes.append(Relative(id=post_id, parent=None, kind=None, held="unknown"))
            else:
                nodes.append(relative(member, parent, kind))
        level = [child for post_id in level for child in children.get(post_id, ())]
    return tuple(nodes)


def _age(one: Member) -> tuple[int, str]:
    return one.at, one.id
