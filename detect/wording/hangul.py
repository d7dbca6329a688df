"""Hangul by its letters: first consonants, and one sign for syllables that are alike."""

from __future__ import annotations

from collections.abc import Iterator

FIRST, LAST = "가", "힣"
_BASE = ord(FIRST)
LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_FINAL_COUNT = len(FINALS)
_TAILS = len(VOWELS) * _FINAL_COUNT

_TENSE = (("ㄱ", "ㄲ"), ("ㄷ", "ㄸ"), ("ㅂ", "ㅃ"), ("ㅅ", "ㅆ"), ("ㅈ", "ㅉ"))
_SAME_VOWEL = (("ㅐ", "ㅔ"), ("ㅒ", "ㅖ"), ("ㅙ", "ㅚ"), ("ㅙ", "ㅞ"), ("ㅢ", "ㅣ"))
_SAME_FINAL = ("ㄱㄲㅋㄳㄺ", "ㄷㅅㅆㅈㅊㅌㅎ", "ㄴㄵㄶ", "ㄹㄼㄽㄾㅀ", "ㅁㄻ", "ㅂㅍㅄㄿ")
_SWAPPED = (("대", "머"), ("띠", "며"), ("귀", "커"), ("과", "파"), ("비", "네"))
"""Yamin-jeongeum: syllables written for each other because they look alike; any final."""


def parts(syllable: str) -> tuple[str, str, str]:
    """The first consonant, the vowel and the final (or "") of a syllable."""
    code = ord(syllable) - _BASE
    lead, rest = divmod(code, _TAILS)
    vowel, final = divmod(rest, _FINAL_COUNT)
    return LEADS[lead], VOWELS[vowel], FINALS[final]


def syllable(lead: str, vowel: str, final: str = "") -> str:
    """The syllable made of these letters."""
    place = LEADS.index(lead) * len(VOWELS) + VOWELS.index(vowel)
    return chr(_BASE + place * _FINAL_COUNT + FINALS.index(final))


def _syllables() -> Iterator[tuple[int, str, str, str]]:
    for lead in LEADS:
        for vowel in VOWELS:
            first = ord(syllable(lead, vowel))
            for offset, final in enumerate(FINALS):
                yield first + offset, lead, vowel, final


def _alike() -> dict[int, str]:
    """Every syllable to the first one that sounds or looks like it."""
    beginnings = [lead + vowel for lead in LEADS for vowel in VOWELS]
    sign = {beginning: beginning for beginning in beginnings}

    def join(one: str, other: str) -> None:
        kept, dropped = sorted((sign[one], sign[other]), key=beginnings.index)
        for beginning, held in sign.items():
            if held == dropped:
                sign[beginning] = kept

    for plain, tense in _TENSE:
        for vowel in VOWELS:
            join(plain + vowel, tense + vowel)
    for one, other in _SAME_VOWEL:
        for lead in LEADS:
            join(lead + one, lead + other)
    for one, other in _SWAPPED:
        join("".join(parts(one)), "".join(parts(other)))
    final_sign = {final: group[0] for group in _SAME_FINAL for final in group}
    return {
        code: syllable(
            sign[lead + vowel][0], sign[lead + vowel][1], final_sign.get(final, final)
        )
        for code, lead, vowel, final in _syllables()
    }


LEAD_OF = {code: lead for code, lead, _, _ in _syllables()}
"""For ``str.translate``: every syllable to its first consonant."""
ALIKE = _alike()
"""For ``str.translate``: every syllable to one sign for all that sound or look like it."""
