"""How long posts and dead letters are kept, per source: what is due, and its erasure.

What is due goes the way of a deletion, a few posts at a time between two rounds, so logs,
state, results, index and search files lose it like anything deleted. How far a run has
come is kept in the store with what it erased: killed anywhere, it goes on from there.
Posts that a person holds (``holds.py``) stay.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.collector import Collected
from ingest.records import Deletion, Post
from stream.care.holds import held_among
from stream.log import Seen
from stream.records import Logged, LoggedPost

if TYPE_CHECKING:
    from stream.care.dead_letters import DeadLetters
    from stream.hosting.intake import Intake, Route
    from stream.storage.store import Store

DAY_MS: Final = 24 * 60 * 60 * 1000
JOB: Final = "retention"
"""Entry of ``meta``: the run that is under way or was the last."""
SOURCE: Final = "retention"
"""Name of the source of deletions that the policy asks for."""
SCANNED: Final = 2_000
"""Entries of the log looked at in one step."""
ERASED: Final = 100
"""Posts or letters erased in one step."""
LOOK_EVERY_S: Final = 60.0

_NONE: Final[list[tuple[int, Post]]] = []

_decode = msgspec.msgpack.Decoder(Logged).decode
_seen = msgspec.msgpack.Decoder(Seen).decode


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Days that things are kept, None for ever; ``sources`` go before ``days``.

    ``every_ms`` is the time between two runs by schedule, None for no schedule.
    """

    days: int | None = None
    sources: dict[str, int] = {}
    letters: int | None = None
    every_ms: int | None = None

    def limits(self, now: int) -> Limits:
        """The moments (ms) before which things are due, when it is ``now``."""
        return Limits(
            default=_before(now, self.days),
            sources={name: now - days * DAY_MS for name, days in self.sources.items()},
            letters=_before(now, self.letters),
        )

    @property
    def anything(self) -> bool:
        """Whether it lets anything go, ever."""
        return self != Policy(every_ms=self.every_ms)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times (ms) before which posts of a source, and dead letters, are due."""

    default: int | None = None
    sources: dict[str, int] = {}
    letters: int | None = None

    def of(self, source: str) -> int | None:
        """The time of one source, None where its posts stay."""
        return self.sources.get(source, self.default)

    def due(self, post: Post) -> bool:
        """Whether a post is due: by when it was seen, in archives by when it was written."""
        limit = self.of(post.source)
        return limit is not None and kept_since(post) < limit


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A run: what it erases, how far in the log it has come, and what it did so far."""

    limits: Limits
    last: int
    begun_at: int
    after: int = 0
    letters_done: bool = False
    posts: int = 0
    held: int = 0
    letters: int = 0
    done_at: int | None = None


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What is due of one source. Times (ms) are those of the oldest and newest due post."""

    source: str
    limit: int | None
    posts: int = 0
    due: int = 0
    held: int = 0
    oldest: int | None = None
    newest: int | None = None
    letters: int = 0


def kept_since(post: Post) -> int:
    """From when the days of a post count, ms."""
    return post.created_at if post.observed_at is None else post.observed_at


def last_job(db: sqlite3.Connection) -> Job | None:
    """The run that is under way or was the last, None when there never was one."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (JOB,)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Job)


def plan(db: sqlite3.Connection, limits: Limits) -> list[Due]:
    """What would go, by source; changes nothing and may run beside the owner."""
    found: dict[str, Due] = {}
    for _, standing in _standing(db, 0, None):
        held = held_among(db, [post.id for _, post in standing if limits.due(post)])
        for _, post in standing:
            one = found.get(post.source) or Due(
                source=post.source, limit=limits.of(post.source)
            )
            found[post.source] = _counted(one, post, limits, post.id in held)
    if limits.letters is not None:
        rows = db.execute(
            "SELECT source, count(*) FROM dead_letters WHERE at < ? GROUP BY source",
            (limits.letters,),
        )
        for source, n in rows:
            one = found.get(source) or Due(source=source, limit=limits.of(source))
            found[source] = msgspec.structs.replace(one, letters=int(n))
    return [found[name] for name in sorted(found)]


class Retention:
    """The owner's side: begins runs and takes them forward, as part of its transactions.

    Args:
        policy: what is erased by schedule.
        route: routes what was logged.
        now: wall clock in ms.
    """

    def __init__(
        self,
        store: Store,
        intake: Intake,
        dead: DeadLetters,
        route: Route,
        *,
        policy: Policy,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._intake = intake
        self._dead = dead
        self._route = route
        self._policy = policy
        self._every_ms = policy.every_ms if policy.anything else None
        self._now = now
        self._looked_at: float | None = None
        self._job: Job | None = None
        self.rolled_back()

    def rolled_back(self) -> None:
        """Read anew how far the run has come."""
        self._job = last_job(self._store.db)

    def begin(self, limits: Limits) -> None:
        """Begin a run, in place of one that is under way."""
        last = self._store.db.execute("SELECT max(offset) FROM posts_log").fetchone()[0]
        self._note(Job(limits=limits, last=int(last or 0), begun_at=self._now()))

    def waiting(self) -> bool:
        """Whether there is something to do: a run under way, or one that is due."""
        if self._job is not None and self._job.done_at is None:
            return True
        moment = time.monotonic()
        if self._every_ms is None or (
            self._looked_at is not None and moment - self._looked_at < LOOK_EVERY_S
        ):
            return False
        self._looked_at = moment
        # A clock that was set back must not stop it for long.
        return self._job is None or not 0 <= self._now() - self._job.begun_at < self._every_ms

    def step(self) -> Job:
        """Take the run a little forward; returns it."""
        if self._job is None or self._job.done_at is not None:
            self.begin(self._policy.limits(self._now()))
        job = self._job
        assert job is not None  # noqa: S101 - begin has set it
        if not job.letters_done:
            job = self._letters(job)
        elif job.after < job.last:
            job = self._posts(job)
        else:
            job = msgspec.structs.replace(job, done_at=self._now())
        self._note(job)
        return job

    def _letters(self, job: Job) -> Job:
        if job.limits.letters is None:
            return msgspec.structs.replace(job, letters_done=True)
        rows = self._store.db.execute(
            "SELECT seq FROM dead_letters WHERE at < ? ORDER BY seq LIMIT ?",
            (job.limits.letters, ERASED),
        ).fetchall()
        removed = self._dead.remove([int(row[0]) for row in rows])
        if removed:
            self._store.wipe_later()
        return msgspec.structs.replace(
            job, letters=job.letters + removed, letters_done=len(rows) < ERASED
        )

    def _posts(self, job: Job) -> Job:
        db = self._store.db
        after, standing = next(_standing(db, job.after, job.last), (job.last, _NONE))
        due = [(offset, post) for offset, post in standing if job.limits.due(post)]
        held = held_among(db, [post.id for _, post in due])
        going = [(offset, post) for offset, post in due if post.id not in held]
        if len(going) > ERASED:
            # What comes after the last one that goes now is looked at again.
            after = going[ERASED - 1][0]
        now = self._now()
        gone = [
            Deletion(id=post.id, source=SOURCE, deleted_at=now)
            for offset, post in going
            if offset <= after
        ]
        if gone:
            self._intake.take(Collected(source=SOURCE, items=list(gone)), self._route)
        kept = sum(offset <= after and post.id in held for offset, post in due)
        return msgspec.structs.replace(
            job, after=after, posts=job.posts + len(gone), held=job.held + kept
        )

    def _note(self, job: Job) -> None:
        self._job = job
        self._store.set_meta(JOB, msgspec.json.encode(job))


def _standing(
    db: sqlite3.Connection, after: int, last: int | None
) -> Iterator[tuple[int, list[tuple[int, Post]]]]:
    """Posts of the log in their latest form with their places, and how far it was read."""
    while True:
        rows = db.execute(
            "SELECT offset, body FROM posts_log WHERE offset > ? AND offset <= ? "
            "ORDER BY offset LIMIT ?",
            (after, (1 << 63) - 1 if last is None else last, SCANNED),
        ).fetchall()
        if not rows:
            return
        after = int(rows[-1][0])
        entries = [(int(offset), _decode(body)) for offset, body in rows]
        posts = {o: e.post for o, e in entries if isinstance(e, LoggedPost)}
        latest = _latest(db, [post.id for post in posts.values()])
        yield after, [(o, post) for o, post in posts.items() if latest.get(post.id) == o]


def _latest(db: sqlite3.Connection, ids: list[str]) -> Mapping[str, int]:
    """The place of the latest form of each post that stands."""
    marks = ",".join("?" * len(ids))
    rows = db.execute(f"SELECT post_id, body FROM seen WHERE post_id IN ({marks})", ids)
    seen = {str(id_): _seen(body) for id_, body in rows}
    return {id_: place for id_, one in seen.items() if (place := _last_form(db, one))}


def _last_form(db: sqlite3.Connection, seen: Seen) -> int | None:
    """The last place that holds the post, and not what was found in its pictures."""
    if not seen.media:
        return seen.offsets[-1] if seen.offsets else None
    for offset in reversed(seen.offsets):
        row = db.execute("SELECT body FROM posts_log WHERE offset = ?", (offset,)).fetchone()
        if row is not None and isinstance(_decode(row[0]), LoggedPost):
            return offset
    return None


def _counted(one: Due, post: Post, limits: Limits, held: bool) -> Due:
    at = kept_since(post)
    if not limits.due(post) or held:
        return msgspec.structs.replace(one, posts=one.posts + 1, held=one.held + held)
    return msgspec.structs.replace(
        one,
        posts=one.posts + 1,
        due=one.due + 1,
        oldest=at if one.oldest is None else min(one.oldest, at),
        newest=at if one.newest is None else max(one.newest, at),
    )


def _before(now: int, days: int | None) -> int | None:
    return None if days is None else now - days * DAY_MS
