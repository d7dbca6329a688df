"""The folder of a local index: its lock, and which generation is in use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from stream.local.tables import DATABASE

CURRENT = "current"
LOCK = "index.lock"
PREFIX = "generation-"


class IndexInUseError(Exception):
    """Another process writes this index."""


def take_lock(folder: Path) -> int:
    """Become the only writer, until the returned descriptor is closed.

    Raises:
        IndexInUseError: there is one already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise IndexInUseError(
            f"the index in {folder} is being written by another process; stop that one first"
        ) from None
    return handle


def generation(folder: Path, number: int) -> Path:
    """The folder of a generation."""
    return folder / f"{PREFIX}{number}"


def current(folder: Path) -> int:
    """Number of the generation in use, 0 while there is none."""
    try:
        text = (folder / CURRENT).read_text(encoding="ascii")
        return max(int(text), 0)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except ValueError:
        # The name is one atomic write, so only an outside hand leaves this.
        return max(_numbers(folder), default=0)


def identity(folder: Path) -> tuple[int, int] | None:
    """Number and file of the generation in use; another file is another index.

    An index that was deleted and made anew counts its generations from one again.
    """
    number = current(folder)
    try:
        return number, (generation(folder, number) / DATABASE).stat().st_ino
    except (FileNotFoundError, NotADirectoryError):
        return None


def name_current(folder: Path, number: int) -> None:
    """Put a generation into use, in one step that survives a power loss."""
    if current(folder) == number:
        return
    fresh = folder / f"{CURRENT}.new"
    with fresh.open("w", encoding="ascii") as file:
        file.write(f"{number}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / CURRENT)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_others(folder: Path, number: int) -> None:
    """Delete every generation but one; readers of it keep what they opened."""
    for other in _numbers(folder):
        if other != number:
            shutil.rmtree(generation(folder, other), ignore_errors=True)


def _numbers(folder: Path) -> list[int]:
    found: list[int] = []
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(ValueError):
            found.append(int(path.name.removeprefix(PREFIX)))
    return found
