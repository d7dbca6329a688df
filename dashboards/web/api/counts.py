"""Counts by the API: totals, posts over time, and posts by subject, source or language."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from dashboards.desk import OPEN
from dashboards.web.api.fields import Model, Since, Subject, Time, Until, in_ms, iso
from dashboards.web.api.problems import invalid
from dashboards.web.site import Site, TheSite
from dashboards.web.times import DAY, MINUTE

router = APIRouter(tags=["counts"])
MAX_BUCKETS = 2_000
MAX_VALUES = 500
LONGEST_MS = 10 * 366 * DAY


class CountsModel(Model):
    """Totals of everything that is kept."""

    posts: int = Field(ge=0)
    deleted: int = Field(ge=0, description="Posts of which only a tombstone is left.")
    clusters: int = Field(ge=0)
    alerts: int = Field(ge=0)
    open_alerts: int = Field(ge=0, description="Alerts about which nobody has decided.")


class BucketModel(Model):
    """Posts in one step."""

    at: Time
    posts: int
    masked: bool = Field(description="Whether a source may have missed posts here.")


class HistogramModel(Model):
    """Posts over time; empty steps are there too."""

    since: Time
    until: Time
    step_minutes: int
    items: list[BucketModel]


class FacetValue(Model):
    """How many posts have a value."""

    value: str
    posts: int


class FacetModel(Model):
    """Posts by value, the most frequent first."""

    by: Literal["subject", "source", "lang"]
    since: Time
    until: Time
    more: int = Field(description=f"Values beyond the {MAX_VALUES} that are listed.")
    items: list[FacetValue]


@router.get("/counts", operation_id="getCounts")
def counts(site: TheSite) -> CountsModel:
    """Totals of everything that is kept."""
    return counted(site)


@router.get("/histogram", operation_id="getHistogram")
def histogram(
    site: TheSite,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    step_minutes: Annotated[
        int, Query(ge=1, le=44_640, description="Length of a step in minutes.")
    ] = 60,
) -> HistogramModel:
    """Posts over time, of the last 24 hours unless other times are given."""
    first, last = _span(site, since, until)
    step = step_minutes * MINUTE
    if (last - first) // step >= MAX_BUCKETS:
        raise invalid("query.step_minutes", f"this makes more than {MAX_BUCKETS} steps")
    found = site.index.histogram(subject=subject, since=first, until=last, bucket_ms=step)
    return HistogramModel(
        since=iso(first),
        until=iso(last),
        step_minutes=step_minutes,
        items=[BucketModel(at=iso(b.at), posts=b.posts, masked=b.masked) for b in found],
    )


@router.get("/facets", operation_id="getFacet")
def facet(
    site: TheSite,
    by: Annotated[Literal["subject", "source", "lang"], Query(description="Counted by.")],
    since: Since = None,
    until: Until = None,
) -> FacetModel:
    """Posts by subject, source or language, of the last 24 hours unless times are given."""
    first, last = _span(site, since, until)
    found = list(site.index.facet(by, since=first, until=last).items())
    return FacetModel(
        by=by,
        since=iso(first),
        until=iso(last),
        more=max(0, len(found) - MAX_VALUES),
        items=[FacetValue(value=value, posts=posts) for value, posts in found[:MAX_VALUES]],
    )


def counted(site: Site) -> CountsModel:
    """Totals as the API and its stream give them."""
    totals = site.index.counts()
    return CountsModel(
        posts=max(0, totals["posts"]),
        deleted=max(0, totals["deleted"]),
        clusters=totals["clusters"],
        alerts=totals["alerts"],
        open_alerts=site.board.totals()[OPEN],
    )


def _span(site: Site, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    last = in_ms(until)
    if last is None:
        last = site.now()
    first = in_ms(since)
    if first is None:
        first = max(0, last - DAY)
    if first >= last:
        raise invalid("query.since", "it must lie before until")
    if last - first > LONGEST_MS:
        raise invalid("query.since", "the stretch is longer than ten years")
    return first - first % MINUTE, -(-last // MINUTE) * MINUTE
