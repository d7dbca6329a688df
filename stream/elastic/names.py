"""What indices, aliases, templates and documents are called in Elasticsearch."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import msgspec

from stream.search.minutes import held

FIRST_YEAR, LAST_YEAR = 2005, 2099
"""Posts of other years share one index, so that a bad date makes no index of its own."""
LONGEST_ID = 512
"""Bytes that Elasticsearch takes as an id."""
LONGEST_KEY = 400

NOUNS = (
    "memberships", "clusters", "bursts", "campaigns", "alerts", "findings", "gaps", "sources",
    "takedowns", "strays", "state",
)  # fmt: skip
"""What has one index each, behind an alias of that name."""


class Names(msgspec.Struct, frozen=True):
    """Names under one prefix, so that several installations can share a cluster."""

    prefix: str = "jikimi"

    @property
    def posts(self) -> str:
        """Alias of all posts that are held; tombstones do not show in it."""
        return f"{self.prefix}-posts"

    @property
    def months(self) -> str:
        """Pattern of the monthly indices, tombstones included."""
        return f"{self.prefix}-posts-*"

    @property
    def no_month(self) -> str:
        """Index of posts whose year cannot be right; it is always there."""
        return f"{self.prefix}-posts-other"

    def month(self, at: int) -> str:
        """The index of posts of that event time (ms)."""
        when = datetime.fromtimestamp(held(at) // 1000, UTC)
        if not FIRST_YEAR <= when.year <= LAST_YEAR:
            return self.no_month
        return f"{self.prefix}-posts-{when.year:04}.{when.month:02}"

    def of(self, noun: str) -> str:
        """Alias of one of ``NOUNS``: writing goes to it, and so do questions."""
        return f"{self.prefix}-{noun}"

    def generation(self, noun: str, number: int = 1) -> str:
        """The index behind the alias; a replay fills the next one and moves the alias."""
        return f"{self.prefix}-{noun}-{number:06}"

    @property
    def everything(self) -> str:
        """Pattern of all indices of this installation."""
        return f"{self.prefix}-*"


def key_of(text: str) -> str:
    """``text`` as an id or a term; what is too long for one ends in its digest.

    Lone surrogates, which no document can hold, are replaced.
    """
    raw = text.encode("utf-8", "replace")
    if len(raw) <= LONGEST_ID:
        return raw.decode()
    digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
    return f"{raw[:LONGEST_KEY].decode('utf-8', 'ignore')}~{digest}"


def joint_key(*parts: str) -> str:
    """One id for several texts together."""
    joined = "\x1f".join(parts)
    return hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=16).hexdigest()
