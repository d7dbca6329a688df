"""Trends: all subjects against their usual level, some compared, one in depth; as CSV too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from dashboards import trends
from dashboards.export import iso
from dashboards.queries.alerts import in_state
from dashboards.queries.clusters import harmful
from dashboards.trends import PERIODS, Trend
from dashboards.web import charts
from dashboards.web.exports import csv_answer
from dashboards.web.occasions import Occasions, about, occasions
from dashboards.web.overview import subject_trends, window_end
from dashboards.web.periods import Period, ThePeriod
from dashboards.web.site import Refused, Site, TheSite, with_query
from dashboards.web.text import path_of
from dashboards.web.times import DAY, ZONES
from dashboards.web.trend_tables import Part, all_table, compared_table, part_table
from dashboards.web.triage import page_number
from detect.watchlist import Subject
from stream.index import PostQuery

router = APIRouter()
SORTS = ("posts", "ratio", "name")
COMPARED = 6
"""Subjects in one comparison."""
PAGE = 25
ALERTS = 8
CLUSTERS = 8
_DIGITS = re.compile("[0-9]{1,15}")
LATEST_MS = 4_102_444_800_000
"""2100: no stretch of posts ends later."""
Subjects = Annotated[list[str] | None, Query()]


@router.get("/trends")
def all_trends(
    request: Request, site: TheSite, chosen: ThePeriod, sort: str = "posts", page: str = ""
) -> Response:
    """Every subject of the watchlist: now, usual, and what departs from it."""
    order = sort if sort in SORTS else SORTS[0]
    pages = max(1, -(-len(site.watchlist.subjects) // PAGE))
    number = min(page_number(page), pages)
    found = _listed(site, chosen, order, (number - 1) * PAGE)
    return site.render(
        request,
        "trends.html",
        rows=_rows(site, request, chosen, found),
        period=chosen.length,
        day=chosen.day,
        periods=tuple(PERIODS),
        sort=order,
        page=number,
        pages=pages,
        until=chosen.until,
        most=COMPARED,
        bom_link=with_query("/trends.csv", period=chosen.length, until=chosen.day, bom=1),
    )


@router.get("/trends/compare")
def compare(
    request: Request, site: TheSite, chosen: ThePeriod, subject: Subjects = None
) -> Response:
    """A few subjects side by side over one period or two, each on its own scale."""
    found = _compared(site, chosen, subject)
    before = datetime.fromtimestamp((chosen.since - 1) / 1000, ZONES[site.zone_for(request)])
    return site.render(
        request,
        "compare.html",
        rows=[
            (
                one,
                charts.banded(
                    one.steps,
                    one.surges,
                    one.changes,
                    one.other_steps if chosen.against is not None else (),
                ),
                site.occasions(request, one.subject or "", chosen.since, chosen.until),
            )
            for one in found
        ],
        subjects=sorted(site.watchlist.subjects, key=lambda one: one.name.casefold()),
        chosen=[one.subject for one in found],
        chosen_query=urlencode(
            [("subject", one.subject or "") for one in found], errors="replace"
        ),
        asked=chosen,
        day_before=before.date().isoformat(),
        periods=tuple(PERIODS),
        most=COMPARED,
    )


@router.get("/trends/compare.csv")
def compare_csv(
    site: TheSite, chosen: ThePeriod, subject: Subjects = None, bom: str = ""
) -> Response:
    """The curves of a comparison."""
    found = _compared(site, chosen, subject)
    return csv_answer(("compare", chosen.length), *compared_table(site, found), bom)


@router.get("/trends.csv")
def all_trends_csv(site: TheSite, chosen: ThePeriod, bom: str = "") -> Response:
    """The table of all subjects."""
    ids = [one.id for one in site.watchlist.subjects]
    found = trends.volumes(site.index, ids, since=chosen.since, until=chosen.until)
    table = all_table(site, found)
    return csv_answer(("trends", chosen.length), *table, bom)


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
def subject(request: Request, site: TheSite, subject_id: str, chosen: ThePeriod) -> Response:
    """One subject: volume with its baseline, who and what it is made of, what grew."""
    found = _known(site, subject_id)
    since, until = chosen.since, chosen.until
    start = trends.data_start(site.index, until)
    shown = trends.trend(site.index, found.id, since=since, until=until, start=start)
    texts = trends.texts(site.index, found.id, since=since, until=until, limit=CLUSTERS)
    return site.render(
        request,
        "subject.html",
        subject=found,
        groups=[one for one in site.watchlist.subjects if one.id in found.groups],
        members=[one for one in site.watchlist.subjects if found.id in one.groups],
        trend=shown,
        chart=charts.banded(shown.steps, shown.surges, shown.changes),
        occasions=site.occasions(request, found.id, since, until),
        profile=trends.profile(site.index, found.id, since=since, until=until),
        elsewhere=len(site.index.gaps(since=since, until=until)) - len(shown.gaps),
        alerts=in_state(site.index, site.board, "", subject=found.id, limit=ALERTS).alerts,
        clusters=texts,
        judged=harmful(site.index, texts),
        period=chosen.length,
        day=chosen.day,
        periods=tuple(PERIODS),
        daily=chosen.length == "28d",
        surge_steps=_steps_of(shown, [(one.since, one.until) for one in shown.surges]),
        change_steps=_steps_of(shown, [(one.at, one.at + 1) for one in shown.changes]),
        posts_between=_posts_between,
    )


@router.get("/subjects/{subject_id}/first")
def first_post(site: TheSite, subject_id: str, since: str = "", until: str = "") -> Response:
    """Leads to the earliest post about a subject in a stretch, where it may have begun."""
    found = _known(site, subject_id)
    query = PostQuery(
        subject=found.id, since=_ms(since), until=_ms(until), order="oldest", limit=1
    )
    posts = site.index.search(query).posts
    if not posts:
        raise Refused(404, "There is no post in this stretch, or it was deleted.")
    return RedirectResponse(path_of("posts", posts[0].post.id), status_code=303)


@router.get("/subjects/{subject_id}/{part}.csv")
def subject_csv(
    site: TheSite, subject_id: str, part: Part, chosen: ThePeriod, bom: str = ""
) -> Response:
    """One chart or table of a subject."""
    found = _known(site, subject_id)
    name = (found.id, part, chosen.length)
    return csv_answer(name, *part_table(site, found, part, chosen), bom)


def _rows(
    site: Site, request: Request, chosen: Period, found: Sequence[Trend]
) -> list[tuple[Trend, charts.Banded, Occasions | None]]:
    """Trends with their small charts and what was on meanwhile."""
    since, until = chosen.since, chosen.until
    zone = ZONES[site.zone_for(request)]
    every = site.calendar.between(None, since, until)
    rows: list[tuple[Trend, charts.Banded, Occasions | None]] = []
    for one in found:
        on = about(every, site.watchlist, one.subject or "")
        spans = [(each.since, each.until) for each in on]
        chart = charts.banded(
            one.steps, one.surges, one.changes,
            occasions=charts.on_top(spans, since, until),
        )  # fmt: skip
        rows.append((one, chart, occasions(on, since, until, zone)))
    return rows


def _posts_between(subject_id: str, since: int, until: int) -> str:
    """The posts of a subject in a stretch, the first ones on top."""
    quoted = subject_id.replace('"', "")
    asked = f'subject:"{quoted}" since:{_utc(since)} until:{_utc(until)}'
    return with_query("/posts", q=asked, sort="oldest")


def _utc(at: int) -> str:
    # With its zone: readers choose in which one they write times.
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%MZ}"


def _ms(text: str) -> int | None:
    """Milliseconds as an address writes them; None for anything else."""
    return min(int(text), LATEST_MS) if _DIGITS.fullmatch(text) else None


def _compared(site: Site, chosen: Period, subjects: Sequence[str] | None) -> list[Trend]:
    known = [one for one in dict.fromkeys(subjects or ()) if site.watchlist.subject(one)]
    return trends.several(
        site.index,
        known[:COMPARED],
        since=chosen.since,
        until=chosen.until,
        against=chosen.against,
    )


def _known(site: Site, subject_id: str) -> Subject:
    found = site.watchlist.subject(subject_id)
    if found is None:
        raise Refused(404, "There is no such subject on the watchlist. The trends list all.")
    return found


def _listed(site: Site, chosen: Period, order: str, first: int) -> list[Trend]:
    """A page of all subjects; only by ratio all of them have to be judged for it."""
    names = {one.id: one.name.casefold() for one in site.watchlist.subjects}
    since, until = chosen.since, chosen.until
    if order == "ratio":
        found = trends.volumes(site.index, names, since=since, until=until)
        return sorted(found, key=lambda one: -(one.ratio or 0.0))[first : first + PAGE]
    if order == "name":
        ids = sorted(names, key=lambda one: (names[one], one))
    else:
        ids = trends.busiest(site.index, names, since=since, until=until)
    return trends.several(site.index, ids[first : first + PAGE], since=since, until=until)


def _steps_of(shown: Trend, spans: Sequence[tuple[int, int]]) -> set[int]:
    """Starts of the steps that any of the spans touches."""
    length = (shown.until - shown.since) // max(len(shown.steps), 1)
    return {
        step.at
        for step in shown.steps
        if any(since < step.at + length and until > step.at for since, until in spans)
    }
