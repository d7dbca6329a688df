"""``jikimi backup``: copy a data folder while it is in use."""

from __future__ import annotations

from pathlib import Path

import click

from dashboards.terminal.context import Cli, pass_cli

EPILOG = """\b
Examples:
  jikimi backup /backups/2026-11-25            into a new folder
  jikimi backup /backups/2026-11-25.tar.zst    into one packed file
  jikimi backup DIR --data other-folder --json
  jikimi restore DIR --data NEW                to have it back

\b
Works while `jikimi run` uses the folder and holds nothing up. In it: log, state,
results, dead letters, decisions and deliveries, and the watchlist. Not in it: the
search index (a restore makes it anew), the settings file with its passwords, and the
key that signs cookies. Keys of the API are in it as hashes only. Posts are in it in
clear: keep it as you keep the data folder. Files get mode 600.
What is deleted later stays in backups made earlier: keep them no longer than needed.
"""


@click.command(epilog=EPILOG)
@click.argument("target", type=click.Path(path_type=Path), metavar="DIR|FILE.tar.zst")
@click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
@pass_cli
def command(cli: Cli, target: Path, data: Path | None, as_json: bool) -> None:
    """Copy a data folder: log, state, results and decisions, as of now."""
    import msgspec

    from dashboards.care.backup import back_up
    from dashboards.composing.compose import wall_clock
    from dashboards.terminal.progress import Bytes

    cli.start_logging()
    settings = cli.settings
    try:
        with Bytes("copying", quiet=cli.quiet or as_json) as bar:
            manifest = back_up(
                data or settings.data.folder,
                target,
                watchlist=settings.watchlist.file,
                now=wall_clock(),
                tell=bar.update,
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(msgspec.json.encode(manifest).decode())
        return
    counts = manifest.counts
    click.echo(
        f"{target}: {manifest.bytes / 2**20:,.1f} MiB in {len(manifest.files)} files, "
        f"{counts.get('posts_log', 0):,} log entries, {counts.get('results', 0):,} results, "
        f"{counts.get('decisions', 0):,} decisions"
    )
