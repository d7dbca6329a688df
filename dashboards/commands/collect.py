"""``jikimi collect``: sources to Kafka, for workers to take from there."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.interrupts import stop_after, with_stop
from dashboards.terminal.options import for_seconds
from dashboards.terminal.outcome import exit_code, posts_read

EPILOG = """\b
Examples:
  jikimi collect                        the sources of the settings, to Kafka
  jikimi --config reddit.toml collect   one collector a source, on any machine
  jikimi collect --for 60               end by itself after a minute

\b
Ctrl-C ends it cleanly. Killed anywhere it goes on where Kafka has everything, on
another machine too; a source that two collectors read is read twice and counted once.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; default: that of the settings. It uses the folder collect in it.",
)
@for_seconds
@pass_cli
@with_stop
def command(cli: Cli, data: Path | None, seconds: float | None, stop: threading.Event) -> int:
    """Read the configured sources and deliver matched posts to Kafka until stopped."""
    from dashboards.composing.compose import build_sources, watchlist_file
    from dashboards.composing.scale import (
        COLLECT_FOLDER,
        build_collect_host,
        kafka_address,
        kafka_topics,
    )
    from detect.watchlist import load_watchlist
    from ingest.collector import Collector
    from stream.scale.admin import ensure_topics
    from stream.scale.kafka_log import PostsProducer

    cli.start_logging()
    settings = cli.settings
    watchlist = load_watchlist(watchlist_file(settings))
    address, topics = kafka_address(settings), kafka_topics(settings)
    sources = build_sources(settings)
    if not sources:
        raise click.UsageError("no source is enabled; see [sources] in the settings")
    with ExitStack() as stack:
        ensure_topics(address, topics.all(), replication=settings.kafka.replication)
        producer = PostsProducer(address, topics)
        stack.callback(producer.close)
        folder = (data or settings.data.folder) / COLLECT_FOLDER
        host = build_collect_host(folder, settings, watchlist, producer)
        stack.callback(host.close)
        stack.enter_context(stop_after(stop, seconds))
        cursors = {source.name: host.intake.cursor(source.name) for source in sources}
        collector = Collector(sources, cursors, batch=settings.pipeline.batch)
        host.run(collector, stop)
        statuses = collector.statuses()
        totals = host.intake.counters()
    click.echo(
        f"delivered {totals.get('logged', 0):,} posts of {posts_read(totals):,} read "
        f"to {topics.posts.name}",
        err=True,
    )
    return exit_code(statuses)
