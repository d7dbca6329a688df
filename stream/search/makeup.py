"""Who posts come from and how far they reach, out of the few fields that tell.

A stored post is a thousand bytes; decoded whole, two thousand of them take most of the time
of a page. Pure functions that every index shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

LONGEST_LINK = 300
"""Longer links are not counted: nobody reads them in a table."""


class Makeup(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts, reach, copies and links of some posts.

    ``total`` posts there were, ``seen`` of them were counted. ``followers`` is the sum over
    ``known_accounts`` of ``accounts`` of what the platform said at their newest post.
    ``copies`` stand in a cluster. ``metrics`` are sums of what is above zero, ``links`` the
    posts in which each link stands.
    """

    total: int = 0
    seen: int = 0
    accounts: int = 0
    known_accounts: int = 0
    followers: int = 0
    copies: int = 0
    metrics: Mapping[str, int] = {}
    links: Mapping[str, int] = {}


class Followers(msgspec.Struct, frozen=True, gc=False):
    """What is read of an author."""

    followers: int | None = None


class Told(msgspec.Struct, frozen=True, gc=False):
    """What is read of a post; its other fields are not decoded."""

    platform: str
    author_id: str
    urls: tuple[str, ...] = ()
    metrics: dict[str, int] = {}
    author: Followers | None = None


decode_told: Callable[[bytes], Told] = msgspec.msgpack.Decoder(Told).decode


def makeup_of(posts: Iterable[Told], *, copies: int, total: int) -> Makeup:
    """Counts posts, the newest first; ``copies`` and ``total`` are known already."""
    accounts: dict[str, int | None] = {}
    metrics: Counter[str] = Counter()
    links: Counter[str] = Counter()
    seen = 0
    for post in posts:
        seen += 1
        account = f"{post.platform}:{post.author_id}"
        if accounts.get(account) is None:
            accounts[account] = post.author.followers if post.author else None
        for name, n in post.metrics.items():
            if n > 0:
                metrics[name] += n
        for url in set(post.urls):
            if url and len(url) <= LONGEST_LINK:
                links[url] += 1
    known = [n for n in accounts.values() if n is not None]
    return Makeup(
        total=total,
        seen=seen,
        accounts=len(accounts),
        known_accounts=len(known),
        followers=sum(known),
        copies=copies,
        metrics=metrics,
        links=links,
    )
