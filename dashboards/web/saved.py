"""Saved views on the pages: the list with counts, and making, renaming, deleting them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.saved_views import MAX_NAME, MAX_QUERY, SavedView, TooManyViewsError
from dashboards.web import times
from dashboards.web.forms import PostedForm
from dashboards.web.posts import Search
from dashboards.web.site import Refused, Site, TheSite, local_path
from dashboards.web.text import plain
from dashboards.web.triage import read_filters
from stream.index import PostQuery, SearchUnavailableError
from stream.search.query import QueryError

router = APIRouter()
MAX_FIELDS = 10
BUDGET_S = 0.05
"""Counting stops here; views after that show no number until the page is asked again."""
KEPT_MS = 60_000
"""A count of posts may be this old."""
MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A view and how much it shows now; None where that was not counted."""

    view: SavedView
    count: int | None


@router.get("/views")
def views(request: Request, site: TheSite, page: str = "", query: str = "") -> Response:
    """All views a person sees, and the form for a new one."""
    wanted = clean_query(page, query) if page in COUNTS else None
    return site.render(
        request,
        "views.html",
        counted=counted(site, request.state.person),
        page=page if wanted is not None else "",
        query=wanted or "",
        max_name=MAX_NAME,
    )


@router.post("/views")
def create(request: Request, site: TheSite, form: PostedForm) -> Response:
    """Save a page and its query under a name."""
    page = form.get("page", "")
    if page not in COUNTS:
        raise Refused(400, "This page cannot be saved as a view.")
    person: str = request.state.person
    try:
        made = site.views.create(
            _name(form.get("name", "")),
            page,
            clean_query(page, form.get("query", "")),
            owner="" if form.get("team") else person,
            who=person,
            at_ms=site.now(),
        )
    except TooManyViewsError:
        raise Refused(409, "There are too many views. Delete one that nobody needs.") from None
    return RedirectResponse(made.path, status_code=303)


@router.post("/views/{view_id}")
def change(request: Request, site: TheSite, view_id: str, form: PostedForm) -> Response:
    """Rename or delete a view of one's own or of the team."""
    person: str = request.state.person
    if form.get("do") == "delete":
        done = site.views.delete(view_id, person)
    else:
        done = site.views.rename(view_id, person, _name(form.get("name", "")))
    if not done:
        raise Refused(404, "There is no such view.")
    return RedirectResponse(local_path(form.get("back", "/views")), status_code=303)


def counted(site: Site, person: str) -> list[Counted]:
    """A person's views with their counts, as far as there is time to count."""
    until = time.monotonic() + BUDGET_S
    found = list[Counted]()
    for view in site.views.of(person):
        known = site.view_counts.get(view.path)
        if known and view.page != "/alerts" and site.now() - known[0] < KEPT_MS:
            found.append(Counted(view=view, count=known[1]))
        elif time.monotonic() < until and view.page in COUNTS:
            try:
                count = COUNTS[view.page](site, _fields(view.query))
            except SearchUnavailableError:
                # The list of alerts shows these counts too and must not need search.
                found.append(Counted(view=view, count=None))
                continue
            if len(site.view_counts) >= MOST_KEPT:
                site.view_counts.clear()
            site.view_counts[view.path] = (site.now(), count)
            found.append(Counted(view=view, count=count))
        else:
            found.append(Counted(view=view, count=known[1] if known else None))
    return found


def clean_query(page: str, query: str) -> str:
    """Those fields of a query that the page knows, each once, without its page number."""
    fields = _fields(query)
    kept = {name: fields[name] for name in FIELDS[page] if fields.get(name)}
    return urlencode(kept, errors="replace")[:MAX_QUERY]


def _fields(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, max_num_fields=MAX_FIELDS))
    except ValueError:
        return {}


def _name(text: str) -> str:
    name = plain(text, MAX_NAME)
    if not name:
        raise Refused(400, "A view needs a name.")
    return name


def _count_alerts(site: Site, fields: dict[str, str]) -> int:
    asked = read_filters(*(fields.get(one, "") for one in ("state", "severity", "subject", "")))
    severities: Sequence[str] = (asked.severity,) if asked.severity else ()
    chosen = site.board.choose(
        asked.state, subject=asked.subject or None, severities=severities
    )
    return len(chosen.entries)


def _count_posts(site: Site, fields: dict[str, str]) -> int:
    wanted = Search(**{name: fields.get(name, "") for name in FIELDS["/posts"]})
    try:
        # Saved by one and counted for all: days are those of Korea.
        where = wanted.asked(site, times.KST).where
    except QueryError:
        return 0
    return site.index.search(PostQuery(where=where, limit=0)).total


COUNTS: dict[str, Callable[[Site, dict[str, str]], int]] = {
    "/alerts": _count_alerts,
    "/posts": _count_posts,
}
FIELDS = {
    "/alerts": ("state", "severity", "subject"),
    "/posts": ("q", "subject", "platform", "lang", "sort"),
}
