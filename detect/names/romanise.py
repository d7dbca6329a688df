"""Latin spellings of Korean names: Revised Romanisation and what people write instead.

Revised Romanisation (Ministry of Culture, 2000) without sound changes between
syllables, as names are written; beside it the letters of McCune and Reischauer
(1939) without marks and the habits of passports and press (Lee, Park, -hee, -young).
"""

from __future__ import annotations

from itertools import islice, product


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (row.split() for row in text.split(","))
    return {row[0]: tuple(row[1:]) for row in rows}


def _row(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_LEADS = _row("g kk n d tt r m b pp s ss _ j jj ch k t p h")
_VOWELS = _row("a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i")
_FINALS = _row("_ k k ks n n n t l lk lm lb ls lt lp l m p ps t t ng t t k t p t")
_LEAD_HABITS = _table("g k, d t, b p, j ch, r l")
_VOWEL_HABITS = _table(
    "eo u o, yeo you yu, u oo, yu yoo you, eu u, ui ee eui, i ee, wo weo, ae e"
)
_SYLLABLE_HABITS = _table(
    "희 hee hui, 영 young yeong, 현 hyun hyeon, 정 jung jeong, 성 sung seong, "
    "승 seung, 연 yeon yun, 은 eun, 준 jun joon, 수 soo su, 주 joo ju, 우 woo u, "
    "유 yoo yu, 윤 yoon yun, 진 jin, 지 ji, 민 min, 선 sun seon, 경 kyung gyeong, "
    "국 kook guk gook, 규 kyu gyu, 근 geun keun, 혁 hyuk hyeok, 섭 seob seop sub, "
    "업 eop eob up, 형 hyung hyeong, 택 taek, 림 rim lim, 린 rin lin, 란 ran lan, "
    "람 ram lam, 라 ra la, 리 ri ree lee"
)
_SURNAMES = _table(
    "김 kim gim, 이 lee yi rhee, 박 park bak pak, 최 choi choe, "
    "정 jung jeong chung, 강 kang gang, 조 cho jo, 윤 yoon yun, 장 jang chang, "
    "임 lim im, 한 han, 오 oh o, 서 seo suh, 신 shin sin, 권 kwon gwon, 황 hwang, "
    "안 ahn an, 송 song, 류 ryu yoo, 유 yoo yu you, 전 jeon jun, 홍 hong, 고 ko go, "
    "문 moon mun, 양 yang, 손 son sohn, 배 bae pae, 백 baek paik, 허 heo hur, "
    "남 nam, 심 shim sim, 노 noh roh, 하 ha, 곽 kwak gwak, 성 sung seong, 차 cha, "
    "주 joo ju, 우 woo wu, 구 koo goo gu, 민 min, 나 na, 진 jin, 지 ji, 엄 um eom, "
    "채 chae, 원 won, 천 cheon chun, 방 bang, 공 gong kong, 현 hyun, 함 ham, "
    "변 byun byeon, 염 yeom, 여 yeo, 추 choo chu, 도 do, 소 so, 석 seok, 선 sun, "
    "설 seol, 마 ma, 길 gil, 연 yeon, 위 wi, 표 pyo, 명 myung, 기 ki, 반 ban, 라 ra, "
    "왕 wang, 금 keum, 옥 ok, 육 yook, 인 in, 맹 maeng, 제 je, 모 mo, 탁 tak, 국 kook, "
    "은 eun, 편 pyeon, 용 yong"
)

_BASE, _COUNT = ord("가"), 11_172
_FULL_NAME = 3


def is_korean_name(hangul: str) -> bool:
    """Whether a text has the form of a Korean full name: a surname and two syllables."""
    return (
        len(hangul) == _FULL_NAME
        and all(0 <= ord(ch) - _BASE < _COUNT for ch in hangul)
        and hangul[0] in _SURNAMES
    )


def syllable(ch: str) -> str:
    """Revised Romanisation of one syllable, by itself.

    Raises:
        ValueError: ``ch`` is no Hangul syllable.
    """
    number = ord(ch) - _BASE
    if not 0 <= number < _COUNT:
        raise ValueError(f"no Hangul syllable: {ch!r}")
    lead, rest = divmod(number, 588)
    vowel, final = divmod(rest, 28)
    return f"{_LEADS[lead]}{_VOWELS[vowel]}{_FINALS[final]}".replace("_", "")


def syllable_spellings(ch: str) -> tuple[str, ...]:
    """How people write one syllable of a given name, the usual way first."""
    revised = syllable(ch)
    lead, rest = divmod(ord(ch) - _BASE, 588)
    vowel, final = divmod(rest, 28)
    if ch in _SYLLABLE_HABITS:
        return tuple(dict.fromkeys((*_SYLLABLE_HABITS[ch], revised)))
    leads = (_LEADS[lead], *_LEAD_HABITS.get(_LEADS[lead], ()))
    vowels = (_VOWELS[vowel], *_VOWEL_HABITS.get(_VOWELS[vowel], ()))
    tail = _FINALS[final].replace("_", "")
    spelled = (f"{a}{b}{tail}".replace("_", "") for b in vowels[:2] for a in leads)
    return tuple(dict.fromkeys(spelled))


def given_name(hangul: str, limit: int = 6) -> tuple[str, ...]:
    """Latin spellings of a given name of two syllables, as ``ji-soo``, the usual first."""
    choices = [syllable_spellings(ch)[:3] for ch in hangul]
    return tuple(islice(("-".join(parts) for parts in product(*choices)), limit))


def full_name(hangul: str, limit: int = 6) -> tuple[str, ...]:
    """Latin spellings of a full name in both orders (``kim ji-soo``, ``ji-soo kim``)."""
    if not is_korean_name(hangul):
        return ()
    surnames = _SURNAMES[hangul[0]]
    given = given_name(hangul[1:], limit=2)
    both = (
        form
        for name, surname in product(given, surnames)
        for form in (f"{surname} {name}", f"{name} {surname}")
    )
    return tuple(islice(dict.fromkeys(both), limit))
