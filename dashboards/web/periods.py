"""The stretch of time a page of trends shows, as its address says it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from dashboards import trends
from dashboards.trends import PERIODS
from dashboards.web.site import TheSite
from dashboards.web.times import DAY, ZONES

DEFAULT_PERIOD = "7d"
EARLIEST_MS = 631_152_000_000
"""1990: nothing we read is older."""


class Period(NamedTuple):
    """Whole hours. ``day`` is the last day where one was chosen, else empty.

    ``against`` is when the period begins with which it is compared (at the same hour of
    the day), None for the one just before; ``against_day`` is that one's last day.
    """

    length: str
    since: int
    until: int
    day: str
    against: int | None
    against_day: str

    @property
    def query(self) -> dict[str, str]:
        """What an address says of it."""
        return {"period": self.length, "until": self.day, "against": self.against_day}


def chosen_period(
    request: Request, site: TheSite, period: str = "", until: str = "", against: str = ""
) -> Period:
    """``until`` and ``against`` are days (ISO) in the reader's zone; nonsense is ignored."""
    zone = ZONES[site.zone_for(request)]
    length = period if period in PERIODS else DEFAULT_PERIOD
    newest = trends.end_of(site.index, site.now())
    end, day = newest, ""
    asked = _day(until)
    if asked and EARLIEST_MS < (last := _end(asked, zone)) < newest:
        end, day = last, until
    since = end - PERIODS[length]
    other = _day(against)
    if other:
        shown = datetime.fromtimestamp((end - 1) / 1000, zone).date()
        start = since - (shown - other).days * DAY
        if EARLIEST_MS < start <= newest - PERIODS[length] and start != since:
            return Period(length, since, end, day, start, against)
    return Period(length, since, end, day, None, "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _end(day: date, zone: tzinfo) -> int:
    try:
        midnight = datetime.combine(day, time.min, zone) + timedelta(days=1)
    except OverflowError:
        return 0
    return int(midnight.timestamp() * 1000)


ThePeriod = Annotated[Period, Depends(chosen_period)]
