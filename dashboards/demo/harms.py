"""The demo's planted harm: threats, sale of personal information, trade in deepfakes.

Few posts by accounts that do not act together, as such posts come: some say it plainly,
some disguise the word that tells. Beside them stand people who warn of it, with the same
words; about those no alert may be. Everybody in it is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import msgspec

from dashboards.demo import rhythm
from dashboards.demo.noise import seen
from dashboards.demo.population import new_account
from dashboards.demo.writing import Staged, write_post
from detect.records import HarmCategory

Line = tuple[str, str, str]
"""Platform, language, words."""


class PlantedHarm(msgspec.Struct, frozen=True, kw_only=True):
    """What is planted: of which category, at whom, by how many accounts (one post each)."""

    category: HarmCategory
    subject: str
    accounts: int


WORDS: Mapping[tuple[HarmCategory, str], tuple[Line, ...]] = {
    ("threat", "moruun"): (
        ("x", "ko", "모루운 팬사인회 갈 때 염산 들고 간다 두고 봐"),
        ("bluesky", "en", "Moruun will not leave the venue alive. I am bringing a kn1fe"),
        ("x", "ja", "モルウン、明日の会場で刺すから覚悟しておけ"),
        ("x", "ko", "모루운 진짜 죽.여.버.린.다 사인회에서 보자"),
    ),
    ("stalking", "gyeolhan"): (
        ("x", "ko", "결한 집 주소랑 전화번호 팝니다 디엠 주세요"),
        ("reddit", "en", "Gyeolhan home address and phone number for sale, dm me"),
        ("x", "ko", "결한 항공편 좌석 번호 팔아요 텔레 주세요"),
    ),
    ("sexual_deepfake", "bomsae"): (
        ("x", "ko", "봄새 딥.페.이.크 교환하실 분 텔레그램 주세요"),
        ("bluesky", "en", "Bomsae d33pfakes for sale, link in bio, telegram only"),
        ("x", "ko", "봄새 ㄷㅍㅇㅋ 영상 구해요 텔레"),
        ("x", "ja", "ボムセのディープフェイク動画 販売中 DMください"),
    ),
}
"""By category and subject, in the order of time."""

WARNINGS: tuple[Line, ...] = (
    ("x", "ko", "봄새 딥페이크 영상 파는 계정 발견했어요. 신고 부탁드립니다"),
    ("bluesky", "en", "please report the accounts that sell deepfakes of Bomsae"),
    ("x", "ko", "결한 집 주소 파는 계정 있대요. 사지도 퍼뜨리지도 말고 회사에 알려주세요"),
    ("x", "en", "someone threatened to bring a knife to see Moruun, please stay safe"),
    ("x", "ko", "모루운 오늘 무대 죽여줬다 진짜 미쳤다"),
)
"""The same words by people who warn or praise."""
WARNING = "harm_warning"
"""The oracle's word for posts of those who warn."""

_APART_MS = 35 * rhythm.MINUTE_MS


def kind_of(category: HarmCategory) -> str:
    """The oracle's word for planted posts of a category."""
    return f"harm:{category}"


def planted() -> tuple[PlantedHarm, ...]:
    """All that is planted."""
    return tuple(
        PlantedHarm(category=category, subject=subject, accounts=len(lines))
        for (category, subject), lines in WORDS.items()
    )


def posted(rng: Random, at: int) -> list[Staged]:
    """All of it from ``at`` on, within a few hours, those who warn in between."""
    staged: list[Staged] = []
    for number, ((category, _), lines) in enumerate(WORDS.items()):
        begins = at + int((number + rng.random()) * rhythm.HOUR_MS)
        staged += _written(rng, begins, lines, kind_of(category))
    return staged + _written(rng, at + rhythm.HOUR_MS, WARNINGS, WARNING)


def _written(rng: Random, at: int, lines: tuple[Line, ...], kind: str) -> list[Staged]:
    staged: list[Staged] = []
    for number, (platform, lang, text) in enumerate(lines):
        account = new_account(
            rng, lang=lang, platform=platform, loyal="velloria",
            born=at - int((5 + 900 * rng.random()) * rhythm.DAY_MS),
            followers=int(200 * rng.random()),
        )  # fmt: skip
        when = at + int((number + rng.random() * 0.8) * _APART_MS)
        container = "popclub" if platform == "reddit" else None
        post = write_post(rng, account, when, text, container=container)
        staged += seen(rng, post, kind, may_change=False)
    return staged
