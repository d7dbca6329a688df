"""Campaigns: the list, and one from near with its axes, accounts, wordings and past."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.queries.campaigns import REPORTED, Axis, Seen, handles_of, listed, named, seen
from dashboards.queries.network import network
from dashboards.queries.pushed import pushed
from dashboards.web.clusters import spread_of
from dashboards.web.drawing import Drawing, drawing
from dashboards.web.families import REASONS
from dashboards.web.phrases import differing
from dashboards.web.signals import EvidenceBar, evidence_bars
from dashboards.web.site import Refused, TheSite
from dashboards.web.spreading import spreading
from dashboards.web.text import path_of
from dashboards.web.triage import page_number
from dashboards.web.words import Words, gettext_noop
from stream.index import IndexedPost
from stream.records import Shared

router = APIRouter()
PAGE = 25
LISTED = 200
SHOWN_ACCOUNTS = 50
SHOWN_VARIANTS = 10
KINDS = {
    "campaign": gettext_noop("Campaign"),
    "coordinated": gettext_noop("Coordinated"),
    "fan_event": gettext_noop("Fan event"),
    "criticism_wave": gettext_noop("Wave of criticism"),
    "news": gettext_noop("News"),
    "spam": gettext_noop("Spam"),
    "bot": gettext_noop("Bot"),
    "unclear": gettext_noop("Unclear"),
}
RELATIONS = {
    "split_from": gettext_noop("Split from"),
    "split_off": gettext_noop("Split off"),
    "returns_from": gettext_noop("Returns from"),
    "returned_as": gettext_noop("Returned as"),
    "beside": gettext_noop("At the same time"),
}
AXES = {
    "coordination": gettext_noop("Coordination"),
    "harm": gettext_noop("Harm"),
    "openness": gettext_noop("Openness"),
    "independence": gettext_noop("Independence"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisRow:
    """One axis as the page shows it; ``value`` None where nobody assessed it."""

    label: str
    value: float | None
    speaks: str
    bars: list[EvidenceBar]


@router.get("/campaigns")
def campaigns(request: Request, site: TheSite, subject: str = "", every: str = "") -> Response:
    """All campaigns; with ``every`` also what turned out to be none."""
    words = site.words_for(request)
    found = listed(
        site.index,
        subject=subject or None,
        kinds=() if every else REPORTED,
        limit=LISTED,
    )
    return site.render(
        request,
        "campaigns.html",
        campaigns=found,
        pushed=pushed(site.index, found),
        reasons=REASONS,
        kinds={kind: words(label) for kind, label in KINDS.items()},
        subject=subject,
        every=bool(every),
        most=LISTED,
    )


@router.get("/campaigns/{campaign_id}")
def campaign(request: Request, site: TheSite, campaign_id: str, page: str = "") -> Response:
    """The page of a campaign; the id of a merged one leads to where it went."""
    found = seen(site.index, campaign_id)
    if found is None:
        raise Refused(404, "There is no such campaign.")
    one = found.campaign
    if one.campaign_id != campaign_id:
        return RedirectResponse(path_of("campaigns", one.campaign_id), status_code=303)
    words = site.words_for(request)
    number = page_number(page)
    newest = found.posts[::-1]
    spread = spread_of(site.index, [p.post.event_at for p in found.posts])
    return site.render(
        request,
        "campaign.html",
        campaign=one,
        pushed=pushed(site.index, [one])[one.campaign_id],
        reasons=REASONS,
        kind=words(KINDS[one.kind]),
        kinds={kind: words(label) for kind, label in KINDS.items()},
        axes=[_axis(axis, words) for axis in found.axes],
        posts=newest[(number - 1) * PAGE : number * PAGE],
        held=len(found.posts),
        page=number,
        pages=max(1, -(-len(found.posts) // PAGE)),
        variants=found.variants[:SHOWN_VARIANTS],
        phrases=differing(found.variants[:SHOWN_VARIANTS]),
        more_variants=max(0, len(found.variants) - SHOWN_VARIANTS),
        wording={p: n for n, v in enumerate(found.variants, 1) for p in v.ids},
        members=named(one)[:SHOWN_ACCOUNTS],
        handles=handles_of(found.posts),
        more_members=max(0, len(one.accounts) - SHOWN_ACCOUNTS),
        spread=spread,
        occasions=spread and site.occasions(request, one.subject, spread.since, spread.until),
        kin=found.kin,
        relations={relation: words(label) for relation, label in RELATIONS.items()},
        drawing=_drawing(found),
        during=site.occasions(request, one.subject, one.first_post_at, one.last_post_at + 1),
        shared=_shared(found),
        spreading=spreading(
            site.index, [p.post.id for p in found.posts], named=one.kind in REPORTED
        ),
    )


def _drawing(found: Seen) -> Drawing | None:
    tied = network(found)
    return None if tied is None else drawing(tied)


def _shared(found: Seen) -> list[tuple[Shared, IndexedPost | None]]:
    """Links, pictures and targets in common; texts stand among the wordings."""
    posts = {one.post.id: one for one in found.posts}
    things = [one for one in found.campaign.shared if one.kind != "text"]
    return [(one, posts.get(one.post_id)) for one in things[:SHOWN_ACCOUNTS]]


def _axis(axis: Axis, words: Words) -> AxisRow:
    bars = evidence_bars(axis.evidence, words)
    return AxisRow(
        label=words(AXES[axis.name]), value=axis.value, speaks=axis.speaks, bars=bars
    )
