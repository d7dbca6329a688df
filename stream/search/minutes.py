"""Times as indices place and count them: held inside bounds, in whole minutes, in buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import xxhash

from ingest.records import Gap
from stream.gaps import masks
from stream.index import Bucket

MINUTE_MS = 60_000
LATEST_MS = 1 << 43
"""Event times are held inside 0 and this (year 2248) where they sort or count."""
MAX_BUCKETS = 20_000
TIE_BITS = 20


def held(at: int) -> int:
    """An event time inside what can be sorted and counted."""
    return min(max(at, 0), LATEST_MS)


def tie(post_id: str) -> int:
    """What orders posts of the same millisecond, in every index and after any rebuild alike."""
    digest = xxhash.xxh3_64_intdigest(post_id.encode("utf-8", "surrogatepass"))
    return digest & ((1 << TIE_BITS) - 1)


def whole_minutes(since: int, until: int, bucket_ms: int) -> tuple[int, int, int]:
    """First minute, the one after the last, and the width of a bucket, rounded outwards."""
    first = max(since, 0) // MINUTE_MS
    last = -(-max(until, 0) // MINUTE_MS)
    return first, last, max(1, -(-bucket_ms // MINUTE_MS))


def check_buckets(count: float) -> None:
    """Refuse a histogram that nobody could look at.

    Raises:
        ValueError: more than 20,000 buckets.
    """
    if count > MAX_BUCKETS:
        raise ValueError(f"a histogram has at most {MAX_BUCKETS} buckets")


def buckets(
    counts: Mapping[int, int], gaps: Iterable[Gap], *, first: int, width: int, steps: int
) -> list[Bucket]:
    """Buckets of ``width`` minutes with their counts, masked where a gap was."""
    at, step = first * MINUTE_MS, width * MINUTE_MS
    masked = masks(gaps, at, step, steps)
    return [
        Bucket(at=at + i * step, posts=counts.get(i, 0), masked=masked[i]) for i in range(steps)
    ]
