"""``jikimi restore``: put a backup into a new data folder."""

from __future__ import annotations

from pathlib import Path

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK

EPILOG = """\b
Examples:
  jikimi restore /backups/2026-11-25 --data jikimi-data
  jikimi restore /backups/2026-11-25.tar.zst --check      only: is it whole and unchanged?
  jikimi restore DIR --data NEW --deleted-in OLD          delete again what went since

\b
Every hash is checked, older formats are brought up to date, the search index is made
anew. Nothing is ever overwritten: the folder has to be new or empty. Cut off in the
middle, the same command begins anew. Then `jikimi run` goes on where the backup was
made: sources bring again what they still have, and repeats are removed.
The watchlist of that time lies in the folder as watchlist.toml; it is not put in force.
"""


@click.command(epilog=EPILOG)
@click.argument("source", type=click.Path(path_type=Path), metavar="DIR|FILE.tar.zst")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="New data folder; else data.folder of the settings.",
)
@click.option("--check", "only_check", is_flag=True, help="Check the backup, restore nothing.")
@click.option(
    "--no-index", is_flag=True, help="Leave making the search index to the first run."
)
@click.option(
    "--deleted-in",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The folder as it was last: what was deleted there since is deleted here again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
@pass_cli
def command(
    cli: Cli,
    source: Path,
    data: Path | None,
    only_check: bool,
    no_index: bool,
    deleted_in: Path | None,
    as_json: bool,
) -> int:
    """Put a backup into a new data folder, checked and brought up to date."""
    import msgspec

    from dashboards.care import restore as steps
    from dashboards.terminal.progress import Bytes

    cli.start_logging()
    folder = data or cli.settings.data.folder
    with Bytes("checking" if only_check else "copying", quiet=cli.quiet or as_json) as bar:
        if only_check:
            manifest = steps.check(source, bar.update)
        else:
            manifest = steps.restore(
                source, folder, index=not no_index, deleted_in=deleted_in, tell=bar.update
            )
    if as_json:
        click.echo(msgspec.json.encode(manifest).decode())
        return OK
    from datetime import UTC, datetime

    made = datetime.fromtimestamp(manifest.made_at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    amount = f"{manifest.counts.get('posts_log', 0):,} log entries, made {made}"
    if only_check:
        click.echo(f"{source}: whole and unchanged, {amount} by jikimi {manifest.jikimi}")
    else:
        click.echo(f"{folder}: restored, {amount}; `jikimi run` goes on from there")
    return OK
