"""Writes a stream as ``jikimi analyze`` reads it, its labels, its oracle and its watchlist."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dashboards.simulator.idiom import idiom
from dashboards.simulator.oracle import Ledger, Oracle, native
from dashboards.simulator.world import Play, World
from ingest.records import Author, Media, Post

POSTS, LABELS, ORACLE, WATCHLIST = (
    "posts.ndjson.gz",
    "labels.ndjson.gz",
    "oracle.json",
    "watchlist.toml",
)
_MS = 1000
_LEVEL = 1


class _Author(msgspec.Struct, omit_defaults=True):
    handle: str | None
    created_at: str | None
    followers: int | None


class _Line(msgspec.Struct, omit_defaults=True):
    id: str
    platform: str
    author_id: str
    created_at: str
    text: str
    lang: str | None = None
    urls: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    reply_to: str | None = None
    repost_of: str | None = None
    quote_of: str | None = None
    container: str | None = None
    media: tuple[Media, ...] = ()
    author: _Author | None = None


class Label(msgspec.Struct, frozen=True):
    """A line of the labels: every post that is not ordinary life."""

    id: str
    label: str


def write_stream(world: World, folder: Path) -> Oracle:
    """Play the world into ``folder`` (made if absent); the oracle is written last.

    Memory does not grow with the number of posts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(Play(world))
    encode = msgspec.json.Encoder().encode
    with _packed(folder / POSTS) as posts, _packed(folder / LABELS) as labels:
        for post, label in ledger.posts():
            posts.write(encode(line(post)) + b"\n")
            if label:
                labels.write(encode(Label(native(post.id), label)) + b"\n")
    shutil.copyfile(idiom(world.grammar).agency_file, folder / WATCHLIST)
    oracle = ledger.oracle()
    (folder / ORACLE).write_bytes(msgspec.json.encode(oracle) + b"\n")
    return oracle


def read_oracle(folder: Path) -> Oracle:
    """The oracle of a stream.

    Raises:
        OSError: no such file.
        msgspec.ValidationError: it is something else.
    """
    return msgspec.json.decode((folder / ORACLE).read_bytes(), type=Oracle)


def read_labels(folder: Path) -> dict[str, str]:
    """Labels by post id; what is not in it is ordinary life."""
    decode = msgspec.json.Decoder(Label).decode
    with gzip.open(folder / LABELS) as lines:
        return {label.id: label.label for label in map(decode, lines)}


def line(post: Post) -> _Line:
    """The post in the exchange format; nothing else is known to who reads it."""
    return _Line(
        native(post.id),
        post.platform,
        post.author_id,
        iso(post.created_at),
        post.text,
        post.lang,
        post.urls,
        post.hashtags,
        post.mentions,
        post.reply_to and native(post.reply_to),
        post.repost_of and native(post.repost_of),
        post.quote_of and native(post.quote_of),
        post.container,
        post.media,
        _author(post.author),
    )


def iso(ms: int) -> str:
    """ISO 8601 in UTC, whole seconds as platforms give them."""
    return datetime.fromtimestamp(ms // _MS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _author(author: Author | None) -> _Author | None:
    if author is None:
        return None
    born = author.created_at
    return _Author(author.handle, None if born is None else iso(born), author.followers)


@contextmanager
def _packed(path: Path) -> Generator[gzip.GzipFile]:
    """A gzip file whose bytes depend on nothing but its content."""
    with path.open("wb") as raw:
        packed = gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0)
        with packed:
            yield packed
