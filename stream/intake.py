"""What is done with what sources bring: matched, appended to the posts log, accounted.

Posts about nobody on the watchlist are only counted. Entries, counters, dead
letters and the source's cursor move in one transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from detect.records import Mention
from ingest.records import Deletion, Gap, Malformed, Post
from stream.log import Seen
from stream.records import (
    DeadLetter,
    Logged,
    LoggedClock,
    LoggedDeletion,
    LoggedGap,
    LoggedPost,
)

if TYPE_CHECKING:
    from ingest.collector import Collected

    from stream.sqlite_log import SqlitePostsLog
    from stream.store import Store

Match = Callable[[Post], tuple[Mention, ...]]
"""Mentions that a post's own text, container and author give rise to."""
Follow = Callable[[Post, Mapping[str, tuple[str, ...]]], tuple[Mention, ...]]
"""Mentions by thread, given the subjects of known posts by id."""

DEAD_LETTERS_KEPT = 100_000
MINUTE_MS = 60_000


class Intake:
    """Turns what was collected into log entries.

    Args:
        match: mentions of one post.
        follow: mentions by thread, or None where threads do not count.
        now: wall clock in ms, stamped on dead letters only.
    """

    def __init__(
        self,
        store: Store,
        log: SqlitePostsLog,
        *,
        match: Match,
        follow: Follow | None,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._log = log
        self._match = match
        self._follow = follow
        self._now = now
        self._newest = int(store.meta("newest") or b"0")
        self._dead = 0

    def rolled_back(self) -> None:
        """Forget what a failed transaction had noted."""
        self._newest = int(self._store.meta("newest") or b"0")

    def cursor(self, source: str) -> str | None:
        """Where a source goes on, None when it never ran."""
        row = self._store.db.execute(
            "SELECT cursor FROM cursors WHERE source = ?", (source,)
        ).fetchone()
        return None if row is None else str(row[0])

    def counters(self, source: str | None = None) -> dict[str, int]:
        """Totals by name, of one source or of all together."""
        rows = self._store.db.execute(
            "SELECT name, sum(n) FROM counters WHERE ?1 IS NULL OR source = ?1 GROUP BY name",
            (source,),
        )
        return {name: int(n) for name, n in rows}

    def take(self, collected: Collected) -> None:
        """Log one batch of one source, as part of the running transaction."""
        counts: dict[str, int] = {}
        entries: list[Logged] = []
        known = self._known(collected)
        for item in collected.items:
            name = self._one(item, entries, known, collected.source)
            if name:
                counts[name] = counts.get(name, 0) + 1
        self._log.append(entries)
        if collected.skipped:
            counts["skipped"] = collected.skipped
        self.count(collected.source, counts)
        if collected.cursor is not None:
            self._store.db.execute(
                "INSERT OR REPLACE INTO cursors VALUES (?, ?)",
                (collected.source, collected.cursor),
            )
        self._store.set_meta("newest", str(self._newest).encode())

    def count(self, source: str, counts: Mapping[str, int]) -> None:
        """Add to the counters of a source."""
        self._store.db.executemany(
            "INSERT INTO counters VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [(source, name, n) for name, n in counts.items()],
        )

    def bury(self, letters: list[DeadLetter]) -> None:
        """Keep dead letters; beyond the newest hundred thousand the oldest go."""
        if not letters:
            return
        self._store.db.executemany(
            "INSERT INTO dead_letters (stage, source, reason, at, body) VALUES (?, ?, ?, ?, ?)",
            [(d.stage, d.source, d.reason, d.at, msgspec.msgpack.encode(d)) for d in letters],
        )
        self._store.db.execute(
            "DELETE FROM dead_letters WHERE seq <= (SELECT max(seq) FROM dead_letters) - ?",
            (DEAD_LETTERS_KEPT,),
        )

    def _one(
        self,
        item: object,
        entries: list[Logged],
        known: dict[str, tuple[str, ...]],
        source: str,
    ) -> str | None:
        match item:
            case Post():
                return self._post(item, entries, known)
            case Deletion():
                return self._deletion(item, entries)
            case Gap():
                entries.append(LoggedGap(gap=item))
                return "gaps"
            case Malformed():
                self.bury(
                    [
                        DeadLetter(
                            stage="source",
                            source=source,
                            reason=item.reason,
                            raw=item.raw,
                            at=self._now(),
                        )
                    ]
                )
                return "malformed"
            case _:
                return None

    def _post(
        self, post: Post, entries: list[Logged], known: dict[str, tuple[str, ...]]
    ) -> str:
        mentions = self._match(post)
        if known and self._follow is not None:
            mentions += self._follow(post, known)
        at = post.event_at
        if not mentions:
            if at // MINUTE_MS > self._newest // MINUTE_MS:
                self._newest = at
                entries.append(LoggedClock(at=at))
            return "unmatched"
        self._newest = max(self._newest, at)
        entries.append(LoggedPost(post=post, mentions=mentions))
        known[post.id] = tuple(dict.fromkeys(m.subject for m in mentions))
        return "logged"

    def _deletion(self, deletion: Deletion, entries: list[Logged]) -> str:
        waiting = any(isinstance(e, LoggedPost) and _concerns(deletion, e) for e in entries)
        if not waiting:
            if deletion.scope == "account":
                if not self._log.posts_of(deletion.id):
                    return "deletions_unmatched"
            elif not _alive(self._log.seen([deletion.id]).get(deletion.id)):
                return "deletions_unmatched"
        entries.append(LoggedDeletion(deletion=deletion))
        return "deletions"

    def _known(self, collected: Collected) -> dict[str, tuple[str, ...]]:
        """Subjects of logged posts that posts of this batch refer to."""
        if self._follow is None:
            return {}
        wanted: set[str] = set()
        for item in collected.items:
            if isinstance(item, Post):
                wanted.update(
                    ref
                    for ref in (item.reply_to, item.root, item.quote_of, item.repost_of)
                    if ref
                )
        if not wanted:
            return {}
        seen = self._log.seen(wanted)
        return {post_id: s.subjects for post_id, s in seen.items() if s.subjects}


def _alive(seen: Seen | None) -> bool:
    return seen is not None and not seen.deleted


def _concerns(deletion: Deletion, entry: LoggedPost) -> bool:
    if deletion.scope == "account":
        return entry.post.account == deletion.id
    return entry.post.id == deletion.id
