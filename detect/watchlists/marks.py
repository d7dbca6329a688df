"""Adds to imported subjects what the lists leave out: Latin spellings, doubts, context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from detect.names.common_words import CLEAR_ACRONYMS, ENGLISH, WESTERN_NAMES
from detect.names.romanise import full_name, given_name, is_korean_name
from detect.names.spellings import is_hangul, spellings, why_ambiguous
from detect.text import fold
from detect.watchlist import Subject, Watchlist

_COMMON_FROM = 2
"""A given name of this many idols is a common one, and names nobody by itself."""
_COMMON_FULL_FROM = 3
"""With a given name of this many idols even the full name has namesakes."""
_SHORT_IDOL = 4
_SHORT_GROUP = 3
_GIVEN = 2

_SOLO_CONTEXT = (
    *("kpop", "k-pop", "케이팝", "가수", "아이돌", "솔로", "컴백", "신곡", "뮤비", "콘서트"),
    *("idol", "comeback", "fancam", "직캠", "음원", "앨범"),
)
_GROUP_CONTEXT = (
    *("kpop", "k-pop", "케이팝", "걸그룹", "보이그룹", "아이돌", "컴백", "girl group"),
    *("boy group", "idol group", "comeback", "fancam", "직캠"),
)
_FAN_WORDS = (
    "once|baby|mine|love|wish|perfection|hottest|best friend|i am|bestfriend|sweet voice|"
    "blackjack|playgirlz|universe|army|wings|forever|flower|star|fantasy|melody|beauty|story"
)
_PLAIN_FANS = frozenset(_FAN_WORDS.split("|"))


def mark(watchlist: Watchlist) -> Watchlist:
    """The watchlist with romanisations, ambiguous spellings and context words."""
    given: Counter[str] = Counter()
    for subject in watchlist.subjects:
        given.update(_given_names(subject))
    return Watchlist(
        subjects=tuple(
            _idol(subject, given) if subject.kind == "idol" else _group(subject)
            for subject in watchlist.subjects
        )
    )


def _given_names(subject: Subject) -> set[str]:
    """Names the person goes by without surname, Hangul and Latin, in plain form."""
    if subject.kind != "idol":
        return set()
    found = {_joined(subject.name)}
    for name in subject.names.get("ko", ()):
        found.add(name[1:] if is_korean_name(name) else name)
    if subject.legal_name and " " in subject.legal_name:
        found.add(_joined(subject.legal_name.split(" ", 1)[1]))
    return found


def _joined(name: str) -> str:
    return fold(name).replace("-", "").replace(" ", "")


def _idol(subject: Subject, given: Counter[str]) -> Subject:
    stage = subject.hangul_name or ""
    full = [name for name in subject.names.get("ko", ()) if is_korean_name(name)]
    legal = next((name for name in full if name != stage), full[0] if full else "")
    latin: list[str] = list(full_name(legal))
    doubtful: list[str] = []
    korean: tuple[str, ...] = ()
    by_given_name = len(stage) == _GIVEN and legal.endswith(stage)
    if by_given_name:
        spelled = given_name(stage)
        latin.extend(spelled)
        if given[stage] >= _COMMON_FROM or why_ambiguous(stage):
            doubtful.extend((stage, *spelled))
        doubtful.extend(name for name in spelled if len(_joined(name)) <= _SHORT_IDOL)
    elif legal:
        # Fans also use the given name of who goes by another; so do strangers.
        korean = (legal[1:],)
        latin.extend(given_name(legal[1:], limit=3))
        doubtful.extend((*korean, *given_name(legal[1:], limit=3)))
    # Actors, comedians and politicians share the names that idols do not perform under.
    namesakes = given[legal[1:]] >= _COMMON_FULL_FROM or not by_given_name
    if legal and (namesakes or why_ambiguous(legal[1:])) and stage != legal:
        doubtful.extend((legal, *full_name(legal), *filter(None, (subject.legal_name,))))
    western = fold(subject.name) in WESTERN_NAMES
    for spelling in spellings(subject):
        short = fold(spelling).isascii() and len(_joined(spelling)) <= _SHORT_IDOL
        foreign = western and is_hangul(spelling) and spelling == stage
        common = given[_joined(spelling)] >= _COMMON_FROM
        if short or foreign or common or why_ambiguous(spelling):
            doubtful.append(spelling)
    own = {fold(text) for text in spellings(subject)}
    return msgspec.structs.replace(
        subject,
        romanisations=tuple(n for n in dict.fromkeys(latin) if n not in own),
        ambiguous=tuple(dict.fromkeys(doubtful)),
        aliases=_with(subject.aliases, korean),
        context=() if subject.groups else _SOLO_CONTEXT,
    )


def _is_short_group(spelling: str) -> bool:
    letters = _joined(spelling)
    short = letters.isascii() and len(letters) <= _SHORT_GROUP
    return short and letters not in CLEAR_ACRONYMS


def _with(
    aliases: Mapping[str, tuple[str, ...]], korean: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    listed = tuple(dict.fromkeys((*aliases.get("ko", ()), *korean)))
    return {**aliases, "ko": listed} if listed else dict(aliases)


def _group(subject: Subject) -> Subject:
    doubtful = [
        spelling
        for spelling in spellings(subject)
        if why_ambiguous(spelling) or _is_short_group(spelling)
    ]
    fans = [
        name
        for name in subject.context
        if fold(name) not in ENGLISH and fold(name) not in _PLAIN_FANS
    ]
    return msgspec.structs.replace(
        subject,
        ambiguous=tuple(dict.fromkeys(doubtful)),
        context=(*fans, *_GROUP_CONTEXT) if doubtful else tuple(fans),
    )
