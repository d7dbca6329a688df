"""To which campaign an object belongs: by itself, by its posts, its accounts or its words.

Objects that openly belong to fans, news or critics are only joined to what they
share posts with, because fans meet everywhere. Objects that look like a campaign
are also joined by the accounts they share beyond chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from detect.wording.stems import alike
from stream.coordination.campaign_state import CampaignRow
from stream.coordination.families import ALIKE

SAME_POSTS = 0.5
"""Share of an object's posts that also carry one of a campaign's objects."""
SAME_ACCOUNTS = 0.5
"""Share of an object's accounts that a campaign knows already, at least two."""
BEYOND_CHANCE = 2.0
"""Times as many common accounts as two sets of that size would have by chance."""
LEAST_COMMON = 2
SMALLEST_SET = 3
"""Accounts that two campaigns must have in common to become one."""


def home_of(
    value: int,
    accounts: npt.NDArray[np.uint64],
    beside: Sequence[Sequence[int]],
    stems: bytes,
    campaigns: Mapping[str, CampaignRow],
    homes: Mapping[int, str],
    *,
    dark: bool,
    active: int,
) -> list[str]:
    """The campaigns that an object belongs to, the closest first; empty for a new one.

    Args:
        accounts: who shared it.
        beside: the other objects of each of its posts.
        stems: of its text, empty when it is none.
        campaigns: those of the subject.
        homes: the campaign of each object that has one.
        dark: whether it looks like a campaign.
        active: accounts that were active about the subject.
    """
    mine = {name: row for name, row in campaigns.items() if row.dark == dark}
    found = [homes[value]] if homes.get(value) in mine else []
    found += [name for name in _by_posts(beside, homes) if name in mine]
    if dark:
        found += _by_accounts(accounts, mine, active)
    if not found and stems:
        found = _by_words(stems, mine)
    return list(dict.fromkeys(found))


def _by_posts(beside: Sequence[Sequence[int]], homes: Mapping[int, str]) -> list[str]:
    shared: Counter[str] = Counter()
    for objects in beside:
        shared.update({homes[o] for o in objects if o in homes})
    ranked = sorted(shared.items(), key=lambda one: (-one[1], one[0]))
    return [name for name, count in ranked if count >= SAME_POSTS * len(beside)]


def _by_accounts(
    accounts: npt.NDArray[np.uint64], campaigns: Mapping[str, CampaignRow], active: int
) -> list[str]:
    found: list[tuple[float, str]] = []
    members = accounts.tolist()
    for name, row in campaigns.items():
        common = sum(account in row.members for account in members)
        chance = len(members) * len(row.members) / max(1, active)
        enough = max(LEAST_COMMON, SAME_ACCOUNTS * len(members), BEYOND_CHANCE * chance)
        if common >= enough:
            found.append((-common / len(members), name))
    return [name for _, name in sorted(found)]


def overlapping(campaigns: Mapping[str, CampaignRow], active: int) -> list[tuple[str, str]]:
    """Pairs of campaigns of one set of accounts, which grew towards each other."""
    rows = sorted((row for row in campaigns.values() if row.dark), key=lambda row: row.id)
    found: list[tuple[str, str]] = []
    for number, row in enumerate(rows):
        for other in rows[number + 1 :]:
            small, large = sorted((row, other), key=lambda one: len(one.members))
            common = len(small.members.keys() & large.members.keys())
            chance = len(small.members) * len(large.members) / max(1, active)
            least = max(SMALLEST_SET, SAME_ACCOUNTS * len(small.members))
            if common >= max(least, BEYOND_CHANCE * chance):
                found.append((row.id, other.id))
    return found


def _by_words(stems: bytes, campaigns: Mapping[str, CampaignRow]) -> list[str]:
    found: list[tuple[float, str]] = []
    for name, row in campaigns.items():
        near = max((alike(stems, o.stems) for o in row.objects.values() if o.stems), default=0)
        if near >= ALIKE:
            found.append((-near, name))
    return [name for _, name in sorted(found)]
