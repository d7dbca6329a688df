"""Disguises words as people do to escape filters; seeded, and made apart from what undoes it.

``disguise(text, kind, seed)`` disguises every word of a text, or only the given ones. The
tables here are written from how such posts look, not from ``detect.wording.evasion``.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Collection

Word = Callable[[str, random.Random], str]

_WORD = re.compile(r"[^\W_]+")
_SYLLABLE = re.compile("[가-힣]")
_LEAD = list("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")
_VOWEL = list("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ")
_FINAL = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
_LONG_VOWEL = {"ㅏ": "아", "ㅑ": "아", "ㅓ": "어", "ㅕ": "어", "ㅗ": "오", "ㅛ": "오",
               "ㅜ": "우", "ㅠ": "우", "ㅡ": "으", "ㅣ": "이", "ㅐ": "애", "ㅔ": "에"}  # fmt: skip
_LOOKS_LIKE = ["대머", "며띠", "귀커", "과파", "비네"]
_SOUNDS_LIKE = {"ㅐ": "ㅔ", "ㅔ": "ㅐ", "ㅚ": "ㅙ", "ㅙ": "ㅚ"}
_LEET = {"a": "4@", "e": "3", "i": "1!", "l": "1|", "o": "0", "s": "5$", "t": "7", "b": "8"}
_OTHER_SCRIPT = dict(zip("aceopxyijsABCEHKMOPTX", "асеорхуіјѕАВСЕНКМОРТХ", strict=True))
_SIGNS = [".", "-", "_", "*", "~", "/", "·", ","]
_EMOJI = ["🔥", "💀", "❤️", "😂", "👀", "✨", "🐍"]
_UNSEEN = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"]


def letters(syllable: str) -> tuple[str, str, str]:
    """The letters of a Hangul syllable."""
    code = ord(syllable) - 0xAC00
    return _LEAD[code // 588], _VOWEL[code % 588 // 28], _FINAL[code % 28]


def build(lead: str, vowel: str, final: str) -> str:
    """A Hangul syllable of its letters."""
    place = _LEAD.index(lead) * 588 + _VOWEL.index(vowel) * 28 + _FINAL.index(final)
    return chr(0xAC00 + place)


def jamo(word: str, _: random.Random) -> str:
    """딥 as ㄷㅣㅂ."""
    return _SYLLABLE.sub(lambda match: "".join(letters(match[0])), word)


def decomposed(word: str, _: random.Random) -> str:
    """Composed characters taken apart, as some systems write them."""
    return unicodedata.normalize("NFD", word)


def choseong(word: str, _: random.Random) -> str:
    """딥페이크 as ㄷㅍㅇㅋ."""
    return _SYLLABLE.sub(lambda match: letters(match[0])[0], word)


def half_choseong(word: str, rng: random.Random) -> str:
    """딥페이크 as 딥ㅍ이ㅋ: about half of the syllables, one of them at least."""
    places = [place for place, char in enumerate(word) if _SYLLABLE.match(char)]
    if not places:
        return word
    cut = set(rng.sample(places, max(1, len(places) // 2)))
    return "".join(letters(c)[0] if place in cut else c for place, c in enumerate(word))


def yamin(word: str, _: random.Random) -> str:
    """멍멍이 as 댕댕이, and ㅐ for ㅔ."""
    return _SYLLABLE.sub(_swap, word)


def _swap(match: re.Match[str]) -> str:
    lead, vowel, final = letters(match[0])
    for pair in _LOOKS_LIKE:
        for one, other in (pair, pair[::-1]):
            if letters(one)[:2] == (lead, vowel):
                return build(*letters(other)[:2], final)
    return build(lead, _SOUNDS_LIKE.get(vowel, vowel), final)


def leet(word: str, rng: random.Random) -> str:
    """deepfake as d33pf4ke: about half of the letters that can be, one at least."""
    places = [place for place, char in enumerate(word) if 0 < place < len(word) - 1]
    places = [place for place in places if word[place].lower() in _LEET]
    if not places:
        return word
    cut = set(rng.sample(places, max(1, len(places) // 2)))
    return "".join(
        rng.choice(_LEET[c.lower()]) if place in cut else c for place, c in enumerate(word)
    )


def spaced(word: str, _: random.Random) -> str:
    """딥페이크 as 딥 페 이 크."""
    return " ".join(word)


def punctuated(word: str, rng: random.Random) -> str:
    """딥페이크 as 딥.페.이.크: one sign between all letters."""
    return rng.choice(_SIGNS).join(word)


def broken(word: str, rng: random.Random) -> str:
    """딥페이크 as 딥페-이크: one sign somewhere inside."""
    return _inside(word, rng.choice(_SIGNS), rng)


def emoji(word: str, rng: random.Random) -> str:
    """딥페이크 as 딥페🔥이크."""
    return _inside(word, rng.choice(_EMOJI), rng)


def zero_width(word: str, rng: random.Random) -> str:
    """Characters that show nothing between all letters."""
    return "".join(char + rng.choice(_UNSEEN) for char in word[:-1]) + word[-1:]


def full_width(word: str, _: random.Random) -> str:
    """deepfake as ｄｅｅｐｆａｋｅ."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word)


def homoglyphs(word: str, rng: random.Random) -> str:
    """Some Latin letters by those of Cyrillic that look the same."""
    return "".join(
        _OTHER_SCRIPT[c] if c in _OTHER_SCRIPT and rng.random() < 0.7 else c for c in word
    )


def repeated(word: str, rng: random.Random) -> str:
    """liar as liaaaar; 바보 as 바아아보."""
    place = rng.randrange(len(word))
    char = word[place]
    if not _SYLLABLE.match(char):
        return word[:place] + char * rng.randint(3, 6) + word[place + 1 :]
    _, vowel, final = letters(char)
    tail = _LONG_VOWEL.get(vowel, "") if not final else ""
    stretch = tail * rng.randint(2, 4) if tail else char * 2
    return word[: place + 1] + stretch + word[place + 1 :]


def masked(word: str, rng: random.Random) -> str:
    """kill as k*ll, 씨발 as 씨*: one letter of every word of two and more, never the first."""
    return " ".join(_one_masked(part, rng) for part in word.split(" "))


def _one_masked(part: str, rng: random.Random) -> str:
    most = len(part) - 1 if part.isascii() and len(part) > 2 else len(part)
    if len(part) < 2:
        return part
    place = rng.randrange(1, most)
    return part[:place] + rng.choice("**#_" if part.isascii() else "**○X") + part[place + 1 :]


def _inside(word: str, what: str, rng: random.Random) -> str:
    if len(word) < 2:
        return word
    place = rng.randrange(1, len(word))
    return word[:place] + what + word[place:]


EVASIONS: dict[str, Word] = {
    "jamo": jamo,
    "decomposed": decomposed,
    "choseong": choseong,
    "half_choseong": half_choseong,
    "yamin": yamin,
    "leet": leet,
    "spaced": spaced,
    "punctuated": punctuated,
    "broken": broken,
    "emoji": emoji,
    "zero_width": zero_width,
    "full_width": full_width,
    "homoglyphs": homoglyphs,
    "repeated": repeated,
    "masked": masked,
}
"""Ways to disguise a word; one that has nothing to take hold of leaves it as it is."""


def disguise(
    text: str, kind: str, seed: int = 0, *, only: Collection[str] | None = None
) -> str:
    """The text with its words disguised in one way.

    Args:
        text: what is to be disguised.
        kind: a key of :data:`EVASIONS`.
        seed: the same seed gives the same disguise.
        only: disguise these pieces of the text and nothing else; None for all words.
    """
    rng = random.Random(f"{seed}:{kind}:{text}")
    pattern = _WORD
    if only is not None:
        longest_first = sorted(only, key=len, reverse=True)
        if not longest_first:
            return text
        pattern = re.compile("|".join(map(re.escape, longest_first)))
    return pattern.sub(lambda match: EVASIONS[kind](match[0], rng), text)
