"""The posts log of a data folder, read beside whoever owns the folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from stream.care.requests import reading
from stream.records import Logged
from stream.replay.plan import Piece

AT_ONCE = 2000


class FolderLog:
    """``PastLog`` of a data folder.

    Raises:
        FileNotFoundError: no data in this folder.
        StorageVersionError: the folder has another format than this jikimi's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._db: sqlite3.Connection = reading(folder)
        self._decode = msgspec.msgpack.Decoder(Logged).decode

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder.resolve())

    @property
    def whole(self) -> bool:
        """True: nothing but deleted words leaves it."""
        return True

    def ends(self) -> Mapping[int, int]:
        """One partition; every read goes through all of it."""
        row = self._db.execute("SELECT max(offset) FROM posts_log").fetchone()
        return {0: int(row[0] or 0) + 1}

    def begins_at(self) -> int | None:
        """None: what leaves a folder leaves it by deletion, and so do its results."""
        return None

    def read(self, partition: int, start: int, end: int, /) -> Iterator[Piece]:
        """Entries from an offset to before another."""
        del partition
        while True:
            rows = self._db.execute(
                "SELECT offset, body FROM posts_log WHERE offset >= ? AND offset < ? "
                "ORDER BY offset LIMIT ?",
                (start, end, AT_ONCE),
            ).fetchall()
            if not rows:
                return
            start = int(rows[-1][0]) + 1
            yield Piece([self._decode(row[1]) for row in rows], start)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
