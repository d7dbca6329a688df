"""``jikimi worker``: router and operators over the partitions that the group gives it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK
from dashboards.terminal.interrupts import ask_to_end, end_with_parent, interrupted
from dashboards.terminal.options import for_seconds

if TYPE_CHECKING:
    from stream.scale.loop import WorkerLoop

EPILOG = """\b
Examples:
  jikimi worker                         a worker with router and operators
  jikimi worker --data /var/lib/w2      a second one on the same machine: its own folder
  jikimi worker --only operators        the router runs elsewhere

\b
Start as many as there are partitions, on any machine; each takes its share and hands it
over when it ends. The folder is a cache: a worker without it restores from Kafka. When it
cannot go on safely it ends with exit code 1; let systemd or Kubernetes start it anew.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; default: that of the settings. It uses the folder worker in it.",
)
@click.option(
    "--only",
    type=click.Choice(["router", "operators"]),
    help="Run one of the two stages; default: both.",
)
@click.option(
    "--frame",
    type=click.Choice(["faust", "plain"]),
    default="faust",
    show_default=True,
    help="What runs the host: Faust, or a bare loop without it.",
)
@click.option(
    "--session",
    "session_s",
    type=click.FloatRange(min=1.0, max=300.0),
    default=10.0,
    show_default=True,
    help="Seconds of silence after which others take over.",
)
@click.option(
    "--stuck",
    "stuck_s",
    type=click.FloatRange(min=1.0),
    default=60.0,
    show_default=True,
    help="Seconds without a sign of life after which it ends itself.",
)
@click.option(
    "--forget-broken-state",
    "forget_broken",
    is_flag=True,
    help="Remove from the state topics what jikimi does not write, instead of ending.",
)
@for_seconds
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
@pass_cli
def command(
    cli: Cli,
    data: Path | None,
    only: Literal["router", "operators"] | None,
    frame: Literal["faust", "plain"],
    session_s: float,
    stuck_s: float,
    forget_broken: bool,
    seconds: float | None,
    with_parent: bool,
) -> int:
    """Work on the partitions of Kafka's topics that are given to this worker."""
    from dashboards.composing.compose import watchlist_file
    from dashboards.composing.scale import (
        WORKER_FOLDER,
        build_worker,
        kafka_address,
        kafka_topics,
    )
    from detect.watchlist import load_watchlist
    from stream.scale.admin import ensure_topics
    from stream.scale.loop import CATCH_UP, WorkerLoop
    from stream.scale.progress import Progress
    from stream.scale.watchdog import Watchdog

    cli.start_logging()
    settings = cli.settings
    watchlist = load_watchlist(watchlist_file(settings))
    address, topics = kafka_address(settings), kafka_topics(settings)
    ensure_topics(address, topics.all(), replication=settings.kafka.replication)
    folder = (data or settings.data.folder) / WORKER_FOLDER
    batch = settings.pipeline.batch * CATCH_UP
    host = build_worker(folder, settings, watchlist, only=only, forget_broken=forget_broken)
    watchdog, progress = Watchdog(stuck_s), Progress(stuck_s)
    group = f"{settings.kafka.prefix}.workers" + (f".{only}" if only else "")
    ending = threading.Timer(seconds or 0, ask_to_end)
    ending.daemon = True
    if with_parent:
        end_with_parent()
    if seconds is not None:
        ending.start()
    try:
        if frame == "plain":
            watchdog.start()
            make = partial(
                WorkerLoop, host, address, group=group, batch=batch,
                session_ms=int(session_s * 1000), beat=watchdog.beat, progress=progress,
            )  # fmt: skip
            asyncio.run(_until_signalled(make))
        else:
            from stream.scale.faust_app import Parts, build_app, run_app

            parts = Parts(host, watchdog, batch, progress)
            own = folder / "faust"
            run_app(build_app(parts, address, group=group, folder=own, session_s=session_s))
    finally:
        ending.cancel()
        watchdog.stop()
    return OK


async def _until_signalled(make: Callable[[], WorkerLoop]) -> None:
    from stream.storage.memory import seldom_collect

    seldom_collect()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if interrupted():
        stop.set()
    await make().run(stop)
