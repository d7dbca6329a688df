"""Reddit submissions and comments as its API gives them; the core that dumps share.

What Reddit, a moderator or the author took away becomes a Deletion, also where
the text is still there: what a platform deletes is deleted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ingest import clean, extract
from ingest.clean import Context, Unreadable
from ingest.records import BACKDATE_TOLERANCE_MS, Author, Deletion, Malformed, Media, Post

PLATFORM = "reddit"
SITE = "https://www.reddit.com"
COMMENT, SUBMISSION = "t1", "t3"
GONE = frozenset({"[deleted]", "[removed]", "[ Removed by Reddit ]"})
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")


def decode(thing: object, context: Context) -> Post | Deletion | Malformed:
    """A thing of a listing: ``{"kind": "t1" or "t3", "data": {…}}``, as of now.

    An account that is deleted takes its posts along, also where Reddit still
    shows their text.
    """
    fields = clean.mapping(clean.mapping(thing).get("data"))
    is_comment = kind_of(thing) == COMMENT
    if kind_of(thing) not in (COMMENT, SUBMISSION):
        reason = "kind: neither a submission nor a comment"
        return clean.malformed(context, clean.mapping(thing), reason)
    try:
        if is_gone(fields, is_comment) or fields.get("author", "") in (None, "[deleted]"):
            return Deletion(
                id=post_id(fields, is_comment),
                source=context.source,
                deleted_at=context.now or 0,
            )
        return post(fields, context, is_comment=is_comment, plain=str)
    except Unreadable as error:
        return clean.malformed(context, clean.mapping(thing), str(error))


def kind_of(thing: object) -> str:
    """``t1``, ``t3``, ``more``, … or nothing."""
    return clean.short(clean.mapping(thing).get("kind"), 20) or ""


def flatten(answer: object) -> Iterator[object]:
    """Every thing of an answer in order, answers to comments included.

    Takes a listing, a list of listings (a thread), or what ``morechildren`` sends.
    """
    waiting = [answer]
    while waiting:
        found = waiting.pop()
        if clean.is_list(found):
            waiting += reversed(clean.sequence(found))
            continue
        data = clean.mapping(clean.mapping(found).get("data"))
        if kind_of(found) == "Listing":
            waiting.append(data.get("children"))
        elif "json" in clean.mapping(found):
            inner = clean.mapping(clean.mapping(clean.mapping(found).get("json")).get("data"))
            waiting.append(inner.get("things"))
        elif found is not None:
            yield found
            if kind_of(found) == COMMENT:
                waiting.append(data.get("replies") or None)


def post(
    fields: Mapping[str, object],
    context: Context,
    *,
    is_comment: bool,
    plain: Callable[[str], str],
) -> Post:
    """The post in ``fields``; ``plain`` undoes what the place did to its texts.

    Live posts older than a day are taken as from an archive: Reddit sets their
    time itself, so it is believed.

    Raises:
        Unreadable: it is none.
    """
    live = context.live and context.now is not None
    created_at = clean.instant(
        fields.get("created_utc"), "created_utc", None if live else context.now
    )
    is_fresh = live and created_at >= (context.now or 0) - BACKDATE_TOLERANCE_MS
    text, truncated = clean.text(plain(_text(fields, is_comment)))
    urls = _links(fields, text, plain)
    root = _reference(fields, "link_id") if is_comment else None
    return Post(
        id=post_id(fields, is_comment),
        source=context.source,
        platform=PLATFORM,
        author_id=_author_id(fields),
        created_at=created_at,
        text=text,
        observed_at=_observed(created_at, context.now) if is_fresh else None,
        url=_permalink(fields),
        urls=urls,
        hashtags=extract.hashtags(text),
        mentions=extract.mentions(text),
        reply_to=_parent(fields, root) if is_comment else None,
        root=root,
        repost_of=_reference(fields, "crosspost_parent"),
        container=_container(fields),
        media=_media(fields, urls, plain),
        metrics=clean.metrics(
            {k: fields[k] for k in ("score", "num_comments", "num_crossposts") if k in fields}
        ),
        author=_author(fields),
        truncated=truncated,
    )


def _observed(created_at: int, now: int | None) -> int | None:
    """When we saw it: not before it was made, also when our clock is hours behind."""
    if now is None or created_at > now + BACKDATE_TOLERANCE_MS:
        return now
    return max(created_at, now)


def post_id(fields: Mapping[str, object], is_comment: bool) -> str:
    """The id of the post in ``fields``, in this project's form.

    Raises:
        Unreadable: there is none.
    """
    native = clean.identifier(fields.get("id"), "id").removeprefix("t1_").removeprefix("t3_")
    return f"{PLATFORM}:{COMMENT if is_comment else SUBMISSION}_{native}"


def is_gone(fields: Mapping[str, object], is_comment: bool) -> bool:
    """Whether Reddit, a moderator or the author took it away."""
    if fields.get("removed_by_category"):
        return True
    text = fields.get("body" if is_comment else "selftext")
    return isinstance(text, str) and text in GONE


def base36(number: int) -> str:
    """A positive number as Reddit writes its ids."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


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
    if name in GONE:
        raise Unreadable("author: deleted, so the account is unknown")
    return name


def _author(fields: Mapping[str, object]) -> Author | None:
    handle = clean.short(fields.get("author"))
    if handle is None or handle in GONE:
        return None
    created_at = clean.optional_instant(fields.get("author_created_utc"))
    return Author(handle=handle, created_at=created_at)


def _container(fields: Mapping[str, object]) -> str | None:
    subreddit = clean.optional_identifier(fields.get("subreddit"), "subreddit")
    return f"{PLATFORM}:{subreddit}" if subreddit else None


def _reference(fields: Mapping[str, object], name: str) -> str | None:
    native = clean.optional_identifier(fields.get(name), name)
    return f"{PLATFORM}:{native}" if native else None


def _parent(fields: Mapping[str, object], root: str | None) -> str | None:
    """The comment or submission answered; one dump writes comment ids as numbers."""
    parent = fields.get("parent_id")
    if isinstance(parent, int) and not isinstance(parent, bool):
        if not 0 < parent < 2**63:
            raise Unreadable("parent_id: no id of Reddit")
        return f"{PLATFORM}:{COMMENT}_{base36(parent)}"
    return _reference(fields, "parent_id") or root


def _permalink(fields: Mapping[str, object]) -> str | None:
    path = fields.get("permalink")
    if isinstance(path, str) and path.startswith("/"):
        return clean.web_address(SITE + path)
    return clean.web_address(fields.get("full_link"))


def _links(
    fields: Mapping[str, object], text: str, plain: Callable[[str], str]
) -> tuple[str, ...]:
    """The link that a submission is about, and those in its text."""
    found = extract.links(text)
    url = fields.get("url_overridden_by_dest") or fields.get("url")
    about = clean.web_address(plain(url)) if isinstance(url, str) else None
    if about and not fields.get("is_self") and about != _permalink(fields):
        found = (about, *(link for link in found if link != about))
    return found[: clean.LIST_LIMIT]


def _media(
    fields: Mapping[str, object], urls: tuple[str, ...], plain: Callable[[str], str]
) -> tuple[Media, ...]:
    found: dict[str, Media] = {}
    if urls and not fields.get("is_self"):
        path = urls[0].partition("?")[0].lower()
        if fields.get("post_hint") == "image" or path.endswith(_PICTURES):
            found[urls[0]] = Media(url=urls[0])
    video = clean.mapping(clean.mapping(fields.get("media")).get("reddit_video"))
    clip = video.get("fallback_url")
    if isinstance(clip, str) and (url := clean.web_address(plain(clip))):
        found[url] = Media(url=url, kind="video")
    for entry in clean.mapping(fields.get("media_metadata")).values():
        largest = clean.mapping(clean.mapping(entry).get("s"))
        picture = largest.get("u") or largest.get("gif")
        if isinstance(picture, str) and (url := clean.web_address(plain(picture))):
            found[url] = Media(url=url)
    return tuple(found.values())[: clean.LIST_LIMIT]
