"""Our own exchange format: one post a line, as ``jikimi analyze`` reads it.

Required are ``id``, ``author_id``, ``created_at`` and ``text``; unknown fields
are ignored. A line of the right types takes a typed path; any other is looked
at field by field, so that a number as an id is read and a number as a text is
refused with that reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from ingest import clean, extract
from ingest.clean import Context, Unreadable
from ingest.records import Author, Deletion, Malformed, Media, Post

PLATFORM = "archive"
REQUIRED = frozenset({"id", "author_id", "created_at", "text"})

_HEX64 = re.compile(r"[0-9A-Fa-f]{64}")
_LIST_CELLS = frozenset({"urls", "hashtags", "mentions"})
_JSON_CELLS = frozenset({"media", "metrics", "author"})

Strings = list[str] | None


class _Media(msgspec.Struct, gc=False):
    url: str | None = None
    kind: str | None = None
    mime: str | None = None
    alt: str | None = None
    sha256: str | None = None
    pdq: str | None = None


class _Author(msgspec.Struct, gc=False):
    handle: str | None = None
    created_at: str | int | float | None = None
    followers: int | None = None


class Line(msgspec.Struct):
    """A line as it is written, before hygiene; lists that are None were not given."""

    id: str
    author_id: str
    created_at: str | int | float
    text: str
    platform: str | None = None
    lang: str | None = None
    urls: Strings = None
    hashtags: Strings = None
    mentions: Strings = None
    reply_to: str | None = None
    repost_of: str | None = None
    quote_of: str | None = None
    container: str | None = None
    media: list[_Media] | None = None
    metrics: dict[str, int] | None = None
    author: _Author | None = None


_decode_line = msgspec.json.Decoder(Line).decode


def recognises(record: Mapping[str, object]) -> bool:
    """Whether a record is in this format, complete or not."""
    return "text" in record and ("id" in record or "author_id" in record)


def decode(
    raw: bytes | Mapping[str, object], context: Context
) -> list[Post | Deletion | Malformed]:
    """The one post of a line."""
    try:
        return [_post(_line(raw), context)]
    except Unreadable as error:
        return [clean.malformed(context, raw, str(error))]


def from_csv(row: Mapping[str, str]) -> dict[str, object]:
    """The record in a row of a table: lists by spaces or as JSON, empty cells left out.

    Raises:
        Unreadable: a cell that must be JSON is not.
    """
    record: dict[str, object] = {}
    for name, given in row.items():
        cell = given.strip() if name != "text" else given
        if not cell and name != "text":
            continue
        if name in _JSON_CELLS or (name in _LIST_CELLS and cell.startswith("[")):
            try:
                record[name] = clean.loads(cell.encode("utf-8", "replace"))
            except Unreadable as error:
                raise Unreadable(f"{name}: {error}") from None
        else:
            record[name] = cell.split() if name in _LIST_CELLS else cell
    return record


def _line(raw: bytes | Mapping[str, object]) -> Line:
    if isinstance(raw, bytes):
        try:
            return _decode_line(raw)
        except (ValueError, RecursionError):
            pass
    return _coerced(clean.fields(raw))


def _post(line: Line, context: Context) -> Post:
    platform = PLATFORM
    if line.platform:
        platform = clean.identifier(line.platform, "platform").replace(":", "_")
    text, truncated = clean.text(line.text)
    urls, hashtags, mentions = line.urls, line.hashtags, line.mentions
    return Post(
        id=own_id(clean.identifier(line.id, "id"), platform),
        source=context.source,
        platform=platform,
        author_id=clean.identifier(line.author_id, "author_id"),
        created_at=clean.instant(line.created_at, "created_at", context.now),
        text=text,
        lang=line.lang and clean.short(line.lang, 40),
        urls=extract.links(text) if urls is None else clean.strings(urls, "urls"),
        hashtags=extract.hashtags(text)
        if hashtags is None
        else clean.strings(hashtags, "hashtags", "#＃"),
        mentions=extract.mentions(text)
        if mentions is None
        else clean.strings(mentions, "mentions", "@＠"),
        reply_to=line.reply_to and _reference(line.reply_to, "reply_to", platform),
        repost_of=line.repost_of and _reference(line.repost_of, "repost_of", platform),
        quote_of=line.quote_of and _reference(line.quote_of, "quote_of", platform),
        container=line.container and _container(line.container, platform),
        media=_media(line.media) if line.media else (),
        metrics=clean.metrics(line.metrics),
        author=_author(line.author) if line.author else None,
        truncated=truncated,
    )


def own_id(native: str, platform: str) -> str:
    """``native`` where it names its platform already, else ``archive:native``."""
    if native.startswith((f"{platform}:", f"{PLATFORM}:")):
        return native
    return f"{PLATFORM}:{native}"


def _reference(value: str, field: str, platform: str) -> str | None:
    native = clean.optional_identifier(value, field)
    return None if native is None else own_id(native, platform)


def _container(value: str, platform: str) -> str | None:
    native = clean.optional_identifier(value, "container")
    if native is None or native.startswith(f"{platform}:"):
        return native
    return f"{platform}:{native}"


def _media(given: list[_Media]) -> tuple[Media, ...]:
    found: list[Media] = []
    for media in given[: clean.LIST_LIMIT]:
        url = clean.web_address(media.url)
        if url is not None:
            found.append(
                Media(
                    url=url,
                    kind=clean.short(media.kind, 20) or "image",
                    mime=clean.short(media.mime, 100),
                    alt=clean.short(media.alt),
                    sha256=_hex64(media.sha256),
                    pdq=_hex64(media.pdq),
                )
            )
    return tuple(found)


def _hex64(value: str | None) -> str | None:
    return value.lower() if value is not None and _HEX64.fullmatch(value) else None


def _author(given: _Author) -> Author | None:
    author = Author(
        handle=clean.short(given.handle),
        created_at=clean.optional_instant(given.created_at),
        followers=clean.count(given.followers),
    )
    return None if author == Author() else author


def _coerced(fields: Mapping[str, object]) -> Line:
    """The line in an object whose types are not all as expected.

    Raises:
        Unreadable: a field that matters is missing or cannot be understood.
    """
    text, created_at = fields.get("text"), fields.get("created_at")
    if not isinstance(text, str):
        found = "missing" if text is None else f"expected text, found {clean.kind(text)}"
        raise Unreadable(f"text: {found}")
    if isinstance(created_at, bool) or not isinstance(created_at, (str, int, float)):
        raise Unreadable(
            "created_at: missing"
            if created_at is None
            else f"created_at: expected a time, found {clean.kind(created_at)}"
        )
    return Line(
        id=clean.identifier(fields.get("id"), "id"),
        author_id=clean.identifier(fields.get("author_id"), "author_id"),
        created_at=created_at,
        text=text,
        platform=clean.optional_identifier(fields.get("platform"), "platform"),
        lang=clean.short(fields.get("lang")),
        urls=_strings(fields, "urls"),
        hashtags=_strings(fields, "hashtags"),
        mentions=_strings(fields, "mentions"),
        reply_to=clean.optional_identifier(fields.get("reply_to"), "reply_to"),
        repost_of=clean.optional_identifier(fields.get("repost_of"), "repost_of"),
        quote_of=clean.optional_identifier(fields.get("quote_of"), "quote_of"),
        container=clean.optional_identifier(fields.get("container"), "container"),
        media=_media_objects(fields.get("media")),
        metrics=clean.metrics(fields.get("metrics")),
        author=_author_object(clean.mapping(fields.get("author"))),
    )


def _strings(fields: Mapping[str, object], name: str) -> Strings:
    value = fields.get(name)
    return None if value is None else list(clean.strings(value, name))


def _media_objects(value: object) -> list[_Media]:
    if value is not None and not clean.is_list(value):
        raise Unreadable(f"media: expected a list, found {clean.kind(value)}")
    found: list[_Media] = []
    for entry in map(clean.mapping, clean.sequence(value)[: clean.LIST_LIMIT]):
        texts = {
            name: clean.short(entry.get(name), clean.ENTRY_LIMIT + 1)
            for name in _Media.__struct_fields__
        }
        found.append(_Media(**texts))
    return found


def _author_object(fields: Mapping[str, object]) -> _Author | None:
    if not fields:
        return None
    created_at = fields.get("created_at")
    if isinstance(created_at, bool) or not isinstance(created_at, (str, int, float)):
        created_at = None
    return _Author(
        handle=clean.short(fields.get("handle")),
        created_at=created_at,
        followers=clean.count(fields.get("followers")),
    )
