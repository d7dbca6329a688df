"""Where a post stands on the web, told from its id alone: for posts that are not here."""

from __future__ import annotations

import re
from collections.abc import Callable

PLATFORMS = frozenset({"bluesky", "reddit", "x", "youtube"})
"""Platforms whose name begins the ids of their posts."""

_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(
            r"bluesky:at://(?P<who>did:[a-z]{1,20}:[A-Za-z0-9._:-]{1,200})"
            r"/app\.bsky\.feed\.post/(?P<key>[A-Za-z0-9._~:-]{1,100})"
        ),
        lambda found: f"https://bsky.app/profile/{found['who']}/post/{found['key']}",
    ),
    (
        re.compile(r"x:(?P<key>[0-9]{1,20})"),
        lambda found: f"https://x.com/i/status/{found['key']}",
    ),
    (
        re.compile(r"reddit:t3_(?P<key>[0-9a-z]{1,13})"),
        lambda found: f"https://www.reddit.com/comments/{found['key']}",
    ),
)


def platform_of(post_id: str) -> str | None:
    """The platform that an id names, None where it names the file it came from."""
    name = post_id.partition(":")[0]
    return name if name in PLATFORMS else None


def address_of(post_id: str) -> str | None:
    """The web address of a post, None where the id does not tell it."""
    for pattern, build in _PATTERNS:
        found = pattern.fullmatch(post_id)
        if found:
            return build(found)
    return None
