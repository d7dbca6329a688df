"""``jikimi run``: live sources through the pipeline, with the pages beside it."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.interrupts import stop_after, with_stop
from dashboards.terminal.options import for_seconds
from dashboards.terminal.outcome import exit_code, posts_read

if TYPE_CHECKING:
    from stream.settings import Settings

EPILOG = """\b
Examples:
  jikimi run                         Bluesky, alerts at http://127.0.0.1:8000
  jikimi --config team.toml run      sources and watchlist of a team
  jikimi run --no-web                collect and detect only

\b
Ctrl-C ends it cleanly; the next start goes on where it was, nothing lost or doubled.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
@click.option("--no-web", is_flag=True, help="Do not serve the pages.")
@for_seconds
@pass_cli
@with_stop
def command(
    cli: Cli, data: Path | None, no_web: bool, seconds: float | None, stop: threading.Event
) -> int:
    """Watch the configured sources and raise alerts until stopped."""
    from dashboards.composing.compose import (
        INDEX_FOLDER,
        build_host,
        build_sources,
        watchlist_file,
    )
    from dashboards.composing.serving import web_process
    from detect.watchlist import load_watchlist
    from ingest.collector import Collector
    from stream.local_index import LocalIndex
    from stream.storage.errors import prepare

    cli.start_logging()
    settings = cli.settings
    watchlist = load_watchlist(watchlist_file(settings))
    sources = build_sources(settings)
    if not sources:
        raise click.UsageError("no source is enabled; see [sources] in the settings")
    folder = data or settings.data.folder
    with ExitStack() as stack:
        prepare(folder)
        index = LocalIndex(folder / INDEX_FOLDER) if settings.pipeline.index else None
        host = build_host(folder, settings, watchlist, index, expires=True, pictures=True)
        stack.callback(host.close)
        host.feed_index()
        if not no_web and not stop.is_set():
            web = stack.enter_context(
                web_process(folder, config=cli.config, options=_web_options(settings))
            )
            click.echo(f"pages: {web.url}", err=True)
        stack.enter_context(stop_after(stop, seconds))
        cursors = {source.name: host.intake.cursor(source.name) for source in sources}
        collector = Collector(sources, cursors, batch=settings.pipeline.batch)
        host.run(collector, stop)
        statuses = collector.statuses()
        totals = host.intake.counters()
    click.echo(
        f"logged {totals.get('logged', 0):,} posts of {posts_read(totals):,} read; "
        f"data in {folder}",
        err=True,
    )
    return exit_code(statuses)


def _web_options(settings: Settings) -> list[str]:
    return [
        "--host",
        settings.web.host,
        "--port",
        str(settings.web.port),
        "--watchlist",
        str(settings.watchlist.file),
    ]
