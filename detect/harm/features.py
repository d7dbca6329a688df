"""Texts as numbers for the model: hashed runs of letters, made for a batch at once.

Runs of one to three characters hold most words of Korean without their endings. Hashing
needs no vocabulary (Weinberger et al. 2009). All is array work, so that a text costs
microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detect.wording.evasion import Disguised

BITS = 18
"""Buckets as a power of two; bucket 0 is kept for padding."""
CHARACTERS = (1, 2, 3)
MOST = 600
"""Characters of a text that the model sees."""

_END = np.uint32(0x1F)
_MIX = np.uint64(0x9E3779B97F4A7C15)

Ids = NDArray[np.int32]


def as_seen(text: str) -> str:
    """A text as the model sees it: without disguises."""
    return Disguised(text).joined


def features(texts: Sequence[str]) -> tuple[Ids, NDArray[np.int64]]:
    """Distinct buckets of every text, one after the other, and where each text begins.

    Args:
        texts: plain forms; more than :data:`MOST` characters are not looked at.
    """
    letters, owner = _letters(texts)
    keys = [_runs(letters, owner, length, salt=length) for length in CHARACTERS]
    distinct = np.unique(np.concatenate(keys))
    ids = (distinct & np.uint64((1 << BITS) - 1)).astype(np.int32)
    of = (distinct >> np.uint64(BITS)).astype(np.int64)
    starts = np.searchsorted(of, np.arange(len(texts) + 1))
    return ids, starts.astype(np.int64)


def _letters(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    """Code points of all texts, each between two marks, and to which text they belong."""
    cut = [f"\x1f{text[:MOST]}\x1f" for text in texts]
    raw = "".join(cut).encode("utf-32-le", "surrogatepass")
    letters = np.frombuffer(raw, np.uint32)
    lengths = np.fromiter((len(text) for text in cut), np.int64, len(cut))
    return letters, np.repeat(np.arange(len(cut), dtype=np.uint64), lengths)


def _runs(
    letters: NDArray[np.uint32], owner: NDArray[np.uint64], length: int, *, salt: int
) -> NDArray[np.uint64]:
    """Keys of all runs of a length that lie in one text: its number and their bucket."""
    count = len(letters) - length + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    hashed = np.full(count, salt, np.uint64)
    for offset in range(length):
        hashed = (hashed ^ letters[offset : offset + count]) * _MIX
        hashed ^= hashed >> np.uint64(29)
    inside = owner[:count] == owner[length - 1 :]
    if length == 1:
        inside = letters != _END
    bucket = hashed & np.uint64((1 << BITS) - 1)
    bucket[bucket == 0] = 1
    keys: NDArray[np.uint64] = (owner[:count] << np.uint64(BITS)) | bucket
    kept: NDArray[np.uint64] = keys[inside]
    return kept


def places(text: str) -> list[tuple[int, int, int]]:
    """Where the runs of two characters and more stand in one text: bucket, start and end."""
    letters, owner = _letters([text])
    found: list[tuple[int, int, int]] = []
    for length in CHARACTERS[1:]:
        for at, key in enumerate(_runs(letters, owner, length, salt=length).tolist()):
            start, end = max(at - 1, 0), min(at - 1 + length, len(text))
            if end > start:
                found.append((key & ((1 << BITS) - 1), start, end))
    return found
