"""Families of pictures by the API: the newest, and one from near with every variant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from dashboards.queries.families import MOST, Family
from dashboards.queries.families import families as newest
from dashboards.queries.families import family as family_of
from dashboards.web.api.fields import (
    MAX_ID,
    Model,
    Since,
    Subject,
    Time,
    finite,
    in_ms,
    iso,
)
from dashboards.web.api.problems import not_found
from dashboards.web.site import TheSite
from detect.records import PictureFinding, PictureMatch, SeenFace

router = APIRouter(tags=["families"])
FamilyId = Annotated[
    str,
    Path(
        max_length=MAX_ID,
        description="Id of a family of pictures, or of one that went into it.",
    ),
]
Shares = Annotated[list[float], Field(description="x, y, width, height as shares.")]


class ReasonCount(Model):
    """A reason and how many posts it was found in."""

    reason: str
    posts: int


class FamilyModel(Model):
    """A picture and all its variants, as far as posts with them are held."""

    family_id: str
    subjects: list[str]
    severity: str = Field(description="What the gravest variant amounts to; empty: nothing.")
    reasons: list[ReasonCount] = Field(description="What speaks, the gravest first.")
    first_at: Time
    last_at: Time
    posts: int = Field(description=f"At most {MOST}.")
    variants: int = Field(description="Files that differ.")
    accounts: int
    platforms: list[str]


class MatchModel(Model):
    """A known picture that a variant is or holds."""

    reference: str
    bank: str
    kind: str = Field(description="official, known_bad or ignore.")
    label: str
    distance: int | None = Field(description="Differing bits of 256, where hashes met.")
    view: str
    agreeing: float | None = Field(description="Share of what can be compared that agrees.")
    changed: list[Shares] = Field(description="Parts that differ, of the known picture.")


class FaceModel(Model):
    """A face; only people who are enrolled have names."""

    box: Shares
    subject: str | None
    likeness: float | None
    sure: bool = Field(description="False: only in the band that people must look at.")


class ForgeryModel(Model):
    """What a model makes of it: supports, and never decides."""

    band: str = Field(
        description="likely, inconclusive, unlikely, not_applicable; empty: no model."
    )
    score: float | None
    model: str
    reasons: list[str] = Field(description="Why it is left open.")


class VariantModel(Model):
    """One picture of one post."""

    post_id: str
    account: str = Field(description="`platform:author_id`.")
    platform: str
    at: Time
    found_by: str = Field(description="first, original, hash or features.")
    severity: str
    reasons: list[str]
    sha256: str
    pdq: str
    pdq_quality: int
    width: int
    height: int
    format: str
    sexual: float | None = Field(description="Score for caution; null where nothing scored.")
    gate: str = Field(description="passed, or why nothing but hashes is kept.")
    matches: list[MatchModel]
    faces: list[FaceModel] | None = Field(description="null: nobody looked for faces.")
    forgery: ForgeryModel
    provenance: dict[str, str] = Field(
        description="What the file says of its origin; that it says nothing proves nothing."
    )
    partial: list[str] = Field(description="Steps that are still to be done.")
    problem: str | None


class FamilyDetail(FamilyModel):
    """One family with its variants, the first one first."""

    items: list[VariantModel]


class Families(Model):
    """The newest families; there is no counting of all."""

    items: list[FamilyModel]


@router.get("/families", operation_id="listFamilies")
def families(
    site: TheSite,
    subject: Subject = None,
    since: Since = None,
    grave: Annotated[
        bool, Query(description="Only those in which something speaks against a picture.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=50, description="How many of the newest.")] = 20,
) -> Families:
    """Families of pictures by their newest post, among the newest thousand findings."""
    found = newest(site.index, subject=subject, since=in_ms(since), grave=grave, limit=limit)
    return Families(items=[_family(one) for one in found])


@router.get("/families/{family_id}", operation_id="getFamily")
def family(site: TheSite, family_id: FamilyId) -> FamilyDetail:
    """One family; the id of a merged one leads to where it went, on the machine that knows."""
    found = family_of(site.index, family_id)
    if found is None:
        into = site.merged_family(family_id)
        found = None if into is None else family_of(site.index, into)
    if found is None:
        raise not_found("There is no such family of pictures, or all its posts are gone.")
    return FamilyDetail(**dict(_family(found)), items=[_variant(one) for one in found.findings])


def _family(one: Family) -> FamilyModel:
    return FamilyModel(
        family_id=one.family_id,
        subjects=list(one.subjects),
        severity=one.severity,
        reasons=[ReasonCount(reason=name, posts=count) for name, count in one.reasons],
        first_at=iso(one.first.at),
        last_at=iso(one.last.at),
        posts=one.posts,
        variants=one.variants,
        accounts=one.accounts,
        platforms=list(one.platforms),
    )


def _variant(one: PictureFinding) -> VariantModel:
    return VariantModel(
        post_id=one.post_id,
        account=one.account,
        platform=one.platform,
        at=iso(one.at),
        found_by=one.found_by,
        severity=one.severity,
        reasons=list(one.reasons),
        sha256=one.sha256,
        pdq=one.pdq,
        pdq_quality=one.quality,
        width=one.width,
        height=one.height,
        format=one.format,
        sexual=finite(one.score),
        gate=one.gate,
        matches=[_match(match) for match in one.matches],
        faces=None if one.faces is None else [_face(face) for face in one.faces],
        forgery=ForgeryModel(
            band=one.forgery_band,
            score=finite(one.forgery),
            model=one.forgery_model,
            reasons=list(one.forgery_reasons),
        ),
        provenance=dict(one.provenance),
        partial=list(one.partial),
        problem=one.problem,
    )


def _match(one: PictureMatch) -> MatchModel:
    return MatchModel(
        reference=one.reference,
        bank=one.bank,
        kind=one.kind,
        label=one.label,
        distance=one.distance,
        view=one.view,
        agreeing=finite(one.agreeing),
        changed=[list(box) for box in one.changed],
    )


def _face(one: SeenFace) -> FaceModel:
    return FaceModel(
        box=list(one.box), subject=one.subject, likeness=finite(one.likeness), sure=one.sure
    )
