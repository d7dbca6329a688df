"""Campaigns by the API: the list, one from near, and why it is called what it is."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from dashboards.queries.campaigns import POSTS, REPORTED, Axis, Seen, listed, named, seen
from dashboards.queries.comparison import Kin, Relation
from dashboards.queries.pushed import Pushed, pushed
from dashboards.web.api.alerts import SAMPLES, SampleModel, sample_model
from dashboards.web.api.fields import (
    MAX_ID,
    MAX_LIMIT,
    Model,
    Since,
    Subject,
    Time,
    finite,
    in_ms,
    iso,
)
from dashboards.web.api.occasions import OccasionModel, occasion_models
from dashboards.web.api.problems import not_found
from dashboards.web.harm import is_spared, label_harm
from dashboards.web.site import Site, TheSite
from stream.records import Campaign, CampaignKind, Evidence, Member, Phase, Shared

router = APIRouter(tags=["campaigns"])
CampaignId = Annotated[
    str, Path(max_length=MAX_ID, description="Id of a campaign, or of one that went into it.")
]
Share = Annotated[float | None, Field(description="0 to 1; null where nobody assessed it.")]


class PushedModel(Model):
    """What a campaign pushes, in short; null what it does not, or what is gone."""

    phrase: str | None = Field(
        description="The text shared by most, on one line, without addresses and the hashtags "
        "at its end."
    )
    spared: bool = Field(
        description="Whether readers of lists should be spared the phrase until they ask."
    )
    texts: int = Field(description="How many texts its accounts share.")
    link: str | None = Field(description="The address shared by most, without scheme.")
    hashtag: str | None = Field(description="In at least half of the posts looked at.")
    hashtag_spared: bool = Field(description="As `spared`, of the hashtag.")
    family_id: str | None = Field(description="The family of pictures shared by most.")
    target: str | None = Field(description="The post that its accounts aim at.")


class CampaignModel(Model):
    """Posts with one narrative by a set of accounts, judged on four axes."""

    campaign_id: str
    subject: str
    subject_name: str
    kind: CampaignKind = Field(
        description="`campaign` and `coordinated` are put before an analyst; the others "
        "explain what was seen."
    )
    first_post_at: Time
    last_post_at: Time
    detected_at: Time = Field(description="Event time at which it could first be reported.")
    posts: int
    accounts: int
    platforms: list[str]
    coordination: Share
    harm: Share
    openness: Share
    independence: Share
    pushed: PushedModel
    asleep: bool = Field(description="Nothing came for two days.")
    split_from: str | None = Field(description="The campaign that it was a part of.")
    revision: int


class MemberModel(Model):
    """An account and why it belongs."""

    account: str = Field(description="`platform:author_id`.")
    posts: int
    objects: int = Field(description="How many things it shared with the others.")
    trust: float | None = Field(description="Score by the company it keeps, over two weeks.")
    first_at: Time
    last_at: Time


class SharedModel(Model):
    """Something that the accounts have in common, with a post that shows it."""

    kind: Literal["text", "link", "media", "target"]
    post_id: str
    accounts: int
    posts: int
    first_at: Time
    last_at: Time


class PhaseModel(Model):
    """A stretch in which the campaign was awake."""

    first_at: Time
    last_at: Time
    posts: int


class KinModel(Model):
    """Another campaign about the subject with something in common."""

    campaign_id: str
    kind: CampaignKind
    relation: Relation = Field(
        description="`returns_from`: it had fallen silent before this one began; "
        "`returned_as`: the reverse; `split_from`: this one was a part of it; "
        "`split_off`: the reverse; `beside`: both were active at once."
    )
    first_post_at: Time
    last_post_at: Time
    common: int = Field(description="Accounts in common.")
    objects: int = Field(description="Links and pictures of this one that it pushed too.")
    phrases: int = Field(description="Wordings of this one that it said alike.")
    hours: float | None = Field(
        description="How alike the hours of the day are at which accounts began and ended, "
        "0 to 1; null where there are too few."
    )


class CampaignDetail(CampaignModel):
    """One campaign with its accounts, its wordings and what it shares with earlier ones."""

    post_ids: list[str] = Field(
        description=f"Posts it rests on, at most {POSTS}; some may be deleted by now."
    )
    held: int = Field(description="Of them, those that are still there.")
    clusters: list[str] = Field(description="Ids of its clusters of copies.")
    members: list[MemberModel] = Field(
        description="Named only where something coordinated is reported."
    )
    shared: list[SharedModel]
    phases: list[PhaseModel]
    calendar: list[OccasionModel] = Field(
        description="What was on in the fandom calendar between its first and last post, at "
        "most 100."
    )
    samples: list[SampleModel] = Field(description="The most frequent wordings.")
    kin: list[KinModel] = Field(
        description="Most accounts in common first, then links and pictures, then wordings."
    )


class AxisEvidenceModel(Model):
    """One measured reason on an axis."""

    signal: str
    value: float | None = Field(description="What was seen.")
    expected: float | None = Field(description="What is usual for this subject.")
    post_ids: list[str] = Field(description="Posts that show it.")


class AxisModel(Model):
    """One of the four questions, kept apart from the others."""

    name: Literal["coordination", "harm", "openness", "independence"]
    value: Share
    speaks: Literal["for", "against"] = Field(
        description="Whether much of it speaks for a campaign or against one."
    )
    evidence: list[AxisEvidenceModel]


class Explanation(Model):
    """Why a campaign is called what it is."""

    campaign_id: str
    kind: CampaignKind
    reported: bool = Field(description="Whether it is put before an analyst.")
    detected_at: Time
    axes: list[AxisModel]


class Campaigns(Model):
    """Campaigns with the newest posts first; there is no counting of all."""

    items: list[CampaignModel]


@router.get("/campaigns", operation_id="listCampaigns")
def campaigns(
    site: TheSite,
    kind: Annotated[
        list[CampaignKind],
        Query(max_length=8, description="Of these kinds; without it campaign and coordinated."),
    ] = [],  # noqa: B006 - FastAPI copies it
    every: Annotated[bool, Query(description="Of every kind, whatever `kind` says.")] = False,
    subject: Subject = None,
    since: Since = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many of them.")] = 50,
) -> Campaigns:
    """Campaigns, those with the newest posts first."""
    found = listed(
        site.index,
        subject=subject,
        kinds=() if every else tuple(kind) or REPORTED,
        since=in_ms(since),
        limit=limit,
    )
    push = pushed(site.index, found)
    return Campaigns(items=[_campaign(site, one, push[one.campaign_id]) for one in found])


@router.get("/campaigns/{campaign_id}", operation_id="getCampaign")
def campaign(site: TheSite, campaign_id: CampaignId) -> CampaignDetail:
    """One campaign; the id of a merged one leads to where it went."""
    found = _known(site, campaign_id)
    one = found.campaign
    return CampaignDetail(
        **dict(_campaign(site, one, pushed(site.index, [one])[one.campaign_id])),
        post_ids=list(one.post_ids[:POSTS]),
        held=len(found.posts),
        clusters=list(one.clusters),
        members=[_member(member) for member in named(one)],
        shared=[_shared(item) for item in one.shared],
        phases=[_phase(phase) for phase in one.phases],
        calendar=occasion_models(site, one.subject, one.first_post_at, one.last_post_at + 1),
        samples=[sample_model(variant) for variant in found.variants[:SAMPLES]],
        kin=[_kin(kin) for kin in found.kin],
    )


@router.get("/campaigns/{campaign_id}/explanation", operation_id="explainCampaign")
def explanation(site: TheSite, campaign_id: CampaignId) -> Explanation:
    """Each of the four axes with what was seen and what was to be expected."""
    found = _known(site, campaign_id)
    return Explanation(
        campaign_id=found.campaign.campaign_id,
        kind=found.campaign.kind,
        reported=found.campaign.kind in REPORTED,
        detected_at=iso(found.campaign.detected_at),
        axes=[_axis(axis) for axis in found.axes],
    )


def _campaign(site: Site, one: Campaign, push: Pushed) -> CampaignModel:
    return CampaignModel(
        campaign_id=one.campaign_id,
        subject=one.subject,
        subject_name=site.name_of(one.subject),
        kind=one.kind,
        first_post_at=iso(one.first_post_at),
        last_post_at=iso(one.last_post_at),
        detected_at=iso(one.detected_at),
        posts=one.posts,
        accounts=len(one.accounts),
        platforms=list(one.platforms),
        coordination=finite(one.coordination),
        harm=finite(one.harm),
        openness=finite(one.openness),
        independence=finite(one.independence),
        pushed=_pushed(push),
        asleep=one.asleep,
        split_from=one.split_from,
        revision=one.revision,
    )


def _pushed(one: Pushed) -> PushedModel:
    phrase = one.phrase
    return PushedModel(
        phrase=phrase.text if phrase else None,
        spared=phrase is not None and is_spared(phrase.judgement),
        texts=phrase.texts if phrase else 0,
        link=one.link,
        hashtag=one.hashtag,
        hashtag_spared=one.hashtag is not None and label_harm(one.hashtag) is not None,
        family_id=one.picture.family_id if one.picture else None,
        target=one.target,
    )


def _known(site: Site, campaign_id: str) -> Seen:
    found = seen(site.index, campaign_id)
    if found is None:
        raise not_found("There is no such campaign. It may have been built anew; list them.")
    return found


def _member(one: Member) -> MemberModel:
    return MemberModel(
        account=one.account,
        posts=one.posts,
        objects=one.objects,
        trust=finite(one.trust),
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
    )


def _shared(one: Shared) -> SharedModel:
    return SharedModel(
        kind=one.kind,
        post_id=one.post_id,
        accounts=one.accounts,
        posts=one.posts,
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
    )


def _phase(one: Phase) -> PhaseModel:
    return PhaseModel(first_at=iso(one.first_at), last_at=iso(one.last_at), posts=one.posts)


def _kin(one: Kin) -> KinModel:
    return KinModel(
        campaign_id=one.campaign.campaign_id,
        kind=one.campaign.kind,
        relation=one.relation,
        first_post_at=iso(one.campaign.first_post_at),
        last_post_at=iso(one.campaign.last_post_at),
        common=one.common,
        objects=one.objects,
        phrases=one.phrases,
        hours=finite(one.hours),
    )


def _axis(axis: Axis) -> AxisModel:
    return AxisModel(
        name=axis.name,
        value=finite(axis.value),
        speaks=axis.speaks,
        evidence=[_evidence(one) for one in axis.evidence],
    )


def _evidence(one: Evidence) -> AxisEvidenceModel:
    return AxisEvidenceModel(
        signal=one.signal,
        value=finite(one.value),
        expected=finite(one.expected),
        post_ids=list(one.post_ids),
    )
