"""Tells languages of one script apart by pieces of their words.

Additive scores of byte pieces: the table and the way words are cut are those of ELD
(Efficient Language Detector, Copyright 2023 Nito T.M., Apache License 2.0), held to the
languages below. ``make setup`` builds the table from npm (``detect/language/table.mjs``);
where it was not built, nothing is told apart.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np

LATIN = (
    "cs", "da", "de", "en", "es", "fi", "fr", "hr", "hu", "id", "it", "nl", "no", "pl", "pt",
    "ro", "sv", "tl", "tr", "vi",
)  # fmt: skip
CYRILLIC = ("be", "bg", "ru", "sr", "uk")
ARABIC = ("ar", "fa", "ku", "ur")
DEVANAGARI = ("hi", "mr")
LANGUAGES = (*LATIN, *CYRILLIC, *ARABIC, *DEVANAGARI)
FAMILIES = (LATIN, CYRILLIC, ARABIC, DEVANAGARI)
"""Languages that are told apart from each other, one family a script."""

TABLE = "grams.bin"
"""The built table, beside this file."""

_LONGEST = 70
"""Bytes of a word that count."""
_PIECE = 4
_STRIDE = 3
_CACHED = 1 << 16


class Ranked(msgspec.Struct, frozen=True):
    """The best language of a family for some words, and how far it is ahead."""

    best: str
    lead: int


def rank(words: list[str], family: tuple[str, ...]) -> Ranked | None:
    """How the languages of a family compare for words in lower case; None without evidence."""
    rows: list[int] = []
    for word in dict.fromkeys(words):
        rows += _pieces_of(word)
    if not rows:
        return None
    matrix, _ = _table()
    first = LANGUAGES.index(family[0])
    totals: list[int] = np.add.reduce(matrix.take(rows, 0), 0)[
        first : first + len(family)
    ].tolist()
    best, *others = sorted(totals, reverse=True)
    if not best:
        return None
    return Ranked(family[totals.index(best)], best - others[0])


@lru_cache(maxsize=_CACHED)
def _pieces_of(word: str) -> tuple[int, ...]:
    """Rows of the table for a word: pieces of four bytes, three apart, the ends marked."""
    _, places = _table()
    raw = word.encode("utf-8", "replace")[:_LONGEST]
    length = len(raw)
    found: list[bytes] = []
    at = 0
    while at + _PIECE < length:
        found.append(raw[at : at + _PIECE] if at else b" " + raw[:_PIECE])
        at += _STRIDE
    tail = raw[max(0, length - _PIECE) :] + b" "
    found.append(tail if at else b" " + tail)
    return tuple(places[piece] for piece in found if piece in places)


def has_table() -> bool:
    """Whether the table was built, so that languages of one script can be told apart."""
    return files("detect.language").joinpath(TABLE).is_file()


@lru_cache(maxsize=1)
def _table() -> tuple[Any, dict[bytes, int]]:
    """The scores, a row a piece and a column a language, and the row of each piece."""
    if not has_table():
        return np.zeros((0, len(LANGUAGES)), np.int16), {}
    raw = files("detect.language").joinpath(TABLE).read_bytes()
    pieces, _, columns = zlib.decompress(raw).partition(b"\n\n")
    places = {piece: row for row, piece in enumerate(pieces.split(b"\n"))}
    matrix = np.frombuffer(columns, np.uint8).reshape(len(LANGUAGES), len(places))
    return np.ascontiguousarray(matrix.T).astype(np.int16), places
