"""Campaigns from near: their posts, wordings, accounts with reasons, and earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.queries.clusters import Variant, variants_of
from dashboards.queries.comparison import Kin, kin
from stream.index import Index, IndexedPost
from stream.records import Campaign, CampaignKind, Evidence, Member

REPORTED: tuple[CampaignKind, ...] = ("campaign", "coordinated")
"""Kinds that are put before an analyst; the others explain what was seen."""
EARLIER = 60
"""Most other campaigns of the subject that one is compared with, the newest."""
AxisName = Literal["coordination", "harm", "openness", "independence"]
AXES: tuple[AxisName, ...] = ("coordination", "harm", "openness", "independence")
AGAINST: tuple[AxisName, ...] = ("openness", "independence")
"""Axes of which much speaks against a campaign."""
POSTS = 1000
"""Most posts of a campaign that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis, 0 to 1 or None where not assessed, with what speaks on it."""

    name: AxisName
    value: float | None
    evidence: tuple[Evidence, ...]

    @property
    def speaks(self) -> Literal["for", "against"]:
        """Whether much of it speaks for a campaign or against one."""
        return "against" if self.name in AGAINST else "for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A campaign with what the index still holds of it."""

    campaign: Campaign
    posts: list[IndexedPost]
    variants: list[Variant]
    axes: tuple[Axis, ...]
    kin: tuple[Kin, ...]


def listed(
    index: Index,
    *,
    subject: str | None = None,
    kinds: Sequence[CampaignKind] = REPORTED,
    since: int | None = None,
    limit: int = 50,
) -> list[Campaign]:
    """Campaigns with the newest posts first."""
    return index.campaigns(subject=subject, kinds=kinds, since=since, limit=limit)


def named(campaign: Campaign) -> tuple[Member, ...]:
    """Its accounts, as far as they may be named: only where it is reported."""
    return campaign.members if campaign.kind in REPORTED else ()


def handles_of(posts: Iterable[IndexedPost]) -> dict[str, str]:
    """By account the name it went by in the last of these posts, where one is known."""
    return {
        one.post.account: one.post.author.handle
        for one in posts
        if one.post.author is not None and one.post.author.handle
    }


def seen(index: Index, campaign_id: str) -> Seen | None:
    """A campaign from near; an old id leads to the campaign that took it in."""
    campaign = index.campaign(campaign_id)
    if campaign is None:
        return None
    posts = sorted(
        index.posts(campaign.post_ids[:POSTS]), key=lambda one: (one.post.event_at, one.post.id)
    )
    return Seen(
        campaign=campaign,
        posts=posts,
        variants=variants_of(posts),
        axes=axes(campaign),
        kin=kin(index, campaign, listed(index, subject=campaign.subject, limit=EARLIER)),
    )


def axes(campaign: Campaign) -> tuple[Axis, ...]:
    """The four axes, each with its evidence and counter-evidence."""
    every = (*campaign.evidence, *campaign.counter_evidence)
    values = (
        campaign.coordination,
        campaign.harm,
        campaign.openness,
        campaign.independence,
    )
    return tuple(
        Axis(name=name, value=value, evidence=tuple(e for e in every if e.axis == name))
        for name, value in zip(AXES, values, strict=True)
    )
