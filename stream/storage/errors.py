"""What can go wrong with files that hold data, and how it is told to people."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

RESTORING = "restoring"
"""Folder inside of a data folder while a backup is being restored into it."""


class FolderInUseError(Exception):
    """Another process owns the data folder."""


class StorageFullError(Exception):
    """The disk is full; nothing of the last batch was written."""


class RestoreUnfinishedError(Exception):
    """A restore into the data folder was cut off."""


class StorageVersionError(Exception):
    """The data folder was written by a newer version."""


def is_full(error: BaseException) -> bool:
    """Whether ``error`` says that no space is left."""
    if isinstance(error, sqlite3.OperationalError):
        # The second one: the index beside the write-ahead log could not be made larger.
        return error.sqlite_errorcode in (
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR_SHMSIZE,
        )
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def full_message(folder: Path) -> str:
    """What to tell a person whose disk is full."""
    return (
        f"no space left on the disk that holds {folder}: nothing of the last batch was "
        "written and nothing is lost; free some space and it goes on"
    )


def prepare(folder: Path) -> None:
    """Make a data folder where there is none; refuse one whose restore has not ended.

    Raises:
        RestoreUnfinishedError: nothing may use the folder before the restore is finished.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / RESTORING).exists():
        raise RestoreUnfinishedError(
            f"a restore into {folder} was cut off or is still running: run the same "
            "`jikimi restore` again, which begins anew, or remove the folder"
        )
