"""Post, Author, Media, Deletion, Gap: what a source may say about the world.

Times are integers, milliseconds since 1970-01-01 UTC. Identifiers are
``source:native_id`` so that two platforms can never collide. Every record
carries ``schema``; new fields have defaults, so old bytes stay readable.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FUTURE_TOLERANCE_MS = 5 * 60 * 1000
BACKDATE_TOLERANCE_MS = 24 * 60 * 60 * 1000
TEXT_LIMIT = 65_536
"""Longest text kept, in code points; the rest is cut and ``truncated`` is set."""


class Record(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="schema"
):
    """Base of everything that crosses a topic, a log or an index.

    The class's tag (``post/1``) is written as the field ``schema`` and checked
    on reading.
    """


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of what only lives inside a record and has no schema of its own."""


class Media(Part, frozen=True, kw_only=True):
    """A picture or clip a post refers to; never its bytes."""

    url: str
    kind: str = "image"
    mime: str | None = None
    alt: str | None = None
    sha256: str | None = None
    pdq: str | None = None


class Author(Part, frozen=True, kw_only=True):
    """What the platform says about the account at the time of the post."""

    handle: str | None = None
    created_at: int | None = None
    followers: int | None = None


class Post(Record, frozen=True, kw_only=True, tag="post/1"):
    """One public post, in the form every platform is translated into.

    ``created_at`` is what the platform or the author claims; ``observed_at``
    is when the source itself saw it (None for archives). Operators use
    :attr:`event_at`, which trusts the claim only as far as the observation
    allows. ``mentions`` are handles without ``@``; ``hashtags`` are without
    ``#``. ``reply_to``, ``root``, ``repost_of`` and ``quote_of`` are post ids
    in this project's form. ``container`` is the subreddit, channel or video.
    """

    id: str
    source: str
    platform: str
    author_id: str
    created_at: int
    text: str
    observed_at: int | None = None
    lang: str | None = None
    url: str | None = None
    urls: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    reply_to: str | None = None
    root: str | None = None
    repost_of: str | None = None
    quote_of: str | None = None
    container: str | None = None
    media: tuple[Media, ...] = ()
    metrics: dict[str, int] = {}
    author: Author | None = None
    truncated: bool = False

    @property
    def event_at(self) -> int:
        """Event time: the claimed time, held inside what was observed.

        A claim later than the observation by more than five minutes, or
        earlier by more than a day (imported or back-dated posts), is not
        believed and the observation counts instead.
        """
        seen = self.observed_at
        if seen is None:
            return self.created_at
        if self.created_at > seen + FUTURE_TOLERANCE_MS:
            return seen
        if self.created_at < seen - BACKDATE_TOLERANCE_MS:
            return seen
        return self.created_at

    @property
    def account(self) -> str:
        """The account, unique across platforms."""
        return f"{self.platform}:{self.author_id}"


class Deletion(Record, frozen=True, kw_only=True, tag="deletion/1"):
    """A platform or person removed a post, or a whole account (``scope``)."""

    id: str
    source: str
    deleted_at: int
    scope: str = "post"


class Gap(Record, frozen=True, kw_only=True, tag="gap/1"):
    """A stretch of time in which a source may have missed posts."""

    source: str
    since: int
    until: int
    reason: str


class Malformed(Record, frozen=True, kw_only=True, tag="malformed/1"):
    """An upstream record that could not be read; original bytes are kept."""

    source: str
    raw: bytes
    reason: str


SourceState = Literal["starting", "live", "catching_up", "waiting", "done", "failed"]


class SourceStatus(Record, frozen=True, kw_only=True, tag="source-status/1"):
    """How a source is doing, for the overview page and ``jikimi sources``.

    Counters are since the data folder was made. ``problem`` is in plain words
    and free of credentials.
    """

    source: str
    state: SourceState
    changed_at: int
    last_item_at: int | None = None
    read: int = 0
    logged: int = 0
    unmatched: int = 0
    malformed: int = 0
    skipped: int = 0
    problem: str | None = None
