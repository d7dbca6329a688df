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
from stream.coordination.usual import surprise_of_meeting

SAME_POSTS = 0.5
"""Share of an object's posts that also carry one of a campaign's objects."""
SAME_ACCOUNTS = 0.5
BEYOND_CHANCE = 2.0
LEAST_COMMON = 2
SILENT_MS = 24 * 60 * 60 * 1000
"""Silence after which other accounts with the same words count as its return."""
PART_OF_IT = 0.33
"""Share of an object's accounts that must be members for it to belong to a campaign."""
UNLIKELY = 2.5
"""-log10 of the chance at which two sets of accounts count as parts of one."""


def home_of(
    value: int,
    accounts: npt.NDArray[np.uint64],
    beside: Sequence[Sequence[int]],
    stems: bytes,
    campaigns: Mapping[str, CampaignRow],
    homes: Mapping[int, str],
    *,
    dark: bool,
    hides: bool,
    at: int,
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
        hides: whether those who shared it hide: only then may words alone lead to one,
            because critics say what a ring says, and only to one that fell silent,
            because of two rings at once each has its own accounts.
        at: when it was shared first.
        active: accounts that were active about the subject.
    """
    mine = {name: row for name, row in campaigns.items() if row.dark == dark}
    found = [homes[value]] if homes.get(value) in mine else []
    found += [name for name in _by_posts(beside, homes) if name in mine]
    if dark:
        found += by_accounts(accounts, mine, active)
    if not found and stems and (hides or not dark):
        found = _by_words(stems, _silent(mine, at) if dark else mine)
    return _joinable(list(dict.fromkeys(found)), mine)


def _joinable(found: list[str], campaigns: Mapping[str, CampaignRow]) -> list[str]:
    """The closest, and of the others those that are not known to be apart from it."""
    kept: list[str] = []
    for name in found:
        apart = campaigns[name].apart
        if not any(one in apart or name in campaigns[one].apart for one in kept):
            kept.append(name)
    return kept


def _by_posts(beside: Sequence[Sequence[int]], homes: Mapping[int, str]) -> list[str]:
    shared: Counter[str] = Counter()
    for objects in beside:
        shared.update({homes[o] for o in objects if o in homes})
    ranked = sorted(shared.items(), key=lambda one: (-one[1], one[0]))
    return [name for name, count in ranked if count >= SAME_POSTS * len(beside)]


def by_accounts(
    accounts: npt.NDArray[np.uint64], campaigns: Mapping[str, CampaignRow], active: int
) -> list[str]:
    """Campaigns whose members are a third of these accounts and more than chance gives."""
    found: list[tuple[float, str]] = []
    members = accounts.tolist()
    for name, row in campaigns.items():
        common = sum(account in row.members for account in members)
        enough = common >= PART_OF_IT * len(members)
        if enough and one_set(common, len(members), len(row.members), active):
            found.append((-common / len(members), name))
    return [name for _, name in sorted(found)]


def one_set(common: int, accounts: int, others: int, active: int) -> bool:
    """Whether two sets of accounts have more in common than chance would give.

    Half of the smaller one is enough where few are active, so that no meeting is rare.
    """
    if common < LEAST_COMMON:
        return False
    chance = accounts * others / max(1, active)
    mostly = common >= max(SAME_ACCOUNTS * min(accounts, others), BEYOND_CHANCE * chance)
    return (common > LEAST_COMMON and mostly) or surprise_of_meeting(common, chance) >= UNLIKELY


def overlapping(campaigns: Mapping[str, CampaignRow], active: int) -> list[tuple[str, str]]:
    """Pairs of campaigns of one set of accounts, which grew towards each other."""
    rows = sorted((row for row in campaigns.values() if row.dark), key=lambda row: row.id)
    found: list[tuple[str, str]] = []
    for number, row in enumerate(rows):
        for other in rows[number + 1 :]:
            if other.id in row.apart or row.id in other.apart:
                continue
            small, large = sorted((row, other), key=lambda one: len(one.members))
            common = len(small.members.keys() & large.members.keys())
            if one_set(common, len(small.members), len(large.members), active):
                found.append((row.id, other.id))
    return found


def _silent(campaigns: Mapping[str, CampaignRow], at: int) -> dict[str, CampaignRow]:
    return {name: row for name, row in campaigns.items() if row.last_at <= at - SILENT_MS}


def _by_words(stems: bytes, campaigns: Mapping[str, CampaignRow]) -> list[str]:
    found: list[tuple[float, str]] = []
    for name, row in campaigns.items():
        near = max((alike(stems, o.stems) for o in row.objects.values() if o.stems), default=0)
        if near >= ALIKE:
            found.append((-near, name))
    return [name for _, name in sorted(found)]
