"""``jikimi media``: the pictures of posts, for an installation on Kafka."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK
from dashboards.terminal.interrupts import stop_after, stop_on_signals
from dashboards.terminal.options import for_seconds

LOCK = "media.lock"
EPILOG = """\b
Examples:
  jikimi media                 until stopped; once an installation
  jikimi media --for 3600      an hour of it

\b
Beside `jikimi worker`, on one machine: families of pictures have one owner. What it finds
goes through Kafka to the workers and into the index. See docs/how-to/media.md.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder with media.db and banks.db; else data.folder of the settings.",
)
@for_seconds
@pass_cli
def command(cli: Cli, data: Path | None, seconds: float | None) -> int:
    """Fetch and look at the pictures of posts on Kafka until stopped."""
    import os

    from dashboards.composing.compose import watchlist_file
    from dashboards.composing.media import media_beside
    from dashboards.composing.scale import kafka_address, kafka_topics
    from detect.watchlist import load_watchlist
    from stream.scale.kafka_log import PostsProducer
    from stream.scale.media import ScaleMedia
    from stream.storage.errors import prepare
    from stream.storage.files import OwnedError, own

    cli.start_logging()
    settings = cli.settings
    folder = data or settings.data.folder
    address, topics = kafka_address(settings), kafka_topics(settings)
    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        prepare(folder)
        try:
            stack.callback(os.close, own(folder / LOCK))
        except OwnedError as error:
            click.echo(
                f"jikimi: process {error} looks at pictures in {folder} already", err=True
            )
            return FAILURE
        beside = media_beside(settings, folder, load_watchlist(watchlist_file(settings)))
        if beside is None:
            raise click.UsageError("pictures are switched off: see media.enabled")
        stack.callback(beside.close)
        producer = PostsProducer(address, topics)
        stack.callback(producer.close)
        host = ScaleMedia(address, topics, beside, producer)
        stack.callback(host.close)
        stack.enter_context(stop_after(stop, seconds))
        host.run(stop)
        found = host.delivered
    click.echo(f"looked at the pictures of {found:,} posts", err=True)
    return OK
