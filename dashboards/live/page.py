"""The page and the JSON of the live view: subjects and numbers, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from dashboards.web import words
from dashboards.web.app import Static
from dashboards.web.guard import LOOPBACK, Guard
from dashboards.web.site import STATIC, environment
from dashboards.web.text import plain
from detect.watchlist import Subject

WIDTH, HEIGHT = 240, 32
RECENT = 10
"""Minutes of the second column."""
NAME = 80

Minutes = Callable[[str, float], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subject: posts of each minute, of the last ten, of the hour, and the bars."""

    subject: str
    name: str
    minutes: tuple[int, ...]
    recent: int
    hour: int
    most: int
    bars: str


def row_of(subject: str, name: str, minutes: Sequence[int]) -> Row:
    """What is shown of one subject."""
    return Row(
        subject=subject,
        name=name,
        minutes=tuple(minutes),
        recent=sum(minutes[-RECENT:]),
        hour=sum(minutes),
        most=max(minutes, default=0),
        bars=bars(minutes),
    )


def bars(minutes: Sequence[int]) -> str:
    """An SVG path of one bar a minute, the largest as high as the picture."""
    most = max(minutes, default=0)
    if not most:
        return ""
    step = WIDTH / len(minutes)
    wide = step * 0.8
    return "".join(
        f"M{place * step:.1f} {HEIGHT}V{HEIGHT - HEIGHT * n / most:.1f}h{wide:.1f}V{HEIGHT}z"
        for place, n in enumerate(minutes)
        if n
    )


def live_pages(
    subjects: Sequence[Subject], minutes: Minutes, now: Callable[[], float]
) -> Starlette:
    """The web application, for this machine alone.

    Args:
        subjects: of the watchlist; the most talked about come first.
        minutes: posts of each of the last minutes of a subject at a time (s).
        now: the time in seconds.
    """
    templates = environment()
    said = words.load()

    def rows(at: float) -> list[Row]:
        found = [row_of(one.id, one.name, minutes(one.id, at)) for one in subjects]
        return sorted(found, key=lambda row: (-row.hour, row.name))

    async def page(request: Request) -> Response:
        lang = words.choose("", request.headers.get("accept-language", ""))
        at = now()
        shown = templates.get_template("live.html").render(
            _=said[lang],
            n_=said[lang].many,
            lang=lang,
            rows=rows(at),
            at=_iso(at),
            recent=RECENT,
            width=WIDTH,
            height=HEIGHT,
            longest=NAME,
        )
        return HTMLResponse(shown.encode("utf-8", "replace"))

    async def as_json(request: Request) -> Response:
        del request
        at = now()
        told = [_told(row) for row in rows(at)]
        return JSONResponse({"approximate": True, "at": _iso(at), "subjects": told})

    async def healthz(request: Request) -> Response:
        del request
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/live.json", as_json),
            Route("/healthz", healthz),
            Mount("/static", Static(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=LOOPBACK, secure=False)],
    )


def _told(row: Row) -> dict[str, object]:
    return {
        "id": row.subject,
        "name": plain(row.name, NAME),
        "per_minute": row.minutes,
        "last_10_minutes": row.recent,
        "last_hour": row.hour,
        "busiest_minute": row.most,
        "bars": row.bars,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
