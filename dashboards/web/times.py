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


@dataclass(frozen=True, slots=True)
class Moment:
    """One point in time, ready for ``<time>``; each form is made when it is asked for.

    A table of hours asks for one of them in every row. Impossible times are a dash.
    """

    ms: int
    now: int
    words: Words
    zone: tzinfo

    @property
    def iso(self) -> str:
        """As machines read it; empty where it is impossible."""
        if not _possible(self.ms):
            return ""
        return self._in(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def at(self) -> str:
        """In the chosen zone."""
        if not _possible(self.ms):
            return "—"
        here = self._in(self.zone)
        return f"{here:%Y-%m-%d %H:%M} {here:%Z}"

    @property
    def other(self) -> str:
        """The same in the other zone, shorter."""
        if not _possible(self.ms):
            return "—"
        here, there = self._in(self.zone), self._in(UTC if self.zone is KST else KST)
        short = f"{there:%H:%M}" if there.date() == here.date() else f"{there:%m-%d %H:%M}"
        return f"{short} {there:%Z}"

    @property
    def ago(self) -> str:
        """How long ago, or in how long."""
        return relative(self.ms, self.now, self.words) if _possible(self.ms) else "—"

    def _in(self, zone: tzinfo) -> datetime:
        return datetime.fromtimestamp(self.ms / 1000, zone)


def moment(at: int, now: int, words: Words, zone: tzinfo = KST) -> Moment:
    """A time in milliseconds as people read it."""
    return Moment(at, now, words, zone)


def _possible(at: int) -> bool:
    return FIRST_YEAR_MS < at < LAST_YEAR_MS


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
    if not _possible(at):
        return "—"
    return f"{datetime.fromtimestamp(at / 1000, zone):%H:%M}"
