"""``jikimi index``: make the index anew, or fill and tidy the one in Elasticsearch."""

from __future__ import annotations

from pathlib import Path

import click

from dashboards.commands.index_care import drop, expire, generations, switch, tidy
from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK
from dashboards.terminal.options import for_seconds

EPILOG = """\b
Examples:
  jikimi index rebuild                 the data folder's, anew from the log
  jikimi index run                     scale-out: from Kafka to Elasticsearch
  jikimi index tidy --keep-months 12   drop old months, write segments with deletions again
  jikimi index expire --results-days 400 --takedowns-days 800 --dry-run
  jikimi index generations             results by replay (jikimi replay), and which is in force
"""

PATIENCE_S = 5.0
"""How long a write is tried again before the indexer looks whether it shall end."""


@click.group(epilog=EPILOG)
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
    from dashboards.composing.compose import INDEX_FOLDER
    from stream.hosting.feed import IndexFeed
    from stream.local_index import LocalIndex
    from stream.storage.sqlite_log import SqliteSubjectLog
    from stream.storage.state import Results
    from stream.storage.store import DATABASE, Store

    cli.start_logging()
    folder = data or cli.settings.data.folder
    if not (folder / DATABASE).is_file():
        # A store would make a new folder and lead to an index of nothing.
        raise click.ClickException(
            f"there is nothing to rebuild: {folder} holds no log ({DATABASE})"
        )
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


@command.command()
@for_seconds
@click.option(
    "--lanes",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Writes side by side; more help where Elasticsearch has many cores.",
)
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
@pass_cli
def run(cli: Cli, seconds: float | None, lanes: int, with_parent: bool) -> int:
    """Scale-out: take what workers make from Kafka to Elasticsearch until stopped.

    Any number may run; they share the partitions. Killed anywhere, the next goes on where
    the last commit was, and nothing is lost or doubled.
    """
    import threading
    from contextlib import ExitStack

    from dashboards.composing.compose import elastic_index, wall_clock
    from dashboards.composing.scale import kafka_address, kafka_topics
    from dashboards.terminal.interrupts import end_with_parent, stop_after, stop_on_signals
    from stream.scale.indexing import Indexer

    cli.start_logging()
    settings = cli.settings
    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        if with_parent:
            end_with_parent(stop.set)
        index = elastic_index(settings, patience_s=PATIENCE_S)
        stack.callback(index.close)
        # A missing index is told at once, and not after the first record.
        index.counts()
        indexer = Indexer(
            kafka_address(settings),
            kafka_topics(settings),
            f"{settings.kafka.prefix}.index",
            index,
            now=wall_clock,
            lanes=lanes,
        )
        stack.callback(indexer.close)
        stack.enter_context(stop_after(stop, seconds))
        indexer.run(stop)
        counts = indexer.counts
    click.echo(
        f"indexed {counts.written:,} of {counts.records:,} records, "
        f"{counts.dead:,} dead letters",
        err=True,
    )
    return OK


for one in (tidy, expire, generations, switch, drop):
    command.add_command(one)
