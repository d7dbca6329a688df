"""Events of a fandom and the question what is on at a moment. Pure functions.

An event explains volume and openness; it never makes harm harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

KOREA = ZoneInfo("Asia/Seoul")
"""The zone of days and times that name none."""
DAY_MS = 24 * 60 * 60 * 1000
WEEK_MS = 7 * DAY_MS
LONGEST_MS = 60 * DAY_MS
"""Longest one event may last: what is always on explains nothing."""

EventKind = Literal["comeback", "vote", "birthday", "broadcast", "concert", "project", "other"]
Repeats = Literal["never", "weekly", "yearly"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is on from ``since`` until ``until``, milliseconds, the end outside.

    Without ``subjects`` it concerns all of them. What repeats does so from then on; years
    are counted in Korea, and a 29th of February is kept on the 28th in other years.
    """

    name: str
    kind: EventKind
    since: int
    until: int
    subjects: tuple[str, ...] = ()
    repeats: Repeats = "never"

    def concerns(self, subject: str) -> bool:
        """Whether it is about a subject."""
        return not self.subjects or subject in self.subjects


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One time that an event is on."""

    event: Event
    since: int
    until: int


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """All events that are known."""

    events: tuple[Event, ...] = ()

    def events_at(self, subject: str, at: int) -> tuple[Occurrence, ...]:
        """What is on about a subject at a moment, the earliest first."""
        return self.between(subject, at, at + 1)

    def between(self, subject: str | None, since: int, until: int) -> tuple[Occurrence, ...]:
        """What is on at any time of a stretch (subject None: about anybody)."""
        found = [
            one
            for event in self.events
            if subject is None or event.concerns(subject)
            for one in occurrences(event, since, until)
        ]
        return tuple(sorted(found, key=lambda one: (one.since, one.event.name)))


def occurrences(event: Event, since: int, until: int) -> Iterator[Occurrence]:
    """The times of an event that touch a stretch."""
    for start in _starts(event, since, until):
        end = start + event.until - event.since
        if start < until and end > since and start >= event.since:
            yield Occurrence(event=event, since=start, until=end)


def _starts(event: Event, since: int, until: int) -> Iterator[int]:
    if event.repeats == "never":
        yield event.since
    elif event.repeats == "weekly":
        length = event.until - event.since
        first = max(0, (since - length - event.since) // WEEK_MS)
        last = max(first, (until - event.since) // WEEK_MS)
        yield from (event.since + n * WEEK_MS for n in range(first, last + 1))
    else:
        begun = datetime.fromtimestamp(event.since / 1000, UTC).astimezone(KOREA)
        years = range(_year(since) - 1, _year(until) + 2)
        yield from (round(_in(begun, year).timestamp() * 1000) for year in years)


def _year(at: int) -> int:
    held = min(max(at, 0), 32_503_680_000_000)
    return datetime.fromtimestamp(held / 1000, UTC).astimezone(KOREA).year


def _in(day: datetime, year: int) -> datetime:
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def weekly_hours(
    counts: Sequence[int], *, weeks: int, times: float = 3.0, share: float = 0.75
) -> list[int]:
    """Hours of the week that are loud week after week: a broadcast, maybe; to be proposed.

    Args:
        counts: posts an hour, ``weeks`` times 168, the oldest first.
        times: how much louder than the usual hour of that week.
        share: in how many of the weeks.
    """
    loud = [0] * 168
    for week in range(weeks):
        hours = list(counts[week * 168 : (week + 1) * 168])
        usual = max(1.0, float(sorted(hours)[len(hours) // 2])) if hours else 1.0
        for hour, posts in enumerate(hours):
            loud[hour] += posts >= times * usual and posts >= _LEAST
    return [hour for hour, n in enumerate(loud) if weeks and n >= max(3, share * weeks)]


_LEAST = 5
"""Posts without which an hour is never loud."""
