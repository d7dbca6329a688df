"""Who of a campaign shared what with whom: a network of accounts, its backbone, its places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from dashboards.queries.campaigns import Seen, named
from detect.links import canonical_url
from stream.index import IndexedPost
from stream.spread.backbone import MOST_NODES, backbone, layout
from stream.threads.relatives import references

WIDEST = 200
"""Accounts of one thing that are tied to each other; of more, the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An account; ``x`` and ``y`` from 0 to 1, ``ties`` the things shared with others."""

    account: str
    posts: int
    ties: int
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Two accounts by their places in the list, and how many things they share."""

    first: int
    second: int
    things: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """At most three hundred accounts and the ties of their backbone, of ``every`` in all."""

    nodes: tuple[Node, ...]
    ties: tuple[Tie, ...]
    accounts: int
    every: int


def network(found: Seen) -> Network | None:
    """The network of a reported campaign, None where nobody may be named or nothing ties."""
    known = {member.account for member in named(found.campaign)}
    posts = [one for one in found.posts if one.post.account in known]
    busiest = Counter(one.post.account for one in posts)
    shown = sorted(busiest, key=lambda name: (-busiest[name], name))[:MOST_NODES]
    place = {name: i for i, name in enumerate(shown)}
    weights: Counter[tuple[int, int]] = Counter()
    for sharers in _sharers(posts):
        inside = sorted(place[name] for name in sharers if name in place)
        weights.update(combinations(inside[:WIDEST], 2))
    if not weights:
        return None
    began: dict[str, int] = {}
    for one in posts:
        at = one.post.event_at
        began[one.post.account] = min(at, began.get(one.post.account, at))
    first = {
        name: i for i, name in enumerate(sorted(shown, key=lambda name: (began[name], name)))
    }
    kept = backbone(weights, len(shown), [first[name] for name in shown])
    places = layout(kept, len(shown))
    ties: Counter[int] = Counter()
    for (a, b), things in weights.items():
        ties[a] += things
        ties[b] += things
    return Network(
        nodes=tuple(
            Node(
                account=name,
                posts=busiest[name],
                ties=ties[i],
                x=round(float(places[i, 0]), 4),
                y=round(float(places[i, 1]), 4),
            )
            for i, name in enumerate(shown)
        ),
        ties=tuple(Tie(first=a, second=b, things=int(w)) for a, b, w in kept),
        accounts=len(known),
        every=len(weights),
    )


def _sharers(posts: Sequence[IndexedPost]) -> Iterator[set[str]]:
    """For each thing that several accounts shared, who did."""
    things: dict[str, set[str]] = {}
    for one in posts:
        for thing in _things(one):
            things.setdefault(thing, set()).add(one.post.account)
    for thing in sorted(things):
        if len(things[thing]) > 1:
            yield things[thing]


def _things(one: IndexedPost) -> Iterator[str]:
    """What a post can have in common with others: texts, links, pictures, targets."""
    post = one.post
    yield from (f"cluster {cluster}" for cluster in one.clusters)
    yield from (f"link {url}" for link in post.urls if (url := canonical_url(link)))
    yield from (f"media {m.sha256 or m.pdq}" for m in post.media if m.sha256 or m.pdq)
    yield from (f"target {target}" for _, target in references(post))
