"""Wipes deleted bytes out of a database file, a little between two rounds.

That something is to be wiped is noted in the table ``meta`` of the file, in the
transaction of the deletion, so that a process killed in between goes on after its next
start. A pass folds the write-ahead log back and scrubs every page (``scrub.py``).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from stream.care.scrub import Scrubber

PURGE = "purge"
"""Entry of ``meta``: counts deletions while bytes of any of them are still to be wiped."""

log = structlog.get_logger(__name__)


def wipe_later(db: sqlite3.Connection) -> None:
    """Note, as part of the running transaction, that deleted bytes must be wiped."""
    held = _noted(db)
    count = 1 if held is None else int(held) + 1
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (PURGE, str(count).encode()))


def _noted(db: sqlite3.Connection) -> bytes | None:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (PURGE,)).fetchone()
    return None if row is None else bytes(row[0])


class Wiping:
    """The passes over one file.

    Args:
        every_s: least time between the beginnings of two passes.
        also: what else has to go when a pass begins.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        path: Path,
        *,
        every_s: float = 20.0,
        also: Callable[[], None] | None = None,
    ) -> None:
        self._db = db
        self._path = path
        self._every_s = every_s
        self._also = also
        self._scrubber = Scrubber(db, path)
        self._begun: bytes | None = None
        self._begun_at: float | None = None

    def step(self, *, hurry: bool = False) -> bool:
        """Do a part of what is to be done; True when nothing is left."""
        wanted = _noted(self._db)
        if wanted is None:
            return True
        if self._begun is None:
            moment = time.monotonic()
            last = self._begun_at
            if last is not None and moment - last < self._every_s and not hurry:
                return False
            self._begun, self._begun_at = wanted, moment
            self._scrubber.restart()
            if self._also is not None:
                self._also()
        if not self._scrubber.step():
            return False
        # Only what was noted before this pass began is wiped.
        self._db.execute("DELETE FROM meta WHERE key = ? AND value = ?", (PURGE, self._begun))
        self._begun = None
        log.debug("wiped", file=self._path.name, pages=self._scrubber.wiped)
        return _noted(self._db) is None

    def finish(self, seconds: float) -> bool:
        """Do all of it, for at most some seconds; False when something is left."""
        until = time.monotonic() + seconds
        while not self.step(hurry=True):
            if time.monotonic() > until:
                return False
        return True

    def close(self) -> None:
        """Let go of the file; only once the database is closed."""
        self._scrubber.close()
