"""The terms under which the fields of a post are found, the same in every index.

A value of a query goes through the same function as the value of a post, so that
``author:@Someone`` and ``link:https://www.news.example/a/`` find what they mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import msgspec

from detect.text import fold
from ingest.records import Post
from stream.search.tree import Term

UNKNOWN_LANG = "und"
"""Stands for posts of no stated language (BCP 47)."""
LONGEST = 500
"""Code points of a term that count."""
MAX_LABELS = 6
"""Labels of a host, from its end, under which a link is found."""

LARGEST = 10**15
"""Beyond every number that a platform tells."""

METRIC_NAMES = {
    "likes": ("likes", "like_count", "favorite_count", "score"),
    "reposts": ("reposts", "repost_count", "retweet_count", "num_crossposts"),
    "replies": ("replies", "reply_count", "num_comments"),
    "views": ("views", "view_count", "impression_count"),
}
"""What platforms call the numbers of the query language."""

_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#]*)([^#]*)")
_IPV6 = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]*)?")


class PostTerms(msgspec.Struct, frozen=True):
    """Terms by field; ``account``, ``domains``, ``tags`` are also what facets count.

    ``marks`` are facts that hold or not, written ``is:reply``, ``has:link``,
    ``reason:alias`` and, for a language with a region or script, ``lang:zh``.
    """

    lang: str
    account: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    links: tuple[str, ...]
    domains: tuple[str, ...]
    mentions: tuple[str, ...]
    marks: tuple[str, ...]
    numbers: dict[str, int]


def post_terms(post: Post, reasons: Iterable[str]) -> PostTerms:
    """The terms of a post that is kept for ``reasons``."""
    handle = post.author.handle if post.author else None
    lang = plain_key(post.lang or UNKNOWN_LANG)
    links: dict[str, None] = {}
    domains: dict[str, None] = {}
    for url in post.urls:
        host, address = _parts(url)
        if host and "://" in url:
            domains[host] = None
            links |= dict.fromkeys((*_suffixes(host), address))
    return PostTerms(
        lang=lang,
        account=author_key(f"{post.platform}:{handle or post.author_id}"),
        authors=_once(map(author_key, (post.author_id, handle or ""))),
        tags=_once(map(tag_key, post.hashtags)),
        links=tuple(links),
        domains=tuple(domains),
        mentions=_once(map(author_key, post.mentions)),
        marks=_marks(post, lang, reasons),
        numbers=_numbers(post),
    )


def searchable(post: Post) -> str:
    """The text, with hashtags and picture descriptions that do not stand in it."""
    parts = [post.text]
    parts += [tag for tag in post.hashtags if tag not in post.text]
    parts += [media.alt for media in post.media if media.alt]
    return "\n".join(parts) if len(parts) > 1 else post.text


def author_key(value: str) -> str:
    """A handle or account id, without ``@`` or ``u/`` and without case."""
    return value.strip().removeprefix("@").removeprefix("u/").casefold()[:LONGEST]


def tag_key(value: str) -> str:
    """A hashtag without ``#``, in the plain form of texts."""
    return fold(value.strip().lstrip("#＃")[:LONGEST])


def plain_key(value: str) -> str:
    """A platform or a language code, without case."""
    return value.strip().casefold()[:LONGEST]


def link_key(value: str) -> str:
    """A host or address without scheme, ``www.``, fragment and closing slash."""
    return _parts(value)[1]


def whole_bounds(term: Term) -> tuple[int, int] | None:
    """The whole numbers, both inclusive, for which a numeric condition holds.

    None when there are none.
    """
    number = term.number or 0.0
    least, most = -LARGEST, LARGEST
    if term.op in ("=", ">="):
        least = math.ceil(number)
    elif term.op == ">":
        least = math.floor(number) + 1
    if term.op in ("=", "<="):
        most = math.floor(number)
    elif term.op == "<":
        most = math.ceil(number) - 1
    return (least, most) if least <= most else None


def _marks(post: Post, lang: str, reasons: Iterable[str]) -> tuple[str, ...]:
    facts = {
        "is:reply": post.reply_to,
        "is:repost": post.repost_of,
        "is:quote": post.quote_of,
        "has:link": post.urls,
        "has:media": post.media,
        "has:tag": post.hashtags,
        f"lang:{lang.partition('-')[0]}": "-" in lang,
    }
    found = [name for name, holds in facts.items() if holds]
    return (*found, *[f"reason:{reason}" for reason in reasons])


def _numbers(post: Post) -> dict[str, int]:
    found: dict[str, int] = {}
    if post.metrics:
        for name, spellings in METRIC_NAMES.items():
            known = next((post.metrics[s] for s in spellings if s in post.metrics), None)
            if known is not None:
                found[name] = known
    if post.author and post.author.followers is not None:
        found["followers"] = post.author.followers
    return found


def _parts(url: str) -> tuple[str, str]:
    """The host of a link, and the whole link in one form; both may be empty."""
    match = _ADDRESS.match(url.strip())
    if match is None:
        return "", ""
    host = match[1].partition(":")[0].strip(".").casefold().removeprefix("www.")[:LONGEST]
    if "[" in match[1] or "]" in match[1]:
        # Only the address of IP version 6 stands in brackets; anything else leads nowhere.
        six = _IPV6.fullmatch(match[1])
        host = six[1].casefold() if six else ""
    return host, f"{host}{match[2].rstrip('/')}"[:LONGEST]


def _suffixes(host: str) -> Sequence[str]:
    """The host and what it belongs to: a.b.example and b.example, down to two labels."""
    labels = host.split(".")[-MAX_LABELS:]
    found = [".".join(labels[i:]) for i in range(max(1, len(labels) - 1))]
    return found if len(labels) < MAX_LABELS else [host, *found]


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
