"""When a campaign is said again, and the record that says it."""

from __future__ import annotations

from collections.abc import Mapping

from stream.coordination.campaign_state import DARK, CampaignRow
from stream.coordination.objects import NAMES
from stream.records import Campaign, Member, Phase, Shared

GROWTH = 1.25
TOLD_MEMBERS = 500
TOLD_OBJECTS = 32


def worth_telling(row: CampaignRow, before: str, *, woke: bool) -> bool:
    """Whether there is something new: another kind, a quarter more, or an awakening.

    What nobody needs to see is not told: crowds whose kind is unclear, unless they
    were told as something else before.
    """
    if row.kind == "unclear" and not row.revision:
        return False
    if not row.revision or row.kind != before or woke:
        return True
    members, posts = len(row.members), row.count
    grown = members >= GROWTH * row.shown_members or posts >= GROWTH * row.shown_posts
    return grown or posts < row.shown_posts


def told(
    row: CampaignRow,
    subject: str,
    version: str,
    trust: Mapping[int, float],
    merged_into: str | None = None,
) -> Campaign:
    """The next revision of a campaign; counts what was shown."""
    row.revision += 1
    row.shown_members, row.shown_posts = len(row.members), row.count
    gone = merged_into is not None
    named = row.kind in DARK and not gone
    names = sorted(member.name for member in row.members.values())
    return Campaign(
        campaign_id=row.id,
        subject=subject,
        kind=row.kind,
        revision=row.revision,
        operator_version=version,
        first_post_at=row.first_at,
        last_post_at=row.last_at,
        detected_at=row.detected_at,
        accounts=() if gone else tuple(names),
        post_ids=() if gone else tuple(row.posts),
        coordination=row.coordination,
        harm=row.harm,
        openness=row.openness,
        independence=row.independence,
        evidence=() if gone else tuple(row.evidence),
        counter_evidence=() if gone else tuple(row.counter),
        posts=row.count,
        platforms=tuple(sorted({name.partition(":")[0] for name in names})),
        clusters=tuple(row.clusters),
        members=_members(row, trust) if named else (),
        shared=() if gone else _shared(row),
        phases=tuple(
            Phase(first_at=p.first_at, last_at=p.last_at, posts=p.posts) for p in row.phases
        ),
        asleep=row.asleep,
        merged_into=merged_into,
        split_from=row.split_from,
    )


def _members(row: CampaignRow, trust: Mapping[int, float]) -> tuple[Member, ...]:
    members = sorted(row.members.items(), key=lambda one: (one[1].first_at, one[1].name))
    return tuple(
        Member(
            account=member.name,
            posts=member.posts,
            first_at=member.first_at,
            last_at=member.last_at,
            objects=len(member.objects),
            trust=round(trust.get(number, 0.0), 3),
        )
        for number, member in members[:TOLD_MEMBERS]
    )


def _shared(row: CampaignRow) -> tuple[Shared, ...]:
    objects = sorted(row.objects.values(), key=lambda o: (-o.posts, o.first_at, o.post))
    return tuple(
        Shared(
            kind=NAMES[o.column],
            post_id=o.post,
            accounts=o.accounts,
            posts=o.posts,
            first_at=o.first_at,
            last_at=o.last_at,
        )
        for o in objects[:TOLD_OBJECTS]
    )
