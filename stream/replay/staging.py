"""The entries of a stretch on disk, in order, until they were worked through.

A compacted log holds of a post only its last revision, at the place where that came: then
one entry a post is kept, in order of event time. A log that is whole is followed in its own
order. A deletion takes every entry of a post out.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ingest.records import Deletion
from stream.records import Logged, LoggedDeletion, LoggedGap, LoggedMedia, LoggedPost
from stream.replay.plan import Piece, Plan, ReplayUnclearError, day

FILE = "replay.db"
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    key TEXT NOT NULL, turn INTEGER NOT NULL, account TEXT NOT NULL,
    partition INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (key, turn)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_turn ON entries (turn, key);
CREATE INDEX IF NOT EXISTS entries_account ON entries (account);
"""


class Staging:
    """The staged entries of one plan; opened again it goes on.

    Args:
        folder: of the job, made if absent.
        whole: whether the log holds every revision in the order in which they came.

    Raises:
        ReplayUnclearError: the folder holds a replay of another plan.
    """

    def __init__(self, folder: Path, plan: Plan, *, whole: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.plan = plan
        self._whole = whole
        path = folder / FILE
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.executescript(_TABLES)
            self._claim(folder)
        except BaseException:
            self._db.close()
            raise
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Logged).decode

    def _claim(self, folder: Path) -> None:
        held = self.meta("plan")
        if held is None:
            self.set_meta("plan", msgspec.json.encode(self.plan))
            return
        before = msgspec.json.decode(held, type=Plan)
        if before != self.plan:
            raise ReplayUnclearError(
                f"{folder} holds a replay of {before.log} from {day(before.since)} to "
                f"{day(before.until)}: end that one with the same --from and --to, or remove "
                "the folder and begin anew"
            )

    def meta(self, key: str) -> bytes | None:
        """A value noted beside the entries."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def set_meta(self, key: str, value: bytes) -> None:
        """Note a value."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def place(self, partition: int) -> int:
        """Offset from which a partition of the log was not read yet."""
        row = self._db.execute(
            "SELECT next FROM places WHERE partition = ?", (partition,)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def take(self, partition: int, piece: Piece, *, deletions_only: bool = False) -> None:
        """Note entries of the stretch, and that the log was read so far, at once."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            turn = self._last_turn()
            for entry in piece.entries:
                turn += 1
                self._one(partition, entry, turn, deletions_only=deletions_only)
            self._db.execute(
                "INSERT OR REPLACE INTO places VALUES (?, ?)", (partition, piece.next)
            )
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _last_turn(self) -> int:
        row = self._db.execute("SELECT max(turn) FROM entries").fetchone()
        return int(row[0] or 0)

    def _one(self, partition: int, entry: Logged, turn: int, *, deletions_only: bool) -> None:
        plan = self.plan
        match entry:
            case LoggedDeletion(deletion=deletion):
                self._erase(partition, deletion)
            case LoggedPost(post=post) if not deletions_only:
                if not self._whole:
                    # Also where an edit has moved it out of the stretch.
                    self._db.execute("DELETE FROM entries WHERE key = ?", (post.id,))
                if plan.since <= post.event_at < plan.until:
                    place = turn if self._whole else post.event_at
                    self._put(post.id, place, post.account, partition, entry)
            case LoggedMedia(findings=findings) if not deletions_only:
                at = min((one.at for one in findings), default=plan.since)
                if plan.since <= at < plan.until:
                    key = f"{entry.post_id}\x1fmedia"
                    self._put(key, turn if self._whole else at, entry.account, partition, entry)
            case LoggedGap(gap=gap) if not deletions_only:
                if gap.since < plan.until and gap.until > plan.since:
                    key = f"\x1fgap\x1f{gap.source}\x1f{gap.since}"
                    place = turn if self._whole else max(gap.since, plan.since)
                    self._put(key, place, "", partition, entry)
            case _:
                pass

    def _put(self, key: str, turn: int, account: str, partition: int, entry: Logged) -> None:
        row = (key, turn, account, partition, self._encode(entry))
        self._db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", row)

    def _erase(self, partition: int, deletion: Deletion) -> None:
        if deletion.scope == "account":
            self._db.execute(
                "DELETE FROM entries WHERE account = ? AND partition = ?",
                (deletion.id, partition),
            )
        else:
            self._db.execute("DELETE FROM entries WHERE key = ?", (deletion.id,))

    def count(self) -> int:
        """How many entries there are."""
        return int(self._db.execute("SELECT count(*) FROM entries").fetchone()[0])

    def after(self, cursor: str | None, limit: int) -> tuple[Sequence[Logged], str | None]:
        """Entries behind a cursor in order, and the cursor after them."""
        turn, _, key = (cursor or f"{-(1 << 62)}\x1f").partition("\x1f")
        rows = self._db.execute(
            "SELECT turn, key, body FROM entries WHERE (turn, key) > (?, ?) "
            "ORDER BY turn, key LIMIT ?",
            (int(turn), key, limit),
        ).fetchall()
        if not rows:
            return (), cursor
        return [self._decode(row[2]) for row in rows], f"{rows[-1][0]}\x1f{rows[-1][1]}"

    def clear(self) -> None:
        """Forget the entries; what was read of the log stays known."""
        self._db.execute("DELETE FROM entries")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute("VACUUM")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
