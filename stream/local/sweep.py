"""Rewrites the search folder bit by bit, so that deleted words leave its files.

tantivy only marks a removed document; its words stay in the segment until a merge
happens to take it in. A sweep writes every older document again, a few with each
commit: a segment without living documents is deleted whole. Where a sweep has come
is kept in the tables, so it goes on after a restart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

ROWS = 1000
"""Documents written again with one commit, about 50 ms of CPU."""


class Sweep:
    """When to sweep, and what is next.

    Args:
        db: the tables.
        every_s: least time between two sweeps.
        wall: wall clock in seconds.
    """

    def __init__(
        self, db: sqlite3.Connection, *, every_s: float, wall: Callable[[], float]
    ) -> None:
        self._db = db
        self._every_s = every_s
        self._wall = wall
        self._stale = self._get("stale")
        self._next = self._get("sweep_next")
        self._until = self._get("sweep_until")
        self._ended_at = self._get("swept_at")
        self._handed = 0

    @property
    def under_way(self) -> bool:
        """Whether rows were taken that the next commit has to make durable."""
        return self._handed > 0

    def note(self, removed: int) -> None:
        """Documents were removed or replaced."""
        self._stale += removed
        self._set("stale", self._stale)

    def take(self, last: int) -> list[int]:
        """Rows to write again before the next commit; ``last`` is the newest committed."""
        if not self._until:
            now = self._wall()
            if not self._stale or 0 <= now - self._ended_at < self._every_s:
                return []
            self._next, self._until, self._stale = 1, last, 0
            self._set("stale", 0)
            self._set("sweep_until", last)
        self._handed = min(self._next + ROWS, self._until + 1)
        rows = self._db.execute(
            "SELECT n FROM posts WHERE n >= ? AND n < ? AND body IS NOT NULL",
            (self._next, self._handed),
        )
        return [int(row[0]) for row in rows]

    def committed(self) -> None:
        """What was taken last is durable."""
        if not self._handed:
            return
        self._next, self._handed = self._handed, 0
        self._set("sweep_next", self._next)
        if self._next > self._until:
            self._until, self._ended_at = 0, int(self._wall())
            self._set("sweep_until", 0)
            self._set("swept_at", self._ended_at)

    def lost(self) -> None:
        """What was taken last did not become durable; it comes again."""
        self._handed = 0

    def _get(self, key: str) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return 0 if row is None else int(row[0])

    def _set(self, key: str, value: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
