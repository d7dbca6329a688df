"""Trends: all subjects against their usual level, one subject in depth, and both as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards import trends
from dashboards.export import Cell, iso
from dashboards.trends import PERIODS, Profile, Share, Trend
from dashboards.web import charts
from dashboards.web.exports import csv_answer
from dashboards.web.overview import subject_trends, window_end
from dashboards.web.site import Refused, Site, TheSite, with_query
from dashboards.web.times import DAY
from detect.watchlist import Subject
from stream.index import AlertQuery

router = APIRouter()
DEFAULT_PERIOD = "7d"
SORTS = ("posts", "ratio", "name")
ALERTS = 8
CLUSTERS = 8
Part = Literal["volume", "platforms", "languages", "hashtags", "domains", "links", "departures"]


@router.get("/trends")
def all_trends(
    request: Request, site: TheSite, period: str = "", sort: str = "posts"
) -> Response:
    """Every subject of the watchlist: now, usual, and what departs from it."""
    chosen, since, until = _period(site, period)
    order = sort if sort in SORTS else SORTS[0]
    found = _sorted(site, _volumes(site, since, until), order)
    return site.render(
        request,
        "trends.html",
        rows=[(one, charts.banded(one.steps, one.surges, one.changes)) for one in found],
        period=chosen,
        periods=tuple(PERIODS),
        sort=order,
        since=since,
        until=until,
        bom_link=with_query("/trends.csv", period=chosen, bom=1),
    )


@router.get("/trends.csv")
def all_trends_csv(site: TheSite, period: str = "", bom: str = "") -> Response:
    """The table of all subjects."""
    chosen, since, until = _period(site, period)
    header = (
        "subject", "name", "since", "until", "posts", "posts_whole_hours", "usual", "ratio",
        "previous", "versus_previous", "versus_low", "versus_high", "bursts", "changes",
        "masked_hours",
    )  # fmt: skip
    rows = [_row(site, one) for one in _volumes(site, since, until)]
    return csv_answer(("trends", chosen), header, rows, bom)


@router.get("/overview.csv")
def overview_csv(site: TheSite, bom: str = "") -> Response:
    """The curves of the overview."""
    until, _ = window_end(site.index, site.now())
    rows = [
        (one.subject, site.name_of(one.subject), iso(b.at), b.posts, round(level, 3), b.masked)
        for one in subject_trends(site, until - DAY, until)
        for b, level in zip(one.buckets, one.level, strict=True)
    ]
    return csv_answer(
        ("overview",), ("subject", "name", "at", "posts", "usual", "masked"), rows, bom
    )


@router.get("/subjects/{subject_id}")
def subject(request: Request, site: TheSite, subject_id: str, period: str = "") -> Response:
    """One subject: volume with its baseline, who and what it is made of, what grew."""
    found = _known(site, subject_id)
    chosen, since, until = _period(site, period)
    start = trends.data_start(site.index, until)
    shown = trends.trend(site.index, found.id, since=since, until=until, start=start)
    return site.render(
        request,
        "subject.html",
        subject=found,
        groups=[one for one in site.watchlist.subjects if one.id in found.groups],
        members=[one for one in site.watchlist.subjects if found.id in one.groups],
        trend=shown,
        chart=charts.banded(shown.steps, shown.surges, shown.changes),
        profile=trends.profile(site.index, found.id, since=since, until=until),
        gaps=trends.gaps_in(site.index, since, until),
        alerts=site.index.alerts(AlertQuery(subject=found.id, limit=ALERTS)).alerts,
        clusters=site.index.clusters(subject=found.id, since=since, limit=CLUSTERS),
        period=chosen,
        periods=tuple(PERIODS),
        daily=chosen == "28d",
        surge_steps=_steps_of(shown, [(one.since, one.until) for one in shown.surges]),
        change_steps=_steps_of(shown, [(one.at, one.at + 1) for one in shown.changes]),
    )


@router.get("/subjects/{subject_id}/{part}.csv")
def subject_csv(
    site: TheSite, subject_id: str, part: Part, period: str = "", bom: str = ""
) -> Response:
    """One chart or table of a subject."""
    found = _known(site, subject_id)
    chosen, since, until = _period(site, period)
    name = (found.id, part, chosen)
    if part in {"volume", "departures"}:
        start = trends.data_start(site.index, until)
        shown = trends.trend(site.index, found.id, since=since, until=until, start=start)
        if part == "volume":
            return csv_answer(
                name, ("at", "posts", "usual", "low", "high", "masked"), _steps(shown), bom
            )
        header = ("kind", "since", "until", "posts", "usual", "ratio", "low", "high", "chance")
        return csv_answer(name, header, _departures(shown), bom)
    held = trends.profile(site.index, found.id, since=since, until=until)
    rows = [(one.value, one.posts, round(one.share, 4), held.seen) for one in _part(held, part)]
    return csv_answer(name, (part, "posts", "share", "of_posts"), rows, bom)


def _period(site: Site, period: str) -> tuple[str, int, int]:
    chosen = period if period in PERIODS else DEFAULT_PERIOD
    until = trends.end_of(site.index, site.now())
    return chosen, until - PERIODS[chosen], until


def _known(site: Site, subject_id: str) -> Subject:
    found = site.watchlist.subject(subject_id)
    if found is None:
        raise Refused(404, "There is no such subject on the watchlist. The trends list all.")
    return found


def _volumes(site: Site, since: int, until: int) -> list[Trend]:
    names = {one.id: one.name for one in site.watchlist.subjects}
    return trends.volumes(site.index, names, since=since, until=until)


def _sorted(site: Site, found: list[Trend], order: str) -> list[Trend]:
    if order == "ratio":
        return sorted(found, key=lambda one: -(one.ratio or 0.0))
    if order == "name":
        return sorted(found, key=lambda one: site.name_of(one.subject or "").casefold())
    return found


def _row(site: Site, one: Trend) -> Sequence[Cell]:
    versus = one.versus or (None, None, None)
    return (
        one.subject,
        site.name_of(one.subject or ""),
        iso(one.since),
        iso(one.until),
        one.posts,
        one.posts_whole,
        _short(one.usual),
        _short(one.ratio),
        one.before,
        *(_short(value) for value in versus),
        len(one.surges),
        len(one.changes),
        one.masked_hours,
    )


def _steps_of(shown: Trend, spans: Sequence[tuple[int, int]]) -> set[int]:
    """Starts of the steps that any of the spans touches."""
    length = (shown.until - shown.since) // max(len(shown.steps), 1)
    return {
        step.at
        for step in shown.steps
        if any(since < step.at + length and until > step.at for since, until in spans)
    }


def _steps(shown: Trend) -> list[Sequence[Cell]]:
    return [
        (iso(s.at), s.posts, _short(s.usual), _short(s.low), _short(s.high), s.masked)
        for s in shown.steps
    ]


def _departures(shown: Trend) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = []
    for surge in shown.surges:
        counted = (surge.posts, _short(surge.expected), _short(surge.ratio))
        rows.append(
            ("burst", iso(surge.since), iso(surge.until), *counted, None, None, surge.chance)
        )
    for change in shown.changes:
        ratio = (_short(change.ratio), _short(change.low), _short(change.high))
        rows.append(("change", iso(change.at), None, None, None, *ratio, None))
    return rows


def _part(held: Profile, part: Part) -> tuple[Share, ...]:
    return {
        "platforms": held.platforms,
        "languages": held.languages,
        "hashtags": held.hashtags,
        "domains": held.domains,
        "links": held.links,
    }[part]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
