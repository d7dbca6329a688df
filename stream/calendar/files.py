"""Calendars as files: TOML and CSV of our own, ICS (RFC 5545) from others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
from icalendar import Calendar as Ics

from stream.calendar.events import KOREA, LONGEST_MS, Calendar, Event, EventKind, Repeats
from stream.calendar.rules import starts

MOST_BYTES = 5_000_000
MOST_EVENTS = 10_000
MOST_NAME = 200
FIELDS = ("name", "kind", "subjects", "from", "until", "repeats")
_KINDS: tuple[EventKind, ...] = get_args(EventKind)
_REPEATS: tuple[Repeats, ...] = get_args(Repeats)


class CalendarError(Exception):
    """Mistakes of a calendar, one a line: ``file: event n: what was found and what may be``."""


def load_calendar(path: Path, *, subjects: tuple[str, ...] = ()) -> Calendar:
    """The calendar of a file, by its ending ``.toml``, ``.csv`` or ``.ics``.

    Args:
        subjects: whom the events of an ICS file concern; the others say it themselves.

    Raises:
        CalendarError: with all mistakes at once.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CalendarError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MOST_BYTES:
        raise CalendarError(f"{path}: {len(raw)} bytes; at most {MOST_BYTES} are read")
    readers = {".toml": _toml, ".csv": _csv, ".ics": _ics}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise CalendarError(f"{path}: ends in {path.suffix!r}; known are .toml, .csv, .ics")
    problems: list[str] = []
    events: list[Event] = []
    try:
        for number, fields in enumerate(reader(raw), 1):
            if number > MOST_EVENTS:
                problems.append(f"{path}: more than {MOST_EVENTS} events")
                break
            if isinstance(fields, ValueError):
                problems.append(f"{path}: event {number}: {fields}")
                continue
            own = fields if fields.get("subjects") else {**fields, "subjects": list(subjects)}
            try:
                events.append(event_of(own))
            except ValueError as error:
                problems.append(f"{path}: event {number}: {error}")
    except ValueError as error:
        problems.append(f"{path}: {error}")
    if problems:
        raise CalendarError("\n".join(problems))
    return Calendar(events=tuple(sorted(events, key=lambda one: (one.since, one.name))))


def event_of(fields: Mapping[str, object]) -> Event:
    """An event from its fields as they stand in a file.

    Raises:
        ValueError: says what was found and what is allowed.
    """
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is unknown; known are {', '.join(FIELDS)}")
    name = " ".join(str(fields.get("name") or "").split())
    if not name or len(name) > MOST_NAME:
        raise ValueError(f"name: needs 1 to {MOST_NAME} characters")
    kind = str(fields.get("kind") or "other")
    repeats = str(fields.get("repeats") or "never")
    if kind not in _KINDS:
        raise ValueError(f"kind: {kind!r}; allowed are {', '.join(_KINDS)}")
    if repeats not in _REPEATS:
        raise ValueError(f"repeats: {repeats!r}; allowed are {', '.join(_REPEATS)}")
    since, _ = _moment("from", fields.get("from"))
    given = fields.get("until")
    # A day without an end lasts that day, and a last day is part of it.
    until, whole = _moment("until", given if given not in {None, ""} else fields.get("from"))
    until += 24 * 60 * 60 * 1000 if whole else 0
    if not since < until <= since + LONGEST_MS:
        raise ValueError("until: must lie behind from, at most 60 days")
    listed = fields.get("subjects") or ()
    if not isinstance(listed, list | tuple):
        raise ValueError("subjects: a list of ids of the watchlist is needed")  # noqa: TRY004 - of the file
    return Event(
        name=name,
        kind=kind,
        since=since,
        until=until,
        subjects=tuple(str(one) for one in listed),  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        repeats=repeats,
    )


def dump_calendar(calendar: Calendar) -> str:
    """The calendar as TOML of our own; reading it gives the same calendar."""
    parts: list[str] = []
    for one in calendar.events:
        told = [
            "[[events]]",
            f"name = {_quoted(one.name)}",
            f"kind = {_quoted(one.kind)}",
            f"from = {_iso(one.since)}",
            f"until = {_iso(one.until)}",
        ]
        if one.subjects:
            told.append(f"subjects = [{', '.join(map(_quoted, one.subjects))}]")
        if one.repeats != "never":
            told.append(f"repeats = {_quoted(one.repeats)}")
        parts.append("\n".join(told) + "\n")
    return "\n".join(parts)


def _moment(key: str, value: object) -> tuple[int, bool]:
    """Milliseconds, and whether it is a whole day; without a zone it is Korean time."""
    if isinstance(value, str):
        try:
            day = len(value.strip()) <= len("2026-11-24")
            value = date.fromisoformat(value.strip()) if day else datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"{key}: {value!r}; a day as 2026-11-24 or a time as 2026-11-24T18:00+09:00"
            ) from None
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=KOREA)
        return _since_1970(key, at), False
    if isinstance(value, date):
        return _since_1970(key, datetime.combine(value, time(), KOREA)), True
    raise ValueError(f"{key}: is missing; a day as 2026-11-24 is allowed")


def _since_1970(key: str, at: datetime) -> int:
    ms = round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    if not 0 <= ms < 32_503_680_000_000:  # noqa: PLR2004 - the year 3000
        raise ValueError(f"{key}: the year must lie between 1970 and 2999")
    return ms


def _toml(raw: bytes) -> Iterator[Mapping[str, object]]:
    try:
        tree = msgspec.toml.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"is no TOML: {error}") from None
    if set(tree) - {"events"} or not isinstance(tree.get("events", []), list):
        raise ValueError("only [[events]] is allowed")
    for one in tree.get("events", []):
        if not isinstance(one, dict):
            raise ValueError("events: tables [[events]] are needed")  # noqa: TRY004 - likewise
        yield one  # pyright: ignore[reportUnknownVariableType]


def _csv(raw: bytes) -> Iterator[Mapping[str, object]]:
    rows = csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), strict=True)
    try:
        for row in rows:
            if None in row:
                raise ValueError("a line has more cells than the header")
            yield {**row, "subjects": (row.get("subjects") or "").replace(";", " ").split()}
    except csv.Error as error:
        raise ValueError(f"is no CSV: {error}") from None


def _ics(raw: bytes) -> Iterator[Mapping[str, object] | ValueError]:
    try:
        tree: Any = Ics.from_ical(raw)
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"is no iCalendar file: {str(error)[:200]}") from None
    for one in tree.walk("VEVENT"):
        if str(one.get("STATUS") or "").upper() == "CANCELLED":
            continue
        try:
            yield from _times(one)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            # What is wrong with one event hides no mistake of the others.
            yield ValueError(str(error)[:200])


def _times(one: Any) -> Iterator[Mapping[str, object]]:
    """Every time of an event as fields of our own."""
    name, kind = str(one.get("SUMMARY") or ""), _kind(one)
    if one.get("DTSTART") is None:
        raise ValueError("DTSTART: is missing")
    since: date | datetime = one.get("DTSTART").dt
    _known_zone(one.get("DTSTART"), since)
    length = _length(one, since)
    listed: Any = one.get("EXDATE") or []
    parts: list[Any] = [*listed] if isinstance(listed, list) else [listed]
    excluded = [each.dt for part in parts for each in part.dts]
    for at, repeats in starts(since, one.get("RRULE"), excluded):
        until = at + length
        yield {"name": name, "kind": kind, "from": at, "until": until, "repeats": repeats}


def _length(one: Any, since: date | datetime) -> timedelta:
    """How long an event lasts; without an end a day, or an hour where it has a time."""
    whole = not isinstance(since, datetime)
    if one.get("DURATION") is not None:
        length: timedelta = one.get("DURATION").dt
    elif one.get("DTEND") is not None:
        until = one.get("DTEND").dt
        if isinstance(until, datetime) is whole:
            raise ValueError("DTEND: is a day where DTSTART is a time, or the other way round")
        length = until - since
    else:
        length = timedelta(days=1) if whole else timedelta(hours=1)
    # RFC 5545: a last day is outside; with us it is part of it.
    return max(length - timedelta(days=1), timedelta()) if whole else length


def _known_zone(told: Any, at: date | datetime) -> None:
    zone = told.params.get("TZID")
    if zone and isinstance(at, datetime) and at.tzinfo is None:
        raise ValueError(f"TZID: {str(zone)[:60]!r} is no zone that is known")


def _kind(event: Any) -> str:
    said = f"{event.get('SUMMARY', '')} {event.get('CATEGORIES', '')}".casefold()
    words: Mapping[str, tuple[str, ...]] = {
        "birthday": ("birthday", "생일", "誕生日"),
        "comeback": ("comeback", "release", "컴백", "발매"),
        "vote": ("vote", "voting", "투표"),
        "broadcast": ("broadcast", "on air", "방송", "music show"),
        "concert": ("concert", "tour", "콘서트", "fan meeting", "팬미팅"),
    }
    return next((kind for kind, told in words.items() if any(w in said for w in told)), "other")


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(KOREA).isoformat()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
