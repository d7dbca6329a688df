"""The words of a text as a set of stems: what survives rewording, reordering and spacing.

A stem is the beginning of a word: six letters of an alphabet, two syllables of
Hangul (particles and endings hang behind them), or every two neighbours of
scripts that write no spaces. Two texts are compared by the Jaccard similarity
of their stems; neighbours in the order of the stems' hashes are the keys under
which candidates meet (a MinHash of two rows, Broder 1997).
"""

from __future__ import annotations

import re
from array import array
from functools import lru_cache

import xxhash

from detect.neardup import Text

KEYS = 6
"""Pairs of stems under which a text is found."""
MOST = 32
"""Stems kept of one text: those with the smallest hashes."""
LEAST = 4
"""A text of fewer stems says too little to be compared."""

_LETTERS = 6
_SHORTEST = 3
_SYLLABLES = 2
_TAG = re.compile(r"[#@＃＠]\w+")
_RUN = re.compile(r"\w+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


def stems(text: Text) -> bytes:
    """The stems as sorted 32-bit hashes, packed; empty when there are too few."""
    return _stems(text.whole)


@lru_cache(maxsize=1_024)
def _stems(whole: str) -> bytes:
    plain = _TAG.sub(" ", whole) if "#" in whole or "@" in whole or "＃" in whole else whole
    found: set[str] = set()
    for run in _RUN.findall(plain):
        if run.isascii():
            if len(run) >= _SHORTEST:
                found.add(run[:_LETTERS])
        elif "가" <= run[0] <= "힣":
            if len(run) >= _SYLLABLES:
                found.add(run[:_SYLLABLES])
        elif _UNSPACED.match(run):
            found.update(run[i : i + 2] for i in range(min(len(run), 2 * MOST) - 1))
        elif len(run) >= _SHORTEST:
            found.add(run[:_LETTERS])
    if len(found) < LEAST:
        return b""
    hashes = sorted({xxhash.xxh32_intdigest(stem.encode()) for stem in found})
    return array("I", hashes[:MOST]).tobytes()


def keys(packed: bytes) -> tuple[int, ...]:
    """Up to six numbers; reworded copies are likely to have one in common."""
    hashes = array("I", packed)
    return tuple(
        (hashes[i] << 32) | hashes[i + 1] for i in range(min(KEYS, max(0, len(hashes) - 1)))
    )


def alike(a: bytes, b: bytes) -> float:
    """Jaccard similarity of two packed sets of stems; 0 when one is empty."""
    first, second = set(array("I", a)), set(array("I", b))
    if not first or not second:
        return 0.0
    both = len(first & second)
    return both / (len(first) + len(second) - both)
