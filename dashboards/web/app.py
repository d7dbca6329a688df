"""Puts the pages together: ``create_app`` makes the web application."""

from __future__ import annotations

import os
from collections.abc import Callable

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dashboards.desk import Desk
from dashboards.keys import Keys
from dashboards.web import (
    alerts,
    campaigns,
    clusters,
    dead,
    decisions,
    families,
    health,
    login,
    metrics,
    overview,
    posts,
    saved,
    sources,
    threads,
    trends,
)
from dashboards.web.api.app import PREFIX, create_api
from dashboards.web.api.problems import (
    AGAIN_S,
    DAMAGED,
    UNREADABLE,
    failed,
    http_problem,
    unreadable,
)
from dashboards.web.guard import HEADERS, Gate, Guard, allowed_hosts, of_api
from dashboards.web.metrics import register
from dashboards.web.sessions import Sessions
from dashboards.web.site import STATIC, Refused, Site, get_site
from dashboards.web.timing import Durations, Timing
from dashboards.web.words import gettext_noop
from detect.watchlist import Watchlist
from stream.calendar.events import Calendar
from stream.care.dead_box import DeadBox
from stream.index import Index
from stream.media.previews import Previews
from stream.storage.errors import StorageFullError

LEAST_SECRET = 16
# In this order: of two routes that fit, the first answers.
PARTS = (
    health,
    metrics,
    overview,
    decisions,
    alerts,
    campaigns,
    clusters,
    families,
    posts,
    saved,
    threads,
    trends,
    sources,
    dead,
    login,
)

log = structlog.get_logger(__name__)


class Static(StaticFiles):
    """Our own files; their address holds their hash, so they may be kept."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """As Starlette answers, with leave to keep the file."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer


def create_app(
    index: Index,
    desk: Desk,
    watchlist: Watchlist,
    *,
    password: str | None,
    secret: bytes,
    public_url: str | None,
    now: Callable[[], int],
    bound: str | None = None,
    dead_box: DeadBox | None = None,
    previews: Previews | None = None,
    calendar: Calendar | None = None,
) -> FastAPI:
    """The web application over an index and a desk.

    ``secret`` signs cookies and forms; at least ``LEAST_SECRET`` bytes, the same across
    restarts if sessions shall last. ``public_url`` and ``bound`` are names under
    which the pages answer besides loopback. ``now`` gives milliseconds. ``dead_box`` shows
    records that could not be read; without it there is no such page. ``previews`` are of
    pictures that passed the gate. ``calendar`` says what was on while something spread.

    Raises:
        ValueError: the secret is too short.
    """
    if len(secret) < LEAST_SECRET:
        raise ValueError(f"the secret that signs cookies needs {LEAST_SECRET} bytes or more")
    sessions = Sessions(secret, password, now) if password else None
    app = FastAPI(title="jikimi", docs_url=None, redoc_url=None, openapi_url=None)
    site = app.state.site = Site(
        index,
        desk,
        watchlist,
        now=now,
        secret=secret,
        sessions=sessions,
        secure=(public_url or "").startswith("https://"),
        dead=dead_box,
        previews=previews,
        calendar=calendar,
    )
    for part in PARTS:
        app.include_router(part.router)
    api = create_api(site)
    app.state.feed = api.state.feed
    app.mount(PREFIX, api)
    app.mount("/static", Static(directory=STATIC), name="static")
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(StorageFullError, _full)
    for kind in DAMAGED:
        app.add_exception_handler(kind, _unreadable)
    app.add_exception_handler(Exception, _failed)
    # The last one added is the outermost.
    app.add_middleware(Gate, sessions=sessions, keys=Keys(desk.file))
    register(site.registry, site)
    app.add_middleware(Guard, hosts=allowed_hosts(public_url, bound), secure=site.secure)
    app.add_middleware(Timing, durations=Durations(site.registry))
    return app


def _problem(request: Request, status: int, reason: str) -> Response:
    site = get_site(request)
    return site.render(request, "problem.html", status=status, code=status, reason=reason)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for this class
    answer = _problem(request, error.status, error.reason)
    if error.retry_after is not None:
        answer.headers["retry-after"] = str(error.retry_after)
    return answer


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    if of_api(request.scope["path"]):
        # A path with a line break does not get as far as the API.
        return http_problem(error)
    reasons = {
        404: gettext_noop("There is no such page."),
        405: gettext_noop("This page does not take that."),
    }
    reason = reasons.get(error.status_code, gettext_noop("This request could not be answered."))
    return _problem(request, error.status_code, reason)


def _not_valid(request: Request, error: Exception) -> Response:
    del error
    return _problem(
        request, 400, gettext_noop("This address holds something that cannot be read.")
    )


def _full(request: Request, error: Exception) -> Response:
    del error
    reason = gettext_noop(
        "The disk is full, so nothing was kept. Free some space, then try again."
    )
    answer = get_site(request).render_bare(
        request, "problem.html", status=503, code=503, reason=reason
    )
    answer.headers["retry-after"] = str(AGAIN_S)
    return answer


def _unreadable(request: Request, error: Exception) -> Response:
    # Nothing on this page may ask the index again.
    log.warning("index_unreadable", problem=f"{type(error).__name__}: {error}")
    reason = gettext_noop(
        "The index cannot be read just now. It is tried anew with each request; if this "
        "lasts, run `jikimi index rebuild`: it makes the index anew, and nothing is lost."
    )
    site = get_site(request)
    answer = site.render_bare(request, "problem.html", status=503, code=503, reason=reason)
    answer.headers["retry-after"] = str(AGAIN_S)
    return answer


def _failed(request: Request, error: Exception) -> Response:
    # The error itself goes to the log; it may hold what people wrote. This answer is
    # made outside the guard, so it puts the headers on itself.
    if of_api(request.scope["path"]):
        answer = unreadable(error) if isinstance(error, UNREADABLE) else failed()
    else:
        answer = get_site(request).render_bare(
            request,
            "problem.html",
            status=500,
            code=500,
            reason=gettext_noop("Something went wrong here. It has been written to the log."),
        )
    answer.headers.update(HEADERS)
    answer.headers["cache-control"] = "no-store"
    return answer
