"""Moments and durations in words: Korean time, UTC, and how long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from dashboards.web.words import Words

KST = timezone(timedelta(hours=9), "KST")
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FIRST_YEAR_MS = -62_135_596_800_000
LAST_YEAR_MS = 253_370_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One point in time, ready for ``<time>``."""

    iso: str
    kst: str
    utc: str
    ago: str


def moment(at: int, now: int, words: Words) -> Moment:
    """A time in milliseconds as people read it; impossible times become a dash."""
    if not FIRST_YEAR_MS < at < LAST_YEAR_MS:
        return Moment(iso="", kst="—", utc="—", ago="—")
    utc = datetime.fromtimestamp(at / 1000, UTC)
    kst = utc.astimezone(KST)
    other = f"{utc:%H:%M}" if utc.date() == kst.date() else f"{utc:%m-%d %H:%M}"
    return Moment(
        iso=utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        kst=f"{kst:%Y-%m-%d %H:%M} KST",
        utc=f"{other} UTC",
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


def clock(at: int) -> str:
    """Hour and minute in Korean time, for chart axes."""
    if not FIRST_YEAR_MS < at < LAST_YEAR_MS:
        return "—"
    return f"{datetime.fromtimestamp(at / 1000, KST):%H:%M}"
