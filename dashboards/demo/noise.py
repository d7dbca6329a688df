"""What life does to posts: re-sends, edits, counts, deletions, broken records, wrong clocks."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from random import Random

import msgspec

from dashboards.demo.rhythm import DAY_MS, MINUTE_MS
from dashboards.demo.writing import SOURCE, Staged
from ingest.records import Deletion, Malformed, Post

RESENT = 0.005
COUNTED = 0.006
EDITED = 0.004
DELETED = 0.005
"""Share of posts to which each of these happens."""

BROKEN = "broken"
"""The oracle's word for malformed records."""

_EDITS = {"ko": " (오타 수정)", "en": " (edit: typo)", "ja": " (誤字修正)"}
_BROKEN: tuple[tuple[bytes, str], ...] = (
    (b'{"id":"77","text":"cut off in the mi', "invalid JSON"),
    (b'{"id":77,"created_at":"yesterday","text":"when?"}', "created_at is not a time"),
    (b'{"id":"78","text":"\xff\xfe\xc3\x28"}', "invalid UTF-8"),
    (b'{"created_at":"2026-01-01T00:00:00Z","text":"whose?"}', "no author"),
    (b"", "empty record"),
    (b"<html><body>502 Bad Gateway</body></html>", "not JSON"),
)


def seen(rng: Random, post: Post, kind: str, *, may_change: bool = True) -> list[Staged]:
    """The first sighting of ``post`` and whatever else is heard of it later."""
    first = post.observed_at or post.created_at
    staged = [Staged(first, post, kind)]
    luck = rng.random()
    if luck < RESENT:
        staged.append(Staged(first + 1 + int(rng.random() * MINUTE_MS), post, kind))
    if not may_change or luck > RESENT + COUNTED + EDITED + DELETED:
        return staged
    later = first + int((1 + rng.random() * 30) * MINUTE_MS)
    luck -= RESENT
    if 0 <= luck < COUNTED:
        metrics = {"likes": int(rng.paretovariate(0.9)), "reposts": int(rng.random() * 20)}
        changed = msgspec.structs.replace(post, metrics=metrics, observed_at=later)
        staged.append(Staged(later, changed, kind))
    elif COUNTED <= luck < COUNTED + EDITED and post.text and not post.repost_of:
        text = post.text + _EDITS.get(post.lang or "en", _EDITS["en"])
        edited = msgspec.structs.replace(post, text=text, observed_at=later)
        staged.append(Staged(later, edited, kind))
    elif luck >= COUNTED + EDITED:
        gone = Deletion(id=post.id, source=SOURCE, deleted_at=later)
        staged.append(Staged(later + int(rng.random() * 2000), gone, kind))
    return staged


def broken(rng: Random, start_ms: int, end_ms: int, posts: int) -> list[Staged]:
    """Records that no platform should send, spread over the time."""
    count = 6 + posts // 50_000
    staged: list[Staged] = []
    for i in range(count):
        raw, reason = _BROKEN[i % len(_BROKEN)]
        at = int(start_ms + rng.random() * (end_ms - start_ms))
        staged.append(Staged(at, Malformed(source=SOURCE, raw=raw, reason=reason), BROKEN))
    return staged


def wrong_clock(rng: Random, post: Post) -> Post:
    """The post as an author claims it whose clock is days ahead or years behind."""
    shift = DAY_MS * (2 + int(rng.random() * 3)) if rng.random() < 0.5 else -900 * DAY_MS
    return msgspec.structs.replace(post, created_at=post.created_at + shift)
