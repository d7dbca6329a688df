"""Undoes what hides words of harm without changing a text's length, so that places stay.

Masked letters (f*ck, 씨*, 死*) are read as the one listed word that fits. Names and the
particles on them become spaces, so that a word glued to them begins a word (하루엘한테염산).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

STARS = "*＊●○◯✕×•"
MASKS = STARS + "#_%"
"""What stands for a letter; the last three only between two others."""
_MASK = frozenset(STARS + "xX")
_SOLID = "\u0e01-\u0e4f\u3041-\u30ff\u3400-\u9fff가-힣ㄱ-ㅎ"
_STAR, _SIGN = f"[{STARS}]", f"[{MASKS}]"
_ANY = re.compile(
    f"{_STAR}|(?<=[a-z])[#_%]{{1,4}}(?=[a-z])|(?<=[가-힣ㄱ-ㅎ])[xX]", re.IGNORECASE
)
_LATIN = re.compile(
    f"(?<![\\w#@])(?:{_STAR}{{1,2}}(?=[a-z]))?[a-z]{{1,12}}"
    f"(?:{_SIGN}{{1,4}}[a-z]{{1,12}}|{_STAR}{{1,4}}){{0,3}}",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    f"(?<=[{_SOLID}]){_STAR}{{1,3}}|{_STAR}{{1,3}}(?=[{_SOLID}])"
    "|(?<=[가-힣ㄱ-ㅎ])[xX]{1,2}(?![a-zA-Z])"
)
_MOST = 64
"""Masks of a text that are looked at: repetition adds nothing."""
_LONGEST = 8
_SHORT = 2
_SEEN = 2
_SHOWN_LEAST = 0.5
"""Share of a word's letters that have to be seen, in scripts of syllables and signs."""
_LETTER = re.compile("[A-Za-z]")
_LONGEST_TAG = 140
_PARTICLE = re.compile(
    "(?:이한테|한테서|한테|에게서|에게|이랑|하고|이는|이가|이를|이도|보고|더러|씨는|씨가|은|는|이|가|을|를"
    "|의|랑|도|만|야|아|씨|님)?(?=[가-힣])"
)


class Masks:
    """Words that people mask, ready to be fitted.

    Args:
        words: the words in the order in which they are preferred, in plain form.
        short: those among them that may be told from a single letter of two.
    """

    def __init__(self, words: Iterable[str], short: Iterable[str]) -> None:
        self._known: dict[tuple[int, int, str], list[str]] = defaultdict(list)
        allowed = frozenset(short)
        for word in dict.fromkeys(words):
            if _SHORT <= len(word) <= 2 * _LONGEST and (len(word) > _SHORT or word in allowed):
                for place, letter in enumerate(word):
                    self._known[len(word), place, letter].append(word)

    def undone(self, text: str) -> str:
        """The text with masked words spelt out, each letter in its place."""
        if _ANY.search(text) is None:
            return text
        letters = list(text)
        masked = (one for one in _LATIN.finditer(text) if not one[0].isalpha())
        for number, match in enumerate(masked):
            if number == _MOST:
                break
            self._fit(letters, match.start(), match.end())
        for number, match in enumerate(_HIDDEN.finditer(text)):
            if number == _MOST:
                break
            self._fit_around(letters, match.start(), match.end())
        return "".join(letters)

    def _fit(self, letters: list[str], start: int, end: int) -> None:
        """Spell out a masked word of an alphabet."""
        seen = sum(letter not in MASKS for letter in letters[start:end])
        word = self._word(letters[start:end], MASKS) if seen >= _SEEN else None
        if word is not None:
            letters[start:end] = word

    def _fit_around(self, letters: list[str], start: int, end: int) -> None:
        """Spell out the longest word that fits over a mask, in scripts without word ends."""
        # A word that begins before the mask comes first: people mask what comes later.
        windows = [
            (begin, length)
            for inside in (1, 0)
            for length in range(_LONGEST, _SHORT - 1, -1)
            for begin in range(max(0, end - length), min(start, len(letters) - length) + 1)
            if (begin < start) == inside
        ]
        for begin, length in windows:
            part = letters[begin : begin + length]
            seen = sum(letter not in _MASK for letter in part)
            if begin + length < end or seen < length * _SHOWN_LEAST:
                continue
            before = letters[begin - 1] if begin else " "
            if length == _SHORT and "가" <= before <= "힣":
                continue
            word = self._word(part, _MASK)
            if word is not None:
                letters[begin : begin + length] = word
                return

    def _word(self, part: Sequence[str], masks: Iterable[str]) -> str | None:
        """The first listed word that fits letters of which some are masked."""
        plain = [letter.lower() if len(letter.lower()) == 1 else letter for letter in part]
        hidden = [letter in masks for letter in part]
        place = hidden.index(False)
        for word in self._known.get((len(part), place, plain[place]), ()):
            fits = (
                masked or have == want
                for masked, have, want in zip(hidden, plain, word, strict=True)
            )
            if all(fits):
                return word
        return None


def without_names(text: str, names: Iterable[tuple[int, int]]) -> str:
    """The text with spaces for names to which more is glued, and for their particles.

    In a hashtag Latin words are glued to names too (#KillArin).

    Args:
        names: where they stand, within the text.
    """
    letters: list[str] | None = None
    for start, end in names:
        if _is_glued_in_tag(text, start, end):
            letters = letters or list(text)
            letters[start:end] = " " * (end - start)
            continue
        if end >= len(text) or not "가" <= text[end] <= "힣":
            continue
        match = _PARTICLE.match(text, end)
        if match is not None:
            letters = letters or list(text)
            letters[start : match.end()] = " " * (match.end() - start)
    return text if letters is None else "".join(letters)


def _is_glued_in_tag(text: str, start: int, end: int) -> bool:
    """Whether a name is one of several words of a hashtag, with a Latin letter beside it."""
    if not (_LETTER.match(text, start - 1) if start else None) and not _LETTER.match(text, end):
        return False
    at = start
    while at > max(0, start - _LONGEST_TAG) and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at -= 1
    return at > 0 and text[at - 1] in "#＃"
