"""How clusters and campaigns spread, by the API: the measures of their pages."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from dashboards.queries.campaigns import POSTS, REPORTED
from dashboards.queries.clusters import posts_of
from dashboards.queries.spread import NODES, spread
from dashboards.web.api.campaigns import CampaignId
from dashboards.web.api.clusters import ClusterId
from dashboards.web.api.fields import Model, Time, finite, iso
from dashboards.web.api.problems import not_found
from dashboards.web.site import Site, TheSite
from stream.spread.narrative import Carrier, Cascade, Hop, Spread

router = APIRouter()
GONE = "None of its posts are still here."


class CascadeModel(Model):
    """A post and all that answers, reposts or quotes it, directly or through others."""

    top: str = Field(description="Id of the post it began with; it need not be here.")
    first_at: Time
    last_at: Time
    posts: int
    accounts: int
    depth: int = Field(description="Steps from the top to the farthest post.")
    breadth: int = Field(description="Posts of the widest level.")
    virality: float | None = Field(description="Mean number of steps between two posts.")
    half_s: float = Field(description="Seconds until half of the posts were there.")
    most_s: float = Field(description="Seconds until nine tenths were there.")
    platforms: list[str]


class HopModel(Model):
    """The first post on a platform."""

    platform: str
    post_id: str
    at: Time
    lag_s: float = Field(description="Seconds after the first post of all.")
    posts: int


class CarrierModel(Model):
    """An account and how many posts its own brought."""

    account: str
    first_post: str
    first_at: Time
    lag_s: float
    posts: int
    brought: float = Field(description="To be expected: references, and copies by chance.")


class StepModel(Model):
    """How many posts each post of a stretch of time brought."""

    at: Time
    posts: int
    number: float | None = Field(description="Null without posts, or while it is too early.")


class SpreadModel(Model):
    """How a narrative spread: its cascades together."""

    posts: int
    accounts: int
    cascades: int
    truncated: bool = Field(description=f"Whether there are more than {NODES} posts.")
    replies: int
    reposts: int
    quotes: int
    copies: int = Field(description="Posts that say the same and refer to nothing.")
    first_at: Time
    last_at: Time
    half_s: float
    most_s: float
    busiest_hour: int = Field(description="Most posts within an hour.")
    beginnings: float = Field(description="Posts to be expected to have begun by themselves.")
    generation_s: float = Field(
        description="Half of what a post brings is there after so many seconds."
    )
    references: int = Field(description="Known references on which that rests.")
    concentration: float | None = Field(
        description="Share of what was brought that the foremost tenth of accounts brought."
    )
    largest: list[CascadeModel]
    platforms: list[HopModel]
    movers: list[CarrierModel] = Field(
        description="The first accounts; named only where something is reported."
    )
    carriers: list[CarrierModel] = Field(description="Those that brought most, likewise.")
    step_s: float
    steps: list[StepModel] = Field(description="The reproduction number over time.")


@router.get(
    "/campaigns/{campaign_id}/spread", operation_id="getCampaignSpread", tags=["campaigns"]
)
def campaign_spread(site: TheSite, campaign_id: CampaignId) -> SpreadModel:
    """How a campaign spread: cascades, platforms, reproduction number, who carried it."""
    found = site.index.campaign(campaign_id)
    if found is None:
        raise not_found("There is no such campaign. It may have been built anew; list them.")
    return _answer(site, found.post_ids[:POSTS], named=found.kind in REPORTED)


@router.get("/clusters/{cluster_id}/spread", operation_id="getClusterSpread", tags=["clusters"])
def cluster_spread(site: TheSite, cluster_id: ClusterId) -> SpreadModel:
    """How the posts of a cluster spread; nobody is named."""
    found = site.index.cluster(cluster_id)
    posts = posts_of(site.index, found)
    return _answer(site, tuple(one.post.id for one in posts), named=False)


def _answer(site: Site, post_ids: tuple[str, ...], *, named: bool) -> SpreadModel:
    asked = spread(site.index, post_ids)
    if asked is None:
        raise not_found(GONE)
    return spread_model(*asked, named=named)


def spread_model(one: Spread, truncated: bool, *, named: bool) -> SpreadModel:
    """A spread as the API gives it."""
    return SpreadModel(
        posts=one.posts,
        accounts=one.accounts,
        cascades=one.cascades,
        truncated=truncated,
        replies=one.kinds["reply"],
        reposts=one.kinds["repost"],
        quotes=one.kinds["quote"],
        copies=one.kinds["copy"],
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
        half_s=one.half_ms / 1000,
        most_s=one.most_ms / 1000,
        busiest_hour=one.busiest_hour,
        beginnings=one.beginnings,
        generation_s=one.generation.median_ms / 1000,
        references=one.generation.references,
        concentration=one.concentration,
        largest=[_cascade(tree) for tree in one.largest],
        platforms=[_hop(hop) for hop in one.hops],
        movers=[_carrier(carrier) for carrier in one.movers] if named else [],
        carriers=[_carrier(carrier) for carrier in one.carriers] if named else [],
        step_s=one.step_ms / 1000,
        steps=[
            StepModel(at=iso(step.at), posts=step.posts, number=finite(step.number))
            for step in one.steps
        ],
    )


def _cascade(one: Cascade) -> CascadeModel:
    return CascadeModel(
        top=one.top,
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
        posts=one.shape.held,
        accounts=one.accounts,
        depth=one.shape.depth,
        breadth=one.shape.breadth,
        virality=finite(one.shape.virality),
        half_s=one.half_ms / 1000,
        most_s=one.most_ms / 1000,
        platforms=list(one.platforms),
    )


def _hop(one: Hop) -> HopModel:
    return HopModel(
        platform=one.platform,
        post_id=one.post_id,
        at=iso(one.at),
        lag_s=one.lag_ms / 1000,
        posts=one.posts,
    )


def _carrier(one: Carrier) -> CarrierModel:
    return CarrierModel(
        account=one.account,
        first_post=one.first_post,
        first_at=iso(one.first_at),
        lag_s=one.lag_ms / 1000,
        posts=one.posts,
        brought=one.brought,
    )
