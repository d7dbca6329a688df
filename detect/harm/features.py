"""Texts as numbers for the model: hashed runs of letters within words, many texts at once.

Korean syllables are taken apart first, so that a stem is seen whatever its last syllable
took on. Hashing needs no vocabulary (Weinberger et al. 2009). All is array work, so that a
text costs microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from detect.wording.evasion import Disguised

BITS = 20
"""Buckets as a power of two; bucket 0 is kept for padding."""
LENGTHS = (1, 2, 3, 4, 5, 6)
"""Letters of a run; a Korean syllable has two or three of them."""
MOST = 600
"""Characters of a text that the model sees."""

_EDGE = "\x1f"
_MIX = np.uint64(0x9E3779B97F4A7C15)
_TEXTS = 1 << (32 - BITS)
"""Texts of one pass: their number and a bucket fit in 32 bits, which sort fast."""
_FIRST, _LAST = 0xAC00, 0xD7A3
_LEAD, _VOWEL, _FINAL = 0x1100, 0x1161, 0x11A7
_VOWELS, _FINALS = 21, 28

Ids = NDArray[np.int32]


class _Letters(msgspec.Struct, frozen=True):
    """Letters of some texts in a row, each word between two edges."""

    letter: NDArray[np.uint32]
    word: NDArray[np.int64]
    text: NDArray[np.uint32]
    character: NDArray[np.int64]
    """Which character of the joined words a letter comes from."""


def as_seen(text: str) -> str:
    """A text as the model sees it: without disguises."""
    return Disguised(text).joined


def features(texts: Sequence[str]) -> tuple[Ids, NDArray[np.int64]]:
    """Distinct buckets of every text, one after the other, and where each text begins.

    Args:
        texts: plain forms; more than :data:`MOST` characters are not looked at.
    """
    ids: list[Ids] = [np.empty(0, np.int32)]
    counts: list[NDArray[np.int64]] = []
    for at in range(0, len(texts), _TEXTS):
        some = texts[at : at + _TEXTS]
        letters = _letters(some)
        keys = [
            (letters.text[place] << np.uint32(BITS)) | bucket
            for place, bucket, _ in _runs(letters)
        ]
        ordered = np.sort(np.concatenate([np.empty(0, np.uint32), *keys]))
        distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
        ids.append((distinct & np.uint32((1 << BITS) - 1)).astype(np.int32))
        counts.append(np.bincount(distinct >> np.uint32(BITS), minlength=len(some)))
    starts = np.zeros(len(texts) + 1, np.int64)
    if counts:
        np.cumsum(np.concatenate(counts), out=starts[1:])
    return np.concatenate(ids), starts


def _letters(texts: Sequence[str]) -> _Letters:
    """All letters of some texts."""
    words = [text[:MOST].split() for text in texts]
    every = [f"{_EDGE}{word}{_EDGE}" for some in words for word in some]
    raw = "".join(every).encode("utf-32-le", "surrogatepass")
    code = np.frombuffer(raw, np.uint32)
    lengths = np.fromiter(map(len, every), np.int64, len(every))
    per_text = np.fromiter(map(len, words), np.int64, len(words))
    text = np.repeat(np.arange(len(words), dtype=np.uint32), per_text)
    syllable = (code >= _FIRST) & (code <= _LAST)
    place = code - np.uint32(_FIRST)
    lead, final = place // np.uint32(_VOWELS * _FINALS), place % np.uint32(_FINALS)
    grid = np.zeros((len(code), 3), np.uint32)
    grid[:, 0] = np.where(syllable, lead + np.uint32(_LEAD), code)
    grid[:, 1] = np.where(
        syllable, place // np.uint32(_FINALS) % np.uint32(_VOWELS) + np.uint32(_VOWEL), 0
    )
    grid[:, 2] = np.where(syllable & (final > 0), final + np.uint32(_FINAL), 0)
    kept = grid != 0
    kept[:, 0] = True
    of = np.repeat(np.arange(len(code)), kept.sum(axis=1))
    word = np.repeat(np.arange(len(every)), lengths)[of]
    return _Letters(grid[kept], word, text[word], of)


def _runs(
    letters: _Letters,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32], int]]:
    """Runs that lie in one word, a length at a time: where they begin, their buckets."""
    letter = letters.letter.astype(np.uint64)
    hashed = np.zeros(len(letter), np.uint64)
    for length in LENGTHS:
        count = len(letter) - length + 1
        if count <= 0:
            return
        hashed = (hashed[:count] ^ letter[length - 1 :]) * _MIX
        hashed ^= hashed >> np.uint64(29)
        inside = letters.word[:count] == letters.word[length - 1 :]
        if length == 1:
            inside = letters.letter != ord(_EDGE)
        place = np.flatnonzero(inside)
        bucket = (hashed[place] >> np.uint64(32)).astype(np.uint32) & np.uint32((1 << BITS) - 1)
        bucket[bucket == 0] = 1
        yield place, bucket, length


def places(text: str) -> list[tuple[int, int, int]]:
    """Where runs over two characters and more stand in one text: bucket, start and end."""
    letters = _letters([text])
    at = [place for place, ch in enumerate(text[:MOST]) if not ch.isspace()]
    edges = letters.letter == ord(_EDGE)
    # Edges stand beside every word; without them characters count up as in the text.
    number = np.cumsum(~edges & np.append(True, np.diff(letters.character) != 0)) - 1
    found: list[tuple[int, int, int]] = []
    for begins, buckets, length in _runs(letters):
        if length == 1:
            continue
        for begin, bucket in zip(begins.tolist(), buckets.tolist(), strict=True):
            inner = np.flatnonzero(~edges[begin : begin + length]) + begin
            if len(inner):
                first, last = at[number[inner[0]]], at[number[inner[-1]]]
                if last > first:
                    found.append((bucket, first, last + 1))
    return found
