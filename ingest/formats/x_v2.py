"""Tweets as the API of X (version 2) returns them, in every shape that tools store.

Pages (``data`` a list with ``includes``), stream lines (``data`` one tweet) and
flattened tweets (author, media and referenced tweets set in). Quoted, answered
and reposted tweets that come along become posts of their own, before the ones
that refer to them.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

import msgspec

from ingest import clean, extract
from ingest.clean import Context, Unreadable, mapping, sequence
from ingest.records import Author, Deletion, Malformed, Media, Post

PLATFORM = "x"
_TWEET_FIELDS = frozenset(
    {
        "edit_history_tweet_ids",
        "conversation_id",
        "public_metrics",
        "referenced_tweets",
        "possibly_sensitive",
        "reply_settings",
        "__twarc",
    }
)
_REFERENCES = {"replied_to": "reply_to", "quoted": "quote_of", "retweeted": "repost_of"}
_KINDS = {"photo": "image", "video": "video", "animated_gif": "video"}

Fields = Mapping[str, object]


class Includes(msgspec.Struct, frozen=True):
    """What a page carries besides its tweets, by id or key."""

    users: dict[str, Fields]
    media: dict[str, Fields]
    tweets: list[Fields]


def recognises(record: Fields) -> bool:
    """Whether a record is a page, a stream line, a flattened tweet or an error of X."""
    data = record.get("data")
    if clean.is_list(data):
        page = sequence(data)
        return "id" in mapping(page[0]) if page else "meta" in record
    if clean.is_object(data):
        return "id" in mapping(data)
    if "text" in record and not _TWEET_FIELDS.isdisjoint(record):
        return True
    return "text" not in record and isinstance(record.get("errors"), list)


def decode(raw: bytes | Fields, context: Context) -> list[Post | Deletion | Malformed]:
    """The tweets of a line and those they refer to, each once."""
    try:
        fields = clean.fields(raw)
        includes = _includes(mapping(fields.get("includes")))
        tweets = list(_tweets(fields))
    except Unreadable as error:
        return [clean.malformed(context, raw, str(error))]
    found: dict[str, Post] = {}
    for tweet in (*_related(tweets), *includes.tweets):
        try:
            post = _post(tweet, includes, context)
        except Unreadable:
            continue  # not enough of it came along; the tweet that refers to it names its id
        found.setdefault(post.id, post)
    dead: list[Malformed] = []
    for tweet in tweets:
        try:
            post = _post(tweet, includes, context)
        except Unreadable as error:
            whole = raw if len(tweets) == 1 else tweet
            dead.append(clean.malformed(context, whole, str(error)))
        else:
            found.pop(post.id, None)
            found[post.id] = post
    return [*found.values(), *dead]


def _tweets(fields: Fields) -> Iterator[Fields]:
    """The tweets that a record is about.

    Raises:
        Unreadable: it holds an error or something else instead.
    """
    data = fields.get("data")
    if clean.is_list(data):
        for entry in sequence(data):
            if not clean.is_object(entry):
                raise Unreadable(f"data: expected tweets, found {clean.kind(entry)} among them")
            yield mapping(entry)
    elif clean.is_object(data):
        yield mapping(data)
    elif "id" in fields or "text" in fields:
        yield fields
    elif errors := sequence(fields.get("errors")):
        title = clean.short(mapping(errors[0]).get("title"), 100) or "unknown"
        raise Unreadable(f"X reported an error instead of posts: {title}")
    elif data is not None or "meta" not in fields:
        raise Unreadable("neither a tweet nor a page of tweets")


def _related(tweets: list[Fields]) -> Iterator[Fields]:
    """Tweets set into flattened ones; bare references have an id only."""
    for tweet in tweets:
        for reference in map(mapping, sequence(tweet.get("referenced_tweets"))):
            if "text" in reference:
                yield reference


def _includes(given: Fields) -> Includes:
    return Includes(
        users=_by(given.get("users"), "id"),
        media=_by(given.get("media"), "media_key"),
        tweets=[mapping(tweet) for tweet in sequence(given.get("tweets"))],
    )


def _by(entries: object, key: str) -> dict[str, Fields]:
    found = ((entry.get(key), entry) for entry in map(mapping, sequence(entries)))
    return {value: entry for value, entry in found if isinstance(value, str)}


def _post(tweet: Fields, includes: Includes, context: Context) -> Post:
    native = clean.identifier(tweet.get("id"), "id")
    text, truncated = clean.text(tweet.get("text"))
    text = html.unescape(text) if "&" in text else text
    entities = mapping(tweet.get("entities"))
    user = _user(tweet, entities, includes)
    author_id = _author_id(tweet, user)
    references = _references(tweet)
    conversation = clean.optional_identifier(tweet.get("conversation_id"), "conversation_id")
    handle = clean.short(user.get("username"), 100)
    return Post(
        id=f"{PLATFORM}:{native}",
        source=context.source,
        platform=PLATFORM,
        author_id=author_id,
        created_at=clean.instant(tweet.get("created_at"), "created_at", context.now),
        text=text,
        lang=clean.short(tweet.get("lang"), 40),
        url=clean.web_address(f"https://x.com/{handle or 'i'}/status/{native}"),
        urls=_links(entities, text),
        hashtags=_tags(entities, "hashtags", "tag", extract.hashtags, text),
        mentions=_tags(entities, "mentions", "username", extract.mentions, text),
        reply_to=references.get("reply_to"),
        root=f"{PLATFORM}:{conversation}" if conversation and conversation != native else None,
        repost_of=references.get("repost_of"),
        quote_of=references.get("quote_of"),
        media=_media(mapping(tweet.get("attachments")), includes),
        metrics=clean.metrics(mapping(tweet.get("public_metrics"))),
        author=_author(user, handle),
        truncated=truncated,
    )


def _author_id(tweet: Fields, user: Fields) -> str:
    given = tweet.get("author_id") or user.get("id")
    if given is None:
        raise Unreadable("author_id: missing, and no author object names the account")
    return clean.identifier(given, "author_id")


def _user(tweet: Fields, entities: Fields, includes: Includes) -> Fields:
    """The author's object: set in, included, or the only user who came along.

    An included user may also be one whom the tweet mentions or answers, so a
    lone one counts as the author only if the tweet does neither.
    """
    author = mapping(tweet.get("author"))
    if author:
        return author
    author_id = tweet.get("author_id")
    if author_id is not None:
        return includes.users.get(str(author_id), {})
    others = entities.get("mentions") or tweet.get("in_reply_to_user_id")
    if len(includes.users) == 1 and not others and not tweet.get("referenced_tweets"):
        return next(iter(includes.users.values()))
    return {}


def _author(user: Fields, handle: str | None) -> Author | None:
    created_at = clean.optional_instant(user.get("created_at"))
    followers = clean.count(mapping(user.get("public_metrics")).get("followers_count"))
    author = Author(handle=handle, created_at=created_at, followers=followers)
    return None if author == Author() else author


def _references(tweet: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for reference in map(mapping, sequence(tweet.get("referenced_tweets"))):
        field = _REFERENCES.get(str(reference.get("type")))
        if field is not None and reference.get("id") is not None:
            native = clean.identifier(reference["id"], "referenced_tweets.id")
            found.setdefault(field, f"{PLATFORM}:{native}")
    return found


def _links(entities: Fields, text: str) -> tuple[str, ...]:
    """Links with their short form resolved; those to the tweet's own media are left out."""
    listed = [mapping(entry) for entry in sequence(entities.get("urls"))]
    if not listed:
        return extract.links(text)
    found: dict[str, None] = {}
    for entry in listed[: clean.LIST_LIMIT]:
        target = entry.get("unwound_url") or entry.get("expanded_url") or entry.get("url")
        url = clean.web_address(target)
        if url is not None and "media_key" not in entry and not _is_own_media(url):
            found[url] = None
    return tuple(found)


def _is_own_media(url: str) -> bool:
    host, _, path = url.partition("://")[2].partition("/")
    is_x = host.removeprefix("www.") in ("twitter.com", "x.com")
    return is_x and path.endswith(("/photo/1", "/video/1"))


def _tags(
    entities: Fields, name: str, key: str, extracted: extract.Extractor, text: str
) -> tuple[str, ...]:
    listed = [mapping(entry).get(key) for entry in sequence(entities.get(name))]
    if not listed:
        return extracted(text)
    return clean.strings([tag for tag in listed if isinstance(tag, str)], name)


def _media(attachments: Fields, includes: Includes) -> tuple[Media, ...]:
    set_in = _by(attachments.get("media"), "media_key")
    found: list[Media] = []
    for key in sequence(attachments.get("media_keys"))[: clean.LIST_LIMIT]:
        entry = set_in.get(str(key)) or includes.media.get(str(key), {})
        url = clean.web_address(entry.get("url") or entry.get("preview_image_url"))
        if url is not None:
            kind = _KINDS.get(str(entry.get("type")), "image")
            found.append(Media(url=url, kind=kind, alt=clean.short(entry.get("alt_text"))))
    return tuple(found)
