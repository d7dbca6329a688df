"""Text signatures: which texts are nearly the same, by MinHash and by exact Jaccard.

Two texts are compared by their sets of character 5-grams (Broder 1997), after
links are removed, disguises folded and white space collapsed. MinHash values in
bands (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, ch. 3) find the
candidates; :func:`similarity` decides by the exact measure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import msgspec
import numpy as np
import numpy.typing as npt

from detect.text import fold

GRAM = 5
SHORTEST = 10
"""Code points a text needs, after links are removed, to be compared at all."""
LONGEST = 5_000
"""Code points that are compared; what follows is ignored."""
BODY_SHORTEST = 20
"""Shorter bodies say too little; then the whole text stands for the body."""
BANDS = 16
ROWS = 4
VALUES = BANDS * ROWS
"""Bands of four rows find a pair of similarity 0.7 with a chance of 0.988."""
WHOLE_FLOOR = 0.35
"""Texts with one body but hardly anything else in common stay apart."""
MOSTLY = 0.6
"""Share of its characters from which a text is mostly its body."""

Grams = npt.NDArray[np.uint64]
Sketch = npt.NDArray[np.uint8]

_URL = re.compile(r"(?:https?://|www\.)\S+")
_RETWEET = re.compile(r"^(?:rt @\w{1,50}:? ?)+")
_TAG = re.compile(r"[#@＃＠]\w+")
_NOT_WORD = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_CHUNK = 4_096
_CACHED_LENGTH = 2_000
_SEPARATOR = "\0" * (GRAM - 1)


def _odd(seed: int, count: int) -> npt.NDArray[np.uint32]:
    """Fixed multipliers: the same on every machine and in every version of numpy."""
    raw = b"".join(blake2b(bytes((seed, i)), digest_size=4).digest() for i in range(count))
    return np.frombuffer(raw, dtype="<u4").astype(np.uint32) | np.uint32(1)


_FACTOR = _odd(1, VALUES)[:, None]
_SHIFT = _odd(2, VALUES)[:, None]


class Text(msgspec.Struct, frozen=True):
    """A text ready to be compared.

    ``whole`` is the folded text without links; ``body`` is what remains of it
    without hashtags, handles, spaces and signs, or the whole where that is
    shorter than 20 code points. ``key`` is 16 hex digits of the whole: equal
    keys mean exact copies.
    """

    whole: str
    body: str
    key: str

    @property
    def template(self) -> str:
        """The text with every number replaced, to tell copies that only count on."""
        return _DIGITS.sub("0", self.whole)


def prepare(text: str) -> Text | None:
    """The comparable form; None when fewer than 10 code points remain.

    A leading ``RT @name:`` is not part of what is said.
    """
    return _prepare_cached(text) if len(text) <= _CACHED_LENGTH else _prepare(text)


def _prepare(text: str) -> Text | None:
    # Folding may shorten a little and never needs more than this to fill the limit.
    plain = fold(text[: LONGEST * 4])
    if "://" in plain or "www." in plain:
        plain = _URL.sub(" ", plain)
    plain = " ".join(plain.split())
    if plain.startswith("rt @"):
        plain = _RETWEET.sub("", plain)
    plain = plain[:LONGEST].rstrip()
    if len(plain) < SHORTEST:
        return None
    return restore(plain)


_prepare_cached = lru_cache(maxsize=1_024)(_prepare)
"""A post is prepared once a subject and once an operator."""


def restore(whole: str) -> Text:
    """The comparable form of a text whose ``whole`` was kept."""
    tagless = _TAG.sub(" ", whole) if "#" in whole or "@" in whole or "＃" in whole else whole
    body = _NOT_WORD.sub("", tagless)
    if len(body) < BODY_SHORTEST:
        body = whole
    key = blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return Text(whole, body, key)


def _hashes(text: str) -> Grams:
    """A 64-bit hash of every 5-gram, in order of the text."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    points = points.astype(np.uint64)
    size = len(points) - GRAM + 1
    value = points[:size].copy()
    for offset in range(1, GRAM):
        value *= _BASE
        value += points[offset : offset + size]
    value ^= value >> np.uint64(32)
    value *= _MIX
    value ^= value >> np.uint64(32)
    return value


def grams(text: str) -> Grams:
    """The set of 5-grams as sorted unique hashes (a shorter text is one gram)."""
    found = _hashes(text if len(text) >= GRAM else text.ljust(GRAM, "\0"))
    found.sort()
    first = np.ones(len(found), dtype=np.bool_)
    np.not_equal(found[1:], found[:-1], out=first[1:])
    return found[first]


def jaccard(a: Grams, b: Grams) -> float:
    """Exact Jaccard similarity of two sets of grams; 0 when both are empty."""
    if len(a) > len(b):
        a, b = b, a
    if not len(a):
        return 0.0
    place = np.searchsorted(b, a)
    place[place == len(b)] = 0
    common = int(np.count_nonzero(b[place] == a))
    return common / (len(a) + len(b) - common)


class Compared:
    """A text with its grams, made when first asked for."""

    __slots__ = ("_body", "_whole", "text")

    def __init__(self, text: Text) -> None:
        self.text = text
        self._whole: Grams | None = None
        self._body: Grams | None = None

    @property
    def whole(self) -> Grams:
        """Grams of the whole text."""
        if self._whole is None:
            self._whole = grams(self.text.whole)
        return self._whole

    @property
    def body(self) -> Grams:
        """Grams of the body."""
        if self._body is None:
            self._body = grams(self.text.body)
        return self._body

    @property
    def mostly_body(self) -> bool:
        """Whether the body is most of the text."""
        return len(self.text.body) >= MOSTLY * len(self.text.whole)


def similarity(a: Compared, b: Compared, enough: float = 1.0) -> float:
    """How alike two texts are, 0 to 1.

    The measure is that of the whole texts, or, where that is not ``enough``, of
    their bodies if that is more: it undoes wrapping one sentence in other
    hashtags, handles, spaces and signs. The body counts only where it is most
    of both texts, or where the wholes have something in common too.
    """
    whole = jaccard(a.whole, b.whole)
    if whole >= enough or not (whole >= WHOLE_FLOOR or (a.mostly_body and b.mostly_body)):
        return whole
    return max(whole, jaccard(a.body, b.body))


def sketches(texts: Sequence[Text]) -> Sketch:
    """One row of 64 bytes a text; rows agree in about the share of equal bytes.

    Each text's row is the same whatever stands beside it.
    """
    out = np.empty((len(texts), VALUES), dtype=np.uint8)
    start = size = 0
    for stop, text in enumerate(texts):
        if size and size + len(text.body) > _CHUNK:
            out[start:stop] = _sketch(texts[start:stop])
            start, size = stop, 0
        size += len(text.body) + GRAM
    if start < len(texts):
        out[start:] = _sketch(texts[start:])
    return out


def _sketch(texts: Sequence[Text]) -> Sketch:
    bodies = [t.body for t in texts]
    hashes = (_hashes(_SEPARATOR.join(bodies)) >> np.uint64(32)).astype(np.uint32)
    bounds: list[int] = []
    at = 0
    for body in bodies:
        bounds.append(at)
        bounds.append(at + len(body) - GRAM + 1)
        at += len(body) + GRAM - 1
    # The grams between two texts fall into the odd segments, which are left out.
    if bounds[-1] == len(hashes):
        bounds.pop()
    table = hashes * _FACTOR
    table += _SHIFT
    least = np.minimum.reduceat(table, bounds, axis=1)[:, ::2].T
    mixed = least ^ (least >> np.uint32(15))
    mixed = mixed * np.uint32(0x85EBCA6B)
    top: Sketch = (mixed >> np.uint32(24)).astype(np.uint8)
    return top


def estimates(many: Sketch, one: Sketch) -> npt.NDArray[np.float64]:
    """Estimated similarity of each row with one sketch, 0 to 1."""
    same: npt.NDArray[np.float64] = np.count_nonzero(many == one, axis=1) / VALUES
    return same


def estimate(a: Sketch, b: Sketch) -> float:
    """Estimated similarity of two sketches, 0 to 1."""
    return int(np.count_nonzero(a == b)) / VALUES
