"""``jikimi calendar``: what fans are known to do when: import, check, show, propose."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import CONFIGURATION, OK

EPILOG = """\b
Examples:
  jikimi calendar check calendar.toml
  jikimi calendar import shows.ics --subject velloria --out calendar.toml
  jikimi calendar show calendar.toml --days 30
  jikimi calendar propose                      birthdays of the watchlist, as TOML

\b
calendar.toml beside jikimi.toml, or calendar.file of the settings, is what the pages
show beside campaigns: an event explains volume and speaks against an attack.
Times without a zone are Korean.
"""
_file = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True
)


@click.group("calendar", epilog=EPILOG)
def command() -> None:
    """What fans are known to do when, so that a comeback does not look like an attack."""


@command.command("check")
@_file
def check_command(file: Path) -> int:
    """Look for mistakes in a calendar of TOML, CSV or ICS."""
    from stream.calendar.files import CalendarError, load_calendar

    try:
        found = load_calendar(file)
    except CalendarError as error:
        click.echo(str(error), err=True)
        return CONFIGURATION
    click.echo(f"{len(found.events)} events, no mistakes")
    return OK


@command.command("import")
@_file
@click.option("--subject", "subjects", multiple=True, help="Whom its events concern.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Calendar to add them to, TOML; else they are printed.",
)
def import_command(file: Path, subjects: tuple[str, ...], out: Path | None) -> int:
    """Bring the events of a file into a calendar of ours; those it has are not doubled."""
    from stream.calendar.events import Calendar
    from stream.calendar.files import CalendarError, dump_calendar, load_calendar

    try:
        more = load_calendar(file, subjects=subjects)
        known = load_calendar(out) if out is not None and out.exists() else Calendar()
    except CalendarError as error:
        click.echo(str(error), err=True)
        return CONFIGURATION
    events = sorted({*known.events, *more.events}, key=lambda one: (one.since, one.name))
    text = dump_calendar(Calendar(events=tuple(events)))
    if out is None:
        click.echo(text, nl=False)
        return OK
    part = out.with_name(out.name + ".part")
    part.write_text(text, "utf-8")
    part.replace(out)
    click.echo(f"{len(events) - len(known.events)} new events, {len(events)} in {out}")
    return OK


@command.command("show")
@_file
@click.option("--subject", help="Only what concerns this subject.")
@click.option("--days", type=click.IntRange(1, 3660), default=30, help="From today on.")
def show_command(file: Path, subject: str | None, days: int) -> int:
    """List what is on in the next days, repeated events too."""
    from dashboards.composing.compose import wall_clock
    from stream.calendar.events import DAY_MS
    from stream.calendar.files import CalendarError, load_calendar

    try:
        found = load_calendar(file)
    except CalendarError as error:
        click.echo(str(error), err=True)
        return CONFIGURATION
    now = wall_clock()
    listed = found.between(subject, now, now + days * DAY_MS)
    for one in listed:
        whom = ", ".join(one.event.subjects) or "everybody"
        name = "".join(c if c.isprintable() else " " for c in one.event.name)
        click.echo(
            f"{_at(one.since)} to {_at(one.until)}  {one.event.kind:9}  {name}  ({whom})"
        )
    if not listed:
        click.echo(f"nothing in the next {days} days", err=True)
    return OK


@command.command("propose")
@pass_cli
def propose_command(cli: Cli) -> int:
    """Print birthdays of the watchlist as events; nothing is added by itself."""
    from detect.watchlist import load_watchlist
    from stream.calendar.events import Calendar
    from stream.calendar.files import dump_calendar, event_of

    events = [
        event_of(
            {
                "name": f"Birthday of {one.name}",
                "kind": "birthday",
                "subjects": [one.id],
                "from": _eve(one.birth_date),
                "until": date.fromisoformat(one.birth_date) + timedelta(days=1),
                "repeats": "yearly",
            }
        )
        for one in load_watchlist(cli.settings.watchlist.file).subjects
        if one.birth_date and date.fromisoformat(one.birth_date).year > 1970  # noqa: PLR2004
    ]
    click.echo(dump_calendar(Calendar(events=tuple(events))), nl=False)
    if not events:
        click.echo("the watchlist names no birth_date", err=True)
    return OK


def _eve(day: str) -> date:
    return date.fromisoformat(day) - timedelta(days=1)


def _at(ms: int) -> str:
    from stream.calendar.events import KOREA

    return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(KOREA):%Y-%m-%d %H:%M} KST"
