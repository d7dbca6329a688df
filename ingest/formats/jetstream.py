"""Bluesky events as Jetstream sends them: posts, reposts, edits, deletions, accounts.

The author claims ``createdAt`` and may claim anything; ``time_us`` is when the
network saw the event. So an absurd claim never loses a post: the observation
counts instead. Of a record only the text is required; any other field of a
wrong type is left out, so that nobody hides a post by spoiling a side field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ingest import clean, extract
from ingest.clean import Context, Unreadable
from ingest.formats.jetstream_wire import (
    Blob,
    Commit,
    Embed,
    Event,
    PostRecord,
    Ref,
    RepostRecord,
    Slice,
)
from ingest.records import Author, Deletion, Malformed, Media, Post

PLATFORM = "bluesky"
POSTS = "app.bsky.feed.post"
REPOSTS = "app.bsky.feed.repost"
PICTURES = "https://cdn.bsky.app/img/feed_fullsize/plain"
VIDEOS = "https://video.bsky.app/watch"
GONE = frozenset({"deleted", "takendown"})
"""States of an account whose posts must go; deactivated and suspended ones may return."""

_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,500}")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_CID = re.compile(r"[a-zA-Z0-9]{20,120}")

Handles = Callable[[str], str | None]


_decode_event = msgspec.json.Decoder(Event).decode
_decode_post = msgspec.json.Decoder(PostRecord).decode
_decode_repost = msgspec.json.Decoder(RepostRecord).decode
_POST_TYPES: dict[str, Any] = {
    found.name: found.type for found in msgspec.structs.fields(PostRecord)
}


def recognises(record: Mapping[str, object]) -> bool:
    """Whether a record is a Jetstream event."""
    return "did" in record and ("time_us" in record or "kind" in record)


def decode(
    raw: bytes | Mapping[str, object], context: Context
) -> list[Post | Deletion | Malformed]:
    """What a line holds; empty for records of no interest, such as likes."""
    try:
        return items(parse(raw), context)
    except Unreadable as error:
        return [clean.malformed(context, raw, str(error))]


def parse(raw: bytes | Mapping[str, object]) -> Event:
    """A line as an event.

    Raises:
        Unreadable: it is none.
    """
    if isinstance(raw, bytes):
        try:
            return _decode_event(raw)
        except (ValueError, RecursionError):
            pass
    fields = dict(clean.fields(raw))
    fields["time_us"] = clean.count(fields.get("time_us"))
    commit = dict(clean.mapping(fields.get("commit")))
    record = commit.pop("record", None)
    if commit:
        fields["commit"] = commit
    try:
        event = msgspec.convert(fields, Event)
        if event.commit is not None:
            # Escaped again, so that a lone surrogate survives until it is replaced.
            event.commit.record = msgspec.Raw(json.dumps(record).encode())
    except (ValueError, TypeError, RecursionError) as error:
        raise Unreadable(f"no event of Jetstream: {error}") from None
    return event


def items(
    event: Event, context: Context, handle_of: Handles | None = None
) -> list[Post | Deletion | Malformed]:
    """What an event says about the world.

    Raises:
        Unreadable: it breaks the protocol.
    """
    if not _DID.fullmatch(event.did):
        raise Unreadable("did: no identifier of an account")
    seen = observed_at(event, context)
    if event.commit is not None:
        commit = event.commit
        if commit.collection not in (POSTS, REPOSTS):
            return []
        if not _RKEY.fullmatch(commit.rkey):
            raise Unreadable("rkey: no key of a record")
        return _committed(event.did, commit, seen, context, handle_of)
    account = event.account
    if account is not None and not account.active and account.status in GONE:
        return [
            Deletion(
                id=f"{PLATFORM}:{event.did}",
                source=context.source,
                deleted_at=_known(seen),
                scope="account",
            )
        ]
    return []


def observed_at(event: Event, context: Context) -> int | None:
    """When the network saw the event in ms; the clock where the server's word is absurd."""
    try:
        return clean.instant(
            None if event.time_us is None else event.time_us // 1000, "time_us", context.now
        )
    except Unreadable:
        return context.now if context.live else None


def _known(seen: int | None) -> int:
    if seen is None:
        raise Unreadable("time_us: no time")
    return seen


def _committed(
    did: str, commit: Commit, seen: int | None, context: Context, handle_of: Handles | None
) -> list[Post | Deletion | Malformed]:
    uri = f"at://{did}/{commit.collection}/{commit.rkey}"
    post_id = f"{PLATFORM}:{uri}"
    if commit.operation == "delete":
        return [Deletion(id=post_id, source=context.source, deleted_at=_known(seen))]
    if commit.operation not in ("create", "update"):
        raise Unreadable(f"operation: {clean.short(commit.operation, 40)!r} is unknown")
    if commit.collection == REPOSTS:
        return [_repost(post_id, did, bytes(commit.record), seen, context)]
    record = _record(bytes(commit.record))
    text, truncated = clean.text(record.text)
    handle = handle_of(did) if handle_of is not None else None
    embed, reply = record.embed, record.reply
    urls, hashtags, mentions = _from_facets(record, text)
    return [
        Post(
            id=post_id,
            source=context.source,
            platform=PLATFORM,
            author_id=did,
            created_at=_claimed(record.created_at, seen, context),
            text=text,
            observed_at=seen,
            lang=clean.short(record.langs[0], 40) if record.langs else None,
            url=f"https://bsky.app/profile/{did}/post/{commit.rkey}",
            urls=urls,
            hashtags=hashtags,
            mentions=mentions,
            reply_to=_reference(reply.parent) if reply else None,
            root=_reference(reply.root) if reply else None,
            quote_of=_quote(embed) if embed else None,
            media=_media(embed, did) if embed else (),
            author=Author(handle=handle) if handle else None,
            truncated=truncated,
        )
    ]


def _repost(
    post_id: str, did: str, raw: bytes, seen: int | None, context: Context
) -> Post | Malformed:
    try:
        record = _decode_repost(raw)
    except (ValueError, RecursionError):
        raise Unreadable("record: no repost") from None
    target = _reference(record.subject)
    if target is None:
        raise Unreadable("record.subject: names no post")
    return Post(
        id=post_id,
        source=context.source,
        platform=PLATFORM,
        author_id=did,
        created_at=_claimed(record.created_at, seen, context),
        text="",
        observed_at=seen,
        repost_of=target,
    )


def _record(raw: bytes) -> PostRecord:
    try:
        return _decode_post(raw)
    except (ValueError, RecursionError):
        pass
    given = clean.fields(raw)
    if not isinstance(given.get("text"), str):
        raise Unreadable(f"record.text: expected text, found {clean.kind(given.get('text'))}")
    kept: dict[str, Any] = {"text": given["text"]}
    for name, encoded in zip(_POST_TYPES, PostRecord.__struct_encode_fields__, strict=True):
        if name != "text" and encoded in given:
            try:
                kept[name] = msgspec.convert(given[encoded], _POST_TYPES[name])
            except (msgspec.ValidationError, RecursionError):
                continue
    return PostRecord(**kept)


def _claimed(created_at: str | None, seen: int | None, context: Context) -> int:
    """The author's time, the observation where the claim is absurd."""
    try:
        return clean.instant(created_at, "createdAt", context.now)
    except Unreadable:
        if seen is None:
            raise
        return seen


def _reference(ref: Ref | None) -> str | None:
    if ref is None or not ref.uri or not ref.uri.startswith("at://"):
        return None
    if len(ref.uri) > clean.ID_LIMIT:
        return None
    return f"{PLATFORM}:{clean.scrub(ref.uri)}"


def _quote(embed: Embed) -> str | None:
    quoted = embed.record
    if quoted is None:
        return None
    return _reference(quoted.record or Ref(uri=quoted.uri))


def _media(embed: Embed, did: str) -> tuple[Media, ...]:
    found: list[Media] = []
    for part in (embed, embed.media):
        if part is None:
            continue
        for picture in (part.images or ())[: clean.LIST_LIMIT]:
            if cid := _cid(picture.image):
                url = f"{PICTURES}/{did}/{cid}@jpeg"
                found.append(_medium(url, "image", picture.image, picture.alt))
        if cid := _cid(part.video):
            url = f"{VIDEOS}/{did}/{cid}/playlist.m3u8"
            found.append(_medium(url, "video", part.video, part.alt))
    return tuple(found)


def _medium(url: str, kind: str, blob: Blob | None, alt: str | None) -> Media:
    mime = clean.short(blob.mime_type, 100) if blob else None
    return Media(url=url, kind=kind, mime=mime, alt=clean.short(alt))


def _cid(blob: Blob | None) -> str | None:
    cid = blob.ref.link if blob is not None and blob.ref is not None else None
    return cid if cid is not None and _CID.fullmatch(cid) else None


def _from_facets(
    record: PostRecord, text: str
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Links, hashtags and mentions: those marked up, else those that the text shows."""
    links: list[str] = []
    tags = list(record.tags or ())
    handles: list[str] = []
    encoded = text.encode() if record.facets else b""
    for facet in (record.facets or ())[: clean.LIST_LIMIT]:
        for feature in facet.features[: clean.LIST_LIMIT]:
            if feature.uri:
                links.append(feature.uri)
            elif feature.tag:
                tags.append(feature.tag)
            elif feature.did:
                handles.append(_span(encoded, facet.index))
    for part in (record.embed, record.embed and record.embed.media):
        card = part.external if part is not None else None
        links += [card.uri] if card is not None and card.uri else []
    return (
        clean.strings(links, "urls") if links else extract.links(text),
        clean.strings(tags, "hashtags", "#＃") if tags else extract.hashtags(text),
        clean.strings(handles, "mentions", "@＠") if handles else extract.mentions(text),
    )


def _span(encoded: bytes, index: Slice) -> str:
    if not 0 <= index.byte_start < index.byte_end <= len(encoded):
        return ""
    return encoded[index.byte_start : index.byte_end].decode(errors="ignore")
