"""What in a post speaks for open, legitimate action, and which page it points to.

Marks are added up to an openness from 0 to 1. A hashtag alone, official or
not, never reaches what a fan event needs: hashtags are hijacked. Opinions in
the text are not looked at.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from detect.watchlist import Subject, Watchlist
from detect.wording.quick import Quick
from ingest.records import Post
from stream.bursts.adverts import is_advert
from stream.bursts.appeals import is_appeal
from stream.bursts.complaints import is_complaint

OFFICIAL_LINK = 1.0
PLATFORM_LINK = 0.8
ACTION_WORDS = 0.5
APPEAL = 0.6
"""A call to report what others wrote."""
PROJECT_TAG = 0.5
ANY_LINK = 0.3
OFFICIAL_TAG = 0.3
OCCASION = 0.4
OCCASION_TAG = 0.25
"""A wish for an occasion, and any hashtag with it: only together are they open."""

ACTION_DOMAINS = frozenset(
    {
        "bugs.co.kr",
        "choeaedol.com",
        "flo.com",
        "genie.co.kr",
        "idolchamp.com",
        "idolplus.com",
        "melon.com",
        "mnetplus.world",
        "music.apple.com",
        "open.spotify.com",
        "starplanet.co.kr",
        "tumblbug.com",
        "weverse.io",
        "whosfan.com",
    }
)
"""Where fans vote, stream and raise funds."""

_WORDS = Quick(
    r"\b(?:vote[ds]?|voting|streaming|stream party|cup ?sleeves?|fundrais\w+|pre-?orders?"
    r"|birthday (?:project|support|cafe|ads?)|support ads?|votar|votaci[oó]n|dukung|votem?)\b"
    r"|투표|스밍|스트리밍|총공|서포트|생일 ?카페|생카|모금|음원|인증샷"
    r"|投票|ストリーミング|再生回数|応援広告|センイル|クラファン|打投|打榜|应援|應援|集资|集資"
    r"|โหวต|สตรีม|โปรเจกต์"
)
_OCCASION = Quick(
    r"\bhappy birthday|\bhappy (?:\w+ )?(?:day|anniversary)\b|\bcongrat\w+|\banniversary\b"
    r"|\bfeliz cumplea|\bselamat ulang tahun\b"
    r"|생일 ?축하|생축|축하(?:해|합|드)|주년|데뷔 ?\d+일"
    r"|誕生日おめ|おめでとう|周年|生日快[乐樂]|สุขสันต์วันเกิด"
)
_NEWS = re.compile(r"/(?:news|articles?|view|story|stories)/|/\d{4}/\d{2}/|^news\.|\.news$")
_TAG = re.compile(r"[#＃](\w+)")
_RETWEET = re.compile(r"^rt @", re.IGNORECASE)


class Marks(msgspec.Struct, frozen=True):
    """What one post shows.

    ``original`` is False for reposts. ``domain`` and ``link`` are of its first
    link, empty without one. ``news`` says that the link looks like an article,
    ``appeal`` that it calls to report what others wrote, ``advert`` that it offers goods,
    ``complaint`` that it complains; an opinion makes nothing open or closed.
    """

    openness: float
    original: bool
    domain: str
    link: str
    news: bool
    appeal: bool = False
    advert: bool = False
    complaint: bool = False


class _Words(msgspec.Struct, frozen=True):
    """What the words alone show, whomever they are about."""

    tags: frozenset[str]
    occasion: bool
    action: bool
    retweet: bool
    appeal: bool
    advert: bool
    complaint: bool


class _Known(msgspec.Struct, frozen=True):
    domains: frozenset[str]
    accounts: frozenset[str]
    tags: frozenset[str]
    project_tags: frozenset[str]


class OpenMarks:
    """Reads marks against what the watchlist declares official.

    A member's posts are also judged by what belongs to the member's groups and
    agency.
    """

    def __init__(self, watchlist: Watchlist) -> None:
        self._known = {s.id: _known(s, watchlist) for s in watchlist.subjects}
        self._nothing = _Known(frozenset(), frozenset(), frozenset(), frozenset())

    def of(self, subject: str, post: Post) -> Marks:
        """The marks of a post about a subject."""
        known = self._known.get(subject, self._nothing)
        links = [(_host(url), url) for url in post.urls]
        domain, link = next(((h, u) for h, u in links if h), ("", ""))
        openness = 0.0
        if _by(post) & known.accounts or any(_under(h, known.domains) for h, _ in links):
            openness = OFFICIAL_LINK
        elif any(_under(h, ACTION_DOMAINS) for h, _ in links):
            openness = PLATFORM_LINK
        words = _words_cached if len(post.text) <= _CACHED else _words
        said = words(post.text, linked=bool(links))
        tags = said.tags.union(t.casefold() for t in post.hashtags)
        if said.occasion:
            openness += OCCASION + (OCCASION_TAG if tags else 0.0)
        if said.action or said.appeal:
            openness += APPEAL if said.appeal else ACTION_WORDS
            openness += ANY_LINK if links else 0.0
        if tags & known.project_tags:
            openness += PROJECT_TAG
        elif tags & known.tags:
            openness += OFFICIAL_TAG
        return Marks(
            openness=min(1.0, openness),
            original=post.repost_of is None and not said.retweet,
            domain=domain,
            link=link,
            news=bool(link) and bool(_NEWS.search(domain) or _NEWS.search(_path(link))),
            appeal=said.appeal,
            advert=said.advert,
            complaint=said.complaint,
        )


def _words(text: str, *, linked: bool) -> _Words:
    lower = text.casefold()
    plain = _TAG.sub(" ", lower)
    return _Words(
        tags=frozenset(_TAG.findall(lower)),
        occasion=_OCCASION.found(plain),
        action=_WORDS.found(plain),
        retweet=_RETWEET.match(text) is not None,
        appeal=is_appeal(lower),
        advert=is_advert(lower, linked=linked),
        complaint=is_complaint(lower),
    )


_CACHED = 2_000
_words_cached = lru_cache(maxsize=1_024)(_words)
"""A member's post comes again for each group, and copies have the same words."""


def _known(subject: Subject, watchlist: Watchlist) -> _Known:
    near = [subject]
    for other in watchlist.subjects:
        agency = other.kind == "brand" and subject.agency in {other.name, other.agency}
        if other.id != subject.id and (
            other.id in subject.groups or (subject.agency and agency)
        ):
            near.append(other)
    projects = [project for one in near for project in one.fan_projects]
    domains = [d for one in near for d in one.official.domains]
    domains += [d for project in projects for d in project.domains]
    accounts = [a for one in near for a in one.official.accounts]
    accounts += [a for project in projects for a in project.accounts]
    return _Known(
        domains=frozenset(d.casefold().removeprefix("www.") for d in domains),
        accounts=frozenset(a.casefold() for a in accounts),
        tags=frozenset(t.casefold().lstrip("#") for one in near for t in one.hashtags),
        project_tags=frozenset(t.casefold().lstrip("#") for p in projects for t in p.hashtags),
    )


def _by(post: Post) -> set[str]:
    names = {f"{post.platform}:{post.author_id}".casefold()}
    if post.author and post.author.handle:
        names.add(f"{post.platform}:@{post.author.handle.lstrip('@')}".casefold())
    return names


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _under(host: str, domains: frozenset[str]) -> bool:
    while host:
        if host in domains:
            return True
        host = host.partition(".")[2]
    return False
