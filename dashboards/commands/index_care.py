"""``jikimi index tidy|expire|generations|switch|drop``: care for what Elasticsearch holds."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK

if TYPE_CHECKING:
    from stream.elastic.generations import Generations

DAY_MS = 86_400_000

_days = click.IntRange(1, 36_500)
_dry = click.option("--dry-run", is_flag=True, help="Only say what would go.")


@click.command()
@click.option(
    "--keep-months",
    type=click.IntRange(1, 1200),
    help="Drop months that ended longer ago; without it none.",
)
@click.option(
    "--wait",
    "seconds",
    type=click.FloatRange(0, 3600),
    default=90.0,
    show_default=True,
    help="Seconds to wait for the server to let go of deletions of the last minute.",
)
@_dry
@pass_cli
def tidy(cli: Cli, keep_months: int | None, seconds: float, dry_run: bool) -> int:
    """Scale-out: drop months beyond their time; write segments with deleted posts again."""
    from dashboards.composing.compose import elastic_client, wall_clock
    from stream.elastic import keeping
    from stream.elastic.names import Names

    cli.start_logging()
    names = Names(cli.settings.elasticsearch.prefix)
    with elastic_client(cli.settings) as client:
        months = []
        if keep_months is not None:
            months = keeping.beyond(client, names, keep_months, wall_clock())
        for month in months:
            verb = "would drop" if dry_run else "drops"
            click.echo(f"{verb} {month.index} with {month.posts:,} posts")
        if dry_run:
            return OK
        keeping.drop(client, months)
        left = keeping.expunge(client, names, wait_s=seconds)
    click.echo("every segment with deleted posts is written again")
    if left:
        click.echo(
            f"but for {left:,} documents that were deleted or changed meanwhile, which the "
            "server keeps as history: the next run takes them",
            err=True,
        )
    return OK


@click.command()
@click.option("--results-days", type=_days, help="Keep clusters, bursts and gaps so long.")
@click.option("--alerts-days", type=_days, help="Keep alerts so long after their last change.")
@click.option("--takedowns-days", type=_days, help="Keep takedown times so long.")
@_dry
@pass_cli
def expire(
    cli: Cli,
    results_days: int | None,
    alerts_days: int | None,
    takedowns_days: int | None,
    dry_run: bool,
) -> int:
    """Scale-out: remove results, alerts and takedown times that ended longer ago.

    What no option names is kept for ever. Posts go by month: `jikimi index tidy`.
    """
    from dashboards.composing.compose import elastic_client, wall_clock
    from stream.elastic import keeping
    from stream.elastic.bulk import Sender
    from stream.elastic.names import Names

    cli.start_logging()
    now = wall_clock()

    def before(days: int | None) -> int | None:
        return None if days is None else now - days * DAY_MS

    limits = keeping.Limits(
        results=before(results_days),
        alerts=before(alerts_days),
        takedowns=before(takedowns_days),
    )
    if not limits.due():
        raise click.UsageError(
            "nothing is named, so everything is kept: give --results-days, --alerts-days or "
            "--takedowns-days"
        )
    names = Names(cli.settings.elasticsearch.prefix)
    with elastic_client(cli.settings) as client:
        for noun, count in keeping.expired(client, names, limits).items():
            click.echo(f"{count:,} {noun} are due")
        if not dry_run:
            removed = keeping.expire(client, names, Sender(client), limits)
            click.echo(f"removed {removed:,} documents, memberships included")
    return OK


@click.command()
@pass_cli
def generations(cli: Cli) -> int:
    """Scale-out: list the results of each replay, and which are in force."""
    from stream.replay.plan import day

    with _generations(cli) as found:
        for one in found.all():
            made = "the first"
            if one.plan is not None:
                made = f"replay from {day(one.plan.since)} to {day(one.plan.until)}"
            mark = "in force" if one.current else "kept"
            click.echo(f"{one.number:>4}  {mark:<8}  {one.documents:>10,} results  {made}")
    return OK


@click.command()
@click.argument("number", type=click.IntRange(min=1))
@pass_cli
def switch(cli: Cli, number: int) -> int:
    """Scale-out: let the pages show another generation, with all that came since.

    Killed anywhere, the same command goes on.
    """
    with _generations(cli) as found:
        taken = found.switch(number)
    click.echo(f"in force: generation {number}; {taken:,} results were taken over")
    return OK


@click.command()
@click.argument("number", type=click.IntRange(min=1))
@pass_cli
def drop(cli: Cli, number: int) -> int:
    """Scale-out: delete a generation that is not in force, and what its replay left here."""
    with _generations(cli) as found:
        found.drop(number)
    work = cli.settings.data.folder / f"replay-{number}"
    if work.is_dir():
        shutil.rmtree(work)
    click.echo(f"generation {number} is deleted")
    return OK


@contextmanager
def _generations(cli: Cli) -> Generator[Generations]:
    from dashboards.composing.compose import elastic_client
    from stream.elastic.bulk import Sender
    from stream.elastic.generations import Generations
    from stream.elastic.names import Names

    cli.start_logging()
    with elastic_client(cli.settings) as client:
        names = Names(cli.settings.elasticsearch.prefix)
        yield Generations(client, names, Sender(client))
