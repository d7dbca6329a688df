"""Undoes how people disguise words, with the way back to what they wrote.

A text is read in four views, each undoing more than the one before:

``plain``
    the plain form of ``detect.text``: case, full-width forms, look-alikes of other
    scripts, zero-width characters, accents, split jamo (ㄷㅣㅂ for 딥).
``joined``
    also without what was put between the letters of a word: spaces, punctuation, emoji
    (딥.페.이.크, d e e p); signs and digits turned to the letters they stand for (d33p);
    stretched letters drawn together (딥페에에이크); without links.
``loose``
    also with one sign for what sounds or looks alike: tense and plain consonants, ㅐ and
    ㅔ, finals of one sound, the swaps of yamin-jeongeum (댕댕이 for 멍멍이), i and l.
``leads``
    the plain form with every syllable cut to its first consonant: 딥페이크 and 딥ㅍㅇㅋ
    both become ㄷㅍㅇㅋ. See :func:`agrees`.

A term is looked for by its own form in a view (:func:`form`). Everything takes time in
proportion to the length of the text, and nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal, Protocol, get_args

from detect.text import fold, normalise, unmask
from detect.wording.hangul import ALIKE, LEAD_OF, parts

View = Literal["plain", "joined", "loose", "leads"]
VIEWS: tuple[View, ...] = get_args(View)
ROUNDS = 4
"""Most times that joining is tried again on its own outcome."""

Edit = Callable[[re.Match[str]], str]
"""What stands for a match: as long as it, or what is left of it in its order."""


class Disguised:
    """A text in its views; each is made when it is first asked for."""

    def __init__(self, text: str) -> None:
        self.original = text

    def text(self, view: View) -> str:
        """The text of a view."""
        return str(getattr(self, view))

    @cached_property
    def plain(self) -> str:
        """Without disguise by the choice of characters."""
        return self._unmasked[0]

    @cached_property
    def joined(self) -> str:
        """Also without what was put into words."""
        return self._join[0]

    @cached_property
    def loose(self) -> str:
        """Also with one sign for what is alike."""
        return self._loosen[0]

    @cached_property
    def leads(self) -> str:
        """``spelt`` by first consonants; of the same length."""
        return self.spelt if self.spelt.isascii() else self.spelt.translate(LEAD_OF)

    @cached_property
    def spelt(self) -> str:
        """The plain form in which no loose consonant is taken for a final (대ㅁ리: 댐리)."""
        kept = _keep_apart(self.original)
        if kept is self.original:
            return self.plain
        return fold(unmask(kept)).translate(_TOGETHER)

    def span(self, view: View, start: int, end: int) -> tuple[int, int]:
        """The code points of the original behind a part of a view (not empty)."""
        steps: Sequence[_Step] = ()
        if view == "joined":
            steps = self._join[1]
        elif view == "loose":
            steps = (*self._join[1], *self._loosen[1])
        elif not self.original.isascii():
            steps = (self._leads_step,) if view == "leads" else self._unmasked[1]
        for step in reversed(steps):
            start, end = step.span(start, end)
        return start, end

    @cached_property
    def _unmasked(self) -> tuple[str, list[_Step]]:
        text = unmask(self.original)
        steps: list[_Step] = [_Folded(text)]
        plain = fold(text)
        # Taking marks away may lay pieces of a syllable side by side.
        while not plain.isascii() and len(steps) < ROUNDS and (more := fold(plain)) != plain:
            steps.append(_Folded(plain))
            plain = more
        return plain, steps

    @cached_property
    def _leads_step(self) -> _Step:
        return _Folded(_keep_apart(unmask(self.original)))

    @cached_property
    def _join(self) -> tuple[str, list[_Step]]:
        steps: list[_Step] = [] if self.original.isascii() else [*self._unmasked[1]]
        text = self.plain
        if "://" in text or "www." in text:
            text = _LINK.sub(_blank, text)
        for _ in range(ROUNDS):
            text, again = _joined_once(text, steps)
            if not again:
                break
        return text, steps

    @cached_property
    def _loosen(self) -> tuple[str, list[_Step]]:
        steps: list[_Step] = []
        text = self.joined
        text = text.translate(_ALIKE_ASCII if text.isascii() else _ALIKE)
        text = _edited(_TWICE, _single, text, steps)
        return text, steps


def form(term: str, view: View) -> str:
    """How a term is written in a view; look for it there by that."""
    return Disguised(term).text(view)


def agrees(term: str, found: str) -> bool:
    """Whether a piece of ``Disguised.spelt`` is a plain term with some syllables cut short.

    To be asked where the ``leads`` of both are equal: that alone says very little.
    """
    return len(term) == len(found) and all(
        have == want or LEAD_OF.get(ord(want)) == have
        for want, have in zip(term, found, strict=True)
    )


class _Step(Protocol):
    """One change of a text that knows its way back."""

    def span(self, start: int, end: int) -> tuple[int, int]: ...


class _Folded:
    """The plain form of a text."""

    def __init__(self, before: str) -> None:
        self._before = before

    @cached_property
    def _way(self) -> _Step:
        return normalise(self._before)

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._way.span(start, end)


class _Edited:
    """A text in which matches of a pattern were edited."""

    def __init__(self, pattern: re.Pattern[str], edit: Edit, before: str) -> None:
        self._pattern = pattern
        self._edit = edit
        self._before = before

    @cached_property
    def _origin(self) -> tuple[list[int], list[int]]:
        """Where each character that is left began and ended."""
        starts: list[int] = []
        at = 0
        closed: list[tuple[int, int]] = []
        for match in self._pattern.finditer(self._before):
            start, end = match.span()
            starts.extend(range(at, start))
            piece = self._edit(match)
            if len(piece) == end - start:
                starts.extend(range(start, end))
            else:
                place = start
                for char in piece:
                    place = self._before.index(char, place, end)
                    starts.append(place)
                    place += 1
                if piece:
                    closed.append((len(starts) - 1, end))
            at = end
        starts.extend(range(at, len(self._before)))
        ends = [place + 1 for place in starts]
        # What was drawn together ends where its last repetition did.
        for number, end in closed:
            ends[number] = end
        return starts, ends

    def span(self, start: int, end: int) -> tuple[int, int]:
        starts, ends = self._origin
        return starts[start], ends[end - 1]


def _edited(pattern: re.Pattern[str], edit: Edit, text: str, steps: list[_Step]) -> str:
    after = pattern.sub(edit, text)
    if after != text:
        steps.append(_Edited(pattern, edit, text))
    return after


def _joined_once(text: str, steps: list[_Step]) -> tuple[str, bool]:
    """One round, and whether its outcome may be joined further."""
    begun = len(steps)
    if not text.isascii() and _JAMO.search(text):
        text = _edited(_BETWEEN_LEADS, _nothing, text, steps)
        text = _edited(_JAMO_SIGN, _jamo_sign, text, steps)
    text = _edited(_LATIN_SIGN, _latin_sign, text, steps)
    text = _edited(_APART, _put_together, text, steps)
    text = _edited(_BETWEEN, _nothing_between, text, steps)
    if len(steps) > begun and not text.isascii():
        folded = fold(text)
        if folded != text:
            steps.append(_Folded(text))
            text = folded
    if not text.isascii() and _HANGUL_ONE.search(text):
        text = _edited(_INSIDE_HANGUL, _nothing_inside, text, steps)
        text = _edited(_STRETCHED_VOWEL, _unstretched, text, steps)
    text = _edited(_THRICE, _shortened, text, steps)
    if _DIGIT.search(text):
        text = _edited(_DIGITS_IN_WORD, _without_digits, text, steps)
    return text, len(steps) > begun


# --- what letters are and what may stand between them ---------------------------------

_LATIN = "a-z\u00c0-\u024f\u0370-\u03ff\u0400-\u052f\uff21-\uff3a\uff41-\uff5a"
_HANGUL = "\u3131-\u3163\uac00-\ud7a3"
_OTHER = "\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff"
_LETTER = f"[{_LATIN}{_HANGUL}{_OTHER}]"
_SIGNS = (
    "!-&(-/:-@\\[-`{-~\u00a1-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    "\u2010-\u2018\u201a-\u2027\u2030-\u205e\u20a0-\u20c0\u2190-\u245f\u2500-\u2bff"
    "\u3001-\u3003\u3008-\u3020\u3030\u303d\u30fb\u318d\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40"
    "\uff5b-\uff65\U0001f000-\U0001faff"
)
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef"
)
_ONE = f"(?<![^\\W_]){_LETTER}"
_LONE = f"[0-9{_LATIN}{_HANGUL}{_OTHER}](?![^\\W_])"

_LINK = re.compile(r"(?:https?://|www\.)[!-~]+")
_JAMO = re.compile("[\u3131-\u3163]")
_HANGUL_ONE = re.compile("[가-힣]")
_DIGIT = re.compile("[0-9]")
_BETWEEN = re.compile(f"[{_SIGNS}{_UNSEEN}]{{1,4}}(?={_LETTER})")
_APART = re.compile(f"{_ONE}(?:[{_SIGNS}{_UNSEEN}\\s]{{1,4}}{_LONE})+")
_IS_LETTER = re.compile(_LETTER)
_ARE_LATIN = re.compile(f"[{_LATIN}]")
_NO_LETTERS = re.compile(f"[^0-9{_LATIN}{_HANGUL}{_OTHER}]+")
_DIGITS = re.compile("[0-9]")
_LATIN_RUN = 3
"""Letters apart that are taken for a word: fewer happen by themselves (a b)."""


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _after_letter(match: re.Match[str]) -> bool:
    at = match.start()
    return at > 0 and _IS_LETTER.match(match.string, at - 1) is not None


def _nothing_between(match: re.Match[str]) -> str:
    return "" if _after_letter(match) else match[0]


def _put_together(match: re.Match[str]) -> str:
    letters = _NO_LETTERS.sub("", match[0])
    short = len(letters) < _LATIN_RUN and _ARE_LATIN.search(letters)
    counted = 2 * len(_DIGITS.findall(letters)) > len(letters)
    return match[0] if short or counted else letters


# A consonant between syllables, so marked that it is not taken for a final of the first.
_LOOSE_FINAL = re.compile("(?<=[가-힣])[ㄴㄹㅁㅂ](?=[가-힣])")
_MARKED = dict(zip("ㄴㄹㅁㅂ", "\ue000\ue001\ue002\ue003", strict=True))
_TOGETHER = {ord(mark): char for char, mark in _MARKED.items()}


def _keep_apart(text: str) -> str:
    if text.isascii() or not _JAMO.search(text):
        return text
    return _LOOSE_FINAL.sub(lambda match: _MARKED[match[0]], text)


# --- letters written by signs and digits ----------------------------------------------

_VOWEL_SIGNS = {**dict.fromkeys("1li|!", "ㅣ"), "h": "ㅐ", "r": "ㅏ", "t": "ㅜ", "_": "ㅡ"}
_CONSONANT_SIGNS = {**dict.fromkeys("0o", "ㅇ"), "^": "ㅅ", "7": "ㄱ", "e": "ㅌ", "c": "ㄷ"}
# ㅅ1ㅂ is ㅅㅂ; ㅅ1ㅂㅏ is 시바.
_BETWEEN_LEADS = re.compile("(?<=[ㄱ-ㅎ])[0-9](?=[ㄱ-ㅎ](?![ㅏ-ㅣ0-9lhrt|!]))")
_JAMO_SIGN = re.compile("[1li|!hrt_](?<=[ㄱ-ㅎ].)(?![a-z0-9])|[0o^7ec](?=[ㅏ-ㅣ])")
_LATIN_SIGNS = {"@": "a", "$": "s", "!": "i", "|": "l", "€": "e", "£": "l", "¢": "c"}
_LATIN_SIGN = re.compile(
    r"[@!|€£¢](?<=[a-z0-9].)(?=[a-z@$!|€£¢]{0,6}[a-z$])|\$(?=[a-z$])|\$(?<=[a-z$].)"
)
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"}
_DIGITS_IN_WORD = re.compile(
    r"(?<![^\W_])(?:[0-9]*[a-z]+[0-9][a-z0-9]*|[0-9]{1,2}[a-z]{2,})(?![^\W_])"
)
_WORD_PARTS = re.compile(r"([0-9]*)(.*?)([0-9]*)", re.DOTALL)
_COUNTED = (
    "st", "nd", "rd", "th", "am", "pm", "k", "m", "cm", "g", "gb", "mb", "tb", "h", "hr", "min",
    "sec", "s", "d", "day", "week", "mon", "year", "yr", "yo", "ft", "px", "fps", "time",
    "vote", "p", "x",
)  # fmt: skip
"""What follows a number that is one: 2nd, 10pm, 5kg."""


def _nothing(_: re.Match[str]) -> str:
    return ""


def _jamo_sign(match: re.Match[str]) -> str:
    sign = match[0]
    return _CONSONANT_SIGNS.get(sign) or _VOWEL_SIGNS[sign]


def _latin_sign(match: re.Match[str]) -> str:
    return _LATIN_SIGNS[match[0]]


def _without_digits(match: re.Match[str]) -> str:
    """A Latin word with its digits read as letters, where they can only be that."""
    word = match[0]
    split = _WORD_PARTS.fullmatch(word)
    head, core, tail = split.groups() if split else ("", word, "")
    written = any(char.isdigit() for char in core)
    if not set(core).isdisjoint("269") or (not written and not head):
        return word
    if not (head and core.startswith(_COUNTED)):
        head = _read(head)
    return head + _read(core) + (_read(tail) if written else tail)


def _read(digits: str) -> str:
    return "".join([_LEET.get(char, char) for char in digits])


# --- stretched words and what is put into Korean ones ----------------------------------

_INSIDE_HANGUL = re.compile("(?:[0-9]{1,2}|[ㅋㅎㅏ-ㅣ]{1,3})(?=[가-힣])")
_STRETCHED_VOWEL = re.compile("([가-힣])([아애어에오우으이])\\2+")
_THRICE = re.compile(r"([^\W\d_])\1{2,}")
_TWICE = re.compile(r"([a-z])\1+")


def _nothing_inside(match: re.Match[str]) -> str:
    at = match.start()
    return "" if at and "가" <= match.string[at - 1] <= "힣" else match[0]


def _unstretched(match: re.Match[str]) -> str:
    same = not parts(match[1])[2] and parts(match[1])[1] == parts(match[2])[1]
    return match[1] if same else match[0]


def _shortened(match: re.Match[str]) -> str:
    """Syllables once; Latin letters and jamo twice, since they stand twice by themselves."""
    char = match[1]
    return char if "가" <= char <= "힣" else char * 2


def _single(match: re.Match[str]) -> str:
    return match[1]


_ALIKE_LATIN = {
    ord("l"): "i",
    **{ord(char): "k" for char in "cq"},
    ord("v"): "u",
    ord("z"): "s",
}
_ALIKE = {**ALIKE, **_ALIKE_LATIN}
_ALIKE_ASCII = str.maketrans({chr(code): char for code, char in _ALIKE_LATIN.items()})
