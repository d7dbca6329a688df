"""Cuts texts and queries into the same search tokens, for scripts with and without spaces.

Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese runs become overlapping
pairs of characters (딥페이크: 딥페 페이 이크), so that a word is found wherever it
stands and a phrase of pairs is an exact substring. Other scripts become words.
Single characters of such runs form a second list, for names like 뷔. The text is
folded first (``detect.text.fold``), so that disguised spellings are found by the
plain one.
"""

from __future__ import annotations

import re
import unicodedata
from operator import add

import msgspec

from detect.text import fold

VERSION = 3
"""Raise it when the same text gives other tokens: search folders are then made anew."""

QUERY_LIMIT = 1000
"""Code points of a query that count."""
MIN_PREFIX = 3
"""Letters before a ``*``: with fewer nearly every text would match."""

_DENSE = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3041-\u3096\u3099-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
)
# Vowel signs of Indic scripts and points of Arabic and Hebrew are no word characters to
# `re`, but belong to the word in which they stand.
_MARKS = "".join(
    char
    for char in map(chr, range(0x0591, 0x1DFF))
    if unicodedata.category(char) in ("Mn", "Mc") and not re.match(f"[{_DENSE}]", char)
)
_RUN = re.compile(f"[{_DENSE}]+|[^\\W_{_DENSE}]+(?:[{_MARKS}]+[^\\W_{_DENSE}]*)*")
_DENSE_RUN = re.compile(f"[{_DENSE}]+")
STARS = ("*", "＊")
"""What stands at the end of a word that may go on, also as input methods write it."""
_FIRST_DENSE = "\u0e00"
_ASCII = {code: " " for code in range(128) if not chr(code).isalnum()}


class Tokens(msgspec.Struct, frozen=True):
    """Space-separated: ``words`` in their order (pairs and words), ``singles`` once each."""

    words: str
    singles: str = ""


class Clause(msgspec.Struct, frozen=True):
    """One condition of a query: ``words`` stand one after the other, or ``single`` occurs.

    With ``prefix`` there is one word, and those that begin with it will do as well.
    """

    words: tuple[str, ...] = ()
    single: str = ""
    prefix: bool = False


def tokens(text: str) -> Tokens:
    """The tokens under which a text is found; never raises."""
    plain = fold(text)
    if plain.isascii():
        return Tokens(plain.translate(_ASCII))
    words: list[str] = []
    dense: list[str] = []
    for run in _RUN.findall(plain):
        first = run[0]
        if first < _FIRST_DENSE or not ("가" <= first <= "힣" or _DENSE_RUN.match(run)):
            words.append(run)
            continue
        dense.append(run)
        if len(run) == 1:
            words.append(run)
        else:
            words.extend(map(add, run, run[1:]))
    return Tokens(" ".join(words), " ".join(dict.fromkeys("".join(dense))))


class Piece(msgspec.Struct, frozen=True):
    """A token and where it stands in the plain text; ``single`` for one of ``singles``."""

    token: str
    start: int
    end: int
    single: bool = False


def pieces(plain: str) -> list[Piece]:
    """The tokens of a folded text with their places; as ``tokens`` cuts it."""
    found: list[Piece] = []
    for match in _RUN.finditer(plain):
        run, at = match[0], match.start()
        if not _DENSE_RUN.match(run):
            found.append(Piece(run, at, match.end()))
            continue
        found += [Piece(char, at + i, at + i + 1, single=True) for i, char in enumerate(run)]
        if len(run) == 1:
            found.append(Piece(run, at, at + 1))
        else:
            found += [Piece(run[i : i + 2], at + i, at + i + 2) for i in range(len(run) - 1)]
    return found


def clauses(query: str) -> list[Clause] | None:
    """What must all hold for a text to match; None when the query asks for nothing.

    Words may stand anywhere in any order, ``"quoted"`` ones side by side, and ``deepfak*``
    stands for every word that begins so (in scripts without spaces words are found inside
    others anyway). A query of which nothing can be searched (only punctuation or emoji)
    gives an empty list: no text matches it.
    """
    if not query.strip():
        return None
    found: dict[Clause, None] = {}
    for i, part in enumerate(query[:QUERY_LIMIT].split('"')):
        if i % 2:
            words = tokens(part).words.split()
            found.update(dict.fromkeys(_quoted(words)))
        else:
            for word in part.split():
                found.update(dict.fromkeys(_loose(word)))
    return list(found)


def is_short_prefix(word: str) -> bool:
    """Whether a ``*`` stands after too few letters to mean anything."""
    runs: list[str] = _RUN.findall(fold(word)) if word.endswith(STARS) else []
    return bool(runs) and len(runs[-1]) < MIN_PREFIX and not _DENSE_RUN.match(runs[-1])


def _quoted(words: list[str]) -> list[Clause]:
    if len(words) == 1 and len(words[0]) == 1 and _DENSE_RUN.match(words[0]):
        return [Clause(single=words[0])]
    return [Clause(words=tuple(words))] if words else []


def _loose(word: str) -> list[Clause]:
    """Conditions of one unquoted word: each script run of its own, side by side if dense."""
    found: list[Clause] = []
    runs: list[str] = _RUN.findall(fold(word))
    for i, run in enumerate(runs, 1):
        if not _DENSE_RUN.match(run):
            goes_on = i == len(runs) and len(run) >= MIN_PREFIX and word.endswith(STARS)
            found.append(Clause(words=(run,), prefix=goes_on))
        elif len(run) == 1:
            found.append(Clause(single=run))
        else:
            found.append(Clause(words=tuple(map(add, run, run[1:]))))
    return found
