"""What is done with what sources bring: matched, judged, appended to the posts log, accounted.

Posts about nobody on the watchlist are only counted, and judged by nobody; some wait for a day,
at most, for something that tells whom they are about. Entries, counters, dead letters and the
source's cursor move in one transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from detect.detector import Judge
from detect.records import Mention
from ingest.records import Deletion, Gap, Malformed, Post, SourceStatus
from ingest.source import Item
from stream.hosting.echoes import Doubt, Echoes
from stream.hosting.judged import with_judgements
from stream.hosting.unnamed import WaitingRoom
from stream.log import PostsLog, Seen
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
    from stream.care.dead_letters import DeadLetters
    from stream.media.unnamed import Settled
    from stream.storage.store import Store

Match = Callable[[Post], tuple[Mention, ...]]
"""Mentions that a post's own text, container and author give rise to."""
Follow = Callable[[Post, Mapping[str, tuple[str, ...]]], tuple[Mention, ...]]
"""Mentions by thread, given the subjects that known posts name, by post id."""
Route = Callable[[], Mapping[str, Seen]]
"""Routes what was logged so far; returns what it learnt of the ids concerned."""

MINUTE_MS = 60_000


class Intake:
    """Turns what was collected into log entries.

    Args:
        dead: where what could not be read goes.
        match: mentions of one post.
        follow: mentions by thread, or None where threads do not count.
        doubt: ambiguous names in a post, which count where a post about the person says the
            same; None leaves that out.
        judge: says of every matched post, edited ones anew, what it does to whom;
            None leaves that out.
        now: wall clock in ms, stamped on dead letters and on what waits or is compared only.
        unnamed: posts that name nobody which may wait for a look at their pictures.
    """

    def __init__(
        self,
        store: Store,
        log: PostsLog,
        *,
        dead: DeadLetters,
        match: Match,
        follow: Follow | None,
        doubt: Doubt | None = None,
        judge: Judge | None = None,
        now: Callable[[], int],
        unnamed: int = 0,
    ) -> None:
        self.unnamed = WaitingRoom(store, most=unnamed, now=now)
        self._echoes = Echoes(store, doubt=doubt, now=now)
        self._store = store
        self._log = log
        self._dead = dead
        self._match = match
        self._follow = follow
        self._judge = judge
        self._now = now
        self._newest = int(store.meta("newest") or b"0")

    def rolled_back(self) -> None:
        """Forget what a failed transaction had noted."""
        self.unnamed.rolled_back()
        self._echoes.rolled_back()
        self._newest = int(self._store.meta("newest") or b"0")

    def cursor(self, source: str) -> str | None:
        """Where a source goes on, None when it never ran."""
        row = self._store.db.execute(
            "SELECT cursor FROM cursors WHERE source = ?", (source,)
        ).fetchone()
        return None if row is None else str(row[0])

    def set_cursor(self, source: str, cursor: str) -> None:
        """Note where a source goes on, as part of the running transaction."""
        self._store.db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (source, cursor))

    def with_totals(self, statuses: Sequence[SourceStatus]) -> list[SourceStatus]:
        """How sources do, with the totals of this data folder."""
        merged: list[SourceStatus] = []
        for status in statuses:
            totals = self.counters(status.source)
            logged, unmatched = totals.get("logged", 0), totals.get("unmatched", 0)
            malformed = totals.get("malformed", 0)
            merged.append(
                msgspec.structs.replace(
                    status,
                    read=logged + unmatched + malformed,
                    logged=logged,
                    unmatched=unmatched,
                    malformed=malformed,
                    skipped=totals.get("skipped", 0),
                )
            )
        return merged

    def counters(self, source: str | None = None) -> dict[str, int]:
        """Totals by name, of one source or of all together."""
        rows = self._store.db.execute(
            "SELECT name, sum(n) FROM counters WHERE ?1 IS NULL OR source = ?1 GROUP BY name",
            (source,),
        )
        return {name: int(n) for name, n in rows}

    def take(self, collected: Collected, route: Route) -> None:
        """Log one batch of one source, as part of the running transaction.

        What an item refers to is routed before the item is looked at, so that
        the outcome never depends on how a source's items were cut into batches.
        """
        self._echoes.expire()
        work = _Work(source=collected.source, seen=dict(self._log.seen(_references(collected))))
        for item in collected.items:
            if work.pending and _refers(item, work.pending):
                self._settle(work, route)
            name = self._one(item, work)
            if name:
                work.count(name)
        self._settle(work, route)
        if collected.skipped:
            work.count("skipped", collected.skipped)
        self.count(collected.source, work.counts)
        if collected.cursor is not None:
            self.set_cursor(collected.source, collected.cursor)
        self._store.set_meta("newest", str(self._newest).encode())

    def _settle(self, work: _Work, route: Route) -> None:
        if self._judge is not None:
            work.entries, failed = with_judgements(work.entries, self._judge)
            if failed:
                work.count("unjudged", failed)
        self._log.append(work.entries)
        work.entries = []
        work.pending = set()
        for post_id, seen in route().items():
            work.seen[post_id] = seen

    def name(self, settled: Sequence[Settled]) -> None:
        """Log posts whose pictures turned out to be about somebody, in the same transaction.

        They were counted as unmatched when they were read.
        """
        found: list[Logged] = []
        for one in settled:
            held = self.unnamed.settle(one)
            if held is None or not one.mentions:
                continue
            post, source = held
            entries: list[Logged] = [LoggedPost(post=post, mentions=one.mentions)]
            self.count(source, {"unmatched": -1, "logged": 1, "recognised": 1})
            if self._judge is not None:
                entries, failed = with_judgements(entries, self._judge)
                self.count(source, {"unjudged": failed} if failed else {})
            found += entries
            self._newest = max(self._newest, post.event_at)
        self._log.append(found)
        self._store.set_meta("newest", str(self._newest).encode())

    def count(self, source: str, counts: Mapping[str, int]) -> None:
        """Add to the counters of a source."""
        add_counts(self._store, source, counts)

    def _one(self, item: Item, work: _Work) -> str | None:
        match item:
            case Post():
                return self._post(item, work)
            case Deletion():
                return self._deletion(item, work)
            case Gap():
                work.entries.append(LoggedGap(gap=item))
                return "gaps"
            case Malformed():
                letter = DeadLetter(
                    stage="source",
                    source=work.source,
                    reason=item.reason,
                    raw=item.raw,
                    at=self._now(),
                )
                self._dead.bury([letter])
                return "malformed"
            case None:
                return None

    def _post(self, post: Post, work: _Work) -> str:
        mentions = self._match(post)
        if self._follow is not None:
            known = {
                ref: seen.named
                for ref in (post.reply_to, post.root, post.quote_of, post.repost_of)
                if ref and (seen := work.seen.get(ref)) and seen.named
            }
            if known:
                mentions += self._follow(post, known)
        by_copy, told = self._echoes.take(post, mentions, work.source)
        mentions += by_copy
        at = post.event_at
        if not mentions:
            if (waits := self.unnamed.offer(post, work.source)) is not None:
                work.count(waits)
            if at // MINUTE_MS > self._newest // MINUTE_MS:
                self._newest = at
                work.entries.append(LoggedClock(at=at))
            return "unmatched"
        self._newest = max(self._newest, at)
        self._log_post(post, mentions, work)
        for one in told:
            self._log_post(one.post, one.mentions, work)
            self.count(one.source, {"unmatched": -1, "logged": 1, "recognised": 1})
        return "logged"

    def _log_post(self, post: Post, mentions: tuple[Mention, ...], work: _Work) -> None:
        self.unnamed.forget(post.id)
        work.entries.append(LoggedPost(post=post, mentions=mentions))
        work.pending.add(post.id)

    def _deletion(self, deletion: Deletion, work: _Work) -> str:
        # Also when we never kept the post: a record of it may have been unreadable.
        self._dead.forget([deletion.id.partition(":")[2]])
        self.unnamed.deleted(deletion)
        self._echoes.deleted(deletion)
        if deletion.scope == "account":
            known = bool(self._log.posts_of(deletion.id))
        else:
            known = _alive(work.seen.get(deletion.id))
        if not known:
            return "deletions_unmatched"
        work.entries.append(LoggedDeletion(deletion=deletion))
        work.pending.add(deletion.id)
        return "deletions"


def add_counts(store: Store, source: str, counts: Mapping[str, int]) -> None:
    """Add to the counters of a source, as part of the running transaction."""
    store.db.executemany(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(source, name, n) for name, n in counts.items()],
    )


@dataclass(slots=True)
class _Work:
    """A batch under way: entries not yet logged, their ids, what is known of ids, counts."""

    source: str
    seen: dict[str, Seen]
    entries: list[Logged] = field(default_factory=list[Logged])
    pending: set[str] = field(default_factory=set[str])
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def count(self, name: str, n: int = 1) -> None:
        """Add to a counter of the batch."""
        self.counts[name] = self.counts.get(name, 0) + n


def _references(collected: Collected) -> set[str]:
    """Ids of other posts that the items of a batch refer to."""
    found: set[str] = set()
    for item in collected.items:
        if isinstance(item, Post):
            refs = (item.reply_to, item.root, item.quote_of, item.repost_of)
            found.update(ref for ref in refs if ref)
        elif isinstance(item, Deletion):
            found.add(item.id)
    return found


def _refers(item: Item, pending: set[str]) -> bool:
    if isinstance(item, Post):
        return (
            item.reply_to in pending
            or item.root in pending
            or item.quote_of in pending
            or item.repost_of in pending
        )
    if isinstance(item, Deletion):
        return item.scope == "account" or item.id in pending
    return False


def _alive(seen: Seen | None) -> bool:
    return seen is not None and not seen.deleted
