"""Carries out what people asked for: posts to forget, dead letters to read again.

Each runs in one transaction of the host together with its entry in ``requests``, so it
happens once. A request that cannot be carried out is answered with the reason; it
never stops the pipeline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from ingest.collector import Collected
from ingest.formats import read_again
from ingest.records import Deletion, Malformed
from stream.care import holds
from stream.care.requests import (
    Expire,
    Forget,
    Hold,
    Outcome,
    Release,
    Replay,
    Request,
    Requests,
)

if TYPE_CHECKING:
    from stream.care.dead_letters import DeadLetters
    from stream.care.retention import Retention
    from stream.hosting.intake import Intake
    from stream.log import PostsLog, Seen
    from stream.storage.store import Store

LOOK_EVERY_S = 0.5
SOURCE_STAGE = "source"
"""Stage of letters that a source could not read; only these can be read again."""
FORGOTTEN = "forget"
"""Name of the source of deletions that a person asked for."""

log = structlog.get_logger(__name__)


class Errands:
    """Requests of one data folder, carried out by its owner."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        dead: DeadLetters,
        posts: PostsLog,
        route: Callable[[], Mapping[str, Seen]],
        *,
        now: Callable[[], int],
        retention: Retention | None = None,
    ) -> None:
        self._db = store.db
        self._requests = Requests(store.db)
        self._retention = retention
        self._intake = intake
        self._dead = dead
        self._posts = posts
        self._route = route
        self._now = now
        self._looked_at = 0.0
        self._next: tuple[int, Request | None] | None = None

    def waiting(self) -> bool:
        """Whether there is something to do; looks at most twice a second."""
        moment = time.monotonic()
        if moment - self._looked_at < LOOK_EVERY_S:
            return False
        self._next = self._requests.waiting()
        if self._next is None:
            self._looked_at = moment
        return self._next is not None

    def run(self) -> None:
        """Carry out the request found last, as part of the running transaction."""
        if self._next is None:
            return
        number, request = self._next
        self._next = None
        outcome = self._carry_out(request)
        self._requests.done(number, outcome, self._now())
        log.info("request_done", number=number, **outcome.counts)

    def _carry_out(self, request: Request | None) -> Outcome:
        match request:
            case Forget():
                return self._forget(request)
            case Replay():
                return self._replay(request)
            case Expire():
                return self._expire(request)
            case Hold():
                return Outcome(
                    counts=holds.place(
                        self._db,
                        request.ids,
                        reason=request.reason,
                        who=request.who,
                        now=self._now(),
                    )
                )
            case Release():
                return Outcome(counts=holds.release(self._db, request.ids))
            case None:
                return Outcome(problem="this jikimi does not know what was asked for")

    def _expire(self, request: Expire) -> Outcome:
        if self._retention is None:
            return Outcome(problem="retention works in a data folder of `jikimi run` only")
        self._retention.begin(request.limits)
        return Outcome()

    def _forget(self, request: Forget) -> Outcome:
        """Delete posts and accounts as if their platform had."""
        counts = {"posts": 0, "accounts": 0, "dead_letters": 0, "unknown": 0}
        for id_ in dict.fromkeys(request.ids):
            seen = self._posts.seen([id_]).get(id_)
            theirs = self._posts.posts_of(id_)
            if theirs:
                counts["accounts"] += 1
                counts["posts"] += len(theirs)
            elif seen is not None and not seen.deleted:
                counts["posts"] += 1
            letters = self._dead.forget([id_.partition(":")[2]])
            counts["dead_letters"] += letters
            if not (theirs or letters or (seen is not None and not seen.deleted)):
                counts["unknown"] += 1
            self._delete(id_, "account" if theirs else "post")
        return Outcome(counts=counts)

    def _replay(self, request: Replay) -> Outcome:
        """Take dead letters in as if their source had just brought them.

        What can be read now moves from ``malformed`` to where it belongs, so that what
        was read stays what was logged, unmatched and malformed together.
        """
        counts = {"read": 0, "unreadable": 0, "gone": 0, "refused": 0}
        for seq in dict.fromkeys(request.seqs):
            letter = self._dead.get(seq)
            if letter is None:
                counts["gone"] += 1
                continue
            if letter.stage != SOURCE_STAGE:
                counts["refused"] += 1
                continue
            items = read_again(letter.raw, letter.source, letter.at)
            malformed = [item for item in items if isinstance(item, Malformed)]
            if malformed:
                self._dead.tried(seq, letter, malformed[0].reason)
                counts["unreadable"] += 1
                continue
            counts["read"] += 1
            self._dead.remove([seq])
            before = self._intake.counters(letter.source)
            self._intake.take(
                Collected(source=letter.source, items=list(items), skipped=0 if items else 1),
                self._route,
            )
            for name, n in self._intake.counters(letter.source).items():
                if n != before.get(name, 0):
                    counts[name] = counts.get(name, 0) + n - before.get(name, 0)
            self._intake.count(letter.source, {"malformed": -1, "replayed": 1})
        return Outcome(counts=counts)

    def _delete(self, id_: str, scope: str) -> None:
        deletion = Deletion(id=id_, source=FORGOTTEN, deleted_at=self._now(), scope=scope)
        self._intake.take(Collected(source=FORGOTTEN, items=[deletion]), self._route)
