"""Trends: all subjects against their usual level, one subject in depth, and both as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboards import trends
from dashboards.export import Cell, iso
from dashboards.trends import PERIODS, Profile, Share, Trend
from dashboards.web import charts
from dashboards.web.exports import csv_answer
from dashboards.web.overview import subject_trends, window_end
from dashboards.web.site import Refused, Site, TheSite, with_query
from dashboards.web.times import DAY, KST
from detect.watchlist import Subject
from stream.index import AlertQuery

EARLIEST_MS = 631_152_000_000
"""1990: nothing we read is older."""

router = APIRouter()
DEFAULT_PERIOD = "7d"
SORTS = ("posts", "ratio", "name")
ALERTS = 8
CLUSTERS = 8
ALL_ALERTS = 10_000
Part = Literal[
    "volume", "platforms", "languages", "hashtags", "domains", "links", "departures", "reach",
    "texts", "alerts",
]  # fmt: skip


class Period(NamedTuple):
    """A stretch of whole hours; ``day`` is the last day where one was chosen."""

    length: str
    since: int
    until: int
    day: str


@router.get("/trends")
def all_trends(
    request: Request, site: TheSite, period: str = "", until: str = "", sort: str = "posts"
) -> Response:
    """Every subject of the watchlist: now, usual, and what departs from it."""
    chosen = _period(site, period, until)
    order = sort if sort in SORTS else SORTS[0]
    found = _sorted(site, _volumes(site, chosen.since, chosen.until), order)
    return site.render(
        request,
        "trends.html",
        rows=[(one, charts.banded(one.steps, one.surges, one.changes)) for one in found],
        period=chosen.length,
        day=chosen.day,
        periods=tuple(PERIODS),
        sort=order,
        until=chosen.until,
        most=trends.COMPARED,
        bom_link=with_query("/trends.csv", period=chosen.length, until=chosen.day, bom=1),
    )


@router.get("/trends/compare")
def compare(
    request: Request,
    site: TheSite,
    subject: Annotated[list[str] | None, Query()] = None,
    period: str = "",
    until: str = "",
) -> Response:
    """A few subjects side by side over one period, each on its own scale."""
    chosen = _period(site, period, until)
    ids = [one for one in subject or [] if site.watchlist.subject(one) is not None]
    found = trends.compared(site.index, ids, since=chosen.since, until=chosen.until)
    return site.render(
        request,
        "compare.html",
        rows=[(one, charts.banded(one.steps, one.surges, one.changes)) for one in found],
        subjects=sorted(site.watchlist.subjects, key=lambda one: one.name.casefold()),
        chosen=[one.subject for one in found],
        period=chosen.length,
        day=chosen.day,
        periods=tuple(PERIODS),
        since=chosen.since,
        until=chosen.until,
        most=trends.COMPARED,
    )


@router.get("/trends/compare.csv")
def compare_csv(
    site: TheSite,
    subject: Annotated[list[str] | None, Query()] = None,
    period: str = "",
    until: str = "",
    bom: str = "",
) -> Response:
    """The curves of a comparison."""
    chosen = _period(site, period, until)
    ids = [one for one in subject or [] if site.watchlist.subject(one) is not None]
    found = trends.compared(site.index, ids, since=chosen.since, until=chosen.until)
    rows = [
        (one.subject, site.name_of(one.subject or ""), *step)
        for one in found
        for step in _steps(one)
    ]
    header = ("subject", "name", "at", "posts", "usual", "low", "high", "masked")
    return csv_answer(("compare", chosen.length), header, rows, bom)


@router.get("/trends.csv")
def all_trends_csv(site: TheSite, period: str = "", until: str = "", bom: str = "") -> Response:
    """The table of all subjects."""
    chosen = _period(site, period, until)
    header = (
        "subject", "name", "since", "until", "posts", "posts_whole_hours", "usual", "ratio",
        "previous", "versus_previous", "versus_low", "versus_high", "bursts", "changes",
        "masked_hours",
    )  # fmt: skip
    rows = [_row(site, one) for one in _volumes(site, chosen.since, chosen.until)]
    return csv_answer(("trends", chosen.length), header, rows, bom)


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
def subject(
    request: Request, site: TheSite, subject_id: str, period: str = "", until: str = ""
) -> Response:
    """One subject: volume with its baseline, who and what it is made of, what grew."""
    found = _known(site, subject_id)
    chosen = _period(site, period, until)
    start = trends.data_start(site.index, chosen.until)
    shown = trends.trend(
        site.index, found.id, since=chosen.since, until=chosen.until, start=start
    )
    return site.render(
        request,
        "subject.html",
        subject=found,
        groups=[one for one in site.watchlist.subjects if one.id in found.groups],
        members=[one for one in site.watchlist.subjects if found.id in one.groups],
        trend=shown,
        chart=charts.banded(shown.steps, shown.surges, shown.changes),
        profile=trends.profile(site.index, found.id, since=chosen.since, until=chosen.until),
        elsewhere=len(site.index.gaps(since=chosen.since, until=chosen.until))
        - len(shown.gaps),
        alerts=site.index.alerts(AlertQuery(subject=found.id, limit=ALERTS)).alerts,
        clusters=site.index.clusters(subject=found.id, since=chosen.since, limit=CLUSTERS),
        period=chosen.length,
        day=chosen.day,
        periods=tuple(PERIODS),
        daily=chosen.length == "28d",
        surge_steps=_steps_of(shown, [(one.since, one.until) for one in shown.surges]),
        change_steps=_steps_of(shown, [(one.at, one.at + 1) for one in shown.changes]),
        posts_between=_posts_between,
    )


@router.get("/subjects/{subject_id}/{part}.csv")
def subject_csv(
    site: TheSite,
    subject_id: str,
    part: Part,
    period: str = "",
    until: str = "",
    bom: str = "",
) -> Response:
    """One chart or table of a subject."""
    found = _known(site, subject_id)
    chosen = _period(site, period, until)
    name = (found.id, part, chosen.length)
    header, rows = _table(site, found, part, chosen)
    return csv_answer(name, header, rows, bom)


def _table(
    site: Site, found: Subject, part: Part, chosen: Period
) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
    since, until = chosen.since, chosen.until
    if part in {"volume", "departures"}:
        start = trends.data_start(site.index, until)
        shown = trends.trend(site.index, found.id, since=since, until=until, start=start)
        if part == "volume":
            return ("at", "posts", "usual", "low", "high", "masked"), _steps(shown)
        return (
            ("kind", "since", "until", "posts", "usual", "ratio", "low", "high", "chance"),
            _departures(shown),
        )
    if part == "texts":
        held_clusters = site.index.clusters(subject=found.id, since=since, limit=CLUSTERS)
        return ("cluster", "posts", "accounts", "first_at", "last_at", "sample"), [
            (
                one.cluster_id,
                one.posts,
                one.accounts,
                iso(one.first_at),
                iso(one.last_at),
                one.sample,
            )
            for one in held_clusters
        ]
    if part == "alerts":
        raised = site.index.alerts(AlertQuery(subject=found.id, limit=ALL_ALERTS)).alerts
        return ("alert", "created_at", "severity", "posts", "accounts", "title"), [
            (
                one.alert_id,
                iso(one.created_at),
                one.severity,
                one.posts,
                one.accounts,
                one.title,
            )
            for one in raised
        ]
    held = trends.profile(site.index, found.id, since=since, until=until)
    if part == "reach":
        return ("measure", "value", "of"), _reach(held)
    of = held.seen if part == "links" else held.total
    return (part, "posts", "share", "of_posts"), [
        (one.value, one.posts, round(one.share, 4), of) for one in _part(held, part)
    ]


def _reach(held: Profile) -> list[Sequence[Cell]]:
    return [
        ("accounts", held.authors, held.seen),
        ("accounts_with_known_followers", held.known_authors, held.authors),
        ("followers", held.followers, held.known_authors),
        ("copies", held.copies, held.seen),
        ("reposts", held.reposts, held.total),
        ("replies", held.replies, held.total),
        *((name, n, held.seen) for name, n in held.metrics),
    ]


def _posts_between(subject_id: str, since: int, until: int) -> str:
    """The posts of a subject in a stretch, the first ones on top."""
    quoted = subject_id.replace('"', "")
    asked = f'subject:"{quoted}" since:{_utc(since)} until:{_utc(until)}'
    return with_query("/posts", q=asked, sort="oldest")


def _utc(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, KST):%Y-%m-%dT%H:%M}"


def _period(site: Site, period: str, day: str = "") -> Period:
    """The stretch asked for: ``day`` is the last day in it (ISO), empty for the newest."""
    length = period if period in PERIODS else DEFAULT_PERIOD
    until = trends.end_of(site.index, site.now())
    chosen = ""
    try:
        end = datetime.combine(date.fromisoformat(day), time.min, KST) + timedelta(days=1)
        asked = int(end.timestamp() * 1000)
    except (ValueError, OverflowError):
        asked = until
    if EARLIEST_MS < asked < until:
        until, chosen = asked, day
    return Period(length, until - PERIODS[length], until, chosen)


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
