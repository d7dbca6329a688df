"""One post and everything around it: what it answers, its tree, its copies, its beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from dashboards.queries.outline import Outline, outline
from ingest.records import Gap
from stream.gaps import masks
from stream.index import RELATION_KINDS, Index, IndexedPost, RelationKind, Relative, Tree
from stream.records import Cluster
from stream.threads import spread

TREE = 10_000
"""Most posts of a tree that are read; beyond them the tree is called cut."""
ABOVE = 1000
COPIES = 1000
MOVERS = 10
GAPS = 3
BEFORE_MS = 24 * 60 * 60 * 1000
"""A gap within this time before the first post may hide an earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Posts that say the same without a link to the tree: another layer of the spread.

    ``posts`` come oldest first, at most ``COPIES``; ``clusters`` hold them all.
    """

    clusters: tuple[Cluster, ...]
    posts: tuple[IndexedPost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where something began, as far as is known.

    ``first`` is the earliest post that is here. ``missing`` is what it refers to and
    what is not here: an earlier post that was deleted or never came. ``gaps`` are
    stretches within a day before, in which a source may have missed an earlier one.
    """

    first: IndexedPost
    missing: Relative | None
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Everything that the page of a thread says.

    ``above`` is what the post refers to, nearest first. ``start`` is the time from
    which lags count. ``half_ms`` and ``most_ms``: until half and nine tenths of the
    posts below it were there; None where there are none.
    """

    top: Relative
    post: IndexedPost | None
    above: tuple[Relative, ...]
    tree: Tree
    counts: Mapping[RelationKind, int]
    shape: spread.Shape
    outline: Outline
    start: int | None
    half_ms: int | None
    most_ms: int | None
    platforms: tuple[spread.Arrival, ...]
    movers: tuple[spread.Arrival, ...]
    copies: Copies
    began: Beginning | None
    posts: Mapping[str, IndexedPost]


def thread(
    index: Index, post_id: str, *, page: int = 1, kinds: Sequence[RelationKind] = ()
) -> Thread | None:
    """The thread below a post, held or not; None where nothing is known of it.

    ``kinds`` narrows down what is listed directly below the post, not what is counted.
    """
    tree = index.tree(post_id, limit=TREE)
    top = tree.nodes[0]
    if top.held != "held" and len(tree.nodes) == 1:
        return None
    post = index.post(post_id)
    above = tuple(index.ancestors(post_id, limit=ABOVE))
    copies = copies_of(index, post, tree)
    start = spread.starts_at(tree.nodes)
    times = [node.at for node in tree.nodes[1:] if node.at is not None]
    shown = outline(tree.nodes, page=page, kinds=kinds)
    held = [node.id for node in above if node.held == "held"]
    movers = tuple(spread.first_movers(tree.nodes, MOVERS))
    named = {*shown.ids(), *held[:3], *held[-1:], *(one.post_id for one in movers)}
    posts = {one.post.id: one for one in index.posts(sorted(named))}
    oldest = [one for one in (posts.get(held[-1]) if held else None, post) if one is not None]
    return Thread(
        top=top,
        post=post,
        above=above,
        tree=tree,
        counts=index.reply_counts(post_id),
        shape=spread.shape(tree.nodes),
        outline=shown,
        start=start,
        half_ms=None if start is None else spread.time_to_share(times, 0.5, start),
        most_ms=None if start is None else spread.time_to_share(times, 0.9, start),
        platforms=tuple(spread.platform_arrivals([*tree.nodes, *map(_alone, copies.posts)])),
        movers=movers,
        copies=copies,
        began=beginning(index, [*oldest, *copies.posts[:1]] or _earliest(index, tree)),
        posts=posts,
    )


def copies_of(index: Index, post: IndexedPost | None, tree: Tree) -> Copies:
    """Members of the clusters of a post that do not stand in its tree, oldest first."""
    linked = {node.id for node in tree.nodes}
    clusters = [index.cluster(one) for one in (post.clusters if post else ())]
    held = [one for one in clusters if one is not None]
    ids = {
        member.post_id: None
        for cluster in held
        for member in index.members(cluster.cluster_id, limit=COPIES)
        if member.post_id not in linked
    }
    posts = sorted(index.posts(list(ids)), key=_age)
    return Copies(clusters=tuple(held), posts=tuple(posts[:COPIES]))


def beginning(index: Index, candidates: Sequence[IndexedPost]) -> Beginning | None:
    """Where it began, of posts that belong together; None of none."""
    if not candidates:
        return None
    first = min(candidates, key=_age)
    above = index.ancestors(first.post.id, limit=ABOVE)
    at = first.post.event_at
    gaps = sorted(index.gaps(since=at - BEFORE_MS, until=at), key=lambda gap: -gap.until)
    return Beginning(
        first=first,
        missing=next((one for one in above if one.held != "held"), None),
        gaps=tuple(gaps[:GAPS]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far it had spread at ``at``: posts by kind since the beginning, and the tree."""

    at: int
    counts: Mapping[str, int]
    depth: int
    breadth: int
    masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Posts by kind over time, cumulative; each step stands for the time until the next."""

    since: int
    until: int
    kinds: tuple[str, ...]
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...]


KINDS: tuple[str, ...] = (*RELATION_KINDS, "copy")


def extent(thread: Thread) -> tuple[int, int] | None:
    """First and last time at which anything of a thread was posted."""
    times = [node.at for node in thread.tree.nodes if node.at is not None]
    times += [one.post.event_at for one in thread.copies.posts]
    return (min(times), max(times)) if times else None


def series(index: Index, thread: Thread, since: int, until: int, step_ms: int) -> Series:
    """How a thread spread from ``since`` to ``until``, in steps."""
    edges = range(since, until, step_ms)
    added: dict[str, list[int]] = {kind: [0] * len(edges) for kind in KINDS}
    timed = [(node.kind, node.at) for node in thread.tree.nodes[1:]]
    copied = [("copy", one.post.event_at) for one in thread.copies.posts]
    for kind, at in (*timed, *copied):
        if kind is not None and at is not None and since <= at < until:
            added[kind][(at - since) // step_ms] += 1
    totals = {kind: list(accumulate(counts)) for kind, counts in added.items()}
    grown = spread.growth(thread.tree.nodes, [at + step_ms - 1 for at in edges])
    gaps = index.gaps(since=since, until=until)
    masked = masks(gaps, since, step_ms, len(edges))
    return Series(
        since=since,
        until=until,
        kinds=tuple(kind for kind in KINDS if totals[kind] and totals[kind][-1]),
        steps=tuple(
            Step(
                at=at,
                counts={kind: totals[kind][i] for kind in KINDS},
                depth=grown[i].depth,
                breadth=grown[i].breadth,
                masked=masked[i],
            )
            for i, at in enumerate(edges)
        ),
        gaps=tuple(gaps),
    )


def _age(one: IndexedPost) -> tuple[int, str]:
    return one.post.event_at, one.post.id


def _alone(one: IndexedPost) -> Relative:
    post = one.post
    return Relative(
        id=post.id,
        parent=None,
        kind=None,
        held="held",
        at=post.event_at,
        platform=post.platform,
        account=post.account,
    )


def _earliest(index: Index, tree: Tree) -> list[IndexedPost]:
    held = [(node.at, node.id) for node in tree.nodes if node.at is not None]
    return index.posts([min(held)[1]]) if held else []
