"""When a campaign has become two: sets of accounts that share nothing any more, for days.

Accounts and objects of the last days are a graph. Where it falls into two parts that
both lasted, and have more ties inside than chance would leave without a single one
across, the smaller part leaves under an id of its own. What is older stays where it
is, and so does the id, so that everything written about it stays true.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from stream.coordination.campaign_state import (
    CampaignRow,
    PhaseRow,
    decode_campaign,
    encode_campaign,
)
from stream.coordination.grouping import UNLIKELY
from stream.coordination.table import Table
from stream.ids import derive_id

DAY_MS = 24 * 60 * 60 * 1000
LASTING_MS = 3 * DAY_MS
"""How long both parts must have had nothing in common, from one end to the other."""
LEAST_ACCOUNTS = 4
LEAST_OBJECTS = 2
MOSTLY = 0.8
"""Share of the accounts of these days that the two parts make up together, and of an object's
sharers that make it one of a part's."""


class Part(msgspec.Struct, frozen=True):
    """Accounts, and the objects that only they shared lately."""

    accounts: frozenset[int]
    objects: frozenset[int]


def split(
    row: CampaignRow, table: Table, subject: str, at: int
) -> tuple[()] | tuple[CampaignRow, CampaignRow]:
    """The campaign without the part that left, and that part; nothing if it is still one.

    ``row`` itself stays as it is.
    """
    found = parts(row, at)
    return () if found is None else leave(row, found[1], table, subject)


def leave(
    row: CampaignRow, leaving: Part, table: Table, subject: str
) -> tuple[CampaignRow, CampaignRow]:
    """The campaign without a part, and that part; ``row`` itself stays as it is."""
    stays = _clusters(table, row.objects.keys() - leaving.objects)
    return parted(row, leaving, _clusters(table, leaving.objects), stays, subject)


def _clusters(table: Table, values: Iterable[int]) -> set[str]:
    """Clusters of the texts with these objects that are held."""
    rows = (n - table.base for v in values if v in table.hot for n in table.hot[v])
    return {cluster for n in rows if (cluster := table.clusters[n]) is not None}


def parts(row: CampaignRow, at: int) -> tuple[Part, Part] | None:
    """The two parts that a campaign has fallen into, the one with more posts first."""
    since = at - LASTING_MS
    if row.first_at > since:
        return None
    recent = {value for value, one in row.objects.items() if one.last_at > since}
    ties = {
        account: shared
        for account, member in row.members.items()
        if (shared := recent.intersection(member.objects))
    }
    found = [one for one in _components(ties) if _lasts(row, one, at)]
    if len(found) < 2 or len(ties) < 2 * LEAST_ACCOUNTS:  # noqa: PLR2004 - two parts
        return None
    found.sort(key=lambda one: (-len(one.accounts), min(one.accounts)))
    both = found[:2]
    inside = sum(len(one.accounts) for one in both)
    if inside < MOSTLY * len(ties) or _surprise(ties, both, inside) < UNLIKELY:
        return None
    both.sort(key=lambda one: (-_posts(row, one.accounts), min(one.accounts)))
    return both[0], both[1]


def parted(
    row: CampaignRow, leaving: Part, moved: Iterable[str], stays: Iterable[str], subject: str
) -> tuple[CampaignRow, CampaignRow]:
    """The campaign without the part, and the part as a campaign; ``row`` stays as it is.

    The part is what the whole was until its own posts are judged, if any of them are held.

    Args:
        moved: clusters of the part's texts.
        stays: clusters of the other texts that are held.
    """
    kept = decode_campaign(encode_campaign(row))
    going = set(moved) - set(stays)
    first = min(leaving.objects, key=lambda value: (row.objects[value].first_at, value))
    members = {a: kept.members.pop(a) for a in sorted(leaving.accounts)}
    count = sum(member.posts for member in members.values())
    began = min(member.first_at for member in members.values())
    ended = max(member.last_at for member in members.values())
    awake = max(began, row.phases[-1].first_at) if row.phases else began
    new = CampaignRow(
        id=derive_id("ca", subject, row.id, row.objects[first].post, f"{first:016x}", "split"),
        dark=True,
        kind=row.kind,
        first_at=began,
        last_at=ended,
        seen_at=min(member.first_at for member in members.values()),
        coordination=row.coordination,
        harm=row.harm,
        openness=row.openness,
        independence=row.independence,
        count=count,
        objects={value: kept.objects.pop(value) for value in sorted(leaving.objects)},
        members=members,
        posts={p: a for p, a in row.posts.items() if a in leaving.accounts},
        clusters=[one for one in row.clusters if one in set(moved)],
        phases=[PhaseRow(awake, ended, count)],
        evidence=row.evidence,
        counter=row.counter,
        split_from=row.id,
    )
    # Between two campaigns the older one takes the other in: the id must not change hands.
    new.seen_at = max(new.seen_at, row.seen_at + 1)
    kept.posts = {p: a for p, a in row.posts.items() if a not in leaving.accounts}
    kept.count = max(len(kept.posts), row.count - count)
    kept.clusters = [one for one in row.clusters if one not in going]
    kept.last_at = max((m.last_at for m in kept.members.values()), default=row.last_at)
    return kept, new


def _components(ties: Mapping[int, set[int]]) -> list[Part]:
    """Accounts and objects that hang together."""
    of: dict[int, set[int]] = {}
    for account, shared in ties.items():
        for value in shared:
            of.setdefault(value, set()).add(account)
    left = set(ties)
    found: list[Part] = []
    for account in sorted(ties):
        if account not in left:
            continue
        accounts: set[int] = set()
        objects: set[int] = set()
        waiting = [account]
        left.discard(account)
        while waiting:
            one = waiting.pop()
            accounts.add(one)
            for value in ties[one] - objects:
                objects.add(value)
                near = of[value] & left
                left -= near
                waiting.extend(near)
        found.append(Part(frozenset(accounts), frozenset(objects)))
    return found


def _lasts(row: CampaignRow, part: Part, at: int) -> bool:
    """Whether it was there at the beginning of these days and still is."""
    if len(part.accounts) < LEAST_ACCOUNTS or len(part.objects) < LEAST_OBJECTS:
        return False
    objects = [row.objects[value] for value in part.objects]
    began = min(one.first_at for one in objects) <= at - LASTING_MS + DAY_MS
    return began and max(one.last_at for one in objects) > at - DAY_MS


def _surprise(ties: Mapping[int, set[int]], both: list[Part], inside: int) -> float:
    """-log10 of the chance that no tie crosses, for any of the ways to halve the accounts.

    If it did not matter who shared what, each further sharer of an object would be of
    the same part by the part's share of the accounts.
    """
    crossing = 0.0
    for part in both:
        within = sum(len(ties[account]) for account in part.accounts)
        crossing += (within - len(part.objects)) * math.log10(inside / len(part.accounts))
    return crossing - (inside - 1) * math.log10(2)


def _posts(row: CampaignRow, accounts: frozenset[int]) -> int:
    return sum(row.members[account].posts for account in accounts)
