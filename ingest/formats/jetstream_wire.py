"""The shape of Jetstream's lines and of the Bluesky records in them: only what is of use."""

from __future__ import annotations

import msgspec
from msgspec import field


class Ref(msgspec.Struct, gc=False):
    """A strong reference to a record."""

    uri: str | None = None


class Reply(msgspec.Struct, gc=False):
    """What a post answers."""

    parent: Ref | None = None
    root: Ref | None = None


class Feature(msgspec.Struct, gc=False):
    """What a stretch of text stands for."""

    uri: str | None = None
    tag: str | None = None
    did: str | None = None


class Slice(msgspec.Struct, gc=False, rename="camel"):
    """A stretch of text, in bytes of its UTF-8 form."""

    byte_start: int = 0
    byte_end: int = 0


class Facet(msgspec.Struct, gc=False):
    """A link, hashtag or mention in the text."""

    index: Slice
    features: list[Feature]


class Link(msgspec.Struct, gc=False, rename={"link": "$link"}):
    """The content id of a blob."""

    link: str | None = None


class Blob(msgspec.Struct, gc=False, rename="camel"):
    """An uploaded file."""

    ref: Link | None = None
    mime_type: str | None = None


class Picture(msgspec.Struct, gc=False):
    """A picture with its description."""

    image: Blob | None = None
    alt: str | None = None


class External(msgspec.Struct, gc=False):
    """A link card."""

    uri: str | None = None


class Quoted(msgspec.Struct, gc=False):
    """A quoted record; beside media it lies one level deeper."""

    uri: str | None = None
    record: Ref | None = None


class Embed(msgspec.Struct, gc=False):
    """What is attached to a post, of whatever kind."""

    images: list[Picture] | None = None
    video: Blob | None = None
    alt: str | None = None
    external: External | None = None
    record: Quoted | None = None
    media: Embed | None = None


class PostRecord(msgspec.Struct, rename={"created_at": "createdAt"}):
    """The fields of ``app.bsky.feed.post`` that are of use."""

    text: str
    created_at: str | None = None
    langs: list[str] | None = None
    reply: Reply | None = None
    embed: Embed | None = None
    facets: list[Facet] | None = None
    tags: list[str] | None = None


class RepostRecord(msgspec.Struct, rename={"created_at": "createdAt"}):
    """``app.bsky.feed.repost``."""

    subject: Ref
    created_at: str | None = None


class Commit(msgspec.Struct):
    """A change of one record in an account's repository."""

    operation: str
    collection: str
    rkey: str
    rev: str | None = None
    record: msgspec.Raw = field(default_factory=msgspec.Raw)


class Identity(msgspec.Struct):
    """A new handle of an account."""

    handle: str | None = None
    seq: int | None = None


class Account(msgspec.Struct):
    """A new state of an account."""

    active: bool = True
    status: str | None = None
    seq: int | None = None


class Event(msgspec.Struct):
    """One line of Jetstream; ``time_us`` None stands for one that is no number."""

    did: str
    kind: str
    time_us: int | None = None
    commit: Commit | None = None
    identity: Identity | None = None
    account: Account | None = None
