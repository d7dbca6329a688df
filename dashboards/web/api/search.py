"""Search by the API: posts that a query finds, what they have in common, and when."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from dashboards.queries import posts as queries
from dashboards.queries.posts import SubjectNames
from dashboards.web.api.counts import BucketModel, FacetValue
from dashboards.web.api.fields import (
    MAX_ID,
    Limit,
    Model,
    Offset,
    Page,
    Since,
    Subject,
    Time,
    Until,
    in_ms,
    iso,
    next_part,
)
from dashboards.web.api.posts import PostModel, post_model
from dashboards.web.api.problems import ApiError
from dashboards.web.charts import bucket_for
from dashboards.web.site import Site, TheSite
from stream.index import PostFacet, PostQuery
from stream.search.query import MAX_LENGTH, QueryError

router = APIRouter(tags=["posts"])
MAX_BARS = 500
MAX_VALUES = 100


class FoundFacet(Model):
    """The most frequent values of one facet among what was found."""

    by: PostFacet
    items: list[FacetValue] = Field(description="Values as the query language takes them.")
    others: int = Field(description="What counts under values that are not listed.")
    error: int = Field(description="By how much a count may be too low; 0: exact.")


class FoundFacets(Model):
    """Facets of what was found."""

    total: int
    items: list[FoundFacet]


class TimelineModel(Model):
    """What was found, over time, from the first hit to the last; empty without hits."""

    since: Time | None
    until: Time | None
    step_minutes: int | None
    items: list[BucketModel]


class Search(NamedTuple):
    """What all operations of a search take."""

    site: Site
    query: PostQuery


def searched(
    site: TheSite,
    q: Annotated[
        str,
        Query(
            max_length=MAX_LENGTH,
            description="Words and conditions, as in the search box of /posts "
            '(docs/how-to/search.md): `subject:seoan AND text:"…" since:7d`. Days are those '
            "of UTC. Empty: all posts.",
        ),
    ] = "",
    subject: Subject = None,
    platform: Annotated[str | None, Query(max_length=100, description="Platform.")] = None,
    lang: Annotated[
        str | None, Query(max_length=35, description="Language (BCP 47) as the platform says.")
    ] = None,
    author: Annotated[
        str | None, Query(max_length=MAX_ID, description="Author id or handle.")
    ] = None,
    since: Since = None,
    until: Until = None,
) -> Search:
    """The query of a request.

    Raises:
        ApiError: it cannot be understood.
    """
    try:
        asked = queries.ask(q, SubjectNames(site.watchlist), now=site.now())
    except QueryError as error:
        raise _not_understood(error) from None
    return Search(
        site,
        PostQuery(
            where=asked.where,
            subject=subject,
            platform=platform,
            lang=lang,
            author=author,
            since=in_ms(since),
            until=in_ms(until),
        ),
    )


Searched = Annotated[Search, Depends(searched)]
Order = Annotated[Literal["newest", "oldest"], Query(description="Which posts come first.")]


@router.get("/posts", operation_id="searchPosts")
def search(
    request: Request,
    asked: Searched,
    order: Order = "newest",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[PostModel]:
    """Posts that a query finds, the newest first."""
    found = asked.site.index.search(_part(asked.query, order, offset, limit))
    return Page(
        total=found.total,
        next=next_part(request, offset=offset, limit=limit, total=found.total),
        items=[post_model(one) for one in found.posts],
    )


@router.get("/posts/facets", operation_id="searchFacets")
def facets(
    asked: Searched,
    by: Annotated[
        list[PostFacet], Query(max_length=9, description="Only these facets; without it all.")
    ] = [],  # noqa: B006 - FastAPI copies it
    values: Annotated[
        int, Query(ge=1, le=MAX_VALUES, description="Most values of each facet.")
    ] = 10,
) -> FoundFacets:
    """What the posts that a query finds have in common: counts by value."""
    index = asked.site.index
    names = tuple(dict.fromkeys(by)) or None
    counts = (
        index.facets(asked.query, limit=values)
        if names is None
        else index.facets(asked.query, names=names, limit=values)
    )
    return FoundFacets(
        total=index.search(_part(asked.query, "newest", 0, 0)).total,
        items=[
            FoundFacet(
                by=name,
                items=[FacetValue(value=v, posts=posts) for v, posts in one.values.items()],
                others=one.others,
                error=one.error,
            )
            for name, one in counts.items()
        ],
    )


@router.get("/posts/timeline", operation_id="searchTimeline")
def timeline(
    asked: Searched,
    bars: Annotated[
        int,
        Query(ge=1, le=MAX_BARS, description="About how many steps; each has a round length."),
    ] = 60,
) -> TimelineModel:
    """When the posts that a query finds were written."""
    found = queries.timeline(
        asked.site.index, asked.query, widths=lambda length: bucket_for(length, about=bars)
    )
    if found is None:
        return TimelineModel(since=None, until=None, step_minutes=None, items=[])
    return TimelineModel(
        since=iso(found.since),
        until=iso(found.until),
        step_minutes=found.bucket_ms // queries.MINUTE_MS,
        items=[
            BucketModel(at=iso(b.at), posts=b.posts, masked=b.masked) for b in found.buckets
        ],
    )


def _part(
    query: PostQuery, order: Literal["newest", "oldest"], offset: int, limit: int
) -> PostQuery:
    return msgspec.structs.replace(query, order=order, offset=offset, limit=limit)


def _not_understood(error: QueryError) -> ApiError:
    return ApiError(
        422,
        "query-not-understood",
        "The query could not be understood; see errors.",
        more={
            "errors": [{"where": "query.q", "message": error.message}],
            "start": error.start,
            "end": error.end,
        },
    )
