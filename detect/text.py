"""Brings disguised text to one plain form, with an exact way back to the original.

The plain form is NFKC with case folded (Unicode TR15, TR21), and further: accents
and stacked marks dropped, zero-width, bidirectional and variation characters
removed, loose or decomposed jamo put together to syllables, look-alike letters of
other scripts turned to Latin where they stand among Latin letters (after Unicode
TR39). Loose jamo that form no syllable (ㅋㅋㅋ), the ellipsis and typographic quotes
stay as they are: they are common and disguise nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import normalize

import msgspec

from detect.names.lookalikes import ALWAYS, GENUINE, LOOKALIKES, SCRIPTS

IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters that show nothing (default ignorable of the Unicode database)."""

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u2de0-\u2dff\ufe20-\ufe2f"
)
_CONSONANT = "\u3131-\u314e\uffa1-\uffbe"
_VOWEL = "\u314f-\u3163\uffc2-\uffdc"
_ODD = (
    f"{IGNORABLE}{_MARKS}"
    "\u00a0\u00a8\u00aa\u00af\u00b2-\u00b5\u00b8-\u00ba\u00bc-\u00be\u00c0-\u036f"
    "\u037a\u0384\u0385\u0390\u03b0\u03d0-\u03d6\u03f0-\u03f5\u03f9\u0587"
    "\u1100-\u11ff\u1c80-\u1c88\u1d00-\u1fff\u2000-\u200a\u2011\u2024\u2028\u2029\u202f\u205f\u2070-\u209f"
    "\u20a8\u2100-\u218f\u2460-\u24ff\u2c60-\u2c7f\u2e9f\u2ef3\u2f00-\u2fd5\u3000\u3036\u3038-\u303a\u3099-\u309c"
    "\u309f\u30ff\u3165-\u318e\u3192-\u319f\u3200-\u33ff\ua640-\ua69f\ua720-\ua7ff"
    "\ua960-\ua97f\uab30-\uabbf\ud7b0-\udfff\uf900-\ufaff\ufb00-\ufdff\ufe10-\ufefe"
    "\uff01-\uffef\U0001d400-\U0001d7ff\U0001f100-\U0001f1e5\U0001f200-\U0001f2ff"
    "\U0001fbf0-\U0001fbf9\U0002f800-\U0002fa1f"
)
_JAMO_SYLLABLE = (
    f"[{_CONSONANT}][{_VOWEL}]{{1,2}}"
    # A laugh (서ㅋㅋ typed as jamo) is not a final consonant, so doubles stay loose, unless
    # the second begins a syllable of its own (쟁이).
    f"(?:([{_CONSONANT}])(?!\\1(?![{_VOWEL}])|[{_VOWEL}]))?"
)
_LOOSE_FINAL_PAIR = "[가-힣][ㄴㄹㅁㅂ]"
_LOOSE_FINAL = f"{_LOOSE_FINAL_PAIR}(?=[가-힣]|[{_CONSONANT}][{_VOWEL}])"
"""Before a syllable, also one in pieces: what is composed once stays as it is."""
_CONJOINING = (
    "[가-힣][\u11a8-\u11ff\ud7cb-\ud7fb]+"
    "|[\u1100-\u115e\ua960-\ua97c][\u1161-\u11a7\ud7b0-\ud7c6]+[\u11a8-\u11ff\ud7cb-\ud7fb]*"
)
_KANA_VOICED = "[\u3041-\u30ff\uff66-\uff9d][\u3099\u309a\uff9e\uff9f]"

_LOOSE = re.compile(f"{_JAMO_SYLLABLE}|{_LOOSE_FINAL_PAIR}")
_CLUSTER = re.compile(
    f"{_JAMO_SYLLABLE}|{_LOOSE_FINAL}|{_CONJOINING}|{_KANA_VOICED}|[{_ODD}][{_MARKS}]*"
    f"|[A-Za-z][{_MARKS}]+"
)
_MAYBE = re.compile(f"[{_ODD}{_VOWEL}{SCRIPTS}ㄴㄹㅁㅂ]")
_ODD_ONE = re.compile(f"[{_ODD}]")
_LOOSE_JAMO = re.compile(f"[{_VOWEL}ㄴㄹㅁㅂ]")
_COMPOSABLE = re.compile(f"[{_CONSONANT}][{_VOWEL}]|{_LOOSE_FINAL}")
_HIDDEN = re.compile(f"[{IGNORABLE}]+")
_SHOWN = re.compile(f"[^{IGNORABLE}]")
_MARK = re.compile(f"[{_MARKS}]")
_SEAM = re.compile(f"[A-Za-z][{SCRIPTS}]|[{SCRIPTS}][A-Za-z]")
_WORD = re.compile(f"[A-Za-z{SCRIPTS}]+")
_ENDING = re.compile(f"[A-Za-z]+[{SCRIPTS}]+")
_ENDING_OF_CAPITALS = re.compile(f"[A-Za-z]*[A-Z][{SCRIPTS}]+")
_FOREIGN = re.compile(f"[{SCRIPTS}]")
_GENUINE = re.compile(f"[{re.escape(GENUINE)}]")

_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FINALS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_LEAD = {ch: chr(0x1100 + i) for i, ch in enumerate(_LEADS)}
_MIDDLE = {chr(0x314F + i): chr(0x1161 + i) for i in range(21)}
_FINAL = {ch: chr(0x11A8 + i) for i, ch in enumerate(_FINALS)}
_COMPAT = {ord(code): ch for table in (_LEAD, _MIDDLE, _FINAL) for ch, code in table.items()}
_PAIRED_VOWELS = {
    "ㅗㅏ": "ㅘ",
    "ㅗㅐ": "ㅙ",
    "ㅗㅣ": "ㅚ",
    "ㅜㅓ": "ㅝ",
    "ㅜㅔ": "ㅞ",
    "ㅜㅣ": "ㅟ",
    "ㅡㅣ": "ㅢ",
    "ㅏㅣ": "ㅐ",
    "ㅓㅣ": "ㅔ",
}


class Normalised(msgspec.Struct, frozen=True):
    """Plain text and, where it is not the original character by character, the way back.

    ``starts[i]`` and ``ends[i]`` bound the code points of the original that the
    i-th plain character came from; both are None when every character stands
    for itself.
    """

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The code points of the original behind ``text[start:end]`` (not empty)."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def is_plain(text: str) -> bool:
    """Whether the plain form is merely the text in lower case."""
    # One character class is searched many times faster than alternatives.
    if text.isascii() or not _MAYBE.search(text):
        return True
    if _ODD_ONE.search(text):
        return False
    if _LOOSE_JAMO.search(text) and _COMPOSABLE.search(text):
        return False
    return not (_FOREIGN.search(text) and _SEAM.search(text))


def fold(text: str) -> str:
    """The plain form of a text; never raises, lone surrogates become U+FFFD."""
    if is_plain(text):
        return text.casefold()
    return "".join([piece[0] for piece in _pieces(_unmix(_HIDDEN.sub("", text)))])


def reveal(text: str) -> str:
    """``fold(unmask(text))``: the plain form in which names are looked for."""
    if text.isascii() or not _MAYBE.search(text):
        return text.casefold()
    return fold(unmask(text))


def normalise(text: str) -> Normalised:
    """The plain form with the way back; ``normalise(t).text == fold(t)`` for every t."""
    if is_plain(text):
        return Normalised(text.casefold())
    shown = _HIDDEN.sub("", text)
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece, start, end, even in _pieces(_unmix(shown)):
        out.append(piece)
        if even:
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
        else:
            starts.extend([start] * len(piece))
            ends.extend([end] * len(piece))
    if len(shown) != len(text):
        origin = [match.start() for match in _SHOWN.finditer(text)]
        starts = [origin[i] for i in starts]
        ends = [origin[i - 1] + 1 for i in ends]
    return Normalised("".join(out), starts, ends)


def unmask(text: str) -> str:
    """Look-alike letters turned to Latin where their own script is not really used.

    For original text, of the same length. A Russian sentence holds letters that
    look like nothing Latin, and then stays as it is.
    """
    if text.isascii() or _GENUINE.search(text) or not _FOREIGN.search(text):
        return text
    return text.translate(LOOKALIKES)


def _pieces(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Plain pieces, where each stood, and whether character by character."""
    at = 0
    for match in _CLUSTER.finditer(text):
        start, end = match.span()
        if start > at:
            yield text[at:start].casefold(), at, start, True
        piece = _cluster(match.group())
        if piece:
            yield piece, start, end, False
        at = end
    if at < len(text):
        yield text[at:].casefold(), at, len(text), True


@lru_cache(maxsize=65_536)
def _cluster(text: str) -> str:
    """The plain form of one odd character, or of several that make one."""
    if "\ud800" <= text[0] <= "\udfff":
        return "\ufffd"
    if text.translate(ALWAYS) != text:
        return text.translate(ALWAYS)
    if _LOOSE.match(text):
        # One by one, or NFKC would compose a part of the syllable itself.
        return _compose("".join([normalize("NFKC", ch) for ch in text]).translate(_COMPAT))
    plain = normalize("NFKC", normalize("NFKC", text).casefold())
    if len(plain) > 1 or not "가" <= plain <= "힣":
        plain = _MARK.sub("", normalize("NFKD", plain))
        plain = normalize("NFKC", plain).casefold().translate(_COMPAT)
        plain = _HIDDEN.sub("", plain)
    return plain


def _compose(text: str) -> str:
    """Loose jamo (consonant, vowel, perhaps a final) or a syllable and a final, composed."""
    if len(text) < 2 or not "ㄱ" <= text[-1] <= "ㅣ":  # noqa: PLR2004
        return text
    if "가" <= text[0] <= "힣":
        whole = normalize("NFC", text[0] + _FINAL.get(text[1], text[1]))
        return whole if len(whole) == 1 else text
    vowel, rest = text[1], text[2:]
    if text[1:3] in _PAIRED_VOWELS:
        vowel, rest = _PAIRED_VOWELS[text[1:3]], text[3:]
    lead, middle = _LEAD.get(text[0]), _MIDDLE.get(vowel)
    if lead is None or middle is None:
        return text
    if rest and rest[0] not in _FINAL:
        return normalize("NFC", lead + middle) + rest
    return normalize("NFC", lead + middle + "".join(_FINAL[ch] for ch in rest))


def _unmix(text: str) -> str:
    """Look-alikes among Latin letters turned to Latin; of the same length."""
    if not _SEAM.search(text):
        return text
    # "Luminaу" in a Russian sentence is the name with an ending, not a disguise; so is
    # "BTSа" anywhere.
    ending = _ENDING if _GENUINE.search(text) else _ENDING_OF_CAPITALS
    return _WORD.sub(lambda match: _unmix_word(match.group(), ending), text)


def _unmix_word(word: str, ending: re.Pattern[str]) -> str:
    foreign = [ch for ch in word if not ch.isascii()]
    if len(foreign) in (0, len(word)) or any(ord(ch) not in LOOKALIKES for ch in foreign):
        return word
    if ending.fullmatch(word) and all(ch.islower() for ch in foreign):
        return word
    return word.translate(LOOKALIKES)
