"""When one campaign is two: rings with little in common but a text that both happened to push.

Accounts of one ring meet each other in several objects. Two rings against one person may say
one thing alike, and meet in that alone. So accounts that have at least two objects in common
are taken together, and where such a group has nothing to do with the rest but by a few objects
that bridge them, it becomes a campaign of its own. The two remember each other: neither what
bridged them nor who shared it joins them again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

from stream.coordination.campaign_state import DARK, MOST_APART, CampaignRow, MemberRow
from stream.coordination.grouping import UNLIKELY
from stream.coordination.objects import FAMILY, TARGET
from stream.coordination.splitting import DAY_MS, LEAST_ACCOUNTS, MOSTLY, Part, leave, split
from stream.coordination.table import Table
from stream.coordination.usual import LEAST_SHARE

SEVERAL = 2
"""Objects in common that make two accounts companions."""
BY_CHANCE = 0.05
"""Chance that two rings against one person share an object."""
STRAY = 0.05
"""Share of those who share a text of one ring that are of the other."""
ASTRAY = 0.01
"""The same of a link or a picture, which nobody has by chance."""
CROWD_FROM = 15
"""Accounts from which those who hide nothing are a crowd beside a ring, and not half of it."""
MOST_SHARERS = 64
"""Sharers of an object above which it makes nobody companions: pairs grow by the square."""
AWAKE_MS = DAY_MS
"""Silence after which a campaign is not looked at any more."""


def part_ways(
    row: CampaignRow,
    campaigns: dict[str, CampaignRow],
    table: Table,
    subject: str,
    *,
    at: int,
    judge: Callable[[CampaignRow], None],
) -> tuple[()] | tuple[CampaignRow, CampaignRow]:
    """A campaign without a part that is better apart, and that part; both are in ``campaigns``.

    Nothing if it stays one. ``judge`` works out what a campaign is, from the posts held.
    """
    if row.kind not in DARK or not (both := _parted(row, table, subject, at)):
        return ()
    campaigns.update((one.id, one) for one in both)
    for one in both:
        judge(one)
        one.detected_at = one.detected_at or at
    if _worth(both):
        return both
    campaigns[row.id] = row
    del campaigns[both[1].id]
    return ()


def _parted(
    row: CampaignRow, table: Table, subject: str, at: int
) -> tuple[()] | tuple[CampaignRow, CampaignRow]:
    if both := split(row, table, subject, at):
        return both
    found = bridged(row) if row.last_at > at - AWAKE_MS else None
    if found is None:
        return ()
    kept, new = leave(row, found[1], table, subject)
    new.apart = [*new.apart, kept.id][-MOST_APART:]
    kept.apart = [*kept.apart, new.id][-MOST_APART:]
    return kept, new


def bridged(row: CampaignRow) -> tuple[Part, Part] | None:
    """The two parts of a campaign that only bridges hold together, the larger one first."""
    of = _sharers(row, lambda member: set(member.objects) & row.objects.keys())
    everybody: set[int] = {account for accounts in of.values() for account in accounts}
    if len(everybody) < 2 * LEAST_ACCOUNTS:
        return None
    groups = _attached(_companions(of), everybody, of)
    if len(groups) < 2:  # noqa: PLR2004 - two parts
        return None
    carried = _sharers(row, lambda member: set(member.carried))
    ranked = [
        (apart(group, everybody - group, of, carried, row), -number)
        for number, group in enumerate(groups)
    ]
    best, number = max(ranked)
    if best < UNLIKELY:
        return None
    one = groups[-number]
    both = [_part(one, of), _part(everybody - one, of)]
    if any(not part.objects for part in both) or not _beside(row, both):
        return None
    both.sort(key=lambda part: (-_posts(row, part), min(part.accounts)))
    return both[0], both[1]


def _sharers(row: CampaignRow, objects: Callable[[MemberRow], set[int]]) -> dict[int, set[int]]:
    """Who of the members has to do with each object."""
    of: dict[int, set[int]] = {}
    for account, member in row.members.items():
        for value in objects(member):
            of.setdefault(value, set()).add(account)
    return of


def apart(
    one: set[int],
    other: set[int],
    of: Mapping[int, set[int]],
    carried: Mapping[int, set[int]],
    row: CampaignRow,
) -> float:
    """log10 of how much likelier it is that these are two sets of accounts than one.

    If they are one, it does not matter to which part a sharer of an object belongs; if they
    are two, an object is of one of them and few others share it. A text or an answered post
    that both share can be chance; a link or a picture is none, and says nothing for two
    parts, because it comes with a text.
    """
    bridge = math.log10(BY_CHANCE) - math.log10(max(1, len(of)))
    found = 0.0
    for value, accounts in of.items():
        if row.objects[value].column in (FAMILY, TARGET):
            found += max(bridge, _likelier(accounts, one, other, STRAY))
        else:
            found += _likelier(accounts | carried.get(value, set()), one, other, ASTRAY)
    for value in carried.keys() - of.keys():
        found += min(0.0, _likelier(carried[value], one, other, ASTRAY))
    return found


def _likelier(accounts: set[int], one: set[int], other: set[int], stray: float) -> float:
    """What the sharers of an object say for two parts; which it belongs to is paid for."""
    inside, outside = len(accounts & one), len(accounts & other)
    if outside > inside:
        inside, outside, one, other = outside, inside, other, one
    total = len(one) + len(other)
    of_one = inside * math.log10((1 - stray) * total / len(one))
    of_other = outside * math.log10(stray * total / len(other))
    return of_one + of_other - math.log10(2)


def _companions(of: Mapping[int, set[int]]) -> list[set[int]]:
    """Accounts that hang together by having several objects in common, four and more."""
    meetings: Counter[tuple[int, int]] = Counter()
    for accounts in of.values():
        if len(accounts) <= MOST_SHARERS:
            meetings.update(combinations(sorted(accounts), 2))
    near: dict[int, set[int]] = {}
    for (one, other), times in meetings.items():
        if times >= SEVERAL:
            near.setdefault(one, set()).add(other)
            near.setdefault(other, set()).add(one)
    found: list[set[int]] = []
    left = set(near)
    for account in sorted(near):
        if account not in left:
            continue
        group: set[int] = set()
        waiting = [account]
        left.discard(account)
        while waiting:
            one = waiting.pop()
            group.add(one)
            more = near[one] & left
            left -= more
            waiting.extend(more)
        if len(group) >= LEAST_ACCOUNTS:
            found.append(group)
    return found


def _attached(
    groups: list[set[int]], everybody: set[int], of: Mapping[int, set[int]]
) -> list[set[int]]:
    """The groups with everybody else, each beside those with whom they share most.

    Who shares nothing with any of them is one more group.
    """
    rest = everybody.difference(*groups)
    beside = {account for a in of.values() if any(a & g for g in groups) for account in a}
    strangers = rest - beside
    cores = [*groups, strangers] if len(strangers) >= LEAST_ACCOUNTS else groups
    whole = [set(group) for group in cores]
    for account in sorted(everybody.difference(*cores)):
        shared = [accounts for accounts in of.values() if account in accounts]
        near = [sum(len(a & core) / len(core) for a in shared) for core in cores]
        whole[near.index(max(near))].add(account)
    return whole


def _worth(both: Iterable[CampaignRow]) -> bool:
    """Whether parts that were judged are better apart.

    Each is a case by itself, or one is and the other a crowd that hides nothing. Half of a
    ring that is no case by itself stays with the other half.
    """
    kinds = [one.kind in DARK for one in both]
    crowds = [_is_crowd(one) for one in both]
    return any(kinds) and all(map(max, kinds, crowds))


def _is_crowd(row: CampaignRow) -> bool:
    hiding = sum(1 for member in row.members.values() if member.young or member.masked)
    return len(row.members) >= CROWD_FROM and hiding < LEAST_SHARE * len(row.members)


def _part(accounts: set[int], of: Mapping[int, set[int]]) -> Part:
    objects = {v for v, who in of.items() if len(who & accounts) > MOSTLY * len(who)}
    return Part(frozenset(accounts), frozenset(objects))


def _beside(row: CampaignRow, both: list[Part]) -> bool:
    """Whether the parts were there at the same time; accounts that follow others are heirs."""
    times = [
        (
            min(row.members[account].first_at for account in part.accounts),
            max(row.members[account].last_at for account in part.accounts),
        )
        for part in both
    ]
    (_, ended), (later, until) = sorted(times)
    return later < min(ended, until)


def _posts(row: CampaignRow, part: Part) -> int:
    return sum(row.members[account].posts for account in part.accounts)
