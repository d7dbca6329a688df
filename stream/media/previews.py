"""Previews of pictures and merged families, read beside the process that writes them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from stream.media.shelf import MEDIA_FILE


class Previews:
    """What pages read of the pictures of a data folder; one without any has none."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / MEDIA_FILE

    def get(self, sha256: str) -> bytes | None:
        """A small JPEG of our own making; None where nothing may be shown."""
        found = self._asked("SELECT preview FROM pictures WHERE sha256 = ?", sha256)
        return None if found is None else bytes(found)

    def merged_into(self, family: str) -> str | None:
        """The family that another went into; None where it went nowhere."""
        found = self._asked("SELECT into_family FROM merged WHERE family = ?", family)
        return None if found is None else str(found)

    def _asked(self, sql: str, value: str) -> Any:
        if not self._path.is_file():
            return None
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as db:
                row = db.execute(sql, (value,)).fetchone()
        except (sqlite3.Error, UnicodeEncodeError):
            return None
        return None if row is None else row[0]
