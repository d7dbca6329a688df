"""Waves of criticism: many people, each in own words, against one subject at one time.

No object holds a wave together: texts, links and answered posts differ. So it is
told by how many of those who are active about a subject object to something within
half a day. Posts of cases are left out, so that a ring inside of it stays a case.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from stream.coordination.axes import INDEPENDENT, Axes, axes_of
from stream.coordination.campaign_state import DARK, CampaignRow, note_post
from stream.coordination.looks import Look, Places
from stream.coordination.membership import HARM, note_of
from stream.coordination.objects import CRITICAL, FAMILY, ORIGINAL, PRIMARY
from stream.coordination.table import Columns, Table
from stream.ids import derive_id

WITHIN_MS = 12 * 60 * 60 * 1000
QUIET_MS = 24 * 60 * 60 * 1000
"""Silence that ends a wave."""
LEAST = 15
"""Accounts that object, at least,"""
SHARE = 0.2
RISE = 3.0
LEAST_SHARE = 0.1
"""and their share of all accounts that are active about the subject: a fifth, or a tenth
where that is three times what it was before. A large crowd of fans talks on meanwhile, and
words find only a part of all criticism."""
BEFORE = 50
"""Accounts that must have been active before, to say what was usual."""
COPIES = 4
"""Posts of one text family from which they count as copies of each other."""


def critics(
    table: Table, columns: Columns, campaigns: Mapping[str, CampaignRow], at: int
) -> Places:
    """Posts of the last half day that object and belong to no case; none without a wave."""
    none = np.zeros(0, dtype=np.int64)
    recent = (columns.at > at - WITHIN_MS) & (columns.account != 0)
    objecting = ((columns.flags & CRITICAL) > 0) | (columns.harm >= HARM)
    places = np.flatnonzero(recent & objecting & ((columns.flags & PRIMARY) > 0))
    if len(places) < LEAST:
        return none
    cases = [row for row in campaigns.values() if row.kind in DARK]
    found: list[int] = places.tolist()
    kept = [p for p in found if not any(table.posts[p] in row.posts for row in cases)]
    places = np.array(kept, dtype=np.int64)
    many = len(np.unique(columns.account[places]))
    everybody = len(np.unique(columns.account[recent]))
    before = (columns.at <= at - WITHIN_MS) & (columns.account != 0)
    share = min(SHARE, max(LEAST_SHARE, RISE * _usual(columns, before, objecting)))
    return places if many >= max(LEAST, share * everybody) else none


def _usual(
    columns: Columns, before: npt.NDArray[np.bool_], objecting: npt.NDArray[np.bool_]
) -> float:
    """Share of accounts that objected before; 1 where too few were there to tell."""
    everybody = len(np.unique(columns.account[before]))
    if everybody < BEFORE:
        return 1.0
    return len(np.unique(columns.account[before & objecting])) / everybody


def wave_of(
    subject: str,
    table: Table,
    columns: Columns,
    places: Places,
    campaigns: dict[str, CampaignRow],
    at: int,
) -> CampaignRow:
    """The wave that these posts belong to, begun by the first of them or by earlier ones."""
    awake = [
        row
        for row in campaigns.values()
        if row.kind == "criticism_wave" and not row.objects and at - row.last_at < QUIET_MS
    ]
    row = min(awake, key=lambda one: (one.seen_at, one.id), default=None)
    if row is None:
        first = int(places[0])
        name = derive_id("ca", subject, table.posts[first], "wave")
        began = int(columns.at[first])
        row = campaigns.get(name) or CampaignRow(
            id=name, dark=False, kind="unclear", first_at=began, last_at=began, seen_at=at
        )
        campaigns[name] = row
    found: list[int] = places.tolist()
    for place in found:
        if table.posts[place] not in row.posts:
            note_post(row, note_of(table, columns, place, 0))
    return row


def own_words(columns: Columns, seen: Look) -> Axes:
    """The axes of a wave: only what is repeated often counts as copied."""
    mine = seen.places[(columns.flags[seen.places] & ORIGINAL) > 0]
    families, counts = np.unique(columns.keys[mine, FAMILY], return_counts=True)
    copied = int(counts[(families != 0) & (counts >= COPIES)].sum())
    share = copied / max(1, len(mine))
    # Of loose families those with few members are chance: people argue about one thing.
    spread = min(1.0, len(families) * COPIES / max(1, len(mine)))
    return axes_of(msgspec.structs.replace(seen, copied=share * (1 - spread)))


def is_wave(axes: Axes) -> bool:
    """Whether those who object act each on their own."""
    return axes.independence >= INDEPENDENT
