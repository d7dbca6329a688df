"""The three planted campaigns: copies in minutes, a link pushed over platforms, a slow drip.

Each rumour is invented and mild; what makes them campaigns is who says the same
thing, how, and when. The tactics are those that public reports on coordinated
campaigns describe; no detector was looked at.
"""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from dashboards.demo import cast, rhythm
from dashboards.demo.noise import seen
from dashboards.demo.organic import ORDINARY
from dashboards.demo.population import Account, new_account
from dashboards.demo.writing import Staged, say, write_post
from ingest.records import Post

COPIES, LINK, DRIP = "copies", "link", "drip"
CAMPAIGNS = (COPIES, LINK, DRIP)

COPY_ACCOUNTS, COPY_MINUTES = 25, 15
LINK_ACCOUNTS, LINK_MINUTES = 18, 40
DRIP_ACCOUNTS, DRIP_HOURS = 12, 7.5

COPY_TEXT = (
    "하루엘이 데뷔 전에 다른 연습생이 만든 안무를 몰래 가져다 자기 이름으로 "
    "냈다는 얘기 다들 들었어? 같이 연습했던 사람이 직접 증언했다는데 회사가 계속 "
    "덮고 있대. 사과할 때까지 소비하지 말자"
)
LINK_DOMAIN = "hushfiles.example"
DRIP_TEXTS = {
    "ja": "ヴェロリアのナビエル、握手会でもらった手紙を読まずに全部その場で"
    "捨てていたとスタッフが話してた。"
    "ファンを大事にしてるふりはもうやめてほしい",
    "ko": "벨로리아 나비엘이 팬사인회에서 받은 편지를 읽지도 않고 그 자리에서 "
    "다 버렸다고 스태프가 말했대. 팬 아끼는 척은 이제 그만했으면",
}

_EMOJI = ("😡", "🤮", "‼️", "🔥", "💢", "👀")
_SPARE_TAGS = ("아이돌", "실화", "충격", "연예", "오늘의이슈", "kpop", "알려주세요")
_ZERO_WIDTH = ("\u200b", "\u200d", "\u2060")

# Slots with a usual and a rarer wording, so that the copies stay near each other.
_LINK_TEXT: tuple[tuple[str, ...], ...] = (
    ("so it turns out ", "turns out "),
    ("Taerok from KYTE9 never sang his own part on the Fold the Night album, ",),
    ("a session singer recorded every line ", "a session singer recorded each line "),
    ("and the agency paid to keep it quiet. ", "and the agency paid him to keep it quiet. "),
    ("Someone who worked in the studio ", "Somebody who worked in the studio "),
    ("put the raw files and the contract online, see for yourself before it is gone",),
)
_REWORDED = 0.3


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """What the oracle knows of a planted campaign; times in ms, of its own posts."""

    id: str
    subject: str
    accounts: tuple[str, ...]
    first_at: int
    last_at: int
    posts: int


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign and everything its accounts do."""

    campaign: Campaign
    staged: list[Staged]


def kind_of(campaign: str) -> str:
    """The oracle's word for posts of that campaign."""
    return f"campaign:{campaign}"


def copies(rng: Random, at: int) -> Planted:
    """A Korean rumour pasted by young accounts within a quarter of an hour, lightly edited."""
    accounts = [
        _recruit(rng, "ko", "x" if rng.random() < 0.8 else "bluesky", at, (3, 40))
        for _ in range(COPY_ACCOUNTS)
    ]
    posts: list[Post] = []
    for i, account in enumerate(accounts):
        for _ in range(2 if rng.random() < 0.3 else 1):
            offset = 0 if not i else int(rng.random() * COPY_MINUTES * rhythm.MINUTE_MS)
            text, tags = _lightly_edited(rng, COPY_TEXT)
            posts.append(write_post(rng, account, at + offset, text, tags=tags))
    return _planted(rng, COPIES, "haruel", accounts, posts)


def link_push(rng: Random, at: int) -> Planted:
    """An English claim with a link, reworded a little, over three platforms in 40 minutes."""
    platforms = ("x", "bluesky", "reddit")
    accounts = [
        _recruit(rng, "en", platforms[i % len(platforms)], at, (20, 1500))
        for i in range(LINK_ACCOUNTS)
    ]
    posts: list[Post] = []
    for i, account in enumerate(accounts):
        for _ in range(2 if rng.random() < 0.25 else 1):
            offset = 0 if not i else int(rng.random() * LINK_MINUTES * rhythm.MINUTE_MS)
            host = LINK_DOMAIN if rng.random() < 0.8 else f"read.{LINK_DOMAIN}"
            link = f"https://{host}/taerok-studio?r={rng.getrandbits(16):04x}"
            text = "".join(
                wording[-1] if rng.random() < _REWORDED else wording[0]
                for wording in _LINK_TEXT
            )
            posts.append(
                write_post(
                    rng,
                    account,
                    at + offset,
                    f"{text} {link}",
                    urls=(link,),
                    container="popclub" if account.platform == "reddit" else None,
                )
            )
    return _planted(rng, LINK, "taerok", accounts, posts)


def slow_drip(rng: Random, at: int) -> Planted:
    """A Japanese rumour and its Korean twin, dripped over hours between fan posts."""
    span = int(DRIP_HOURS * rhythm.HOUR_MS)
    accounts = [_recruit(rng, "ja", "x", at, (90, 1400)) for _ in range(DRIP_ACCOUNTS)]
    posts: list[Post] = []
    masks: list[Post] = []
    stars = [star for star in cast.stars().values() if star.group == "velloria"]
    for i, account in enumerate(accounts):
        # The shift of each account is its turn, so that the rumour never bursts.
        turn = at + span * i // DRIP_ACCOUNTS
        for lang in ("ja", "ko") if i % 2 else ("ja",):
            moment = turn + int(rng.random() * span / DRIP_ACCOUNTS)
            text, tags = _lightly_edited(rng, DRIP_TEXTS[lang])
            writer = msgspec.structs.replace(account, lang=lang)
            posts.append(write_post(rng, writer, moment, text, tags=tags))
        for _ in range(4 + int(rng.random() * 5)):
            moment = at + int(rng.random() * span)
            star = stars[int(rng.random() * len(stars))]
            masks.append(write_post(rng, account, moment, say("post", "ja", star, rng.random)))
    planted = _planted(rng, DRIP, "nabiel", accounts, posts)
    for post in masks:
        planted.staged.extend(seen(rng, post, ORDINARY, may_change=False))
    return planted


def _recruit(
    rng: Random, lang: str, platform: str, at: int, age_days: tuple[int, int]
) -> Account:
    low, high = age_days
    return new_account(
        rng,
        lang=lang,
        platform=platform,
        loyal=cast.GROUPS[0],
        born=at - int((low + rng.random() * (high - low)) * rhythm.DAY_MS),
        followers=int(rng.random() * 120),
    )


def _lightly_edited(rng: Random, text: str) -> tuple[str, tuple[str, ...]]:
    """``text`` with one or two tiny edits that leave it readable, and hashtags to append."""
    tags: tuple[str, ...] = ()
    for _ in range(1 + int(rng.random() * 2)):
        edit = int(rng.random() * 5)
        place = 10 + int(rng.random() * (len(text) - 12))
        if edit == 0:
            text = f"{text} {rng.choice(_EMOJI)}"
        elif edit == 1:
            text = text[:place] + rng.choice(_ZERO_WIDTH) + text[place:]
        elif edit == 2:
            gap = text.find(" ", place)
            text = text if gap < 0 else f"{text[:gap]} {text[gap:]}"
        elif edit == 3:  # a fifth of the edits change nothing
            tags = tuple(rng.sample(_SPARE_TAGS, 1 + int(rng.random() * 2)))
    return text, tags


def _planted(
    rng: Random, name: str, subject: str, accounts: Sequence[Account], posts: list[Post]
) -> Planted:
    times = [post.created_at for post in posts]
    return Planted(
        campaign=Campaign(
            id=name,
            subject=subject,
            accounts=tuple(account.key for account in accounts),
            first_at=min(times),
            last_at=max(times),
            posts=len(posts),
        ),
        staged=[s for post in posts for s in seen(rng, post, kind_of(name), may_change=False)],
    )
