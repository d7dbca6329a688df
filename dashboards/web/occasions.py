"""What was on in the fandom calendar while something happened, ready to stand beside a chart.

An event explains how many posted; it makes no harm harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from dashboards.web.times import FIRST_YEAR_MS, KST, LAST_YEAR_MS, SECOND
from dashboards.web.words import gettext_noop
from detect.watchlist import Watchlist
from stream.calendar.events import Event, Occurrence

EVENTS = {
    "comeback": gettext_noop("Comeback"),
    "vote": gettext_noop("Vote"),
    "birthday": gettext_noop("Birthday"),
    "broadcast": gettext_noop("Broadcast"),
    "concert": gettext_noop("Concert"),
    "project": gettext_noop("Fan project"),
    "other": gettext_noop("Event"),
}
CROWDS = frozenset({"copy_burst", "campaign", "coordinated"})
"""Kinds of alerts that rest on many people, of whom an event may bring as many."""
MOST = 8
"""Events beside one chart; the rest is counted."""
LANES = 3
"""Rows of marks below a chart; what finds no room is in the list alone."""
LABEL = 4.0
"""Per cent of the width that the number of an event takes at most on a wide page."""
THINNEST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A stretch below a chart, per cent of its width, with the number of its event.

    ``left`` says that the number stands left of the end, as there is no room to its right.
    """

    n: int
    lane: int
    x: float
    width: float
    since: int
    until: int
    left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """An event with the times that it was on, in words."""

    n: int
    event: Event
    when: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasions:
    """Events beside a chart, the earliest first; ``more`` are counted and not shown."""

    items: tuple[Occasion, ...]
    marks: tuple[Mark, ...]
    lanes: int
    more: int


def about(
    found: Sequence[Occurrence], watchlist: Watchlist, subject: str
) -> tuple[Occurrence, ...]:
    """Of some events those about a subject, its groups or its members.

    What a group does moves the fans of its members, and a member's birthday those of the
    group.
    """
    if not found:
        return ()
    members = (one.id for one in watchlist.subjects if subject in one.groups)
    near = (subject, *watchlist.groups_of(subject), *members)
    return tuple(one for one in found if any(one.event.concerns(name) for name in near))


def occasions(
    found: Sequence[Occurrence], since: int, until: int, zone: tzinfo = KST
) -> Occasions | None:
    """Events as marks along a stretch of time and as a list; None where nothing is on.

    Args:
        since: the left edge of the chart, milliseconds.
        until: its right edge.
        zone: in which days are told.
    """
    times: dict[Event, list[Occurrence]] = {}
    for one in found:
        times.setdefault(one.event, []).append(one)
    shown = list(times.items())[:MOST]
    if not shown:
        return None
    marks = _placed(
        [(n, one) for n, (_, those) in enumerate(shown, 1) for one in those], since, until
    )
    return Occasions(
        items=tuple(
            Occasion(
                n=n,
                event=event,
                when=tuple(when(one.since, one.until, zone) for one in those),
            )
            for n, (event, those) in enumerate(shown, 1)
        ),
        marks=tuple(marks),
        lanes=1 + max((one.lane for one in marks), default=0),
        more=len(times) - len(shown),
    )


def when(since: int, until: int, zone: tzinfo) -> str:
    """The time of an event: whole days as dates, a day named once."""
    if not FIRST_YEAR_MS < since < until < LAST_YEAR_MS:
        return "—"
    begun, over = _in(since, zone), _in(until, zone)
    if not _clock(begun) and not _clock(over):
        last = (over - timedelta(days=1)).date()
        return _days(begun.date(), last)
    if begun.date() == over.date():
        return f"{begun:%Y-%m-%d %H:%M}–{over:%H:%M}"
    return f"{begun:%Y-%m-%d %H:%M} – {over:%Y-%m-%d %H:%M}"


def _days(first: date, last: date) -> str:
    return f"{first}" if last <= first else f"{first} – {last}"


def _clock(at: datetime) -> bool:
    return bool(at.hour or at.minute or at.second)


def _in(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone)


def _placed(found: Sequence[tuple[int, Occurrence]], since: int, until: int) -> list[Mark]:
    """Marks in rows, so that none lies on another one or on its number."""
    length = max(until - since, 1)
    free = [0.0] * LANES
    marks: list[Mark] = []
    for n, one in sorted(found, key=lambda each: (each[1].since, each[0])):
        begin, end = max(one.since, since), min(one.until, until)
        if begin >= end:
            continue
        x = 100 * (begin - since) / length
        width = max(100 * (end - begin) / length, THINNEST)
        left = x > 100 - LABEL
        start = x - LABEL if left else x
        lane = next((row for row, taken in enumerate(free) if taken <= start), None)
        if lane is None:
            continue
        free[lane] = max(x + width, x + LABEL)
        marks.append(
            Mark(
                n=n,
                lane=lane,
                x=round(min(x, 100 - THINNEST), 2),
                width=round(width, 2),
                since=one.since,
                until=one.until,
                left=left,
            )
        )
    return marks
