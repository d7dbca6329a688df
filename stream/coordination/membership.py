"""Which posts with an object of a campaign belong to it, and what is noted of each.

Who shares a text, a link or a picture of a ring takes part. Who answers the same
post does not: fans answer an official post beside a brigade. Of answers only those
belong to a campaign that do harm, hide who writes, or come from its accounts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.bonds import Bonds
from stream.coordination.campaign_state import MOST_POSTS, CampaignRow, PostNote, note_post
from stream.coordination.looks import Places
from stream.coordination.objects import DISGUISED, LINK, MEDIA, MIRROR, SECOND_LINK, TARGET
from stream.coordination.table import Columns, Table
from stream.coordination.usual import YOUNG_DAYS

CARRIED = (LINK, SECOND_LINK, MIRROR, MEDIA)
HARM = 20
"""Harm of an answer (0 to 100) from which it belongs to the campaign it stands beside."""


def taking_part(
    row: CampaignRow,
    columns: Columns,
    value: int,
    places: Places,
    campaigns: Mapping[str, CampaignRow],
) -> Places:
    """Those of the posts with an object that belong to the campaign.

    Those of accounts of campaigns from which it is known to be apart do not.
    """
    if not row.dark:
        return places
    others = [campaigns[one] for one in row.apart if one in campaigns]
    if others:
        strange = [_members(one, columns.account[places]) for one in others]
        own = _members(row, columns.account[places])
        places = places[own | ~np.logical_or.reduce(strange)]
    answers = columns.keys[places, TARGET] == np.uint64(value)
    if not answers.any():
        return places
    age = columns.age[places]
    suspect = columns.harm[places] >= HARM
    suspect |= (columns.flags[places] & DISGUISED) > 0
    suspect |= (age != UNKNOWN_AGE) & (age < YOUNG_DAYS)
    kept: Places = places[~answers | suspect | _members(row, columns.account[places])]
    return kept


def draw_in(row: CampaignRow, bonds: Bonds, table: Table, columns: Columns) -> bool:
    """Note posts of accounts that are bound to a campaign's members; whether there were any."""
    members = np.array(sorted(row.members), dtype=np.uint64)
    drawn = False
    for place, value in bonds.with_members(members):
        if table.posts[place] not in row.posts and len(row.posts) < MOST_POSTS:
            note_post(row, note_of(table, columns, place, value))
            drawn = True
    return drawn


def _members(row: CampaignRow, accounts: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    known = [account in row.members for account in accounts.tolist()]
    return np.array(known, dtype=np.bool_)


def note_of(table: Table, columns: Columns, place: int, value: int) -> PostNote:
    """What a campaign notes of the post at a place of the arrays, for one of its objects."""
    age = int(columns.age[place])
    told = age != UNKNOWN_AGE
    return PostNote(
        post=table.posts[place],
        account=int(columns.account[place]),
        name=table.accounts[place],
        at=int(columns.at[place]),
        objects=[value],
        carried=[one for one in columns.keys[place, list(CARRIED)].tolist() if one],
        told=told,
        young=told and age < YOUNG_DAYS,
        masked=bool(columns.flags[place] & DISGUISED),
    )
