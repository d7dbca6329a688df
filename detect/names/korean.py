"""What may follow and precede a name in Korean: particles, titles, the copula, fan nouns."""

from __future__ import annotations

import re

_ANY = (
    "의 도 만 에 에서 에게 에겐 에게서 한테 한테서 한텐 께 께서 께선 부터 까지 까진 보다 "
    "처럼 같이 같은 같아 같음 마저 조차 밖에 뿐 뿐만 뿐인 대로 만큼 만큼은 하고 이고 에다 "
    "더러 보고 커녕 쪽 때문 때문에 덕분 덕분에 관련 대신 말고 외에 또한 역시 빼고 없이 "
    "있는 있음 좋아 좋아해 사랑해 보면 보는 없는 건 꺼 거 땜에"
)
_FINAL = (
    "은 이 을 과 아 이랑 이랑은 이나 이라 이란 이든 이라도 이야 이야말로 으로 으로서 "
    "으로써 이며 이여 이다 이에요 이예요 이었다 이었어 이었던 이었는데 이라고 이라는 "
    "이라서 이라면 이네 이네요 이죠 이지 이지만 이냐 이니까 이래 이래서 이랬 이던데 "
    "이더라 이구나 이군 이길 이기 이만 이도 이의 이가 이를 이는 이한테 이에게 이랑도 "
    "이처럼 이보다 이땜 이꺼"
)
_OPEN = (
    "는 가 를 와 야 랑 랑은 랑도 나 란 든 라도 야말로 로 로서 로써 며 여 다 예요 에요 "
    "였다 였어 였던 였는데 라고 라는 라서 라면 네 네요 죠 지 지만 냐 니까 래 래서 던데 "
    "더라 구나 군"
)
_COPULA = (
    "입니다 입니까 임 인 인데 인데요 인가 인가요 인듯 인지 인줄 인거 일까 일듯 일지도 "
    "이신 이십니다 이셨"
)
_FOCUS = "는 은 도 만 의 이 가 를 을 요 나 까지 서 부터"
_TITLE = (
    "님 씨 양 군 언니 오빠 누나 형 선배 선배님 쌤 팀 측 본인 멤버 멤버들 공주 공주님 왕자 "
    "리더 막내 맏내 대장 여신 배우 팬 팬분 팬덤 팬미팅 팬싸 팬싸인회 팬카페 팬아트 팬픽 "
    "콘서트 컴백 앨범 노래 신곡 무대 직캠 뮤비 뮤직비디오 데뷔 활동 솔로 생일 생축 영상 "
    "사진 짤 움짤 덕후 덕질 악플 사태 사건 논란 루머 소속사 매니저 안무 춤 얼굴 목소리 "
    "인스타 인스타그램 브이앱 위버스 티저 티켓 굿즈 포카 응원 응원봉 투표 스밍 총공 축하 "
    "축하해 생일축하해 화이팅 파이팅 최고 짱 쨩 보고싶다 따라 급 덕 별 발 표 존잘 존예 "
    "귀여워 예쁘다 이쁘다 멋있다 잘생겼다 합성 딥페이크 탈퇴 해체 은퇴 열애 열애설 결혼"
)
_PREFIX = (
    "우리 가수 배우 아이돌 그룹 걸그룹 보이그룹 남돌 여돌 멤버 리더 막내 전 현 및 또 역시 "
    "갓 킹 퀸 탈덕 입덕 최애 본진 내사랑 사랑해 생일축하해 축하해 오늘 요즘 근데 진짜 "
    "솔로 래퍼 보컬 댄서 모델 여신 신인 톱스타 스타 연예인 방송인"
)
_GLUED = (
    "죽어 죽여 죽일 죽인 뒤져 뒤졌 꺼져 꺼지 염산 황산 칼로 칼들고 칼맞 걸레 쓰레기 병신 등신 "
    "창녀 미친년 미친놈 개새끼 딥페 딥패 누드 알몸 야동 집주소 전화번호 폰번호 숙소주소 학폭 "
    "스폰 마약 은퇴해 탈퇴해 역겹 극혐"
)
"""What is written to a name without a space, so that nobody finds it."""


def _either(*lists: str) -> str:
    words = {word for listed in lists for word in listed.split()}
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"


_END = "(?![가-힣])"
_MORE = f"{_either(_FOCUS)}?"
_LOOSE = f"(?:{_either(_ANY, _FINAL, _OPEN, _COPULA)}{_MORE})?"
_TITLED = f"(?:이)?{_either(_TITLE)}들?{_LOOSE}{_END}|들{_LOOSE}{_END}"
# What is done to somebody may follow without a space as well (하루엘한테염산).
_HARMED = f"(?:이?(?:한테|에게|랑)|[은는])?{_either(_GLUED)}|이?(?:한테|에게)(?=[가-힣])"

_AFTER_FINAL = re.compile(
    f"(?:{_either(_ANY, _FINAL, _COPULA)}{_MORE})?{_END}|{_TITLED}|{_HARMED}"
)
_AFTER_OPEN = re.compile(
    f"(?:{_either(_ANY, _OPEN, _COPULA)}{_MORE})?{_END}|{_TITLED}|{_HARMED}"
)
_AFTER_ANY = re.compile(f"{_LOOSE}{_END}|{_TITLED}")
_BARE_FINAL = re.compile(f"(?:{_either(_ANY, _FINAL, _COPULA)}{_MORE})?{_END}")
_BARE_OPEN = re.compile(f"(?:{_either(_ANY, _OPEN, _COPULA)}{_MORE})?{_END}")
_IN_TAG = re.compile(f"(?:아|야|이|의)?{_either(_TITLE)}")
_PREFIXES = frozenset(_PREFIX.split())

_FIRST, _LAST = "가", "힣"
_FINALS = 28


def is_syllable(ch: str) -> bool:
    """Whether a character is a Hangul syllable."""
    return _FIRST <= ch <= _LAST


def may_follow(text: str, end: int, *, certain: bool = True) -> bool:
    """Whether what stands at ``end`` may follow a name: no syllable, or a known ending.

    Particles agree with the last sound of a Hangul name (아린은, 지수는). Names that
    need context (``certain`` False) take particles only, not fan nouns.
    """
    last = text[end - 1]
    if not is_syllable(last):
        return bool(_AFTER_ANY.match(text, end))
    closed = (ord(last) - ord(_FIRST)) % _FINALS != 0
    if certain:
        return bool((_AFTER_FINAL if closed else _AFTER_OPEN).match(text, end))
    return bool((_BARE_FINAL if closed else _BARE_OPEN).match(text, end))


def may_follow_in_tag(text: str, end: int) -> bool:
    """Whether a hashtag may go on like that after a name (아린아생일축하해)."""
    return may_follow(text, end) or bool(_IN_TAG.match(text, end))


def run_before(text: str, start: int) -> str:
    """The Hangul syllables directly before ``start``; at most twelve."""
    begin = start
    while begin > 0 and start - begin < _LONGEST_PREFIX and is_syllable(text[begin - 1]):
        begin -= 1
    return text[begin:start]


_LONGEST_PREFIX = 12


def may_precede(run: str) -> bool:
    """Whether a run of syllables may stand directly before a name (가수아이유)."""
    return run in _PREFIXES
