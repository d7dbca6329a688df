"""Reddit submissions and comments as Pushshift and its successors dump them.

What Reddit or its author had removed by the time of the dump becomes a
Deletion, also where the dump still holds the text: what a platform deletes is
deleted here.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from ingest import clean, extract
from ingest.clean import Context, Unreadable
from ingest.records import Author, Deletion, Malformed, Media, Post

PLATFORM = "reddit"
SITE = "https://www.reddit.com"
_GONE = frozenset({"[deleted]", "[removed]", "[ Removed by Reddit ]"})
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")


def recognises(record: Mapping[str, object]) -> bool:
    """Whether a record is a Reddit submission or comment."""
    return "created_utc" in record and ("subreddit" in record or "link_id" in record)


def decode(
    raw: bytes | Mapping[str, object], context: Context
) -> list[Post | Deletion | Malformed]:
    """The one submission or comment of a line."""
    try:
        return [_item(clean.fields(raw), context)]
    except Unreadable as error:
        return [clean.malformed(context, raw, str(error))]


def _item(fields: Mapping[str, object], context: Context) -> Post | Deletion:
    is_comment = "body" in fields or "link_id" in fields
    native = clean.identifier(fields.get("id"), "id").removeprefix("t1_").removeprefix("t3_")
    post_id = f"{PLATFORM}:{'t1' if is_comment else 't3'}_{native}"
    created_at = clean.instant(fields.get("created_utc"), "created_utc", context.now)
    if _is_gone(fields, is_comment):
        return Deletion(
            id=post_id, source=context.source, deleted_at=_seen_at(fields, created_at, context)
        )
    text, truncated = clean.text(html.unescape(_text(fields, is_comment)))
    urls = _links(fields, text)
    root = _root(fields) if is_comment else None
    return Post(
        id=post_id,
        source=context.source,
        platform=PLATFORM,
        author_id=_author_id(fields),
        created_at=created_at,
        text=text,
        url=_permalink(fields),
        urls=urls,
        hashtags=extract.hashtags(text),
        mentions=extract.mentions(text),
        reply_to=_parent(fields, root) if is_comment else None,
        root=root,
        repost_of=_reference(fields, "crosspost_parent"),
        container=_container(fields),
        media=_media(fields, urls),
        metrics=clean.metrics(
            {k: fields[k] for k in ("score", "num_comments", "num_crossposts") if k in fields}
        ),
        author=_author(fields),
        truncated=truncated,
    )


def _is_gone(fields: Mapping[str, object], is_comment: bool) -> bool:
    if fields.get("removed_by_category"):
        return True
    return fields.get("body" if is_comment else "selftext") in _GONE


def _seen_at(fields: Mapping[str, object], created_at: int, context: Context) -> int:
    """When the dump was made, the latest moment by which it was gone."""
    for name in ("updated_utc", "retrieved_utc", "retrieved_on"):
        try:
            return max(created_at, clean.instant(fields.get(name), name, context.now))
        except Unreadable:
            continue
    return created_at


def _text(fields: Mapping[str, object], is_comment: bool) -> str:
    if is_comment:
        body = fields.get("body")
        if not isinstance(body, str):
            raise Unreadable(f"body: expected text, found {clean.kind(body)}")
        return body
    title, selftext = fields.get("title"), fields.get("selftext")
    if not isinstance(title, str):
        raise Unreadable(f"title: expected text, found {clean.kind(title)}")
    return f"{title}\n\n{selftext}" if selftext and isinstance(selftext, str) else title


def _author_id(fields: Mapping[str, object]) -> str:
    fullname = fields.get("author_fullname")
    if fullname:
        return clean.identifier(fullname, "author_fullname")
    name = clean.identifier(fields.get("author"), "author")
    if name in _GONE:
        raise Unreadable("author: deleted, so the account is unknown")
    return name


def _author(fields: Mapping[str, object]) -> Author | None:
    handle = clean.short(fields.get("author"))
    if handle is None or handle in _GONE:
        return None
    created_at = clean.optional_instant(fields.get("author_created_utc"))
    return Author(handle=handle, created_at=created_at)


def _container(fields: Mapping[str, object]) -> str | None:
    subreddit = clean.optional_identifier(fields.get("subreddit"), "subreddit")
    return f"{PLATFORM}:{subreddit}" if subreddit else None


def _reference(fields: Mapping[str, object], name: str) -> str | None:
    native = clean.optional_identifier(fields.get(name), name)
    return f"{PLATFORM}:{native}" if native else None


def _root(fields: Mapping[str, object]) -> str | None:
    return _reference(fields, "link_id")


def _parent(fields: Mapping[str, object], root: str | None) -> str | None:
    """The comment or submission answered; one dump writes comment ids as numbers."""
    parent = fields.get("parent_id")
    if isinstance(parent, int) and not isinstance(parent, bool):
        if not 0 < parent < 2**63:
            raise Unreadable("parent_id: no id of Reddit")
        return f"{PLATFORM}:t1_{base36(parent)}"
    return _reference(fields, "parent_id") or root


def base36(number: int) -> str:
    """A positive number as Reddit writes its ids."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def _permalink(fields: Mapping[str, object]) -> str | None:
    path = fields.get("permalink")
    if isinstance(path, str) and path.startswith("/"):
        return clean.web_address(SITE + path)
    return clean.web_address(fields.get("full_link"))


def _links(fields: Mapping[str, object], text: str) -> tuple[str, ...]:
    """The link that a submission is about, and those in its text."""
    found = extract.links(text)
    url = fields.get("url_overridden_by_dest") or fields.get("url")
    about = clean.web_address(html.unescape(url)) if isinstance(url, str) else None
    if about and not fields.get("is_self") and about != _permalink(fields):
        found = (about, *(link for link in found if link != about))
    return found[: clean.LIST_LIMIT]


def _media(fields: Mapping[str, object], urls: tuple[str, ...]) -> tuple[Media, ...]:
    found: dict[str, Media] = {}
    if urls and not fields.get("is_self"):
        path = urls[0].partition("?")[0].lower()
        if fields.get("post_hint") == "image" or path.endswith(_PICTURES):
            found[urls[0]] = Media(url=urls[0])
    video = clean.mapping(clean.mapping(fields.get("media")).get("reddit_video"))
    clip = video.get("fallback_url")
    if isinstance(clip, str) and (url := clean.web_address(html.unescape(clip))):
        found[url] = Media(url=url, kind="video")
    for entry in clean.mapping(fields.get("media_metadata")).values():
        picture = clean.mapping(clean.mapping(entry).get("s")).get("u")
        if isinstance(picture, str) and (url := clean.web_address(html.unescape(picture))):
            found[url] = Media(url=url)
    return tuple(found.values())[: clean.LIST_LIMIT]
