"""What is kept of a campaign between sweeps: its objects, accounts, posts and axes.

A campaign is found again by an object it pushed, by the accounts it has, or by a
text that resembles one of its own, so that it keeps its id while it sleeps, when
it comes back with other words, and when other accounts take its words over.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stream.ids import derive_id
from stream.records import CampaignKind, Evidence

MOST_OBJECTS = 256
MOST_MEMBERS = 1_000
MOST_POSTS = 1_000
MOST_OF_MEMBER = 16
"""Objects, and links and pictures, noted of one account, the last ones."""
MOST_APART = 32
MOST_CAMPAIGNS = 100
PHASES = 50
UNASSESSED = -1
SLEEP_MS = 2 * 24 * 60 * 60 * 1000
DARK: frozenset[CampaignKind] = frozenset({"campaign", "coordinated"})
"""Kinds that are put before an analyst."""


class ObjectRow(msgspec.Struct, array_like=True):
    """An object of a campaign; ``stems`` of a text let reworded copies find it again."""

    column: int
    post: str
    first_at: int
    last_at: int
    accounts: int = 0
    posts: int = 0
    stems: bytes = b""
    harm: int = UNASSESSED
    """Mean harm of its posts, 0 to 100, as it last was."""


class MemberRow(msgspec.Struct, array_like=True):
    """An account of a campaign.

    ``young`` and ``masked`` count its posts as a new account and those in disguise;
    ``told`` those that say how old it is. ``carried`` are links and pictures of its posts.
    """

    name: str
    posts: int
    first_at: int
    last_at: int
    objects: list[int]
    told: int = 0
    young: int = 0
    masked: int = 0
    carried: list[int] = []


class PostNote(msgspec.Struct, frozen=True):
    """A post that a campaign is to note, and the objects of the campaign it carries."""

    post: str
    account: int
    name: str
    at: int
    objects: list[int]
    carried: list[int]
    told: bool = False
    young: bool = False
    masked: bool = False


class PhaseRow(msgspec.Struct, array_like=True):
    """A stretch in which it was awake."""

    first_at: int
    last_at: int
    posts: int


class CampaignRow(msgspec.Struct, array_like=True):
    """A campaign; ``dark`` ones are looked for among accounts, others by objects alone.

    ``posts`` leads to the number of the account that wrote each.
    ``shown_members`` and ``shown_posts`` are what the last revision said,
    ``judged`` is the number of posts when the axes were worked out, at ``judged_at``.
    ``split_from`` is the campaign that it was a part of, ``apart`` are campaigns that it
    has things in common with and yet is none with.
    """

    id: str
    dark: bool
    kind: CampaignKind
    first_at: int
    last_at: int
    seen_at: int
    detected_at: int = 0
    revision: int = 0
    coordination: float = 0.0
    harm: float | None = None
    openness: float = 0.0
    independence: float = 0.0
    count: int = 0
    objects: dict[int, ObjectRow] = {}
    members: dict[int, MemberRow] = {}
    posts: dict[str, int] = {}
    clusters: list[str] = []
    phases: list[PhaseRow] = []
    evidence: list[Evidence] = []
    counter: list[Evidence] = []
    asleep: bool = False
    shown_members: int = 0
    shown_posts: int = 0
    judged: int = 0
    judged_at: int = 0
    split_from: str | None = None
    apart: list[str] = []


encode_campaign = msgspec.msgpack.Encoder().encode
decode_campaign = msgspec.msgpack.Decoder(CampaignRow).decode


def founded(
    subject: str, value: int, post: str, *, at: int, seen_at: int, dark: bool
) -> CampaignRow:
    """A campaign that begins with an object and the first post that is known to carry it."""
    return CampaignRow(
        id=derive_id("ca", subject, post, f"{value:016x}"),
        dark=dark,
        kind="unclear",
        first_at=at,
        last_at=at,
        seen_at=seen_at,
    )


def note_object(row: CampaignRow, value: int, found: ObjectRow) -> None:
    """An object belongs to the campaign; the one last seen longest ago makes room."""
    known = row.objects.get(value)
    if known is not None:
        known.last_at = max(known.last_at, found.last_at)
        known.first_at = min(known.first_at, found.first_at)
        known.accounts = max(known.accounts, found.accounts)
        known.posts = max(known.posts, found.posts)
        known.stems = known.stems or found.stems
        known.harm = found.harm if found.harm != UNASSESSED else known.harm
        return
    if len(row.objects) >= MOST_OBJECTS:
        oldest = min(row.objects.items(), key=lambda one: (one[1].last_at, one[0]))
        del row.objects[oldest[0]]
    row.objects[value] = found


def note_post(row: CampaignRow, note: PostNote) -> None:
    """A post belongs to the campaign; those beyond the caps are only counted."""
    row.count += 1
    row.first_at = min(row.first_at, note.at)
    row.last_at = max(row.last_at, note.at)
    if len(row.posts) < MOST_POSTS:
        row.posts[note.post] = note.account
    _note_phase(row, note.at)
    member = row.members.get(note.account)
    if member is None:
        if len(row.members) >= MOST_MEMBERS:
            return
        member = row.members[note.account] = MemberRow(note.name, 0, note.at, note.at, [])
    member.posts += 1
    member.first_at = min(member.first_at, note.at)
    member.last_at = max(member.last_at, note.at)
    member.told += note.told
    member.young += note.young
    member.masked += note.masked
    member.objects = _with(member.objects, note.objects)
    member.carried = _with(member.carried, note.carried)


def _with(known: list[int], objects: list[int]) -> list[int]:
    new = [one for one in objects if one not in known]
    return [*known, *new][-MOST_OF_MEMBER:] if new else known


def _note_phase(row: CampaignRow, at: int) -> None:
    last = row.phases[-1] if row.phases else None
    if last is None or at - last.last_at > SLEEP_MS:
        row.phases = [*row.phases, PhaseRow(at, at, 1)][-PHASES:]
        return
    last.first_at = min(last.first_at, at)
    last.last_at = max(last.last_at, at)
    last.posts += 1


def absorb(row: CampaignRow, other: CampaignRow) -> None:
    """Take a younger campaign in."""
    for value, found in other.objects.items():
        note_object(row, value, found)
    for post, account in other.posts.items():
        if len(row.posts) < MOST_POSTS:
            row.posts.setdefault(post, account)
    row.count += other.count
    row.first_at = min(row.first_at, other.first_at)
    row.last_at = max(row.last_at, other.last_at)
    for account, member in other.members.items():
        mine = row.members.get(account)
        if mine is None:
            if len(row.members) < MOST_MEMBERS:
                row.members[account] = member
            continue
        mine.posts += member.posts
        mine.first_at = min(mine.first_at, member.first_at)
        mine.last_at = max(mine.last_at, member.last_at)
        mine.told += member.told
        mine.young += member.young
        mine.masked += member.masked
        mine.objects = _with(mine.objects, member.objects)
        mine.carried = _with(mine.carried, member.carried)
    row.clusters = list(dict.fromkeys([*row.clusters, *other.clusters]))[:MOST_OBJECTS]
    phases = sorted([*row.phases, *other.phases], key=lambda p: (p.first_at, p.last_at))
    row.phases = []
    for phase in phases:
        last = row.phases[-1] if row.phases else None
        if last is None or phase.first_at - last.last_at > SLEEP_MS:
            row.phases.append(phase)
        else:
            last.last_at = max(last.last_at, phase.last_at)
            last.posts += phase.posts
    row.phases = row.phases[-PHASES:]
    row.dark = row.dark or other.dark
    apart = dict.fromkeys([*row.apart, *other.apart])
    row.apart = [one for one in apart if one not in (row.id, other.id)][-MOST_APART:]


def renamed(campaigns: Mapping[str, CampaignRow], old: str, new: str) -> None:
    """A campaign was taken in by another: who is apart from it is apart from that one."""
    for row in campaigns.values():
        if old in row.apart and row.id != new:
            row.apart = list(dict.fromkeys(new if one == old else one for one in row.apart))


def drop_post(row: CampaignRow, post: str) -> bool:
    """A post was deleted; whether the campaign had to do with it."""
    account = row.posts.pop(post, None)
    touched = account is not None
    if account is not None:
        row.count -= 1
        member = row.members.get(account)
        if member is not None:
            member.posts -= 1
            if member.posts <= 0:
                del row.members[account]
    for found in row.objects.values():
        if found.post == post:
            found.post, found.stems = "", b""
            touched = True
    for reasons in (row.evidence, row.counter):
        for place, one in enumerate(reasons):
            if post in one.post_ids:
                reasons[place] = _without(one, post)
                touched = True
    return touched


def _without(one: Evidence, post: str) -> Evidence:
    kept = tuple(p for p in one.post_ids if p != post)
    return msgspec.structs.replace(one, post_ids=kept)
