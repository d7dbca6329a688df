"""Subjects and their trends by the API: whom we protect, and how much is said about them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from dashboards import trends
from dashboards.trends import PERIODS, Share, Step, Trend
from dashboards.web.api.fields import (
    Limit,
    Model,
    Offset,
    Page,
    Time,
    finite,
    iso,
    next_part,
)
from dashboards.web.api.problems import not_found
from dashboards.web.site import Site, TheSite
from detect.watchlist import Subject
from stream.trends.departures import Change, Surge

router = APIRouter(tags=["subjects"])
SubjectId = Annotated[str, Path(max_length=200, description="Id of a subject.")]
Period = Annotated[
    Literal["1d", "7d", "28d"],
    Query(description="Length of the period, which ends now or with a recorded data set."),
]


class SubjectModel(Model):
    """Whom we protect: an idol, a group or a brand."""

    id: str
    kind: Literal["idol", "group", "brand"]
    name: str
    hangul_name: str | None
    agency: str | None
    groups: list[str] = Field(description="Ids of the groups it is a member of.")
    members: list[str] = Field(description="Ids of its members.")


class StepModel(Model):
    """Posts in one step: an hour, for 28 days a day."""

    at: Time
    posts: int
    usual: float | None = Field(description="What is usual at this time of the week.")
    low: float | None
    high: float | None
    masked: bool = Field(description="Whether a source may have missed posts here.")


class SurgeModel(Model):
    """Hours with far more posts than usual."""

    since: Time
    until: Time
    posts: int
    expected: float
    ratio: float | None
    chance: float = Field(description="Probability of its rarest hour, if all were as usual.")


class ChangeModel(Model):
    """From here on the level stays another one."""

    at: Time
    ratio: float | None
    low: float | None = Field(description="Lower end of the 95 % interval of the ratio.")
    high: float | None


class ComparisonModel(Model):
    """A ratio with its 95 % interval."""

    ratio: float | None
    low: float | None
    high: float | None


class TrendModel(Model):
    """Posts about a subject over a period, against its own baseline."""

    subject: str
    subject_name: str
    since: Time
    until: Time
    posts: int
    posts_whole: int = Field(description="Posts in hours in which no source was missing.")
    usual: float | None = Field(description="What is usual for these hours.")
    ratio: float | None = Field(description="posts_whole over usual.")
    before: int = Field(description="Posts in the period of the same length before.")
    versus: ComparisonModel | None = Field(description="Compared with the period before.")
    taught_hours: int = Field(description="Hours on which the baseline rests.")
    masked_hours: int
    surges: list[SurgeModel]
    changes: list[ChangeModel]


class TrendDetail(TrendModel):
    """The same with every step of the chart."""

    steps: list[StepModel]


class ShareModel(Model):
    """A value and in how many of the posts it stands."""

    value: str
    posts: int
    share: float = Field(ge=0, le=1)


class ProfileModel(Model):
    """What the posts of a period are made of."""

    subject: str
    since: Time
    until: Time
    seen: int = Field(
        description="The newest of `total`, on which authors, followers, copies and links rest."
    )
    total: int
    authors: int
    known_authors: int = Field(description="Authors whose followers the platform told.")
    followers: int = Field(description="Of all of these together: who could have seen it.")
    copies: int = Field(description="Posts whose text others posted too.")
    reposts: int
    replies: int
    metrics: dict[str, int]
    platforms: list[ShareModel]
    languages: list[ShareModel]
    hashtags: list[ShareModel]
    domains: list[ShareModel]
    links: list[ShareModel]


class Trends(Model):
    """Every subject of the watchlist, the most talked about first."""

    since: Time
    until: Time
    items: list[TrendModel]


@router.get("/subjects", operation_id="listSubjects")
def subjects(
    request: Request, site: TheSite, offset: Offset = 0, limit: Limit = 50
) -> Page[SubjectModel]:
    """Subjects of the watchlist, by name."""
    found = sorted(site.watchlist.subjects, key=lambda one: (one.name.casefold(), one.id))
    return Page(
        total=len(found),
        next=next_part(request, offset=offset, limit=limit, total=len(found)),
        items=[_subject(site, one) for one in found[offset : offset + limit]],
    )


@router.get("/subjects/{subject_id}", operation_id="getSubject")
def subject(site: TheSite, subject_id: SubjectId) -> SubjectModel:
    """One subject."""
    return _subject(site, _known(site, subject_id))


@router.get("/subjects/{subject_id}/trend", operation_id="getTrend")
def trend(site: TheSite, subject_id: SubjectId, period: Period = "7d") -> TrendDetail:
    """Posts about a subject over time, with what is usual and what departs from it."""
    found = _known(site, subject_id)
    since, until = _period(site, period)
    start = trends.data_start(site.index, until)
    shown = trends.trend(site.index, found.id, since=since, until=until, start=start)
    return TrendDetail(**dict(_trend(site, shown)), steps=[_step(one) for one in shown.steps])


@router.get("/subjects/{subject_id}/profile", operation_id="getProfile")
def profile(site: TheSite, subject_id: SubjectId, period: Period = "7d") -> ProfileModel:
    """Platforms, languages, hashtags, links, reach and copies of a subject's posts."""
    found = _known(site, subject_id)
    since, until = _period(site, period)
    held = trends.profile(site.index, found.id, since=since, until=until)
    return ProfileModel(
        subject=found.id,
        since=iso(since),
        until=iso(until),
        seen=held.seen,
        total=held.total,
        authors=held.authors,
        known_authors=held.known_authors,
        followers=held.followers,
        copies=held.copies,
        reposts=held.reposts,
        replies=held.replies,
        metrics=dict(held.metrics),
        platforms=_shares(held.platforms),
        languages=_shares(held.languages),
        hashtags=_shares(held.hashtags),
        domains=_shares(held.domains),
        links=_shares(held.links),
    )


@router.get("/trends", operation_id="listTrends")
def all_trends(site: TheSite, period: Period = "7d") -> Trends:
    """All subjects: now, usual, and what departs from it."""
    since, until = _period(site, period)
    names = {one.id: one.name for one in site.watchlist.subjects}
    found = trends.volumes(site.index, names, since=since, until=until)
    return Trends(
        since=iso(since), until=iso(until), items=[_trend(site, one) for one in found]
    )


def _period(site: Site, period: str) -> tuple[int, int]:
    until = trends.end_of(site.index, site.now())
    return until - PERIODS[period], until


def _known(site: Site, subject_id: str) -> Subject:
    found = site.watchlist.subject(subject_id)
    if found is None:
        raise not_found("There is no such subject on the watchlist; /api/subjects lists all.")
    return found


def _subject(site: Site, one: Subject) -> SubjectModel:
    return SubjectModel(
        id=one.id,
        kind=one.kind,
        name=one.name,
        hangul_name=one.hangul_name,
        agency=one.agency,
        groups=list(one.groups),
        members=[other.id for other in site.watchlist.subjects if one.id in other.groups],
    )


def _trend(site: Site, one: Trend) -> TrendModel:
    versus = one.versus
    return TrendModel(
        subject=one.subject or "",
        subject_name=site.name_of(one.subject or ""),
        since=iso(one.since),
        until=iso(one.until),
        posts=one.posts,
        posts_whole=one.posts_whole,
        usual=finite(one.usual),
        ratio=finite(one.ratio),
        before=one.before,
        versus=ComparisonModel(
            ratio=finite(versus[0]), low=finite(versus[1]), high=finite(versus[2])
        )
        if versus
        else None,
        taught_hours=one.taught,
        masked_hours=one.masked_hours,
        surges=[_surge(surge) for surge in one.surges],
        changes=[_change(change) for change in one.changes],
    )


def _step(one: Step) -> StepModel:
    return StepModel(
        at=iso(one.at),
        posts=one.posts,
        usual=finite(one.usual),
        low=finite(one.low),
        high=finite(one.high),
        masked=one.masked,
    )


def _surge(one: Surge) -> SurgeModel:
    return SurgeModel(
        since=iso(one.since),
        until=iso(one.until),
        posts=one.posts,
        expected=one.expected,
        ratio=finite(one.ratio) if one.expected else None,
        chance=one.chance,
    )


def _change(one: Change) -> ChangeModel:
    return ChangeModel(
        at=iso(one.at), ratio=finite(one.ratio), low=finite(one.low), high=finite(one.high)
    )


def _shares(found: tuple[Share, ...]) -> list[ShareModel]:
    return [ShareModel(value=one.value, posts=one.posts, share=one.share) for one in found]
