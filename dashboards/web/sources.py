"""Sources in detail, and how to use the pages."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.web.site import TheSite

router = APIRouter()


@router.get("/sources")
def sources(request: Request, site: TheSite) -> Response:
    """Every source: how it does, what it has read, what to do about it."""
    return site.render(request, "sources.html", counts=site.index.counts())


@router.get("/help")
def how_to(request: Request, site: TheSite) -> Response:
    """Keys, and what the words on the pages mean."""
    return site.render(request, "help.html")
