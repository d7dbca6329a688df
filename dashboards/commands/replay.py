"""``jikimi replay``: judge a stretch of the past anew, into new indices or a folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import INTERRUPTED, OK
from dashboards.terminal.interrupts import stop_on_signals

if TYPE_CHECKING:
    from dashboards.composing.replaying import Outcome
    from stream.replay.job import Progress

EPILOG = """\b
Examples:
  jikimi replay --from 2026-10-01 --to 2026-11-01 --into 2     scale-out: then moves the aliases
  jikimi replay --from 2026-10-01 --to 2026-11-01 --into 2 --no-switch    look at it first
  jikimi index switch 1                                        go back
  jikimi index drop 1                                          what was in force before
  jikimi replay --from 2026-10-01 --to 2026-11-01 --into october    from the data folder

\b
Times are those of the posts, in UTC. With a number, posts come from Kafka and results go
to Elasticsearch; results of other times are taken over, workers and pages go on meanwhile.
With a folder, posts come from the data folder, and `jikimi web --data FOLDER` shows it.
Stopped or killed, the same command goes on. Nobody is called for what a replay finds.
"""
LINE_EVERY_S = 10.0

moment = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])


@click.command(epilog=EPILOG)
@click.option("--from", "since", type=moment, required=True, help="First moment, UTC.")
@click.option("--to", "until", type=moment, required=True, help="Moment after the last, UTC.")
@click.option(
    "--into",
    required=True,
    metavar="NUMBER|FOLDER",
    help="A new generation of indices, or a folder that is empty or of the same replay.",
)
@click.option(
    "--switch/--no-switch",
    "switch",
    default=True,
    help="Whether the aliases move to the new indices when all is there.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder to read, or to work in; else data.folder of the settings.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@pass_cli
def command(
    cli: Cli,
    since: datetime,
    until: datetime,
    into: str,
    switch: bool,
    data: Path | None,
    as_json: bool,
) -> int:
    """Judge posts between two moments anew with the operators of this version."""
    import msgspec

    from dashboards.composing.replaying import replay_folder, replay_indices

    cli.start_logging()
    folder = data or cli.settings.data.folder
    times = (_ms(since), _ms(until))
    stop = threading.Event()
    with stop_on_signals(stop):
        if into.isdigit():
            number = int(into)
            found = replay_indices(
                cli.settings,
                folder,
                *times,
                number,
                switch=switch,
                stop=stop,
                tell=_teller(cli),
            )
        else:
            found = replay_folder(
                cli.settings, folder, *times, Path(into), stop=stop, tell=_teller(cli)
            )
    if found is None:
        click.echo("jikimi: stopped; the same command goes on", err=True)
        return INTERRUPTED
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _tell(found, into)
    return OK


def _ms(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp() * 1000)


def _tell(found: Outcome, into: str) -> None:
    if not found.made:
        click.echo(f"generation {into} is in force and of this very replay: nothing to do")
        return
    made = ", ".join(f"{n:,} {kind}s" for kind, n in found.made.items())
    click.echo(f"{found.posts:,} posts judged: {made}")
    if found.alerts_before is not None:
        click.echo(
            f"alerts of these times: {found.alerts_before:,} before, "
            f"{found.made['alert']:,} now, {found.alerts_same:,} of them the same"
        )
    if found.switched:
        click.echo(
            f"in force: generation {into}; {found.taken_over:,} results of other times were "
            f"taken over. `jikimi index switch {found.before}` goes back, "
            f"`jikimi index drop {found.before}` removes what was in force"
        )
    elif into.isdigit():
        click.echo("the same command without --no-switch moves the aliases there")
    else:
        click.echo(
            f"`jikimi web --data {into}` shows it. It hears of later deletions only when the "
            "same command is run again: remove it when it has served"
        )


def _teller(cli: Cli) -> Callable[[Progress], None]:
    shown = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal shown
        now = time.monotonic()
        if not cli.quiet and now - shown >= LINE_EVERY_S:
            shown = now
            click.echo(f"{progress.doing}: {progress.done:,} of {progress.of:,}", err=True)

    return tell
