"""What a campaign shows over its whole life, beside what its newest posts show.

Posts leave the table after a day and a half, while a ring strikes for a week with
another text each time: who hid, who came again, and what did harm is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from stream.coordination.campaign_state import UNASSESSED, CampaignRow
from stream.coordination.looks import Look, Places
from stream.coordination.table import Columns
from stream.coordination.usual import Usual

AGAIN_MS = 6 * 60 * 60 * 1000
"""Time between two of an account's posts from which it counts as having come again."""
SEVERAL = 2
ASSESSED = 3
"""Posts of an object from which their mean harm counts."""


def over_life(row: CampaignRow, seen: Look, usual: Usual) -> Look:
    """The look with what all its accounts did, if that says more."""
    members = row.members.values()
    accounts = np.array(sorted(row.members), dtype=np.uint64)
    told = sum(member.told > 0 for member in members)
    young = sum(member.young > 0 for member in members)
    masked = sum(member.masked > 0 for member in members)
    again = sum(
        len(member.objects) >= SEVERAL and member.last_at - member.first_at >= AGAIN_MS
        for member in members
    )
    return msgspec.structs.replace(
        seen,
        hiding=max(seen.hiding, usual.hiding(accounts, young, told, masked)),
        closed=max(seen.closed, again / max(1, len(accounts))),
    )


def worst(
    row: CampaignRow, columns: Columns, held: Mapping[int, Places], mean: float | None
) -> float | None:
    """The harm of its most harmful object: what a campaign does, whatever surrounds it."""
    for value, places in held.items():
        harm = columns.harm[places]
        assessed = harm[harm >= 0]
        if len(assessed) >= ASSESSED:
            row.objects[value].harm = round(float(assessed.mean()))
    known = [one.harm / 100 for one in row.objects.values() if one.harm != UNASSESSED]
    if mean is not None:
        known.append(mean)
    return max(known, default=None)
