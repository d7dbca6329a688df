"""What coordination can be told to leave out: to measure what each sign is worth.

Used by ``jikimi eval ablation`` alone. A sign is taken away where a post's marks are
read, so that everything that follows from it goes too.
"""

from __future__ import annotations

from typing import Literal, get_args

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.objects import (
    APPEAL,
    CRITICAL,
    DISGUISED,
    FAMILY,
    LINK,
    MEDIA,
    MIRROR,
    SECOND_LINK,
    SPARE,
    STEM_KEYS,
    STEMS,
    TARGET,
    TEXT,
    Seen,
)

Sign = Literal[
    "texts", "rewording", "links", "mirrors", "pictures", "answers", "age", "disguises",
    "harm", "openness", "criticism", "adverts", "bursts", "trust", "circles",
]  # fmt: skip
SIGNS: tuple[Sign, ...] = get_args(Sign)

_COLUMNS: dict[Sign, tuple[int, ...]] = {
    "texts": (TEXT, FAMILY, *range(STEMS, STEMS + STEM_KEYS)),
    "rewording": tuple(range(STEMS, STEMS + STEM_KEYS)),
    "links": (LINK, SECOND_LINK, MIRROR),
    "mirrors": (MIRROR,),
    "pictures": (MEDIA,),
    "answers": (TARGET,),
}
_FLAGS: dict[Sign, int] = {
    "disguises": DISGUISED,
    "openness": APPEAL,
    "criticism": CRITICAL,
    "adverts": SPARE,
}


def leave_out(found: Seen, without: frozenset[Sign]) -> None:
    """Take signs away from what a post shows; bursts, trust and circles are no part of it."""
    for sign in without:
        for column in _COLUMNS.get(sign, ()):
            found.keys[column] = 0
        found.flags &= ~_FLAGS.get(sign, 0)
    if without & {"texts", "rewording"}:
        found.stems = b""
    if "pictures" in without:
        found.picture = b""
    if "age" in without:
        found.age = UNKNOWN_AGE
    if "harm" in without:
        found.harm = -1
    if "openness" in without:
        found.open = 0
