"""What every page needs: the index, the desk, the words, and how a page is rendered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from prometheus_client import CollectorRegistry
from starlette.responses import HTMLResponse, Response

from dashboards.addresses import address_of
from dashboards.desk import Desk
from dashboards.preview_looks import PreviewLooks
from dashboards.queries.alerts import AlertBoard
from dashboards.saved_views import SavedViews
from dashboards.web import gap_words, harm, text, times, titles, words
from dashboards.web.occasions import EVENTS, Occasions, about, occasions
from dashboards.web.sessions import CSRF_COOKIE, SESSION_COOKIE, FormTokens, Sessions
from dashboards.web.views import Health, health_of
from detect.watchlist import Watchlist
from stream.calendar.events import Calendar
from stream.care.dead_box import DeadBox
from stream.index import Index
from stream.media.previews import Previews

HERE = Path(__file__).parent
STATIC = HERE / "static"
_NOT_IN_PATHS = re.compile(r"[\x00-\x20\x7f\\]")
NAME = 80
"""Code points that pages show of a subject's name."""
THEMES = ("system", "light", "dark")


class Refused(Exception):
    """A request that is not answered as asked; shown as a page with its reason."""

    def __init__(self, status: int, reason: str, *, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Site:
    """The parts of one web process; made once by ``create_app``."""

    def __init__(
        self,
        index: Index,
        desk: Desk,
        watchlist: Watchlist,
        *,
        now: Callable[[], int],
        secret: bytes,
        sessions: Sessions | None,
        secure: bool,
        dead: DeadBox | None = None,
        previews: Previews | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self.index = index
        self._previews = previews
        self.dead = dead
        self.calendar = calendar or Calendar()
        self.desk = desk
        self.watchlist = watchlist
        self.board = AlertBoard(index, desk, watchlist.groups_of)
        self.views = SavedViews(desk.file)
        self.looks = PreviewLooks(desk.file)
        self.view_counts: dict[str, tuple[int, int]] = {}
        self.now = now
        self.tokens = FormTokens(secret)
        self.registry = CollectorRegistry()
        self.sessions = sessions
        self.secure = secure
        self._names = {subject.id: subject.name for subject in watchlist.subjects}
        self._words = words.load()
        self._templates = environment()

    def preview(self, sha256: str) -> bytes | None:
        """A small JPEG of a picture; None where nothing may be shown, or nothing is here."""
        return None if self._previews is None else self._previews.get(sha256)

    def merged_family(self, family: str) -> str | None:
        """The family of pictures that another went into, where this machine knows it."""
        return None if self._previews is None else self._previews.merged_into(family)

    def name_of(self, subject: str) -> str:
        """The name of a subject; its id when the watchlist does not know it."""
        return self._names.get(subject, subject)

    def occasions(
        self, request: Request, subject: str, since: int, until: int
    ) -> Occasions | None:
        """What the calendar says was on about a subject, below a chart and in words."""
        found = about(self.calendar.between(None, since, until), self.watchlist, subject)
        return occasions(found, since, until, times.ZONES[self.zone_for(request)])

    def zone_for(self, request: Request) -> str:
        """The zone in which this person reads times, a key of ``times.ZONES``."""
        zone = request.cookies.get("jikimi_zone", "")
        return zone if zone in times.ZONES else next(iter(times.ZONES))

    def _short_name_of(self, subject: str) -> str:
        return text.preview(self.name_of(subject), NAME)

    def words_for(self, request: Request) -> words.Words:
        """The words in the language of this person."""
        accepted = request.headers.get("accept-language", "")
        return self._words[words.choose(request.cookies.get("jikimi_lang", ""), accepted)]

    def render(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> Response:
        """A page as an answer; hands out the form cookie when there is none yet."""
        health = None
        if getattr(request.state, "person", None):
            statuses = self.index.statuses()
            health = health_of(statuses, self.now(), self.words_for(request))
        return self.render_bare(request, template, status=status, health=health, **values)

    def render_bare(
        self,
        request: Request,
        template: str,
        *,
        status: int,
        health: Health | None = None,
        **values: object,
    ) -> Response:
        """A page for which the index is not asked anything."""
        nonce = request.cookies.get(CSRF_COOKIE) or self.tokens.nonce()
        session = request.cookies.get(SESSION_COOKIE, "")
        page = self._templates.get_template(template).render(
            **self._common(request),
            csrf=self.tokens.token(nonce, session),
            health=health,
            **{"news": None, **values},
        )
        # Half a surrogate pair from outside must not turn a page into an error.
        answer = HTMLResponse(page.encode("utf-8", "replace"), status_code=status)
        if CSRF_COOKIE not in request.cookies:
            self.set_cookie(answer, CSRF_COOKIE, nonce)
        return answer

    def set_cookie(
        self, answer: Response, name: str, value: str, *, max_age: int | None = None
    ) -> None:
        """A cookie that scripts cannot read and other sites cannot send."""
        answer.set_cookie(
            name,
            value,
            max_age=max_age,
            httponly=True,
            samesite="strict",
            secure=self.secure,
            path="/",
        )

    def _common(self, request: Request) -> Mapping[str, object]:
        said = self.words_for(request)
        now = self.now()
        theme = request.cookies.get("jikimi_theme", "")
        zone = self.zone_for(request)
        person = getattr(request.state, "person", None)
        return {
            "_": said,
            "n_": said.many,
            "lang": said.lang,
            "languages": words.LANGUAGES,
            "theme": theme if theme in THEMES else "system",
            "keys": request.cookies.get("jikimi_keys") != "off",
            "moment": partial(times.moment, now=now, words=said, zone=times.ZONES[zone]),
            "clock": partial(times.clock, zone=times.ZONES[zone]),
            "zone": zone.upper(),
            "area": times.AREAS[zone],
            "span": partial(times.span, words=said),
            "gap_why": partial(gap_words.why, words=said),
            "person": person,
            "with_login": self.sessions is not None,
            "here": here(request),
            "path": request.url.path,
            "subject_name": self._short_name_of,
            "title_of": partial(titles.title_of, words=said, name_of=self._short_name_of),
            "charts": (STATIC / "vendor" / "uplot.js").is_file(),
        }


def here(request: Request) -> str:
    """Path and query of a request, for forms that come back to it."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def local_path(path: str) -> str:
    """A path of ours to go to next; anything that could lead elsewhere becomes ``/``."""
    if not path.startswith("/") or path[1:2] in {"/", "\\"} or len(path) > text.MAX_URL:
        return "/"
    if _NOT_IN_PATHS.search(path):
        return "/"
    return path.encode("utf-8", "replace").decode()


def with_query(path: str, **values: object) -> str:
    """A path, or one with a query, and those query values that are set."""
    kept = {key: str(value) for key, value in values.items() if value not in (None, "", ())}
    mark = "&" if "?" in path else "?"
    return f"{path}{mark}{urlencode(kept, errors='replace')}" if kept else path


def get_site(request: Request) -> Site:
    """The parts of this web process, for routes."""
    site = request.app.state.site
    assert isinstance(site, Site)  # noqa: S101 - create_app put it there
    return site


TheSite = Annotated[Site, Depends(get_site)]


def environment() -> Environment:
    """What templates need: escaping, filters and helpers."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "code": text.code,
        "show": text.show,
        "plain": text.plain,
        "preview": text.preview,
        "number": _number,
    }
    helpers: dict[str, Any] = {
        "address_of": address_of,
        "CATEGORY_WORDS": harm.CATEGORY_WORDS,
        "EVENT_WORDS": EVENTS,
        "LAYER_WORDS": harm.LAYER_WORDS,
        "TARGET_WORDS": harm.TARGET_WORDS,
        "is_spared": harm.is_spared,
        "label_harm": harm.label_harm,
        "language_of": harm.language_of,
        "shown_harm": harm.shown_harm,
        "path_of": text.path_of,
        "with_query": with_query,
        "outside": text.outside,
        "static": _static_paths(),
    }
    env.filters |= filters
    env.globals |= helpers
    return env


@pass_context
def _number(context: Context, n: float) -> str:
    said: words.Words = context["_"]
    return said.number(n)


def _static_paths() -> Callable[[str], str]:
    known: dict[str, str] = {}

    def path(name: str) -> str:
        # The hash in the address lets browsers keep a file for ever.
        if name not in known:
            known[name] = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
        return f"/static/{name}?v={known[name]}"

    return path
