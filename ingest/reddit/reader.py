"""One run of a Reddit source: listings in turn, as often as each is worth."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import structlog

from ingest.clean import Context
from ingest.formats import reddit
from ingest.records import Deletion, Gap, Malformed, Post
from ingest.reddit.client import PAGE, Client, Refused
from ingest.reddit.cursor import Known, Memory
from ingest.reddit.listing import Fetched, Page, Thing, fetch, page_of
from ingest.reddit.options import Backfill, RedditOptions, Search
from ingest.reddit.places import AGAIN_S, Places
from ingest.reddit.recheck import Recheck
from ingest.reddit.thread import Thread
from ingest.source import Disconnected, Sighting, Stop

log = structlog.get_logger(__name__)

FASTEST_S: Final = 2.0
BUSY: Final = PAGE // 2
"""New things in a poll from which on the next comes sooner."""
QUIET: Final = PAGE // 10
RECHECK_AGAIN_S: Final = 60.0
"""Seconds after which what failed to be looked at is tried again."""
LISTED: Final = 900
FOUND: Final = 225
"""Things that a search finds at least where there are more; Reddit gives about 250."""
MOST_THREADS: Final = 5000
COMPLAINTS: Final = 1000
"""Things without an id that are remembered, so that each is reported once."""


class Past:
    """What is wanted of the past, counted from ``now`` (ms); nothing without a backfill."""

    def __init__(self, backfill: Backfill | None, now: int) -> None:
        self.name = ""
        self.since = now
        self._until: float = math.inf
        if backfill is not None:
            self.name = f"{backfill.span_ms} {backfill.since} {backfill.until or ''}".strip()
            self.since = backfill.since or now - backfill.span_ms
            self._until = backfill.until or math.inf

    def holds(self, at: int | None, since: int) -> bool:
        """Whether what was posted ``at`` (ms) is wanted; what does not tell is."""
        return at is None or since <= at < self._until


class Listing(msgspec.Struct, kw_only=True):
    """A listing that is polled: ``new`` or ``comments`` of the subreddits, or a search.

    ``due`` is in monotonic seconds, ``interval`` in seconds; ``depth`` is how much
    Reddit lists at least where there is more.
    """

    key: str
    label: str
    interval: float
    depth: int = LISTED
    search: Search | None = None
    due: float = 0.0
    failed: bool = False


class Reader:
    """Reads all listings of a source from a cursor on.

    Args:
        now: wall clock in ms.
    """

    def __init__(
        self,
        name: str,
        options: RedditOptions,
        client: Client,
        memory: Memory,
        recheck: Recheck,
        now: Callable[[], int],
    ) -> None:
        self._name = name
        self._options = options
        self._client = client
        self._memory = memory
        self._recheck = recheck
        self._recheck_after = 0.0
        self._now = now
        self._places = Places(name, options.subreddits, client, memory, now)
        self._past = Past(options.backfill, now())
        self._thread_after = 0.0
        self._complaints: dict[bytes, None] = {}
        self._listings = _listings(options)

    def run(self, stop: Stop) -> Iterator[Sighting]:
        """Poll until stopped, or until the past is read where nothing live is wanted.

        Raises:
            SourceError: nothing can be read for now.
        """
        has_looked = False
        while not stop.is_set():
            listing = min(self._listings, key=lambda one: one.due)
            wait = listing.due - time.monotonic()
            again = self._recheck_in()
            thread = self._thread_in()
            if again <= 0 and (wait > 0 or not has_looked):
                # In turn with listings, so that neither waits for the other for long.
                has_looked = True
                yield from self._look_again()
            elif wait <= 0:
                has_looked = False
                try:
                    yield from self._poll(listing)
                except (Disconnected, Refused) as error:
                    self._failed(listing, error)
            elif thread <= 0:
                yield from self._read_thread()
            elif (pause := min(wait, again, thread)) < math.inf:
                stop.wait(max(pause, 0.01))
            else:
                return

    def _recheck_in(self) -> float:
        """Seconds until something is to be looked at again."""
        due = self._recheck.due(self._now())
        if due is None:
            return math.inf
        return max(due / 1000, self._recheck_after - time.monotonic())

    def _look_again(self) -> Iterator[Sighting]:
        """What vanished or changed; a failure is no reason not to read what is new."""
        context = Context(source=self._name, now=self._now(), live=True)
        try:
            for item, _ in self._recheck.look(self._info, context):
                yield Sighting(item)
        except (Disconnected, Refused) as error:
            self._recheck_after = time.monotonic() + RECHECK_AGAIN_S
            log.warning("reddit_recheck", problem=str(error))
        self._write_recheck()
        yield Sighting(None, cursor=self._memory.cursor())

    def _info(self, names: str) -> Page:
        return page_of(self._client.get("api/info", {"id": names}))

    def _write_recheck(self) -> None:
        self._memory.recheck = msgspec.Raw(msgspec.json.encode(self._recheck.state()))

    def _thread_in(self) -> float:
        """Seconds until a thread is to be read."""
        return self._thread_after - time.monotonic() if self._memory.threads else math.inf

    def _read_thread(self) -> Iterator[Sighting]:
        """The comments of the past under one submission."""
        thread = Thread(self._client, self._memory.threads[0])
        try:
            things = thread.read()
        except Refused:
            things = []
        except Disconnected as error:
            self._thread_after = time.monotonic() + RECHECK_AGAIN_S
            log.warning("reddit_thread", problem=str(error))
            return
        del self._memory.threads[0]
        context = Context(source=self._name, now=self._now(), live=True)
        listed = self._memory.of("comments")
        for thing in things:
            name = f"{reddit.COMMENT}_{thing.native}"
            is_read = listed.has(thing.number) or self._recheck.knows(name)
            if is_read or not self._past.holds(thing.at, self._past.since):
                continue
            item = reddit.decode(thing.content, context)
            if isinstance(item, Post):
                self._recheck.note(name, thing.content, self._now())
            yield Sighting(item)
        if thread.unread:
            yield Sighting(
                Gap(
                    source=self._name,
                    since=min((thing.at for thing in things if thing.at), default=0),
                    until=self._now(),
                    reason="comments of a long thread: not all could be read",
                )
            )
        self._write_recheck()
        yield Sighting(None, cursor=self._memory.cursor())

    def _failed(self, listing: Listing, error: Exception) -> None:
        """One that fails does not keep the others from being read; all together do."""
        problem = f"{listing.label}: {error}"
        if isinstance(error, Refused) and not self._options.live:
            listing.due = math.inf
        else:
            again = AGAIN_S if isinstance(error, Refused) else listing.interval
            listing.failed = True
            listing.due = time.monotonic() + again
            if all(one.failed for one in self._listings):
                raise Disconnected(problem)
        log.warning("reddit_listing", problem=problem)

    def _poll(self, listing: Listing) -> Iterator[Sighting]:
        known = self._memory.of(listing.key)
        since = None
        if self._past.name and self._memory.backfilled.get(listing.key) != self._past.name:
            # What was posted since the last time is not to be lost to a shorter backfill.
            since = min(self._past.since, known.at) if known.head else self._past.since
        if listing.search is not None:
            ask = self._search(listing.search)
            fetched = fetch(ask, known if since is None else Known(), since)
        else:
            yield from self._places.ask_again(listing.key)
            asked = self._places.open
            ask = self._ask(f"r/{'+'.join(asked)}/{listing.key}", {})
            try:
                fetched = fetch(ask, known if since is None else Known(), since)
            except Refused as refused:
                self._places.sort_out(listing.key, asked, refused)
                return
        yield from self._sightings(listing, fetched, since)

    def _search(self, search: Search) -> Callable[[str | None], Page]:
        params: dict[str, str | int] = {"q": search.query, "sort": "new", "type": "link"}
        if search.subreddit is None:
            return self._ask("search", params)
        return self._ask(f"r/{search.subreddit}/search", params | {"restrict_sr": 1})

    def _ask(self, path: str, params: dict[str, str | int]) -> Callable[[str | None], Page]:
        def ask(after: str | None) -> Page:
            asked = params | {"limit": PAGE} | ({} if after is None else {"after": after})
            return page_of(self._client.get(path, asked))

        return ask

    def _sightings(
        self, listing: Listing, fetched: Fetched, since: int | None
    ) -> Iterator[Sighting]:
        known = self._memory.of(listing.key)
        context = Context(source=self._name, now=self._now(), live=True)
        gap = self._gap(listing, fetched, since)
        if gap is not None:
            yield Sighting(gap)
        things = fetched.things
        if since is not None:
            things = [thing for thing in things if self._past.holds(thing.at, since)]
            self._memory.backfilled[listing.key] = self._past.name
        if things and (known.head == 0 or since is not None):
            below = things[0].number - 1
            known.floor = min(known.floor or below, below)
        for content in fetched.nameless:
            if self._is_first_complaint(content):
                yield Sighting(reddit.decode(content, context))
        new = [
            (thing, reddit.decode(thing.content, context))
            for thing in things
            if known.is_new(thing.number)
            or self._recheck.is_edited(_name(thing), thing.content)
        ]
        self._remember(listing, new, has_threads=since is not None)
        for thing, item in new:
            known.add(thing.number, thing.native, thing.at)
            yield Sighting(item, cursor=self._memory.cursor(listing.key))
        self._schedule(listing, len(new), fetched.pages)
        yield Sighting(None, cursor=self._memory.cursor(listing.key))

    def _gap(self, listing: Listing, fetched: Fetched, since: int | None) -> Gap | None:
        """What lies between what is known, or wanted, and what Reddit lists."""
        known = self._memory.of(listing.key)
        if fetched.met or not fetched.things:
            return None
        if since is None and known.head == 0:
            return None
        begins, reason = known.at, "more was posted than Reddit lists"
        if since is not None:
            if len(fetched.things) < listing.depth:
                return None  # The subreddit holds no more than that.
            begins, reason = since, "Reddit lists nothing older"
        until = max(begins, fetched.oldest or self._now())
        reason = f"{listing.label}: {reason}"
        return Gap(source=self._name, since=begins, until=until, reason=reason)

    def _remember(
        self,
        listing: Listing,
        new: list[tuple[Thing, Post | Deletion | Malformed]],
        *,
        has_threads: bool,
    ) -> None:
        """Note what is to be looked at again, and whose comments are wanted."""
        wanted = dict.fromkeys(self._memory.threads)
        for thing, item in new:
            if not isinstance(item, Post):
                self._recheck.forget(_name(thing))
                continue
            self._recheck.note(_name(thing), thing.content, self._now())
            if has_threads and listing.key != "comments" and item.metrics.get("num_comments"):
                wanted[thing.native] = None
        self._memory.threads = list(wanted)[:MOST_THREADS]
        self._write_recheck()

    def _schedule(self, listing: Listing, new: int, pages: int) -> None:
        """Sooner where a page fills up between two polls, later where little happens."""
        slowest = self._options.poll_interval_s
        if new >= BUSY or pages > 1:
            listing.interval = max(min(FASTEST_S, slowest), listing.interval / 2)
        elif new < QUIET:
            listing.interval = min(slowest, listing.interval * 1.5)
        listing.failed = False
        listing.due = time.monotonic() + listing.interval if self._options.live else math.inf

    def _is_first_complaint(self, content: object) -> bool:
        key = repr(content)[:1000].encode("utf-8", "replace")
        if key in self._complaints:
            return False
        self._complaints[key] = None
        if len(self._complaints) > COMPLAINTS:
            del self._complaints[next(iter(self._complaints))]
        return True


def _name(thing: Thing) -> str:
    return f"{reddit.kind_of(thing.content)}_{thing.native}"


def _listings(options: RedditOptions) -> list[Listing]:
    interval = options.poll_interval_s
    found = [
        Listing(key=kind, label=label, interval=interval)
        for kind, label in (("new", "submissions"), ("comments", "comments"))
        if options.subreddits
    ]
    for search in options.searches:
        place = search.subreddit or ""
        found.append(
            Listing(
                key=f"search:{place.lower()}:{search.query}",
                label=f"search for {search.query[:40]!r}",
                interval=interval,
                depth=FOUND,
                search=search,
            )
        )
    return found
