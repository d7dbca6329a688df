"""Records that could not be read: the list, one of them made safe to look at, another try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.web.forms import Form, PostedForm
from dashboards.web.site import Refused, Site, TheSite, with_query
from dashboards.web.triage import page_number
from stream.care.dead_box import MOST_AT_ONCE, DeadBox, DeadQuery, StoredLetter
from stream.care.errands import SOURCE_STAGE
from stream.storage.errors import StorageVersionError

router = APIRouter()
A_PAGE: Final = 50
LAST_PAGE: Final = 400
SHOWN_BYTES: Final = 8_000
LONGEST: Final = 200
SPANS: Final = {"24h": 24, "7d": 7 * 24, "30d": 30 * 24}
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which letters a page shows, as its address says."""

    source: str = ""
    stage: str = ""
    reason: str = ""
    span: str = ""

    def query(self, now: int, page: int = 1) -> DeadQuery:
        """The same for the box."""
        hours = SPANS.get(self.span)
        return DeadQuery(
            source=self.source or None,
            stage=self.stage or None,
            reason=self.reason or None,
            since=None if hours is None else now - hours * HOUR_MS,
            offset=(page - 1) * A_PAGE,
            limit=A_PAGE,
        )

    def path(self, page: int = 1, request: int | str = "") -> str:
        """The address of a page with these filters."""
        return with_query(
            "/dead",
            source=self.source,
            stage=self.stage,
            reason=self.reason,
            span=self.span,
            page=page if page > 1 else "",
            request=request,
        )


def _filters(source: str, stage: str, reason: str, span: str) -> Filters:
    return Filters(
        source=source[:LONGEST],
        stage=stage[:LONGEST],
        reason=reason[:LONGEST],
        span=span if span in SPANS else "",
    )


@router.get("/dead")
def letters(
    request: Request,
    site: TheSite,
    source: str = "",
    stage: str = "",
    reason: str = "",
    span: str = "",
    page: str = "",
) -> Response:
    """What could not be read, the newest first, and what came of another try."""
    box = _box(site)
    filters = _filters(source, stage, reason, span)
    number = min(page_number(page), LAST_PAGE)
    found = box.page(filters.query(site.now(), number))
    pages = max(1, min(-(-found.total // A_PAGE), LAST_PAGE))
    if number > pages:
        number = pages
        found = box.page(filters.query(site.now(), number))
    asked = _number(request.query_params.get("request", ""))
    return site.render(
        request,
        "dead.html",
        found=found,
        filters=filters,
        spans=tuple(SPANS),
        narrowed=filters != Filters(),
        page=number,
        pages=pages,
        page_path=filters.path,
        asked=asked,
        outcome=None if asked is None else box.outcome(asked),
        at_once=min(found.total, MOST_AT_ONCE),
    )


@router.post("/dead/replay")
def replay(request: Request, site: TheSite, form: PostedForm) -> Response:
    """Ask for another try at the chosen letters, or at all that the filters name."""
    box = _box(site)
    filters = _filters(*(form.get(name, "") for name in ("source", "stage", "reason", "span")))
    wanted = _wanted(box, form, filters, site.now())
    if not wanted:
        raise Refused(400, "Choose records in the list first.")
    try:
        number = box.replay(wanted, who=request.state.person)
    except (FileNotFoundError, StorageVersionError):
        raise Refused(409, "There is nothing to try again here.") from None
    return RedirectResponse(filters.path(request=number), status_code=303)


@router.get("/dead/{seq}")
def letter(request: Request, site: TheSite, seq: str) -> Response:
    """One record: why it could not be read, and its bytes made safe."""
    found = _known(site, seq)
    shown = found.raw[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return site.render(
        request,
        "dead_letter.html",
        row=found.row,
        text=shown,
        left=max(0, len(found.raw) - SHOWN_BYTES),
        again=found.row.stage == SOURCE_STAGE,
    )


@router.get("/dead/{seq}/raw")
def raw(site: TheSite, seq: str) -> Response:
    """The original bytes as a file; never shown by the browser."""
    found = _known(site, seq)
    name = f"dead-letter-{found.row.seq}.bin"
    return Response(
        found.raw,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _wanted(box: DeadBox, form: Form, filters: Filters, now: int) -> list[int]:
    if form.get("all"):
        return list(box.seqs(filters.query(now))[:MOST_AT_ONCE])
    chosen = (_number(one) for one in form.all("letter"))
    return [one for one in chosen if one is not None]


def _known(site: Site, seq: str) -> StoredLetter:
    number = _number(seq)
    found = None if number is None else _box(site).letter(number)
    if found is None:
        raise Refused(404, "This record is not here. It was read since, deleted, or too old.")
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004 - fits 64 bits


def _box(site: Site) -> DeadBox:
    if site.dead is None:
        raise Refused(404, "There is no such page.")
    return site.dead
