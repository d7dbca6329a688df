"""Families of pictures as things that posts share, told after the posts themselves came.

A family holds what was encoded anew, cut or captioned, which no hash in a post brings
together. What is to be ignored is no family of anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from detect.media.fusion import IGNORED
from detect.records import PictureFinding
from stream.bursts.window import number
from stream.coordination.keeping import DAY_MS, Memory
from stream.coordination.objects import MEDIA
from stream.hosting.overlay import Overlay

LOOKED_BACK = 4


def family_key(findings: Sequence[PictureFinding]) -> int:
    """The number of the first family among a post's pictures; 0 where there is none."""
    for one in findings:
        if one.family and IGNORED not in one.reasons:
            return number("f" + one.family, 64)
    return 0


def put_family(memory: Memory, post_id: str, family: int, seen: int, overlay: Overlay) -> int:
    """Write the family of a post's picture into what is held of the post.

    The post goes to the end of the table, as one that was edited does, so that the next
    sweep looks at what it shares.

    Args:
        seen: when this came (ms), by event time.

    Returns:
        1 where another account shared the family within a day, else 0.
    """
    row = memory.table.find(post_id)
    if row < 0 or memory.table.value(row, MEDIA) == family:
        return 0
    held = memory.row(row, overlay)
    keys = memory.table.keys_of(row)
    keys[MEDIA] = family
    memory.blank(row, overlay)
    shared = _shared(memory, family, held.account, held.at)
    # Never earlier than it was: rows are let go by when they came.
    moved = msgspec.structs.replace(held, seen=max(held.seen, seen), keys=keys.tobytes())
    memory.add(moved, overlay)
    return shared


def _shared(memory: Memory, family: int, account: str, at: int) -> int:
    table, own = memory.table, number(account, 64)
    for row in table.newest(family, LOOKED_BACK):
        index = row - table.base
        if table.account[index] != own and abs(table.at[index] - at) <= DAY_MS:
            return 1
    return 0
