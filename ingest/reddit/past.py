"""Reads the past that a backfill asks for: listings once, then threads, as quota allows.

Each subreddit is asked alone, as Reddit lists about a thousand things a listing.
What is newer than where live reading of a place began is left to it, so that
nothing comes twice; what Reddit no longer lists is a gap.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import structlog

from ingest import clean
from ingest.clean import Context
from ingest.formats import reddit
from ingest.records import Deletion, Gap, Malformed, Post
from ingest.reddit.client import Client, Refused
from ingest.reddit.cursor import JobState, Known, Memory, PastState
from ingest.reddit.listing import Fetched, Page, Thing, fetch
from ingest.reddit.options import Backfill, RedditOptions
from ingest.reddit.recheck import Recheck
from ingest.reddit.thread import Thread
from ingest.source import Disconnected, Sighting

log = structlog.get_logger(__name__)

AGAIN_S: Final = 60.0
"""Seconds after which a reading that failed is tried again."""
LISTED: Final = 900
"""Things that a listing of a subreddit has at least where there are more."""
FOUND: Final = 225
"""The same for a search, of which Reddit gives about 250."""
MOST_THREADS: Final = 20_000

Ask = Callable[[str | None], Page]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A listing of the past.

    ``key`` is that of the place in the cursor, ``listing`` that of the live listing
    with the same things; ``depth`` is how much Reddit lists at least where there
    is more. ``place`` and ``label`` are for messages.
    """

    key: str
    listing: str
    place: str
    label: str
    ask: Ask
    depth: int = LISTED


class Past:
    """What is wanted of the past; nothing without a backfill.

    Args:
        jobs: listings, those of submissions first.
        keep: writes down what is to be looked at again.
        now: wall clock in ms.
    """

    def __init__(
        self,
        name: str,
        options: RedditOptions,
        jobs: list[Job],
        client: Client,
        memory: Memory,
        recheck: Recheck,
        *,
        keep: Callable[[], None],
        now: Callable[[], int],
    ) -> None:
        self._name = name
        self._live = options.live
        self._client = client
        self._memory = memory
        self._recheck = recheck
        self._keep = keep
        self._now = now
        self._after = 0.0
        self._has_read = False
        self._until: float = math.inf
        keys = {job.key for job in jobs}
        for left in set(memory.began) - keys:
            # What was posted while a place was not read must not count as read later.
            del memory.began[left]
            memory.past.jobs.pop(left, None)
        self._jobs = jobs if options.backfill is not None else []
        if options.backfill is None:
            memory.past = PastState()
        else:
            self._begin(options.backfill)

    def _begin(self, backfill: Backfill) -> None:
        self._until = backfill.until or math.inf
        asked = f"{backfill.span_ms} {backfill.since} {backfill.until or 0}"
        if self._memory.past.asked != asked:
            since = backfill.since or self._now() - backfill.span_ms
            self._memory.past = PastState(asked=asked, since=since)

    def due_in(self) -> float:
        """Seconds until a step can be made; infinite when nothing is left or ready."""
        if self._next_job() is None and not self._memory.past.threads:
            return math.inf
        return max(self._after - time.monotonic(), self._client.spare_in())

    def step(self) -> Iterator[Sighting]:
        """Read one listing, or, when all are read, one thread.

        Raises:
            Disconnected: nothing can be read for now, and nothing live is read beside it.
        """
        job = self._next_job()
        try:
            yield from self._thread() if job is None else self._listing(job)
        except Disconnected as error:
            if not self._live:
                raise
            self._after = time.monotonic() + AGAIN_S
            log.warning("reddit_past", problem=str(error))

    def _next_job(self) -> Job | None:
        for job in self._jobs:
            is_ready = not self._live or job.key in self._memory.began
            if is_ready and not self._state(job.key).done:
                return job
        return None

    def _state(self, key: str) -> JobState:
        return self._memory.past.jobs.setdefault(key, JobState())

    def _listing(self, job: Job) -> Iterator[Sighting]:
        since = self._memory.past.since
        state = self._state(job.key)
        try:
            fetched = fetch(job.ask, Known(), since)
        except Refused as refused:
            problem = f"{job.place} {refused}"
            if not refused.is_stated and not self._has_read:
                # Until anything can be read, it may be us and not this place.
                raise Disconnected(problem) from None
            log.warning("reddit_past", problem=problem)
            state.done = True
            yield self._told(self._gap(since, self._now(), problem))
            return
        self._has_read = True
        if fetched.things:
            state.listed = fetched.things[0].number
        began = self._memory.began.get(job.key, math.inf)
        known = self._memory.of(job.listing)
        wanted = [
            thing
            for thing in fetched.things
            if state.read < thing.number < began
            and not known.has(thing.number)
            and self._holds(thing)
        ]
        gap = None
        if not job.key.startswith("comments:"):
            gap = self._want_threads(fetched.things)
        if gap is not None:
            yield Sighting(gap)
        yield from self._items(state, wanted)
        state.done = True
        yield self._told(self._missing(job, fetched))

    def _items(self, state: JobState, wanted: list[Thing]) -> Iterator[Sighting]:
        items = [(thing, self._decode(thing)) for thing in wanted]
        self._note(items)
        for thing, item in items:
            state.read = thing.number
            yield Sighting(item, cursor=self._memory.cursor())

    def _missing(self, job: Job, fetched: Fetched) -> Gap | None:
        """What lies between what is wanted and what Reddit lists."""
        if fetched.met or len(fetched.things) < job.depth:
            return None  # There is no more than that.
        oldest = fetched.oldest or self._now()
        reason = f"{job.label}: Reddit lists nothing older"
        return self._gap(self._memory.past.since, oldest, reason)

    def _thread(self) -> Iterator[Sighting]:
        """The comments under one submission that no listing brings."""
        native = self._memory.past.threads[0]
        thread = Thread(self._client, native)
        try:
            things = thread.read()
        except Refused:
            things = []
        items = [
            (thing, self._decode(thing))
            for thing in things
            if self._holds(thing) and not self._is_listed(thing)
        ]
        self._note(items)
        for _, item in items:
            yield Sighting(item)
        del self._memory.past.threads[0]
        gap = None
        if thread.unread:
            oldest = min((thing.at for thing in things if thing.at), default=0)
            reason = "comments of a long thread: not all could be read"
            gap = self._gap(max(oldest, self._memory.past.since), self._now(), reason)
        yield self._told(gap)

    def _is_listed(self, thing: Thing) -> bool:
        """Whether a listing of comments brings it, or live reading does."""
        data = clean.mapping(clean.mapping(thing.content).get("data"))
        key = f"comments:{clean.short(data.get('subreddit')) or ''}".lower()
        job = self._memory.past.jobs.get(key)
        listed = job.listed if job is not None and job.listed else math.inf
        return thing.number >= min(listed, self._memory.began.get(key, math.inf))

    def _decode(self, thing: Thing) -> Post | Deletion | Malformed:
        context = Context(source=self._name, now=self._now(), live=True)
        return reddit.decode(thing.content, context)

    def _note(self, items: list[tuple[Thing, Post | Deletion | Malformed]]) -> None:
        """Note what is to be looked at again."""
        for thing, item in items:
            if isinstance(item, Post):
                self._recheck.note(thing.name, thing.content, self._now())
        self._keep()

    def _want_threads(self, submissions: list[Thing]) -> Gap | None:
        """Note whose comments are wanted, also where live reading brings the submission."""
        past = self._memory.past
        wanted = dict.fromkeys(past.threads)
        for thing in submissions:
            data = clean.mapping(clean.mapping(thing.content).get("data"))
            if self._holds(thing) and data.get("num_comments"):
                wanted[thing.native] = None
        past.threads = list(wanted)[-MOST_THREADS:]
        if len(wanted) <= MOST_THREADS:
            return None
        return self._gap(past.since, self._now(), "comments: more threads than are read")

    def _holds(self, thing: Thing) -> bool:
        """Whether it was posted when it is wanted; what does not tell is."""
        return thing.at is None or self._memory.past.since <= thing.at < self._until

    def _gap(self, since: int, until: int, reason: str) -> Gap:
        until = int(min(until, self._until))
        return Gap(source=self._name, since=since, until=max(since, until), reason=reason)

    def _told(self, gap: Gap | None) -> Sighting:
        return Sighting(gap, cursor=self._memory.cursor())
