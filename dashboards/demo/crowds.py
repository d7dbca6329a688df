"""What many people do at once and may: vote drives, birthdays, shared news, real criticism."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from random import Random

from dashboards.demo import cast, rhythm
from dashboards.demo.noise import seen
from dashboards.demo.organic import OFFICIAL, official_accounts
from dashboards.demo.population import Account, Population
from dashboards.demo.writing import Staged, reply, repost, say, write_post
from ingest.records import Author, Post

FAN_EVENT, CRITICISM, NEWS = "fan_event", "criticism", "news"

_SOCIAL = ("x", "bluesky")
_EVERYWHERE = ("x", "bluesky", "reddit", "youtube")
SETTLED_DAYS = 180
"""Critics of the wave have had their accounts for at least so long."""

VOTE_TAGS = ("벨로리아_스타페테_1위", "VELLORIA_Starfete")
VOTE_LINK = "https://vote.starfete.example/2026/velloria"
VOTE_GUIDES = {
    "ko": "🗳 벨로리아 스타페테 투표 안내\n1. 앱에서 로그인하기\n2. 벨로리아 선택\n"
    "3. 하루 10표 모두 사용\n마감은 밤 11시! 함께 1위 만들어요",
    "en": "🗳 VELLORIA Starfete voting guide\n1. log in with the app\n2. choose VELLORIA\n"
    "3. use all 10 votes of the day\nCloses at 11 pm KST, let's make them number one",
    "ja": "🗳 ヴェロリア スターフェテ投票方法\n1. アプリでログイン\n2. ヴェロリアを選ぶ\n"
    "3. 1日10票を全部使う\n締め切りは夜11時!みんなで1位に",
}
VOTE_MINUTES = 75

BIRTHDAY_TAGS = ("HAPPY_MORUUN_DAY", "모루운_생일_축하해")
BIRTHDAY_MINUTES = 120

NEWS_LINK = "https://stardaily.example/news/48213"
NEWS_TEXT = "벨로리아 '종이등' 뮤직비디오 공개 사흘 만에 1천만 조회 돌파 - 스타데일리"
NEWS_HOURS = 3

CRITICISM_HOURS = 10
CRITICISM_LINK = "https://kyte9.dalsup.example/tour/prices"


def vote_drive(rng: Random, people: Population, at: int, size: int) -> list[Staged]:
    """Fans paste one vote guide and push one hashtag at one time, openly."""
    star = cast.stars()["velloria"]
    caller = Account(
        id="vellings_vote",
        platform="x",
        lang="ko",
        loyal="velloria",
        author=Author(
            handle="vellings_vote", created_at=at - 900 * rhythm.DAY_MS, followers=52_000
        ),
    )
    guide = write_post(
        rng, caller, at, f"{VOTE_GUIDES['ko']} {VOTE_LINK}", tags=VOTE_TAGS, urls=(VOTE_LINK,)
    )
    staged = seen(rng, guide, FAN_EVENT, may_change=False)
    fans = people.crowd(rng, size, loyal="velloria", platforms=_SOCIAL, settled_before=at)
    for fan in fans:
        for _ in range(1 + (rng.random() < 0.2)):
            moment = at + int(rng.random() ** 2 * VOTE_MINUTES * rhythm.MINUTE_MS)
            luck = rng.random()
            if luck < 0.2:
                post = repost(rng, fan, moment, guide)
            elif luck < 0.65:
                text = f"{VOTE_GUIDES[fan.lang]} {VOTE_LINK}"
                tags = VOTE_TAGS if rng.random() < 0.8 else VOTE_TAGS[:1]
                post = write_post(rng, fan, moment, text, tags=tags, urls=(VOTE_LINK,))
            else:
                text = say("push", fan.lang, star, rng.random)
                post = write_post(rng, fan, moment, text, tags=VOTE_TAGS)
            staged += seen(rng, post, FAN_EVENT, may_change=False)
    return staged


def birthday(rng: Random, people: Population, at: int, size: int) -> list[Staged]:
    """A birthday hashtag at midnight that nobody declared beforehand, in own and set words."""
    star = cast.stars()["moruun"]
    staged: list[Staged] = []
    fans = people.crowd(rng, size, loyal="kyte9", platforms=_SOCIAL, settled_before=at)
    slogan = "모루운 생일 축하해! 우리의 아홉 번째 바람, 언제나 네 편이야"
    for fan in fans:
        moment = at + int(rng.random() ** 2 * BIRTHDAY_MINUTES * rhythm.MINUTE_MS)
        text = slogan if rng.random() < 0.35 else say("birthday", fan.lang, star, rng.random)
        post = write_post(
            rng, fan, moment, text, tags=BIRTHDAY_TAGS, picture=rng.random() < 0.4
        )
        staged += seen(rng, post, FAN_EVENT, may_change=False)
    return staged


def shared_news(rng: Random, people: Population, at: int, size: int) -> list[Staged]:
    """Readers press the share button of one article; each post is headline and link."""
    staged: list[Staged] = []
    readers = people.crowd(rng, size, loyal="velloria", platforms=_SOCIAL, settled_before=at)
    for reader in readers:
        moment = at + int(rng.random() ** 2 * NEWS_HOURS * rhythm.HOUR_MS)
        post = write_post(rng, reader, moment, f"{NEWS_TEXT} {NEWS_LINK}", urls=(NEWS_LINK,))
        staged += seen(rng, post, NEWS, may_change=False)
    return staged


def criticism(rng: Random, people: Population, at: int, size: int) -> list[Staged]:
    """Many long-standing fans object to ticket prices, each in own words, as a cascade."""
    voice = official_accounts("kyte9", at)[0]
    notice = write_post(
        rng,
        voice,
        at,
        f"[NOTICE] KYTE9 TOUR 티켓 가격 및 예매 일정 안내 {CRITICISM_LINK}",
        tags=("KYTE9",),
        urls=(CRITICISM_LINK,),
    )
    staged = seen(rng, notice, OFFICIAL, may_change=False)
    critics = people.crowd(
        rng,
        size,
        loyal="kyte9",
        platforms=_EVERYWHERE,
        settled_before=at - SETTLED_DAYS * rhythm.DAY_MS,
    )
    heard: list[Post] = [notice]
    moments = sorted(_cascade_delay(rng) for _ in critics)
    for critic, delay in zip(critics, moments, strict=True):
        post = _objection(rng, critic, at + delay, heard)
        if post.repost_of is None:
            heard.append(post)
        staged += seen(rng, post, CRITICISM, may_change=False)
    return staged


def _cascade_delay(rng: Random) -> int:
    """Half an hour until it catches, then hours of decay."""
    hours = rng.expovariate(1 / 2.2) + 0.3 * rng.random()
    return int(min(hours, CRITICISM_HOURS) * rhythm.HOUR_MS)


def _objection(rng: Random, critic: Account, at: int, heard: list[Post]) -> Post:
    stars = cast.stars()
    star = stars["kyte9"] if rng.random() < 0.85 else stars["taerok"]
    text = say("critic", critic.lang, star, rng.random)
    near = [
        post
        for post in heard[:1] + heard[-40:]
        if post.platform == critic.platform and post.created_at < at
    ]
    luck = rng.random()
    if near and luck < 0.22:
        return reply(rng, critic, at, text, rng.choice(near))
    if near and luck < 0.32:
        return write_post(rng, critic, at, text, quote_of=rng.choice(near))
    if near and luck < 0.45 and critic.platform in _SOCIAL:
        return repost(rng, critic, at, rng.choice(near))
    if luck < 0.55 and critic.platform in _SOCIAL:
        return write_post(rng, critic, at, f"{text} {CRITICISM_LINK}", urls=(CRITICISM_LINK,))
    container = "kyte9" if critic.platform in ("reddit", "youtube") else None
    tags = ("KYTE9",) if critic.platform in _SOCIAL and rng.random() < 0.25 else ()
    return write_post(rng, critic, at, text, tags=tags, container=container)
