"""Wipes what SQLite leaves in the unused part of its pages.

``secure_delete`` overwrites a row that is deleted, but not the copies left behind when
rows were moved between pages by a split: measured, one deleted text in a hundred stayed
readable in the file that way. A page of a b-tree (SQLite file format, section 1.6)
begins with its kind, the number of its cells and where their content begins; nothing
between the list of cells and that place belongs to anything. These bytes are set to zero.

Written beside SQLite: safe only while no page lies in the write-ahead log and nobody
can write one, which the caller's empty log and write lock ensure. Readers never look
at these bytes.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path

PAGES = 4_096
"""Pages looked at in one step, about 30 ms."""
PATIENCE_MS = 50
LARGEST = 1 << 38
"""Beyond 256 GiB a page of another kind could look like one of a b-tree."""

_LEAF = {0x0A, 0x0D}
_INNER = {0x02, 0x05}
_HEADER_FIRST_PAGE = 100


class Scrubber:
    """Goes through a database file step by step.

    The file is kept open from the first step to :meth:`close`: closing it while SQLite
    has it open in this process would drop SQLite's own locks.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self._handle = -1
        self._page = int(db.execute("PRAGMA page_size").fetchone()[0])
        self._next = 0
        self.wiped = 0

    def restart(self) -> None:
        """Begin again at the first page."""
        self._next = 0

    def step(self, pages: int = PAGES) -> bool | None:
        """Wipe some pages; True when the last one was reached, None when it must wait.

        Raises:
            OSError: the file cannot be written.
        """
        if self._db.in_transaction:
            return None
        patience = int(self._db.execute("PRAGMA busy_timeout").fetchone()[0])
        # A reader in the middle of a query must not hold the writer up.
        self._db.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
        try:
            if self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return None
        finally:
            self._db.execute(f"PRAGMA busy_timeout={patience}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            wal = self._path.with_name(f"{self._path.name}-wal")
            if wal.exists() and wal.stat().st_size:
                return None
            done = self._wipe(pages)
        finally:
            self._db.execute("ROLLBACK")
        # What this connection holds of the old bytes would come back with its next write.
        self._db.execute("PRAGMA shrink_memory")
        return done

    def close(self) -> None:
        """Let go of the file; only once SQLite has closed it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _wipe(self, pages: int) -> bool:
        if self._handle < 0:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        size = os.fstat(self._handle).st_size
        start = self._next * self._page
        raw = os.pread(self._handle, pages * self._page, start)
        touched = False
        if size <= LARGEST:
            for place in range(0, len(raw), self._page):
                first = _HEADER_FIRST_PAGE if start + place == 0 else 0
                page = raw[place : place + self._page]
                unused = _unused(page, first)
                if unused is None or not any(page[unused]):
                    continue
                empty = bytes(unused.stop - unused.start)
                os.pwrite(self._handle, empty, start + place + unused.start)
                self.wiped += 1
                touched = True
        if touched:
            os.fsync(self._handle)
        self._next += pages
        if self._next * self._page < size:
            return False
        self._next = 0
        return True


def _unused(page: bytes, header: int) -> slice | None:
    """The bytes of a b-tree page that belong to nothing, None where there are none."""
    kind = page[header] if len(page) > header else 0
    if kind not in _LEAF and kind not in _INNER:
        return None
    cells, content = struct.unpack_from(">HH", page, header + 3)
    listed = header + (8 if kind in _LEAF else 12)
    start = listed + 2 * cells
    end = content or 65_536
    if not start < end <= len(page):
        return None
    if cells:
        pointers = struct.unpack_from(f">{cells}H", page, listed)
        if min(pointers) < end:
            return None
    return slice(start, end)
