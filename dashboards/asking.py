"""Has a request carried out: by the process that owns the data folder, or by this one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboards.terminal.context import Cli
    from stream.care.requests import Asking, Outcome, Request

PATIENCE_S = 60.0


class NotTakenUpError(OSError):
    """The owner of the folder did not take the request up; it was withdrawn."""


def carry_out(cli: Cli, folder: Path, request: Request) -> Outcome:
    """Ask for something and wait until it is done.

    Raises:
        FileNotFoundError: no data in this folder.
        NotTakenUpError: the owner of the folder does not answer.
        StorageFullError: no space; nothing was changed.
    """
    from dashboards.composing.compose import wall_clock
    from stream.care.requests import Asking
    from stream.local.folder import IndexInUseError
    from stream.storage.errors import FolderInUseError

    bring_up_to_date(folder)
    asking = Asking(folder, now=wall_clock)
    number = asking.ask(request)
    try:
        _own(cli, folder)
    except (FolderInUseError, IndexInUseError):
        return _wait(asking, number, folder)
    found = asking.outcome(number)
    if found is None:
        raise NotTakenUpError(f"{folder}: the request {number} was lost")
    return found


def bring_up_to_date(folder: Path) -> None:
    """Migrate an older folder that nobody uses; one in use was migrated by its owner."""
    from stream.storage.errors import FolderInUseError
    from stream.storage.store import DATABASE, Store

    if (folder / DATABASE).is_file():
        with suppress(FolderInUseError):
            Store(folder).close()


def requester() -> str:
    """Who asks, as the system knows the person."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _own(cli: Cli, folder: Path) -> None:
    """Open the folder as its owner and do what is asked for, all of it."""
    from dashboards.composing.compose import INDEX_FOLDER, build_host, watchlist_file
    from detect.watchlist import load_watchlist
    from stream.local_index import LocalIndex

    settings = cli.settings
    watchlist = load_watchlist(watchlist_file(settings))
    index = None
    if settings.pipeline.index and (folder / INDEX_FOLDER).is_dir():
        index = LocalIndex(folder / INDEX_FOLDER)
    try:
        host = build_host(folder, settings, watchlist, index)
    except BaseException:
        if index is not None:
            index.close()
        raise
    try:
        host.settle()
    finally:
        host.close()


def _wait(asking: Asking, number: int, folder: Path) -> Outcome:
    found = asking.wait(number, PATIENCE_S)
    if found is not None:
        return found
    asking.withdraw(number)
    found = asking.outcome(number)
    if found is not None:
        return found
    raise NotTakenUpError(
        f"the process that uses {folder} did not take the request up within "
        f"{PATIENCE_S:.0f} s; it was withdrawn: try again, or stop that process first"
    )
