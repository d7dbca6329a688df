"""Turns an account, a subject and a grammar rule into a post as its platform would show it."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random
from typing import NamedTuple

from dashboards.demo import words_en, words_ja, words_ko
from dashboards.demo.cast import Star
from dashboards.demo.grammar import Draw, Grammar
from dashboards.demo.population import Account
from ingest.records import Deletion, Malformed, Media, Post

SOURCE = "demo"
"""Name of the demo's source; ids of its posts begin with it."""

MAX_DELAY_MS = 90_000
"""No first sighting arrives later than this after the post was made."""

_NAMES = ("who", "song")


@cache
def grammars() -> Mapping[str, Grammar]:
    """The grammar of each language."""
    return {
        "ko": Grammar(words_ko.RULES, _NAMES),
        "en": Grammar(words_en.RULES, _NAMES),
        "ja": Grammar(words_ja.RULES, _NAMES),
    }


class Staged(NamedTuple):
    """What the source reports at ``at`` (ms), and the oracle's word for it."""

    at: int
    item: Post | Deletion | Malformed
    kind: str


def say(rule: str, lang: str, star: Star, draw: Draw) -> str:
    """A text of ``rule`` about ``star``."""
    spoken, songs = star.spoken[lang], star.songs[lang]
    names = {
        "who": spoken[int(draw() * len(spoken))],
        "song": songs[int(draw() * len(songs))],
    }
    return grammars()[lang].write(rule, draw, names)


def arrival(rng: Random, at: int) -> int:
    """When the source sees a post of ``at``: seconds later, now and then a minute."""
    if rng.random() < 0.01:
        return at + int(rng.random() * MAX_DELAY_MS)
    return at + min(int(rng.expovariate(1 / 1500)), MAX_DELAY_MS)


def write_post(
    rng: Random,
    account: Account,
    at: int,
    text: str,
    *,
    tags: tuple[str, ...] = (),
    urls: tuple[str, ...] = (),
    mentions: tuple[str, ...] = (),
    picture: bool = False,
    reply_to: Post | None = None,
    quote_of: Post | None = None,
    repost_of: Post | None = None,
    container: str | None = None,
) -> Post:
    """The post of ``account`` at ``at`` ms; ``tags`` are appended to the text."""
    native = f"{rng.getrandbits(64):016x}"
    platform = account.platform
    if tags:
        text = f"{text} {' '.join(['#' + tag for tag in tags])}" if text else text
    media: tuple[Media, ...] = ()
    if picture:
        media = (Media(url=f"https://img.example/{native}.jpg", mime="image/jpeg"),)
    return Post(
        id=f"{SOURCE}:{native}",
        source=SOURCE,
        platform=platform,
        author_id=account.id,
        created_at=at,
        observed_at=arrival(rng, at),
        text=text,
        # Reddit and YouTube do not say in which language a text is.
        lang=account.lang if platform in ("x", "bluesky") else None,
        url=f"https://{platform}.example/p/{native}",
        urls=urls,
        hashtags=tags,
        mentions=mentions,
        reply_to=reply_to.id if reply_to else None,
        root=(reply_to.root or reply_to.id) if reply_to else None,
        repost_of=repost_of.id if repost_of else None,
        quote_of=quote_of.id if quote_of else None,
        container=container,
        media=media,
        author=account.author,
    )


def repost(rng: Random, account: Account, at: int, original: Post) -> Post:
    """``account`` passes ``original`` on, in the manner of its platform."""
    handle = original.author.handle if original.author else None
    if account.platform == "x" and handle:
        return write_post(
            rng,
            account,
            at,
            f"RT @{handle}: {original.text}",
            urls=original.urls,
            mentions=(handle,),
            repost_of=original,
        )
    return write_post(rng, account, at, "", repost_of=original)


def reply(rng: Random, account: Account, at: int, text: str, to: Post) -> Post:
    """``account`` answers ``to``; on X an answer begins with the handle."""
    handle = to.author.handle if to.author else None
    if account.platform == "x" and handle:
        return write_post(
            rng,
            account,
            at,
            f"@{handle} {text}",
            mentions=(handle,),
            reply_to=to,
            container=to.container,
        )
    return write_post(rng, account, at, text, reply_to=to, container=to.container)
