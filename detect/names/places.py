"""Whether a spelling stands in a text as a name: not inside words, links or handles."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

import msgspec

from detect.names.korean import (
    is_syllable,
    may_follow,
    may_follow_in_tag,
    may_precede,
    run_before,
)
from detect.text import Normalised, normalise, unmask

_LINK = re.compile(
    r"https?://(?:[!-~]|(?<=[/=_-])[^\s!-~]+)+|www\.[!-~]+|[a-z0-9._%+-]+@[a-z0-9-]+\.[a-z.]{2,}"
    r"|(?<![a-z0-9._-])(?:[a-z0-9-]+\.)+(?:com|net|org|kr|jp|io|me|tv|be|co|app|social|gg|link)"
    r"(?![a-z0-9.-])(?:/[!-~]*)?"
)
_HANDLE = re.compile(r"(?<![a-z0-9_.])@[a-z0-9_.-]+")
_JAPANESE_AFTER = re.compile(
    "(?:ちゃん|さん|くん|君|様|さま|たん|は|が|の|を|に|へ|と|も|や|で|から|まで|より|って|です|だ|な|ファン|チャン|サン|クン)"
)
_FAN_WORDS = (
    "army day birthday happy hbd comeback fanart edit edits concert tour live official world "
    "fans fan kpop stan mv forever love loves our my the with we is and x in on for to dance "
    "cover fancam album debut anniversary project protect support vote voting streaming party "
    "best king queen solo photo pics cute girls boys group idol korea japan usa global squad"
)
_TAG_WORDS = frozenset(("", *_FAN_WORDS.split()))
_TAG_LIMIT = 120
_WINDOW = 300
"""Farthest that links are looked for around a name, in characters."""
_SHORT = 2
_CAPITAL_WORDS = ("i", "a")
_JOINERS = frozenset("'’-_&+/")
_PLURAL_FROM = 4
_TAG_EDGE_FROM = 6
_TAG_ANY_FROM = 8
_TAG_HANGUL_FROM = 3


class Place(msgspec.Struct, frozen=True):
    """Where a spelling stands in the plain text, and how sure a spelling it is."""

    start: int
    end: int
    certain: bool
    capital: bool = False


class Page:
    """One text under examination: where names may stand in it, and where in the original."""

    def __init__(self, text: str, plain: str, is_name: Callable[[str], bool]) -> None:
        """Take a text, its plain form (``reveal``) and a test for sure names in plain form."""
        self.text = text
        self.plain = plain
        self._is_name = is_name
        self._tagged = "#" in plain

    @cached_property
    def _way_back(self) -> Normalised:
        if self.text.isascii():
            return Normalised(self.plain)
        return normalise(unmask(self.text))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The code points of the original behind a part of the plain text."""
        return self._way_back.span(start, end)

    def is_word(self, start: int, end: int) -> bool:
        """Whether a context word stands there, not merely its letters inside another word."""
        text = self.plain
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        if is_syllable(text[start]):
            return not is_syllable(before)
        if not _is_latin(text[start]):
            return True
        return not _is_latin(before) and (not _is_latin(after) or text[end : end + 2] == "s ")

    def why_not(self, place: Place) -> str | None:
        """Why the spelling there names nobody; None when it may."""
        text, start, end = self.plain, place.start, place.end
        if text[start] == "#":
            return "only a part of a hashtag" if _is_word(text[end : end + 1]) else None
        if why := self._inside(start, end):
            return why
        if self._tagged and (tag := self._tag(start, end)):
            return None if self._fits_tag(place, *tag) else "only a part of a hashtag"
        if place.capital and not self._particle(end):
            if text[start:end] in _CAPITAL_WORDS:
                return "an ordinary word"
            if not self._is_capital(start):
                return "an ordinary word unless written with a capital letter"
        return self._why_not_word(place)

    def _why_not_word(self, place: Place) -> str | None:
        text, start, end = self.plain, place.start, place.end
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        if not self._opens(place, before):
            return "inside a longer word"
        if not self._closes(place, after):
            return "followed by more letters of the same word"
        if not place.certain and end - start <= _SHORT and text[start].isascii():
            possessive = text.startswith(("'s", "’s"), end)
            abbreviated = before in _JOINERS or (after in _JOINERS and not possessive)
            if abbreviated or (after == "." and text[end + 1 : end + 2].isalnum()):
                return "part of an abbreviation"
        return None

    def _inside(self, start: int, end: int) -> str | None:
        """Whether the word around a place is a link or a handle there."""
        text = self.plain
        low = max(text.rfind(ch, max(0, start - _WINDOW), start) for ch in " \n") + 1
        low = max(low, start - _WINDOW, 0)
        stop = text.find(" ", end, end + _WINDOW)
        token = text[low : stop if stop >= 0 else end + _WINDOW]
        if "@" not in token and "." not in token:
            return None
        for pattern, why in ((_LINK, "inside a link"), (_HANDLE, "inside a handle")):
            for match in pattern.finditer(token):
                if start < match.end() + low and end > match.start() + low:
                    return why
        return None

    def _is_capital(self, start: int) -> bool:
        return self.text[self.span(start, start + 1)[0]].isupper()

    def _particle(self, end: int) -> bool:
        text = self.plain
        return end < len(text) and is_syllable(text[end]) and may_follow(text, end)

    def _opens(self, place: Place, before: str) -> bool:
        first = self.plain[place.start]
        if is_syllable(first):
            if not is_syllable(before):
                return True
            run = run_before(self.plain, place.start)
            return place.certain and (may_precede(run) or self._is_name(run))
        if _is_latin(first):
            return before != "_" and (not before.isalnum() or _is_cjk(before))
        return self._opens_japanese(place, first, before)

    @staticmethod
    def _opens_japanese(place: Place, first: str, before: str) -> bool:
        if _kana_kind(first):
            return _kana_kind(before) != _kana_kind(first)
        return place.end - place.start > 1 or not (_is_han(first) and _is_han(before))

    def _closes(self, place: Place, after: str) -> bool:
        text, end = self.plain, place.end
        last = text[end - 1]
        if is_syllable(after):
            # Another script marks the end of a sure name by itself (BTS컴백).
            sure = place.certain and not is_syllable(last)
            return sure or may_follow(text, end, certain=place.certain)
        if _is_latin(last):
            return self._closes_latin(place, after)
        if _kana_kind(last):
            same = _kana_kind(after) == _kana_kind(last)
            return not same or bool(_JAPANESE_AFTER.match(text, end))
        return place.end - place.start > 1 or not (_is_han(last) and _is_han(after))

    def _closes_latin(self, place: Place, after: str) -> bool:
        if after != "_" and (not after.isalnum() or _is_cjk(after)):
            return True
        end = place.end
        plural = after == "s" and not self.plain[end + 1 : end + 2].isalnum()
        if plural and place.certain and end - place.start >= _PLURAL_FROM:
            return True
        # "BTSа" and the like: a Latin name with an ending in another script.
        return after.isalpha() and not _is_latin(after)

    def _tag(self, start: int, end: int) -> tuple[int, int] | None:
        """Bounds of the hashtag around a place, without the sign."""
        text = self.plain
        begin = start
        while begin > 0 and start - begin < _TAG_LIMIT and _is_word(text[begin - 1]):
            begin -= 1
        if begin == 0 or text[begin - 1] != "#":
            return None
        stop = end
        while stop < len(text) and stop - end < _TAG_LIMIT and _is_word(text[stop]):
            stop += 1
        return begin, stop

    def _fits_tag(self, place: Place, begin: int, stop: int) -> bool:
        text, start, end = self.plain, place.start, place.end
        if start == begin and end == stop:
            return True
        if not place.certain:
            return False
        if is_syllable(text[start]):
            if end - start >= _TAG_HANGUL_FROM:
                return True
            return self._opens(place, text[start - 1]) and may_follow_in_tag(text, end)
        return not _is_latin(text[start]) or self._fits_latin_tag(start, end, begin, stop)

    def _fits_latin_tag(self, start: int, end: int, begin: int, stop: int) -> bool:
        head, tail = self.plain[begin:start].strip("_"), self.plain[end:stop].strip("_")
        length = end - start
        long = length >= _TAG_ANY_FROM or (length >= _TAG_EDGE_FROM and not (head and tail))
        if long and not self._is_camel(begin, stop):
            return True
        if _is_tag_word(head) and _is_tag_word(tail):
            return True
        return self._is_case_joined(start, end)

    def _is_camel(self, begin: int, stop: int) -> bool:
        first, last = self.span(begin, stop)
        tag = self.text[first:last]
        return not tag.islower() and not tag.isupper()

    def _is_case_joined(self, start: int, end: int) -> bool:
        original = self.text
        first, last = self.span(start, end)
        before, after = original[first - 1], original[last : last + 2]
        opens = not before.isalnum() or not _is_latin(before)
        if not opens:
            # The x of #LuminaxNOVA7 joins two names.
            capital = original[first].isupper()
            opens = capital and (not before.isupper() or (before == "X" and first > 1))
        if not after or not after[0].isalnum() or not _is_latin(after[0]):
            return opens
        crossed = after[0] in "xX" and after[1:].isupper()
        rises = after[0].isupper() and (original[last - 1].islower() or after[1:].islower())
        return opens and (rises or crossed)


def _is_tag_word(text: str) -> bool:
    return text.strip("0123456789") in _TAG_WORDS


def _is_word(ch: str) -> bool:
    return ch == "_" or ch.isalnum()


def _is_latin(ch: str) -> bool:
    return ch.isalnum() and ch < "\u0370"


def _kana_kind(ch: str) -> str:
    if "\u3041" <= ch <= "\u309f":
        return "hiragana"
    return "katakana" if "\u30a1" <= ch <= "\u30ff" and ch != "・" else ""


def _is_han(ch: str) -> bool:
    return "\u3400" <= ch <= "\u9fff" or "\U00020000" <= ch <= "\U0003ffff"


def _is_cjk(ch: str) -> bool:
    return "\u3041" <= ch <= "\u318e" or "가" <= ch <= "힣" or _is_han(ch)
