"""What replies, reposts and quotes add up to, worked out the slow and plain way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ingest.records import Post
from stream.index import RelationKind, Relative, Tree

FIELDS: dict[RelationKind, str] = {
    "reply": "reply_to",
    "repost": "repost_of",
    "quote": "quote_of",
}


def names(post: Post) -> list[str]:
    """Everything a post refers to, directly or as its root, itself left out."""
    found = [getattr(post, field) for field in (*FIELDS.values(), "root")]
    return [target for target in found if target and target != post.id]


def ties(post: Post) -> list[tuple[RelationKind, str]]:
    """Direct references, the strongest first."""
    found = [(kind, getattr(post, field)) for kind, field in FIELDS.items()]
    return [(kind, target) for kind, target in found if target and target != post.id]


def referring(posts: Mapping[str, Post], target: str, kind: RelationKind) -> list[Post]:
    """Posts that refer to the target in this way, oldest first."""
    found = [one for one in posts.values() if (kind, target) in ties(one)]
    return sorted(found, key=lambda one: (one.event_at, one.id))


def below(posts: Mapping[str, Post], top: str) -> set[str]:
    """Everything that refers to the top, or to what does."""
    found = {top}
    while True:
        more = {i for i, one in posts.items() if found & set(names(one))} - found
        if not more:
            return found - {top}
        found |= more


def state(posts: Mapping[str, Post], buried: Collection[str], post_id: str) -> str:
    return "held" if post_id in posts else "deleted" if post_id in buried else "unknown"


def assert_tree(
    tree: Tree, posts: Mapping[str, Post], buried: Collection[str], top: str
) -> None:
    """The tree holds what it must, once each, in order, with every parent it can have."""
    members = below(posts, top)
    nodes = {node.id: node for node in tree.nodes}
    assert not tree.truncated
    assert len(nodes) == len(tree.nodes)
    assert members | {top} <= set(nodes)
    assert (tree.nodes[0].id, tree.nodes[0].parent, tree.nodes[0].kind) == (top, None, None)
    place = {node.id: i for i, node in enumerate(tree.nodes)}
    for node in tree.nodes[1:]:
        assert place[node.parent] < place[node.id]
    for post_id in set(nodes) - members - {top}:
        assert post_id not in posts or any(n.parent == post_id for n in tree.nodes)
    for node in tree.nodes:
        assert node.held == state(posts, buried, node.id)
        if node.id in members:
            one = posts[node.id]
            assert (node.at, node.account) == (one.event_at, one.account)
    for post_id, (parent, kind) in plain_parents(posts, members, top).items():
        assert (nodes[post_id].parent, nodes[post_id].kind) == (parent, kind)


def plain_parents(
    posts: Mapping[str, Post], members: set[str], top: str
) -> dict[str, tuple[str, RelationKind]]:
    """Parents of the members that reach the top by direct references alone."""
    first = {
        post_id: next(((t, k) for k, t in ties(posts[post_id]) if t in members | {top}), None)
        for post_id in members
    }
    plain = dict[str, tuple[str, RelationKind]]()
    for post_id in members:
        met, at = set[str](), post_id
        while at != top and at not in met and first[at] is not None:
            met.add(at)
            at = first[at][0]
        if at == top:
            plain[post_id] = first[post_id]
    return plain


def assert_ancestors(
    found: Sequence[Relative], posts: Mapping[str, Post], buried: Collection[str], start: str
) -> None:
    """The way up is the one that walking gives, with what is known of each post."""
    way = way_up(posts, start)[1:]
    assert [one.id for one in found] == way
    assert [one.held for one in found] == [state(posts, buried, i) for i in way]


def way_up(posts: Mapping[str, Post], start: str) -> list[str]:
    """From a post along first ties, then the root of the thread where it lies beyond."""
    way, at, root = [start], posts.get(start), None
    while at is not None:
        root = at.root or root
        tie = next((target for _, target in ties(at)), None)
        if tie is None or tie in way:
            break
        way.append(tie)
        at = posts.get(tie)
    return [*way, root] if root is not None and root not in way else way
