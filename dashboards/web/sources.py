"""Sources in detail, the ledger of their gaps, and how to use the pages."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.export import iso
from dashboards.web.exports import csv_answer
from dashboards.web.site import TheSite, with_query
from dashboards.web.triage import page_number

router = APIRouter()
GAPS = 50
LAST_PAGE = 2000
MOST_EXPORTED = 100_000


@router.get("/sources")
def sources(request: Request, site: TheSite, page: str = "") -> Response:
    """Every source: how it does, what it has read, where it has gaps, what to do about it."""
    number = min(page_number(page), LAST_PAGE)
    ledger = site.index.gap_ledger(offset=(number - 1) * GAPS, limit=GAPS)

    def path(to: int) -> str:
        return with_query("/sources", page=to if to > 1 else "") + "#gaps"

    return site.render(
        request,
        "sources.html",
        counts=site.index.counts(),
        ledger=ledger,
        page=number,
        pages=max(1, min(-(-ledger.total // GAPS), LAST_PAGE)),
        page_path=path,
        has_dead=site.dead is not None,
    )


@router.get("/gaps.csv")
def gaps_csv(site: TheSite, bom: str = "") -> Response:
    """The ledger of gaps, the newest first, at most a hundred thousand."""
    rows = [
        (
            gap.source,
            iso(gap.since),
            iso(gap.until),
            (gap.until - gap.since) // 1000,
            gap.reason,
        )
        for gap in site.index.gap_ledger(limit=MOST_EXPORTED).gaps
    ]
    header = ("source", "since", "until", "length_seconds", "reason")
    return csv_answer(("gaps",), header, rows, bom)


@router.get("/help")
def how_to(request: Request, site: TheSite) -> Response:
    """Keys, and what the words on the pages mean."""
    return site.render(request, "help.html")
