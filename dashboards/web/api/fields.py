"""What models and parameters of the API have in common: times, pages, bounded texts."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

MAX_LIMIT = 200
MAX_OFFSET = 10_000
MAX_ID = 1_000
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
FIRST_MS = int(FIRST.timestamp()) * 1000
LAST_MS = int(LAST.timestamp()) * 1000


class Model(BaseModel):
    """Base of what the API answers and takes; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Time = Annotated[
    str,
    Field(
        description="ISO 8601 in UTC with milliseconds; a claimed time that no calendar holds "
        "is given as the nearest one.",
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-24T04:00:00.000Z"],
    ),
]

T = TypeVar("T")


class Page(Model, Generic[T]):
    """A part of a list."""

    total: int = Field(description="How many there are in all.", ge=0)
    next: str | None = Field(
        description="Address of the next part, null at the end of what can be paged through."
    )
    items: list[T]


def iso(at: int) -> str:
    """A time in milliseconds as the API gives it."""
    if at <= FIRST_MS:
        found = FIRST
    elif at >= LAST_MS:
        found = LAST
    else:
        found = datetime.fromtimestamp(at / 1000, UTC)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def maybe_iso(at: int | None) -> str | None:
    """As :func:`iso`, and None stays None."""
    return None if at is None else iso(at)


def finite(value: float | None) -> float | None:
    """A number as JSON knows it: None for infinity and for what is no number."""
    return value if value is not None and math.isfinite(value) else None


def in_ms(at: datetime | None) -> int | None:
    """Milliseconds of a time that was asked for; before 1970 is 1970."""
    return None if at is None else max(0, round(at.timestamp() * 1000))


def next_part(request: Request, *, offset: int, limit: int, total: int) -> str | None:
    """Address of the next part of a list, None where there is none."""
    following = offset + limit
    if following >= total or following > MAX_OFFSET:
        return None
    kept: list[tuple[str, Any]] = [
        (key, value)
        for key, value in request.query_params.multi_items()
        if key not in {"offset", "limit"}
    ]
    query = urlencode([*kept, ("offset", following), ("limit", limit)], errors="replace")
    return f"{request.url.path}?{query}"


Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items of the answer.")]
Offset = Annotated[
    int,
    Query(
        ge=0,
        le=MAX_OFFSET,
        description="Items to pass over; beyond the limit narrow down by time instead.",
    ),
]
Subject = Annotated[
    str | None, Query(max_length=200, description="Id of a subject of the watchlist.")
]


def _written_out(value: object) -> object:
    # Without this, numbers pass for seconds or milliseconds since 1970, by their size.
    if isinstance(value, str) and not _DATE_TIME.fullmatch(value):
        raise ValueError("a time is written as 2026-11-24T04:00:00Z or with an offset")
    return value


When = Annotated[AwareDatetime, BeforeValidator(_written_out)]
Since = Annotated[When | None, Query(description="From this time on (with offset or Z).")]
Until = Annotated[When | None, Query(description="Before this time (with offset or Z).")]
