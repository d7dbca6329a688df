"""The file of the media stage (``media.db``): who waits, what was seen, what is to be told.

A post leaves the queue in the transaction that puts what was found into the outbox, and the
outbox is emptied once the log holds it. Killed anywhere, a post is looked at again, or told
again, and both change nothing.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from detect.media.examined import Look
from stream.care.wiping import Wiping, wipe_later
from stream.media.records import Errand, Kept, Verdict
from stream.records import LoggedMedia
from stream.storage.files import transaction
from stream.storage.migrations import Step, opened

MEDIA_FILE = "media.db"
LAST_WIPE_S = 2.0
"""Seconds that the end waits for deleted bytes to be wiped; the next start goes on."""

_MEDIA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE errands (
    post_id TEXT PRIMARY KEY, body BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'partial', 'done')),
    priority REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL DEFAULT 0, found BLOB
) WITHOUT ROWID;
CREATE INDEX errands_next ON errands (state, priority, next_at);
CREATE TABLE pictures (
    sha256 TEXT PRIMARY KEY, family TEXT NOT NULL, body BLOB NOT NULL,
    features BLOB, pixels BLOB, width INTEGER, height INTEGER, preview BLOB
) WITHOUT ROWID;
CREATE INDEX pictures_family ON pictures (family);
CREATE TABLE urls (url_key TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX urls_picture ON urls (sha256);
CREATE TABLE shows (
    sha256 TEXT NOT NULL, post_id TEXT NOT NULL, PRIMARY KEY (sha256, post_id)
) WITHOUT ROWID;
CREATE INDEX shows_post ON shows (post_id);
CREATE TABLE originals (reference TEXT PRIMARY KEY, family TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (n INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
"""
_KIN = """
CREATE TABLE clip_looks (
    sha256 TEXT NOT NULL REFERENCES pictures (sha256), n INTEGER NOT NULL,
    features BLOB NOT NULL, pixels BLOB NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, PRIMARY KEY (sha256, n)
) WITHOUT ROWID;
CREATE TABLE merged (family TEXT PRIMARY KEY, into_family TEXT NOT NULL) WITHOUT ROWID;
"""
MIGRATIONS = (Step("media", _MEDIA), Step("kin", _KIN))
"""Applied in order, once each; only ever appended to."""

_encode = msgspec.msgpack.Encoder().encode
_errand = msgspec.msgpack.Decoder(Errand).decode
_verdict = msgspec.msgpack.Decoder(Verdict).decode
_logged = msgspec.msgpack.Decoder(LoggedMedia).decode


class Shelf:
    """One process writes; threads of it take turns.

    Raises:
        StorageVersionError: written by a newer version.
        StorageFullError: no space.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.RLock()
        self._db = opened(folder / MEDIA_FILE, MIGRATIONS)
        self._wiping = Wiping(self._db, folder / MEDIA_FILE)

    def close(self) -> None:
        """Wipe what was deleted, and let the file go."""
        self._wiping.finish(LAST_WIPE_S)
        self._db.close()
        self._wiping.close()

    @contextmanager
    def change(self) -> Generator[sqlite3.Connection]:
        """All or nothing; may be nested.

        Raises:
            StorageFullError: no space; nothing was changed.
        """
        with self._turn:
            if self._db.in_transaction:
                yield self._db
                return
            with transaction(self._db, self._folder):
                yield self._db

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the file answers."""
        with self._turn:
            return self._db.execute(sql, values).fetchall()

    def meta(self, key: str) -> bytes | None:
        """A remembered value."""
        with self._turn:
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def set_meta(self, key: str, value: bytes) -> None:
        """Remember a value."""
        with self.change() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # --- who waits ---------------------------------------------------------------

    def put(self, errand: Errand, priority: float) -> None:
        """Queue a post; one that waits or was looked at keeps its place."""
        with self.change() as db:
            db.execute(
                "INSERT INTO errands (post_id, body, state, priority) "
                "VALUES (?, ?, 'waiting', ?) ON CONFLICT DO UPDATE SET "
                "priority = max(priority, excluded.priority)",
                (errand.post_id, _encode(errand), priority),
            )

    def waiting(self) -> int:
        """Posts that nobody has looked at yet."""
        return self._count("SELECT count(*) FROM errands WHERE state = 'waiting'")

    def _count(self, sql: str, *values: object) -> int:
        return int(str(self.rows(sql, *values)[0][0]))

    def next(self, now: int, limit: int) -> list[tuple[Errand, int, bool]]:
        """The most urgent posts that are due, with tries, and whether only a part is missing.

        What was looked at in part comes when nothing else waits.
        """
        for state in ("waiting", "partial"):
            with self._turn:
                rows = self._db.execute(
                    "SELECT body, tries FROM errands WHERE state = ? AND next_at <= ? "
                    "ORDER BY priority DESC, post_id LIMIT ?",
                    (state, now, limit),
                ).fetchall()
            if rows:
                return [(_errand(body), int(tries), state == "partial") for body, tries in rows]
        return []

    def least_urgent(self, over: int) -> list[Errand]:
        """The last of the queue, beyond what it may hold."""
        with self._turn:
            rows = self._db.execute(
                "SELECT body FROM errands WHERE state = 'waiting' "
                "ORDER BY priority, post_id DESC LIMIT ?",
                (over,),
            ).fetchall()
        return [_errand(row[0]) for row in rows]

    def later(self, post_id: str, next_at: int) -> None:
        """Try a post again, not before this time."""
        with self.change() as db:
            db.execute(
                "UPDATE errands SET tries = tries + 1, next_at = ? WHERE post_id = ?",
                (next_at, post_id),
            )

    def next_due(self) -> int | None:
        """When the first post is due that waits for its time."""
        rows = self.rows("SELECT min(next_at) FROM errands WHERE state != 'done'")
        return None if rows[0][0] is None else int(str(rows[0][0]))

    # --- what was found ----------------------------------------------------------

    def tell(self, found: LoggedMedia, *, partial: bool = False) -> None:
        """Put what was found in a post into the outbox; the post waits no longer."""
        body = _encode(found)
        with self.change() as db:
            changed = db.execute(
                "UPDATE errands SET state = ?, found = ?, tries = 0 WHERE post_id = ?",
                ("partial" if partial else "done", body, found.post_id),
            )
            if changed.rowcount:
                db.execute("INSERT INTO outbox (body) VALUES (?)", (body,))

    def settled(self, post_id: str, *, partial: bool) -> None:
        """A post was looked at again and nothing new is to be said of it."""
        with self.change() as db:
            db.execute(
                "UPDATE errands SET state = ?, tries = 0 WHERE post_id = ?",
                ("partial" if partial else "done", post_id),
            )

    def told(self, post_id: str) -> LoggedMedia | None:
        """What was last said of a post."""
        with self._turn:
            row = self._db.execute(
                "SELECT found FROM errands WHERE post_id = ? AND found IS NOT NULL", (post_id,)
            ).fetchone()
        return None if row is None else _logged(row[0])

    def outbox(self, limit: int) -> list[tuple[int, LoggedMedia]]:
        """What the log does not hold yet, in order."""
        with self._turn:
            rows = self._db.execute(
                "SELECT n, body FROM outbox ORDER BY n LIMIT ?", (limit,)
            ).fetchall()
        return [(int(n), _logged(body)) for n, body in rows]

    def logged(self, through: int) -> None:
        """The log holds everything up to this place."""
        with self.change() as db:
            db.execute("DELETE FROM outbox WHERE n <= ?", (through,))

    # --- pictures ----------------------------------------------------------------

    def picture(self, sha256: str) -> Verdict | None:
        """What is known of a file."""
        with self._turn:
            row = self._db.execute(
                "SELECT body FROM pictures WHERE sha256 = ?", (sha256,)
            ).fetchone()
        return None if row is None else _verdict(row[0])

    def preview(self, sha256: str) -> bytes | None:
        """A small JPEG of our own making; None where the gate did not let it pass."""
        with self._turn:
            row = self._db.execute(
                "SELECT preview FROM pictures WHERE sha256 = ?", (sha256,)
            ).fetchone()
        return None if row is None or row[0] is None else bytes(row[0])

    def at_url(self, url_key: str) -> Verdict | None:
        """What is known of what a URL led to."""
        with self._turn:
            row = self._db.execute(
                "SELECT p.body FROM urls u JOIN pictures p ON p.sha256 = u.sha256 "
                "WHERE u.url_key = ?",
                (url_key,),
            ).fetchone()
        return None if row is None else _verdict(row[0])

    def keep(self, kept: Kept) -> None:
        """Write a picture's verdict and what the gate allows beside it."""
        one = kept.verdict
        with self.change() as db:
            db.execute(
                "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET family = excluded.family, body = excluded.body, "
                "features = coalesce(excluded.features, features), "
                "pixels = coalesce(excluded.pixels, pixels), "
                "width = excluded.width, height = excluded.height, "
                "preview = coalesce(excluded.preview, preview)",
                (one.sha256, one.family, _encode(one), kept.features, kept.pixels,
                 *kept.size, kept.preview),
            )  # fmt: skip
            db.executemany(
                "INSERT OR REPLACE INTO clip_looks VALUES (?, ?, ?, ?, ?, ?)",
                [(one.sha256, n, look.features, look.pixels, look.width, look.height)
                 for n, look in enumerate(kept.looks)],
            )  # fmt: skip

    def shut(self, verdict: Verdict) -> None:
        """Keep nothing but hashes of a picture from now on; ``verdict`` says why."""
        with self.change() as db:
            wipe_later(db)
            db.execute("DELETE FROM clip_looks WHERE sha256 = ?", (verdict.sha256,))
            db.execute(
                "UPDATE pictures SET body = ?, features = NULL, pixels = NULL, preview = NULL "
                "WHERE sha256 = ?",
                (_encode(verdict), verdict.sha256),
            )

    def revise(self, verdict: Verdict) -> None:
        """Write another verdict of a picture that is there."""
        with self.change() as db:
            db.execute(
                "UPDATE pictures SET family = ?, body = ? WHERE sha256 = ?",
                (verdict.family, _encode(verdict), verdict.sha256),
            )

    def shown(self, sha256: str, post_id: str, url_key: str) -> None:
        """Note that a post shows a picture, and under which URL; nothing if it is gone."""
        with self.change() as db:
            there = "SELECT 1 FROM errands WHERE post_id = ?"
            if db.execute(there, (post_id,)).fetchone() is None:
                return
            db.execute("INSERT OR IGNORE INTO shows VALUES (?, ?)", (sha256, post_id))
            db.execute("INSERT OR REPLACE INTO urls VALUES (?, ?)", (url_key, sha256))

    def posts_of(self, sha256s: Iterable[str]) -> list[str]:
        """Posts that show any of these pictures."""
        found: dict[str, None] = {}
        for sha256 in sha256s:
            for row in self.rows("SELECT post_id FROM shows WHERE sha256 = ?", sha256):
                found[str(row[0])] = None
        return list(found)

    def posts_at(self, url_key: str) -> int:
        """Posts that show what stands under a URL."""
        return self._count(
            "SELECT count(*) FROM urls u JOIN shows s ON s.sha256 = u.sha256 "
            "WHERE u.url_key = ?",
            url_key,
        )

    def family(self, family: str) -> list[Verdict]:
        """All pictures of a family."""
        with self._turn:
            rows = self._db.execute(
                "SELECT body FROM pictures WHERE family = ? ORDER BY sha256", (family,)
            ).fetchall()
        return [_verdict(row[0]) for row in rows]

    def pictures(self, after: str = "", limit: int = 500) -> list[tuple[Verdict, Look | None]]:
        """Pictures in order of their hash, with what they are looked at with."""
        with self._turn:
            rows = self._db.execute(
                "SELECT body, features, pixels, width, height FROM pictures "
                "WHERE sha256 > ? ORDER BY sha256 LIMIT ?",
                (after, limit),
            ).fetchall()
        return [
            (_verdict(body), Look(features, pixels, w, h) if features and pixels else None)
            for body, features, pixels, w, h in rows
        ]

    def every_picture(self) -> Iterator[tuple[Verdict, Look | None]]:
        """All of them, a few in memory at a time."""
        after = ""
        while found := self.pictures(after):
            yield from found
            after = found[-1][0].sha256

    def family_of(self, references: Sequence[str]) -> str | None:
        """The family that holds variants of one of these known pictures."""
        for reference in references:
            rows = self.rows("SELECT family FROM originals WHERE reference = ?", reference)
            if rows:
                return str(rows[0][0])
        return None

    def belongs(self, references: Sequence[str], family: str) -> None:
        """Variants of these known pictures are of this family."""
        with self.change() as db:
            db.executemany(
                "INSERT OR IGNORE INTO originals VALUES (?, ?)",
                [(reference, family) for reference in references],
            )

    def forget(self, post_id: str) -> None:
        """A post is gone: so is what only it showed, and what was to be told of it."""
        with self.change() as db:
            wipe_later(db)
            rows = db.execute("SELECT sha256 FROM shows WHERE post_id = ?", (post_id,))
            pictures = [row[0] for row in rows.fetchall()]
            db.execute("DELETE FROM errands WHERE post_id = ?", (post_id,))
            db.execute("DELETE FROM shows WHERE post_id = ?", (post_id,))
            for n, found in self.outbox(1_000_000):
                if found.post_id == post_id:
                    db.execute("DELETE FROM outbox WHERE n = ?", (n,))
            self.drop_unshown(pictures)

    def drop_unshown(self, pictures: Iterable[str]) -> None:
        """Forget those of these pictures that no post shows."""
        with self.change() as db:
            for sha256 in pictures:
                left = "SELECT 1 FROM shows WHERE sha256 = ?"
                if db.execute(left, (sha256,)).fetchone() is None:
                    db.execute("DELETE FROM clip_looks WHERE sha256 = ?", (sha256,))
                    db.execute("DELETE FROM pictures WHERE sha256 = ?", (sha256,))
                    db.execute("DELETE FROM urls WHERE sha256 = ?", (sha256,))

    def wipe(self) -> None:
        """Let deleted bytes leave the write-ahead log."""
        with self._turn:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def tidy(self) -> None:
        """Let some of the bytes that were deleted leave the file."""
        with self._turn:
            self._wiping.step()
