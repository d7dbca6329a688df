"""Recurrence rules of iCalendar (RFC 5545) as what our calendar says: weekly, yearly, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple

from dateutil.rrule import rrulestr

from stream.calendar.events import KOREA, Repeats

MOST_TIMES = 1_000
"""Times of one event that are written out one by one."""
ENOUGH_YEARS = 10
"""A rule without an end is followed so far at least."""
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_follow: Callable[..., Any] = rrulestr  # pyright: ignore[reportUnknownVariableType]
_FIRST_YEAR = 1972
"""Stands for years before 1970, which no time of ours has; a leap year."""

Moment = date | datetime


class Start(NamedTuple):
    """When an event begins, and how it goes on from there."""

    at: Moment
    repeats: Repeats


def starts(begin: Moment, rule: Any, excluded: Sequence[Moment]) -> Iterator[Start]:
    """The beginnings that a rule stands for.

    What comes every day or week in a zone without summer time, or every year, stays one
    event that repeats (one for each day of the week); all else is written out.

    Args:
        begin: of the first time.
        rule: as icalendar reads it, None for an event that does not repeat.
        excluded: times that do not take place.

    Raises:
        ValueError: the rule cannot be followed; says why.
    """
    if rule is None:
        yield Start(begin, "never")
        return
    said = {str(key).upper(): list(value) for key, value in dict(rule).items()}
    frequency = str(next(iter(said.get("FREQ", ())), "")).upper()
    if frequency not in _FREQUENCIES:
        raise ValueError(f"RRULE: {frequency or 'no FREQ'}; known are DAILY to YEARLY")
    without_end = not excluded and not {"COUNT", "UNTIL"} & set(said)
    if without_end and int(next(iter(said.get("INTERVAL", ())), 1)) == 1:
        plain = list(_plain(begin, frequency, said))
        if plain:
            yield from plain
            return
    yield from (Start(at, "never") for at in _written_out(begin, rule, said, excluded))


def _plain(begin: Moment, frequency: str, said: Mapping[str, list[Any]]) -> Iterator[Start]:
    """The events that say the same as a simple rule without an end; none where none does."""
    limits = {key for key in said if key.startswith("BY")}
    if frequency == "YEARLY":
        own = {"BYMONTH": [begin.month], "BYMONTHDAY": [begin.day]}
        if all([int(one) for one in said[key]] == own.get(key) for key in limits):
            early = begin.year < _FIRST_YEAR
            yield Start(begin.replace(year=_FIRST_YEAR) if early else begin, "yearly")
        return
    if frequency == "MONTHLY" or limits - {"BYDAY"} or not _steady(begin):
        return
    usual = WEEKDAYS if frequency == "DAILY" else (WEEKDAYS[begin.weekday()],)
    days = [str(one).upper() for one in said.get("BYDAY", usual)]
    if not set(days) <= set(WEEKDAYS):
        return
    for day in sorted(WEEKDAYS.index(one) for one in set(days)):
        yield Start(begin + timedelta(days=(day - begin.weekday()) % 7), "weekly")


def _steady(begin: Moment) -> bool:
    """Whether clocks are never changed there, so that a week always has 168 hours."""
    zone = _zone(begin)
    offsets = {datetime(begin.year, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)}
    return len(offsets) == 1


def _zone(at: Moment) -> tzinfo:
    return (at.tzinfo if isinstance(at, datetime) else None) or KOREA


def _local(at: Moment, zone: tzinfo) -> datetime:
    """The time on the wall in a zone."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time())
    return at.astimezone(zone).replace(tzinfo=None) if at.tzinfo else at


def _written_out(
    begin: Moment, rule: Any, said: Mapping[str, list[Any]], excluded: Sequence[Moment]
) -> Iterator[Moment]:
    zone = _zone(begin)
    first = _local(begin, zone)
    last = next((_until(one, zone) for one in said.get("UNTIL", ())), None)
    not_then = {_local(one, zone) for one in excluded}
    told = ";".join(
        part for part in rule.to_ical().decode().split(";") if not part.startswith("UNTIL")
    )
    at = first
    times: Iterable[datetime] = _follow(told, dtstart=first)
    for count, at in enumerate(times, 1):
        if last is not None and at > last:
            return
        if count > MOST_TIMES:
            break
        if at not in not_then:
            yield at.replace(tzinfo=zone) if isinstance(begin, datetime) else at.date()
    else:
        return
    if at < first + timedelta(days=366 * ENOUGH_YEARS):
        raise ValueError(f"RRULE: more than {MOST_TIMES} times; at most that many are read")


def _until(at: Moment, zone: tzinfo) -> datetime:
    """The last moment that a rule reaches; a last day is part of it."""
    if isinstance(at, datetime):
        return _local(at, zone)
    return datetime.combine(at, time.max)
