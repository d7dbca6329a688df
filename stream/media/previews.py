"""Previews of pictures that passed the gate, read beside the process that writes them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from stream.media.shelf import MEDIA_FILE


class Previews:
    """The previews of a data folder; a folder without any has none."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / MEDIA_FILE

    def get(self, sha256: str) -> bytes | None:
        """A small JPEG of our own making; None where nothing may be shown."""
        if not self._path.is_file():
            return None
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as db:
                row = db.execute(
                    "SELECT preview FROM pictures WHERE sha256 = ?", (sha256,)
                ).fetchone()
        except (sqlite3.Error, UnicodeEncodeError):
            return None
        return None if row is None or row[0] is None else bytes(row[0])
