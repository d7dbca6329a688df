"""Moments and durations in words: Korean time or UTC, and how long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from dashboards.web.words import Words

KST = timezone(timedelta(hours=9), "KST")
ZONES: dict[str, tzinfo] = {"kst": KST, "utc": UTC}
"""Zones a person may choose; the first one is shown unless they do."""
AREAS = {"kst": "Asia/Seoul", "utc": "UTC"}
"""The same as browsers name them."""
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FIRST_YEAR_MS = -62_135_596_800_000
LAST_YEAR_MS = 253_370_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One point in time, ready for ``<time>``.

    ``at`` is in the chosen zone, ``other`` the same in the other one, shorter.
    """

    iso: str
    at: str
    other: str
    ago: str


def moment(at: int, now: int, words: Words, zone: tzinfo = KST) -> Moment:
    """A time in milliseconds as people read it; impossible times become a dash."""
    if not FIRST_YEAR_MS < at < LAST_YEAR_MS:
        return Moment(iso="", at="—", other="—", ago="—")
    utc = datetime.fromtimestamp(at / 1000, UTC)
    here = utc.astimezone(zone)
    there = utc.astimezone(UTC if zone is KST else KST)
    short = f"{there:%H:%M}" if there.date() == here.date() else f"{there:%m-%d %H:%M}"
    return Moment(
        iso=utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        at=f"{here:%Y-%m-%d %H:%M} {here:%Z}",
        other=f"{short} {there:%Z}",
        ago=relative(at, now, words),
    )


def relative(at: int, now: int, words: Words) -> str:
    """How long ago, or in how long, in one unit."""
    gap = now - at
    if abs(gap) < 5 * SECOND:
        return words("just now")
    if gap < 0:
        return words("in {span}", span=span(-gap, words))
    return words("{span} ago", span=span(gap, words))


def span(length: int, words: Words) -> str:
    """A length of time in its largest fitting unit."""
    if length < MINUTE:
        return words("{n} s", n=max(length, 0) // SECOND)
    if length < 2 * HOUR:
        return words("{n} min", n=length // MINUTE)
    if length < 2 * DAY:
        return words("{n} h", n=length // HOUR)
    return words.many("{n} day", "{n} days", length // DAY)


def clock(at: int, zone: tzinfo = KST) -> str:
    """Hour and minute, for chart axes."""
    if not FIRST_YEAR_MS < at < LAST_YEAR_MS:
        return "—"
    return f"{datetime.fromtimestamp(at / 1000, zone):%H:%M}"
