"""What a post shares with others: its text, links, pictures and the post it answers.

Each is a number of 64 bits in a column of its own. A repost shares the post it
repeats and nothing else: it is never a copy of the text.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from detect.links import canonical_url
from detect.neardup import prepare
from detect.records import OPINION, HarmCategory, Judgement
from detect.wording.stems import keys, stems
from ingest.records import Post
from stream.bursts.marks import OpenMarks
from stream.bursts.window import UNKNOWN_AGE, number

TEXT = 0
"""Exact text; copies of one text need no comparing."""
STEMS = 1
STEM_KEYS = 6
FAMILY = 7
LINK = 8
SECOND_LINK = 9
MEDIA = 10
TARGET = 11
REPOST = 12
CLUSTER = 13
MIRROR = 14
"""The path of the first link, which stays where only the host changes. It is no second
object for which an account scores."""
COLUMNS = 15

SHARED = (FAMILY, LINK, SECOND_LINK, MEDIA)
"""Columns whose sharing counts for an account's score."""
NARRATIVE = (FAMILY, LINK, SECOND_LINK, MEDIA, TARGET, MIRROR)
"""Columns around which posts make a narrative."""
NAMES: dict[int, Literal["text", "link", "media", "target"]] = {
    FAMILY: "text",
    LINK: "link",
    SECOND_LINK: "link",
    MIRROR: "link",
    MEDIA: "media",
    TARGET: "target",
}

ORIGINAL = 1
NEWS = 2
DISGUISED = 4
"""Characters that show nothing, or look like others, stand in the text."""
CRITICAL = 8
"""Judged to be criticism, or words of complaint: nothing that alarms."""
SPARE = 16
"""Judged to advertise something, or offers goods."""
PRIMARY = 32
"""The subject stands for the post: its other subjects have it too and tell nothing of it."""
APPEAL = 64
"""It calls to report what others wrote."""
FLAGGED = 128
"""It carries a hashtag or a link, by which others find it and join."""

DAY_MS = 24 * 60 * 60 * 1000


class Seen(msgspec.Struct):
    """What one post shares; ``keys`` holds a number a column, 0 for none.

    ``open`` is how openly it acts, 0 to 100; ``harm`` what is known of its harm
    to the subject, 0 to 100, -1 where nobody assessed it.
    """

    keys: list[int]
    stems: bytes
    age: int
    open: int
    flags: int
    harm: int = -1
    picture: bytes = b""
    """Its PDQ hash."""


def seen(
    marks: OpenMarks, subject: str, post: Post, judgement: Judgement | None = None
) -> Seen:
    """The objects and marks of a post about a subject; its family is not known yet."""
    columns = [0] * COLUMNS
    mark = marks.of(subject, post)
    flags = ORIGINAL if mark.original else 0
    flags |= (NEWS if mark.news else 0) | (APPEAL if mark.appeal else 0)
    flags |= (SPARE if mark.advert else 0) | (CRITICAL if mark.complaint else 0)
    flags |= FLAGGED if post.urls or post.hashtags or "#" in post.text else 0
    packed = picture = b""
    if post.repost_of is not None:
        columns[REPOST] = number("r" + post.repost_of, 64)
    else:
        text = prepare(post.text)
        if text is not None:
            columns[TEXT] = number("x" + text.key, 64)
            packed = stems(text)
            columns[STEMS : STEMS + STEM_KEYS] = _padded(keys(packed))
        _links(columns, post)
        picture = _media(columns, post)
        target = post.quote_of or post.reply_to
        if target is not None:
            columns[TARGET] = number("t" + target, 64)
    age = UNKNOWN_AGE
    if post.author is not None and post.author.created_at is not None:
        age = min(max(0, (post.event_at - post.author.created_at) // DAY_MS), 1 << 30)
    said = post.text
    if not said.isascii() and _ODD.search(said) and _DISGUISE.search(said):
        flags |= DISGUISED
    harm = -1
    if judgement is not None:
        flags |= _opinions(judgement)
        harm = round(100 * harm_of(judgement))
    return Seen(columns, packed, age, round(mark.openness * 100), flags, harm, picture)


def harm_of(judgement: Judgement) -> float:
    """Harm to the subject, 0 to 1: what is aimed at others is none, at nobody known half.

    Advertising is told apart (:data:`SPARE`), and opinion is no harm. Only words count: with
    a model's scores of posts in which no word tells, more rings looked like crowds.
    """
    weight = {"subject": 1.0, "unknown": 0.5}.get(judgement.target, 0.0)
    scores = (one.score for one in judgement.worded if one.category not in _NO_HARM)
    return weight * max(scores, default=0.0)


def _opinions(judgement: Judgement) -> int:
    flags = 0
    for one in judgement.worded:
        if one.score >= LIKELY:
            if one.category == OPINION:
                flags |= CRITICAL
            elif one.category == ADVERTISING:
                flags |= SPARE
    return flags


ADVERTISING: HarmCategory = "deceptive_marketing"
LIKELY = 0.5
_NO_HARM = frozenset({OPINION, ADVERTISING})
_DISGUISE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u200b\u200c\u202a-\u202e\u2060-\u2064\u2066-\u2069\u3164\ufeff]"
    "|[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]|[\u3131-\u314e][\u314f-\u3163]"
)
"""Invisible characters, letters of two scripts in one word, syllables taken apart."""
_ODD = re.compile(
    "[\u00ad\u034f\u0370-\u052f\u115f\u1160\u200b\u200c\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\u3131-\u314e\u3164\ufeff]"
)
"""One of these stands in every disguise; looking for them alone is quicker."""


def _padded(found: tuple[int, ...]) -> list[int]:
    return [*found, *([0] * (STEM_KEYS - len(found)))]


def _links(columns: list[int], post: Post) -> None:
    place = LINK
    slug = ""
    for url in post.urls:
        page = canonical_url(url)
        if not page:
            continue
        slug = slug or _slug(page)
        value = number("l" + page, 64)
        if value not in columns[LINK : SECOND_LINK + 1]:
            columns[place] = value
            place += 1
        if place > SECOND_LINK:
            break
    if slug:
        columns[MIRROR] = number("p" + slug, 64)


def _slug(page: str) -> str:
    """The path of a page where it is long enough to be one page's: mirrors keep it."""
    path = page.partition("/")[2].partition("?")[0].casefold()
    letters, digits = any(c.isalpha() for c in path), any(c.isdigit() for c in path)
    named = len(path) >= SLUG and letters
    return path if named or (len(path) >= CODE and letters and digits) else ""


SLUG = 12
CODE = 6
"""Characters from which a path names one page, whatever host it stands on; fewer are enough
for a code of letters and digits."""
PDQ_BYTES = 32


def _media(columns: list[int], post: Post) -> bytes:
    """Fill in the picture; its PDQ hash, empty without a usable one."""
    for media in post.media:
        known = media.pdq or media.sha256
        if known:
            columns[MEDIA] = number("m" + known, 64)
            return _pdq(media.pdq or "")
    return b""


def _pdq(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return b""
    return found if len(found) == PDQ_BYTES else b""
