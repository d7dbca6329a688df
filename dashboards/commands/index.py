"""``jikimi index``: make the search index anew from the log."""

from __future__ import annotations

from pathlib import Path

import click

from dashboards.context import Cli, pass_cli
from dashboards.exits import OK


@click.group(epilog="\b\nExamples:\n  jikimi index rebuild\n  jikimi index rebuild --data DIR")
def command() -> None:
    """Care for the index behind search and pages."""


@command.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
@pass_cli
def rebuild(cli: Cli, data: Path | None) -> int:
    """Make the index anew from the log; the old one serves until the new one is whole."""
    from dashboards.compose import INDEX_FOLDER
    from stream.feed import IndexFeed
    from stream.local_index import LocalIndex
    from stream.sqlite_log import SqliteSubjectLog
    from stream.sqlite_state import Results
    from stream.store import Store

    cli.start_logging()
    folder = data or cli.settings.data.folder
    store = Store(folder)
    try:
        partitions = int(store.meta("partitions") or b"1")
        feed = IndexFeed(SqliteSubjectLog(store, partitions), Results(store))
        LocalIndex.rebuild(folder / INDEX_FOLDER, feed.all())
    finally:
        store.close()
    index = LocalIndex(folder / INDEX_FOLDER, read_only=True)
    try:
        click.echo(
            f"indexed {index.counts().get('posts', 0):,} posts in {folder / INDEX_FOLDER}"
        )
    finally:
        index.close()
    return OK
