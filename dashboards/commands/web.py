"""``jikimi web``: the pages for a data folder, alone or beside the pipeline."""

from __future__ import annotations

import gc
import os
import secrets
import socket
import threading
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK
from dashboards.terminal.interrupts import end_with_parent

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Server

    from detect.watchlist import Watchlist
    from stream.calendar.events import Calendar

EPILOG = """\b
Examples:
  jikimi web                        pages of the configured data folder
  jikimi web --data DIR --port 0    of another one, on a free port

\b
Only this machine reaches the pages unless web.password is set.
"""

SECRET_FILE = "web-secret"  # noqa: S105 - the name of the file
SECRET_BYTES = 32
BACKLOG = 128


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
@click.option("--host", help="Address to listen on; else web.host of the settings.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0 takes a free one.")
@click.option(
    "--watchlist",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Watchlist file; else watchlist.file of the settings.",
)
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
@click.option(
    "--local-index", is_flag=True, help="Read the data folder's index, whatever is set."
)
@pass_cli
def command(
    cli: Cli,
    data: Path | None,
    host: str | None,
    port: int | None,
    watchlist: Path | None,
    with_parent: bool,
    local_index: bool,
) -> int:
    """Serve the pages; prints ``ready ADDRESS`` once they answer."""
    from dashboards.composing.compose import DESK_FILE, pages_index, wall_clock
    from dashboards.desk import Desk
    from dashboards.notify import Notifier
    from dashboards.sinks import build_sinks
    from dashboards.web.app import create_app
    from dashboards.web.guard import check_bind
    from stream.care.dead_box import LocalDeadBox
    from stream.media.previews import Previews
    from stream.storage.errors import prepare

    cli.start_logging()
    settings = cli.settings
    folder = data or settings.data.folder
    address = host or settings.web.host
    password = settings.web.password.reveal() if settings.web.password else None
    check_bind(address, password)
    subjects = _watchlist(watchlist or settings.watchlist.file)
    with ExitStack() as stack:
        listener = _listen(address, settings.web.port if port is None else port)
        stack.callback(listener.close)
        prepare(folder)
        index = stack.enter_context(closing(pages_index(settings, folder, local=local_index)))
        stack.callback((desk := Desk(folder / DESK_FILE)).close)
        link = settings.web.public_url or _address(listener)
        # Without any sink too: one that is added later is then not sent what is old.
        sinks = build_sinks(settings.notify)
        notifier = Notifier(index, desk, sinks, public_url=link, clock=wall_clock)
        notifier.start()
        stack.callback(notifier.close)
        app = create_app(
            index,
            desk,
            subjects,
            password=password,
            secret=read_secret(folder / SECRET_FILE),
            public_url=settings.web.public_url,
            now=wall_clock,
            bound=address,
            dead_box=LocalDeadBox(folder, now=wall_clock),
            previews=Previews(folder),
            calendar=_calendar(settings.calendar.file),
        )
        stack.callback(_look_around(app).join)
        server = _server(app)
        if with_parent:
            end_with_parent(lambda: setattr(server, "should_exit", True))
        # The socket already listens: whoever connects from now on is answered.
        click.echo(f"ready {_address(listener)}")
        server.run(sockets=[listener])
    return OK


def _calendar(file: Path) -> Calendar | None:
    """The calendar, None without a file."""
    if not file.exists():
        return None
    from stream.calendar.files import CalendarError, load_calendar
    from stream.settings import ConfigError

    try:
        return load_calendar(file)
    except CalendarError as error:
        raise ConfigError(str(error)) from None


def _look_around(app: FastAPI) -> threading.Thread:
    """Read the alerts there are, so that the first visitor does not wait for it."""
    from dashboards.web.api.problems import UNREADABLE

    def look() -> None:
        # Whoever asks then is told what is wrong.
        with suppress(*UNREADABLE):
            app.state.site.board.refresh()

    thread = threading.Thread(target=look, name="look-around", daemon=True)
    thread.start()
    return thread


def read_secret(path: Path) -> bytes:
    """The key that signs cookies, made once per data folder and readable by its owner only.

    Raises:
        OSError: it cannot be read or written.
    """
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    if len(found) == SECRET_BYTES:
        return found
    made = secrets.token_bytes(SECRET_BYTES)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(made)
    draft.replace(path)
    return made


def _server(app: FastAPI) -> Server:
    import uvicorn

    # All that is loaded stays: no collection between two answers walks through it again,
    # which took half of the time of a slow page.
    gc.collect()
    gc.freeze()

    class Stopping(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Streams never end by themselves, and uvicorn waits for all answers.
            app.state.feed.close()
            await super().shutdown(sockets)

    return Stopping(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
            limit_concurrency=200,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )


def _watchlist(path: Path) -> Watchlist:
    # The pages only take names from it: without one they show ids.
    from detect.watchlist import Watchlist as Subjects
    from detect.watchlist import load_watchlist

    return load_watchlist(path) if path.is_file() else Subjects()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, asyncio sends small parts at once; else each answer waits 40 ms for an
    # acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.strip("[]"), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{error.strerror} (web.port)", f"{host}:{port}") from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = str(listener.getsockname()[0]), listener.getsockname()[1]
    # Who listens everywhere is shown where to look from this machine.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
