"""How a whole narrative spread: all its cascades together, and who carried it.

A narrative is what belongs together: the posts of a campaign, of one text, of one
picture. Its cascades are joined by nothing but what they say; copies without a
reference begin cascades of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np

from stream.index import Relative
from stream.spread.forest import CascadeTree, began_at
from stream.spread.reproduction import (
    OUTSIDE,
    Brought,
    Generation,
    Step,
    brought,
    generation_of,
    over_time,
)
from stream.threads.spread import Shape, shape, time_to_share

SHOWN = 10
"""Most cascades, first movers and carriers that are told."""
STEPS = 48
MINUTE_MS = 60_000


class Cascade(msgspec.Struct, frozen=True, kw_only=True):
    """One tree: its top, its shape, and how fast it grew.

    ``half_ms`` and ``most_ms``: until half and nine tenths of its posts were there.
    """

    top: str
    top_held: bool
    first_at: int
    last_at: int
    accounts: int
    platforms: tuple[str, ...]
    shape: Shape
    half_ms: int
    most_ms: int


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """The first post on a platform; ``lag_ms`` after the first of all, ``posts`` there."""

    platform: str
    post_id: str
    at: int
    lag_ms: int
    posts: int


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """An account and how many posts came directly from its own, to be expected."""

    account: str
    first_post: str
    first_at: int
    lag_ms: int
    posts: int
    brought: float


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A narrative as it spread.

    ``beginnings`` is how many posts are to be expected to have begun by themselves.
    ``concentration``: the share of what was brought that the foremost tenth of the
    accounts brought. ``movers`` come by time, ``carriers`` by what they brought.
    """

    posts: int
    accounts: int
    cascades: int
    kinds: dict[str, int]
    first_at: int
    last_at: int
    half_ms: int
    most_ms: int
    busiest_hour: int
    beginnings: float
    generation: Generation
    largest: tuple[Cascade, ...]
    hops: tuple[Hop, ...]
    movers: tuple[Carrier, ...]
    carriers: tuple[Carrier, ...]
    concentration: float | None
    step_ms: int
    steps: tuple[Step, ...]


def spread_of(trees: Sequence[CascadeTree], *, now: int, step_ms: int = 0) -> Spread | None:
    """How the narrative of these cascades spread, None without any post.

    Args:
        trees: from :func:`stream.spread.forest.cascades_of`.
        now: event time up to which everything is here.
        step_ms: length of a step of the reproduction number; 0 chooses one.
    """
    nodes = [(node, node.at) for tree in trees for node in tree if node.at is not None]
    if not nodes:
        return None
    times = [at for _, at in nodes]
    first, last = min(times), max(times)
    place = {node.id: i for i, (node, _) in enumerate(nodes)}
    parents = [
        None if node.parent is None else place.get(node.parent, OUTSIDE) for node, _ in nodes
    ]
    lags = [
        times[i] - times[parent]
        for i, parent in enumerate(parents)
        if parent is not None and parent != OUTSIDE
    ]
    generation = generation_of(lags)
    found = brought(times, parents, generation)
    step = step_ms or _step(last - first)
    carriers = _carriers([node for node, _ in nodes], times, found, first)
    return Spread(
        posts=len(nodes),
        accounts=len({node.account for node, _ in nodes}),
        cascades=len(trees),
        kinds=_kinds(trees),
        first_at=first,
        last_at=last,
        half_ms=time_to_share(times, 0.5, first) or 0,
        most_ms=time_to_share(times, 0.9, first) or 0,
        busiest_hour=_busiest(times),
        beginnings=round(float(found.own.sum()), 2),
        generation=generation,
        largest=_largest(trees),
        hops=_hops([node for node, _ in nodes], times, first),
        movers=tuple(sorted(carriers, key=lambda c: (c.first_at, c.first_post))[:SHOWN]),
        carriers=tuple(
            sorted(carriers, key=lambda c: (-c.brought, c.first_at, c.first_post))[:SHOWN]
        ),
        concentration=_concentration(carriers),
        step_ms=step,
        steps=over_time(
            times,
            found,
            generation,
            since=first - first % step,
            until=last + 1,
            step_ms=step,
            now=max(now, last),
        ),
    )


def cascade_of(tree: CascadeTree) -> Cascade:
    """The shape and the speed of one tree."""
    times = [node.at for node in tree if node.at is not None]
    first = began_at(tree)
    return Cascade(
        top=tree[0].id,
        top_held=tree[0].held == "held",
        first_at=first,
        last_at=max(times),
        accounts=len({node.account for node in tree if node.account is not None}),
        platforms=tuple(sorted({node.platform for node in tree if node.platform})),
        shape=shape(tree),
        half_ms=time_to_share(times, 0.5, first) or 0,
        most_ms=time_to_share(times, 0.9, first) or 0,
    )


def _largest(trees: Sequence[CascadeTree]) -> tuple[Cascade, ...]:
    several = [tree for tree in trees if len(tree) > 1]
    several.sort(key=lambda tree: (-len(tree), began_at(tree), tree[0].id))
    return tuple(cascade_of(tree) for tree in several[:SHOWN])


def _kinds(trees: Sequence[CascadeTree]) -> dict[str, int]:
    """Posts by how they refer to what they passed on; a copy refers to nothing."""
    counts = {"reply": 0, "repost": 0, "quote": 0, "copy": 0}
    for tree in trees:
        counts["copy"] += tree[0].held == "held"
        for node in tree[1:]:
            if node.kind is not None:
                counts[node.kind] += 1
    # The first of all copied nobody.
    counts["copy"] -= bool(trees) and trees[0][0].held == "held"
    return counts


def _hops(nodes: Sequence[Relative], times: Sequence[int], start: int) -> tuple[Hop, ...]:
    first: dict[str, tuple[int, str]] = {}
    posts: defaultdict[str, int] = defaultdict(int)
    for node, at in zip(nodes, times, strict=True):
        name = node.platform or ""
        posts[name] += 1
        first[name] = min(first.get(name, (at, node.id)), (at, node.id))
    return tuple(
        Hop(platform=name, post_id=post, at=at, lag_ms=at - start, posts=posts[name])
        for name, (at, post) in sorted(first.items(), key=lambda item: (item[1], item[0]))
    )


def _carriers(
    nodes: Sequence[Relative], times: Sequence[int], found: Brought, start: int
) -> list[Carrier]:
    first: dict[str, tuple[int, str]] = {}
    posts: defaultdict[str, int] = defaultdict(int)
    direct: defaultdict[str, float] = defaultdict(float)
    for node, at, number in zip(nodes, times, found.direct.tolist(), strict=True):
        name = node.account or ""
        posts[name] += 1
        direct[name] += number
        first[name] = min(first.get(name, (at, node.id)), (at, node.id))
    return [
        Carrier(
            account=name,
            first_post=post,
            first_at=at,
            lag_ms=at - start,
            posts=posts[name],
            brought=round(direct[name], 2),
        )
        for name, (at, post) in first.items()
    ]


def _concentration(carriers: Sequence[Carrier]) -> float | None:
    ranked = sorted((one.brought for one in carriers), reverse=True)
    total = sum(ranked)
    if total <= 0:
        return None
    return round(sum(ranked[: max(1, len(ranked) // 10)]) / total, 4)


def _busiest(times: Sequence[int]) -> int:
    """Most posts within one hour."""
    at = np.sort(np.array(times, dtype=np.int64))
    inside = np.searchsorted(at, at + 60 * MINUTE_MS, side="left") - np.arange(len(at))
    return int(inside.max())


def _step(length_ms: int) -> int:
    """A length that gives at most so many steps: whole minutes, at least one."""
    return max(1, -(-length_ms // (STEPS * MINUTE_MS))) * MINUTE_MS
