"""Sources and gaps by the API: how reading goes, and when posts may have been missed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import Field

from dashboards.web.api.fields import (
    Limit,
    Model,
    Offset,
    Page,
    Time,
    iso,
    maybe_iso,
    next_part,
)
from dashboards.web.site import TheSite
from ingest.records import SourceState, SourceStatus

router = APIRouter(tags=["sources"])


class SourceModel(Model):
    """How a source is doing; counters are since the data folder was made."""

    source: str
    state: SourceState
    changed_at: Time
    last_item_at: Time | None = Field(description="Event time of the newest item.")
    read: int = Field(description="logged + unmatched + malformed.")
    logged: int = Field(description="Posts about somebody of the watchlist.")
    unmatched: int = Field(description="Posts about nobody, counted only.")
    malformed: int = Field(description="Records that could not be read, kept as they came.")
    skipped: int
    problem: str | None = Field(description="What is wrong, in plain words.")


class Sources(Model):
    """Every source that ever ran, by name."""

    items: list[SourceModel]


class GapModel(Model):
    """A stretch of time in which a source may have missed posts."""

    source: str
    since: Time
    until: Time
    reason: str


@router.get("/sources", operation_id="listSources")
def sources(site: TheSite) -> Sources:
    """Every source and how it is doing."""
    return Sources(items=[source_model(one) for one in site.index.statuses()])


@router.get("/gaps", operation_id="listGaps")
def gaps(
    request: Request, site: TheSite, offset: Offset = 0, limit: Limit = 50
) -> Page[GapModel]:
    """All gaps, the newest first."""
    found = site.index.gap_ledger(offset=offset, limit=limit)
    return Page(
        total=found.total,
        next=next_part(request, offset=offset, limit=limit, total=found.total),
        items=[
            GapModel(
                source=one.source,
                since=iso(one.since),
                until=iso(one.until),
                reason=one.reason,
            )
            for one in found.gaps
        ],
    )


def source_model(one: SourceStatus) -> SourceModel:
    """A source as the API and its stream give it."""
    return SourceModel(
        source=one.source,
        state=one.state,
        changed_at=iso(one.changed_at),
        last_item_at=maybe_iso(one.last_item_at),
        read=one.read,
        logged=one.logged,
        unmatched=one.unmatched,
        malformed=one.malformed,
        skipped=one.skipped,
        problem=one.problem,
    )
