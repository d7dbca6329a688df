"""``jikimi live``: posts a minute as they come, approximate, on a page of its own."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK

EPILOG = """\b
Examples:
  jikimi live               beside workers on Kafka; prints the address of the page
  jikimi live --port 0      on a free port

\b
It counts with Faust from the subjects topic, from its first start on. The numbers are
approximate and nothing rests on them. Run one: of two, each would show its own share.
Only this machine reaches the page. There are no posts and no accounts on it.
"""

FOLDER = "live"
HOST = "127.0.0.1"
LOOK_EVERY_S = 0.2


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; default: that of the settings. It uses the folder live in it.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8010,
    show_default=True,
    help="Port of the page; 0: a free one.",
)
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
@pass_cli
def command(cli: Cli, data: Path | None, port: int, with_parent: bool) -> int:
    """Scale-out: show posts a minute of the last hour as they come (approximate)."""
    from dashboards.composing.compose import watchlist_file
    from dashboards.composing.scale import kafka_address, kafka_topics
    from dashboards.live.page import live_pages
    from dashboards.terminal.interrupts import end_with_parent
    from detect.watchlist import load_watchlist
    from stream.scale.admin import ensure_topics
    from stream.scale.live import build_live, run_live

    cli.start_logging()
    settings = cli.settings
    watchlist = load_watchlist(watchlist_file(settings))
    address, topics = kafka_address(settings), kafka_topics(settings)
    ensure_topics(address, topics.all(), replication=settings.kafka.replication)
    app = build_live(
        address,
        topics,
        group=f"{settings.kafka.prefix}.live",
        folder=(data or settings.data.folder) / FOLDER,
        replication=settings.kafka.replication,
    )
    pages = live_pages(watchlist.subjects, app.counts.minutes, time.time)
    if with_parent:
        end_with_parent()
    threading.Thread(target=_announce, args=[free := port or _free_port()], daemon=True).start()
    run_live(app, pages, host=HOST, port=free)
    return OK


def _announce(port: int) -> None:
    """Say where the page is once it answers."""
    while True:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            click.echo(f"ready http://{HOST}:{port}")
            return
        time.sleep(LOOK_EVERY_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
