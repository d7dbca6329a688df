"""Calendars: what is on when, read from three kinds of files, hostile ones too."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.calendar.events import (
    DAY_MS,
    KOREA,
    WEEK_MS,
    Calendar,
    Event,
    occurrences,
    weekly_hours,
)
from stream.calendar.files import CalendarError, dump_calendar, load_calendar
from stream.calendar.rules import MOST_TIMES

HOUR = 3_600_000


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=KOREA).timestamp() * 1000)


def event(since: int, length: int = HOUR, repeats: str = "never", *subjects: str) -> Event:
    return Event(
        name="E", kind="other", since=since, until=since + length, subjects=subjects,
        repeats=repeats,
    )  # fmt: skip


def test_an_event_is_on_from_its_beginning_until_before_its_end():
    calendar = Calendar(events=(event(1000, 10, "never", "velloria"),))

    assert calendar.events_at("velloria", 999) == ()
    assert len(calendar.events_at("velloria", 1000)) == 1
    assert len(calendar.events_at("velloria", 1009)) == 1
    assert calendar.events_at("velloria", 1010) == ()
    assert calendar.events_at("haneul", 1005) == ()


def test_birthdays_come_every_year_and_the_29th_of_february_too():
    born = Event(
        name="B", kind="birthday", since=at("2004-02-29"), until=at("2004-03-01"),
        repeats="yearly",
    )  # fmt: skip
    calendar = Calendar(events=(born,))

    assert calendar.events_at("any", at("2026-02-28T12:00"))
    assert not calendar.events_at("any", at("2026-03-01T12:00"))
    assert calendar.events_at("any", at("2028-02-29T12:00"))
    assert not calendar.events_at("any", at("2003-02-28T12:00"))


@given(
    st.integers(0, 10**12), st.integers(1, 3 * WEEK_MS), st.sampled_from(["never", "weekly"]),
    st.integers(0, 10**12), st.integers(1, 9 * WEEK_MS),
)  # fmt: skip
def test_every_occurrence_touches_the_stretch_and_none_is_missed(
    begin, length, repeats, since, span
):
    one = event(begin, length, repeats)
    found = {o.since for o in occurrences(one, since, since + span)}

    expected = {begin} if repeats == "never" else set()
    if repeats == "weekly":
        first = max(0, (since - begin) // WEEK_MS - 5)
        expected = {begin + n * WEEK_MS for n in range(first, first + 20)}
    assert found == {s for s in expected if s < since + span and s + length > since}


TOML = """
[[events]]
name = "Comeback"
kind = "comeback"
subjects = ["velloria"]
from = 2026-11-20T18:00:00+09:00
until = 2026-11-27

[[events]]
name = "Music show"
kind = "broadcast"
from = "2026-11-19T18:00"
until = "2026-11-19T19:30"
repeats = "weekly"
"""


def test_toml_csv_and_what_is_written_out_say_the_same(tmp_path: Path):
    (tmp_path / "a.toml").write_text(TOML, "utf-8")
    (tmp_path / "a.csv").write_text(
        "name,kind,subjects,from,until,repeats\n"
        "Comeback,comeback,velloria,2026-11-20T18:00:00+09:00,2026-11-27,\n"
        "Music show,broadcast,,2026-11-19T18:00,2026-11-19T19:30,weekly\n",
        "utf-8",
    )
    found = load_calendar(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text(dump_calendar(found), "utf-8")

    assert load_calendar(tmp_path / "a.csv") == found
    assert load_calendar(tmp_path / "b.toml") == found
    assert found.events[1].until == at("2026-11-28")
    assert len(found.between("velloria", at("2026-12-01"), at("2026-12-31"))) == 4


ICS = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//x//y//EN\r
BEGIN:VEVENT\r
UID:1\r
SUMMARY:Haneul's Birthday 생일\r
DTSTART;VALUE=DATE:20040511\r
DTEND;VALUE=DATE:20040512\r
RRULE:FREQ=YEARLY\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:2\r
SUMMARY:Voting\r
DTSTART:20261124T090000Z\r
DTEND:20261125T090000Z\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_ics_is_read_with_days_zones_and_yearly_rules(tmp_path: Path):
    (tmp_path / "a.ics").write_bytes(ICS.encode())

    found = load_calendar(tmp_path / "a.ics", subjects=("haneul",))

    birthday, vote = found.events
    assert (birthday.kind, birthday.repeats) == ("birthday", "yearly")
    assert birthday.until - birthday.since == DAY_MS
    assert (vote.kind, vote.since) == ("vote", at("2026-11-24T18:00"))
    assert found.events_at("haneul", at("2027-05-11T10:00"))[0].event == birthday
    assert not found.events_at("velloria", at("2027-05-11T10:00"))


def ics_of(*lines: str) -> bytes:
    event = ["BEGIN:VEVENT", "UID:1", "SUMMARY:Music show", *lines, "END:VEVENT"]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, "END:VCALENDAR", ""]
    return "\r\n".join(whole).encode()


SEOUL = "DTSTART;TZID=Asia/Seoul:20260105T180000"
PARIS = "DTSTART;TZID=Europe/Paris:20260302T180000"


@pytest.mark.parametrize(
    ("lines", "repeats", "begins"),
    [
        ((SEOUL, "DURATION:PT1H30M"), ["never"], ["2026-01-05T18:00"]),
        ((SEOUL, "RRULE:FREQ=WEEKLY"), ["weekly"], ["2026-01-05T18:00"]),
        (
            (SEOUL, "RRULE:FREQ=WEEKLY;BYDAY=TH,MO"),
            ["weekly", "weekly"],
            ["2026-01-05T18:00", "2026-01-08T18:00"],
        ),
        (
            (SEOUL, "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=3", "EXDATE;TZID=Asia/Seoul:20260108T180000"),
            ["never", "never"],
            ["2026-01-05T18:00", "2026-01-12T18:00"],
        ),
        (
            (SEOUL, "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20260119T090000Z"),
            ["never", "never"],
            ["2026-01-05T18:00", "2026-01-19T18:00"],
        ),
        (
            ("DTSTART;VALUE=DATE:20260131", "RRULE:FREQ=MONTHLY;UNTIL=20260401"),
            ["never", "never"],
            ["2026-01-31", "2026-03-31"],
        ),
        # Clocks are changed in Paris between the two: six in the evening there both times.
        (
            (PARIS, "RRULE:FREQ=MONTHLY;COUNT=2"),
            ["never", "never"],
            ["2026-03-03T02:00", "2026-04-03T01:00"],
        ),
        (
            ("DTSTART;VALUE=DATE:19680229", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"),
            ["yearly"],
            ["1972-02-29"],
        ),
    ],
)  # fmt: skip
def test_rules_of_ics_are_followed(tmp_path, lines, repeats, begins):
    (tmp_path / "a.ics").write_bytes(ics_of(*lines))

    found = load_calendar(tmp_path / "a.ics").events

    assert [one.repeats for one in found] == repeats
    assert [one.since for one in found] == [at(one) for one in begins]


def test_every_day_is_every_weekday_and_summer_time_is_followed_for_years(tmp_path):
    (tmp_path / "a.ics").write_bytes(ics_of(SEOUL, "RRULE:FREQ=DAILY"))
    (tmp_path / "b.ics").write_bytes(ics_of(PARIS, "RRULE:FREQ=WEEKLY"))

    days = load_calendar(tmp_path / "a.ics").events
    weeks = load_calendar(tmp_path / "b.ics").events

    assert [one.repeats for one in days] == ["weekly"] * 7
    assert len(weeks) == MOST_TIMES
    assert [one.since for one in weeks[:5]] == [
        *(at(f"2026-03-{day:02}T02:00") for day in (3, 10, 17, 24)),
        at("2026-03-31T01:00"),
    ]


def test_what_was_cancelled_is_left_out_and_an_hour_stands_for_a_missing_end(tmp_path):
    (tmp_path / "a.ics").write_bytes(ics_of(SEOUL, "STATUS:CANCELLED"))
    (tmp_path / "b.ics").write_bytes(ics_of(SEOUL))

    assert load_calendar(tmp_path / "a.ics").events == ()
    [one] = load_calendar(tmp_path / "b.ics").events
    assert one.until - one.since == 3_600_000


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("a.toml", '[[events]]\nname = "x"\nfrom = 2026-01-02\nuntil = 2026-01-01', "behind from"),
        ("a.toml", '[[events]]\nname = "x"\nfrom = 2026-01-01\nkind = "war"', "allowed are"),
        ("a.toml", '[[events]]\nname = "x"\nform = 2026-01-01', "'form' is unknown"),
        ("a.toml", "[[events]]\nfrom = 2026-01-01", "name"),
        ("a.toml", "[[events", "no TOML"),
        ("a.csv", "name,from\nx,tomorrow\n", "2026-11-24"),
        ("a.csv", "name,from\nx,9999-01-01\n", "year"),
        ("a.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "iCalendar"),
        ("a.ics", ICS.replace("YEARLY", "MINUTELY"), "RRULE"),
        ("a.ics", ics_of("DTSTART;TZID=Nowhere/Land:20260105T180000").decode(), "TZID"),
        ("a.ics", ics_of(SEOUL, "DTEND;VALUE=DATE:20260106").decode(), "DTEND"),
        ("a.ics", ics_of("DTEND:20260106T180000Z").decode(), "DTSTART"),
        ("a.ics", ics_of(SEOUL, "RRULE:FREQ=DAILY;COUNT=2000").decode(), "1000 times"),
        ("a.txt", "", "known are"),
    ],
)  # fmt: skip
def test_mistakes_say_where_and_what_is_allowed(tmp_path, name, body, told):
    (tmp_path / name).write_text(body, "utf-8")

    with pytest.raises(CalendarError, match=told) as caught:
        load_calendar(tmp_path / name)
    assert name in str(caught.value)


@given(st.sampled_from([".toml", ".csv", ".ics"]), st.binary(max_size=300))
def test_any_bytes_are_a_calendar_or_a_told_mistake(tmp_path_factory, ending, raw):
    path = tmp_path_factory.mktemp("c") / f"x{ending}"
    path.write_bytes(raw)

    try:
        told = str(len(load_calendar(path).events))
    except CalendarError as error:
        told = str(error)
    assert told.isdecimal() or str(path) in told


def test_an_hour_that_is_loud_every_week_is_proposed_and_one_loud_day_is_not():
    counts = [3] * (168 * 6)
    for week in range(6):
        counts[week * 168 + 90] = 40
    counts[2 * 168 + 11] = 500

    assert weekly_hours(counts, weeks=6) == [90]
    assert weekly_hours([], weeks=0) == []
