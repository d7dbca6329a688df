"""``jikimi retention``: what is due by the settings, its erasure, and holds against it."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK, PARTIAL

if TYPE_CHECKING:
    import sqlite3

    from stream.care.retention import Due, Job, Limits

LOOK_S = 0.2
SILENT_S = 60.0

_data = click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(
    epilog="""\b
Examples:
  jikimi retention plan                      what would go, by source
  jikimi retention apply --yes               erase it now
  jikimi retention hold al_17 --reason "court, file 12/26"    every post behind an alert
  jikimi retention hold bluesky:at://… --reason "…"           one post
  jikimi retention holds                     what is held, why, by whom
  jikimi retention release al_17

\b
How long is set with retention.days, sources.NAME.keep_days and
retention.dead_letter_days; without any of them everything is kept. `jikimi run` erases
what is due every retention.every_hours. Days count from when a post was last seen to
change; in archives, from when it was written.
"""
)
def command() -> None:
    """How long posts and unreadable records are kept.

    What is due is erased the way a deletion is: from log, state, results, index, search
    files and unused parts of the files. Its id stays, so that it never comes back.
    """


@command.command()
@_data
@_json
@pass_cli
def plan(cli: Cli, data: Path | None, as_json: bool) -> None:
    """Show what would go, by source; change nothing."""
    import msgspec

    from stream.care.retention import last_job
    from stream.care.retention import plan as planned

    limits = _limits(cli)
    with closing(_reading(data or cli.settings.data.folder)) as db:
        found, last = planned(db, limits), last_job(db)
    if as_json:
        body = {"limits": limits, "sources": found, "last_run": last}
        click.echo(msgspec.json.encode(body).decode())
        return
    _tell(found)
    if last is not None:
        state = "is under way" if last.done_at is None else "ended"
        click.echo(
            f"the last run began {_day(last.begun_at)} and {state}: {last.posts:,} posts, "
            f"{last.letters:,} unreadable records erased",
            err=True,
        )


@command.command()
@_data
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
@pass_cli
def apply(cli: Cli, data: Path | None, yes: bool, as_json: bool) -> int:
    """Erase what is due by the settings, now; also beside `jikimi run`."""
    import msgspec

    from dashboards.asking import carry_out, requester
    from stream.care.requests import Expire
    from stream.care.retention import plan as planned

    cli.start_logging()
    folder = data or cli.settings.data.folder
    limits = _limits(cli)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("this erases for good and nobody can be asked here: add --yes")
    if not yes:
        with closing(_reading(folder)) as db:
            _tell(planned(db, limits))
        click.confirm("Erase this for good?", abort=True, err=True)
    begun = time.time_ns() // 1_000_000
    outcome = carry_out(cli, folder, Expire(limits=limits, who=requester()))
    job = None if outcome.problem else _wait(cli, folder, begun)
    if job is None or job.done_at is None:
        said = outcome.problem or "it goes on by itself, when `jikimi run` uses the folder"
        click.echo(f"jikimi: not done yet: {said}", err=True)
        return FAILURE
    if as_json:
        click.echo(msgspec.json.encode(job).decode())
    else:
        click.echo(
            f"erased: {job.posts:,} posts, {job.letters:,} unreadable records"
            + (f"; {job.held:,} posts are held and stay" if job.held else "")
        )
    return OK


@command.command()
@click.argument("ids", nargs=-1, required=True, metavar="POST_ID|ALERT_ID...")
@click.option("--reason", required=True, help="Why; kept with the hold.")
@_data
@pass_cli
def hold(cli: Cli, ids: tuple[str, ...], reason: str, data: Path | None) -> int:
    """Keep posts, or every post behind an alert, whatever the settings say.

    A deletion by the platform or by `jikimi forget` goes through all the same.
    """
    from dashboards.asking import carry_out, requester
    from stream.care.requests import Hold

    cli.start_logging()
    if not reason.strip():
        raise click.UsageError("--reason: found nothing; say why, for whoever asks later")
    asked = Hold(ids=ids, reason=reason.strip(), who=requester())
    counts = carry_out(cli, data or cli.settings.data.folder, asked).counts
    click.echo(f"{counts.get('posts', 0):,} more posts are held")
    return _told_unknown(counts, "nothing is known of")


@command.command()
@click.argument("ids", nargs=-1, required=True, metavar="POST_ID|ALERT_ID...")
@_data
@pass_cli
def release(cli: Cli, ids: tuple[str, ...], data: Path | None) -> int:
    """Take holds back; the next run erases what is due of them."""
    from dashboards.asking import carry_out, requester
    from stream.care.requests import Release

    cli.start_logging()
    asked = Release(ids=ids, who=requester())
    counts = carry_out(cli, data or cli.settings.data.folder, asked).counts
    click.echo(f"{counts.get('posts', 0):,} posts are held no more")
    return _told_unknown(counts, "no hold names")


@command.command()
@_data
@_json
@pass_cli
def holds(cli: Cli, data: Path | None, as_json: bool) -> None:
    """List what is held, why and by whom; the latest 1,000."""
    import msgspec

    from stream.care.holds import holds as all_holds

    with closing(_reading(data or cli.settings.data.folder)) as db:
        found = all_holds(db)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    from dashboards.commands.dead import escaped

    for one in found:
        behind = f" (alert {one.alert_id})" if one.alert_id else ""
        line = f"{_day(one.at)}  {one.post_id}{behind}, {one.who}: {one.reason}"
        click.echo(escaped(line.encode("utf-8", "replace")))
    if not found:
        click.echo("nothing is held", err=True)


def _limits(cli: Cli) -> Limits:
    from dashboards.composing.compose import retention_policy, wall_clock

    policy = retention_policy(cli.settings)
    if not policy.anything:
        raise click.UsageError(
            "nothing is set, so everything is kept: set retention.days, "
            "sources.NAME.keep_days or retention.dead_letter_days"
        )
    return policy.limits(wall_clock())


def _reading(folder: Path) -> sqlite3.Connection:
    """The store for reading beside its owner, brought up to date if nobody uses it.

    Raises:
        FileNotFoundError: no data in this folder.
        StorageVersionError: its owner is of another version.
    """
    from dashboards.asking import bring_up_to_date
    from stream.care.requests import reading

    bring_up_to_date(folder)
    return reading(folder)


def _wait(cli: Cli, folder: Path, begun: int) -> Job | None:
    """The run that was asked for when it is done, or as it stands when it no longer moves."""
    from stream.care.retention import last_job

    moved_at, last = time.monotonic(), None
    with closing(_reading(folder)) as db:
        while True:
            job = last_job(db)
            if job is None or job.begun_at < begun or job.done_at is not None:
                return job
            if job != last:
                moved_at, last = time.monotonic(), job
            if time.monotonic() - moved_at > SILENT_S:
                return job
            if not cli.quiet and job.posts:
                click.echo(f"\r{job.posts:,} posts erased \x1b[K", err=True, nl=False)
            time.sleep(LOOK_S)


def _tell(found: list[Due]) -> None:
    for one in found:
        until = "kept for ever" if one.limit is None else f"kept since {_day(one.limit)}"
        said = f"{one.source}: {until}; {one.due:,} of {one.posts:,} posts are due"
        if one.oldest is not None and one.newest is not None:
            said += f", from {_day(one.oldest)} to {_day(one.newest)}"
        if one.held:
            said += f"; {one.held:,} more are held and stay"
        if one.letters:
            said += f"; {one.letters:,} unreadable records are due"
        click.echo(said)
    due = sum(one.due for one in found)
    letters = sum(one.letters for one in found)
    click.echo(f"{due:,} posts and {letters:,} unreadable records would go", err=True)


def _told_unknown(counts: dict[str, int], said: str) -> int:
    if not counts.get("unknown"):
        return OK
    click.echo(f"{said} {counts['unknown']:,} of the ids", err=True)
    return PARTIAL if counts.get("posts") else FAILURE


def _day(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
