"""Files in order of event time: passed through when sorted, sorted on disk when not.

Operators measure time by the newest post, so a file that lists the newest
first would make everything else too late. One pass looks; only a file that
needs it is staged in a SQLite table and read back in order. Both are
resumable: the order of a finished staging never changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ingest.records import Deletion, Gap, Malformed, Post
from ingest.source import Item, Sighting, Source, Stop, Terms
from stream.router import LATENESS_MS

_BATCH = 2000
_Staged = Post | Deletion | Gap | Malformed


class OrderedSource:
    """A file source whose items come in order of event time.

    Args:
        source: makes a fresh reader of the same files.
        staging: SQLite file for the sorted copy; also remembers the finding.
    """

    def __init__(self, source: Callable[[], Source], staging: Path) -> None:
        self._make = source
        self._source = source()
        self._staging = staging

    @property
    def name(self) -> str:
        """As the files' source is called."""
        return self._source.name

    @property
    def terms(self) -> Terms:
        """Those of the files' source."""
        return self._source.terms

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Sightings behind the cursor, in order of event time."""
        mark = self._staging.with_suffix(".sorted")
        if not self._staging.exists() and not mark.exists():
            if is_ordered(self._make(), stop):
                mark.touch()
            elif not stop.is_set():
                self._stage(stop)
        if stop.is_set():
            return
        if mark.exists():
            yield from self._source.read(after, stop)
        else:
            yield from self._staged(int(after or 0), stop)

    def _stage(self, stop: Stop) -> None:
        part = self._staging.with_suffix(".part")
        part.unlink(missing_ok=True)
        db = sqlite3.connect(part, isolation_level=None)
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("CREATE TABLE raw (seq INTEGER PRIMARY KEY, at INTEGER, body BLOB)")
        db.execute("BEGIN")
        newest = 0
        encode = msgspec.msgpack.Encoder().encode
        for number, sighting in enumerate(self._make().read(None, stop)):
            newest = _at(sighting.item, newest)
            if sighting.item is not None:
                row = (number, newest, encode(sighting.item))
                db.execute("INSERT INTO raw VALUES (?, ?, ?)", row)
        db.execute(
            "CREATE TABLE items AS SELECT row_number() OVER (ORDER BY at, seq) AS n, body "
            "FROM raw ORDER BY at, seq"
        )
        db.execute("CREATE UNIQUE INDEX items_n ON items (n)")
        db.execute("DROP TABLE raw")
        db.execute("COMMIT")
        db.close()
        if not stop.is_set():
            part.rename(self._staging)

    def _staged(self, after: int, stop: Stop) -> Iterator[Sighting]:
        db = sqlite3.connect(f"file:{self._staging}?mode=ro", uri=True)
        decode = msgspec.msgpack.Decoder(_Staged).decode
        try:
            while not stop.is_set():
                rows = db.execute(
                    "SELECT n, body FROM items WHERE n > ? ORDER BY n LIMIT ?", (after, _BATCH)
                ).fetchall()
                if not rows:
                    return
                for n, body in rows:
                    after = int(n)
                    yield Sighting(decode(body), cursor=str(after))
        finally:
            db.close()


def is_ordered(source: Source, stop: Stop) -> bool:
    """Whether no post is further behind the newest one before it than counts as late."""
    newest = 0
    for sighting in source.read(None, stop):
        item = sighting.item
        if not isinstance(item, Post):
            continue
        if item.event_at < newest - LATENESS_MS:
            return False
        newest = max(newest, item.event_at)
    return True


def _at(item: Item, fallback: int) -> int:
    match item:
        case Post():
            return item.event_at
        case Deletion():
            return item.deleted_at
        case _:
            return fallback
