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
from ingest.records import Gap, Post
from ingest.reddit.client import PAGE, Client, Refused
from ingest.reddit.cursor import Memory
from ingest.reddit.listing import Fetched, Page, fetch, page_of
from ingest.reddit.options import RedditOptions, Search
from ingest.reddit.past import FOUND, Job, Past
from ingest.reddit.places import AGAIN_S, Places
from ingest.reddit.recheck import Recheck
from ingest.source import Disconnected, Sighting, Stop

log = structlog.get_logger(__name__)

FASTEST_S: Final = 2.0
BUSY: Final = PAGE // 2
"""New things in a poll from which on the next comes sooner."""
QUIET: Final = PAGE // 10
RECHECK_AGAIN_S: Final = 60.0
"""Seconds after which what failed to be looked at is tried again."""
COMPLAINTS: Final = 1000
"""Things without an id that are remembered, so that each is reported once."""


class Listing(msgspec.Struct, kw_only=True):
    """A listing that is polled: ``new`` or ``comments`` of the subreddits, or a search.

    ``due`` is in monotonic seconds, ``interval`` in seconds.
    """

    key: str
    label: str
    interval: float
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
        self._complaints: dict[bytes, None] = {}
        self._listings = _listings(options)
        self._past = Past(
            name,
            options,
            self._jobs(),
            client,
            memory,
            recheck,
            keep=self._write_recheck,
            now=now,
        )

    def run(self, stop: Stop) -> Iterator[Sighting]:
        """Poll until stopped, or until the past is read where nothing live is wanted.

        Raises:
            SourceError: nothing can be read for now.
        """
        has_looked = False
        while not stop.is_set():
            listing = min(self._listings, key=lambda one: one.due)
            wait = listing.due - time.monotonic() if self._options.live else math.inf
            again = self._recheck_in()
            past = self._past.due_in()
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
            elif past <= 0:
                yield from self._past.step()
            elif (pause := min(wait, again, past)) < math.inf:
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

    def _failed(self, listing: Listing, error: Exception) -> None:
        """One that fails does not keep the others from being read; all together do."""
        if isinstance(error, Refused):
            problem = f"{listing.label} {error}"
            again = AGAIN_S if error.is_stated else RECHECK_AGAIN_S
        else:
            problem = f"{listing.label}: {error}"
            again = listing.interval
        listing.failed = True
        listing.due = time.monotonic() + again
        if all(one.failed for one in self._listings):
            raise Disconnected(problem)
        log.warning("reddit_listing", problem=problem)

    def _jobs(self) -> list[Job]:
        """What a backfill reads, each place alone."""
        found: list[Job] = []
        for listing in self._listings:
            if listing.search is not None:
                found.append(
                    Job(
                        key=listing.key,
                        listing=listing.key,
                        place=listing.label,
                        label=listing.label,
                        ask=self._search(listing.search),
                        depth=FOUND,
                    )
                )
                continue
            found += [
                Job(
                    key=_place(listing.key, name),
                    listing=listing.key,
                    place=f"r/{name}",
                    label=f"{listing.label} of r/{name}",
                    ask=self._ask(f"r/{name}/{listing.key}", {}),
                )
                for name in self._options.subreddits
            ]
        return found

    def _poll(self, listing: Listing) -> Iterator[Sighting]:
        known = self._memory.of(listing.key)
        if listing.search is not None:
            fetched = fetch(self._search(listing.search), known)
            yield from self._sightings(listing, fetched, [listing.key])
            return
        yield from self._places.ask_again(listing.key)
        asked = self._places.open
        try:
            fetched = fetch(self._ask(f"r/{'+'.join(asked)}/{listing.key}", {}), known)
        except Refused as refused:
            self._places.sort_out(listing.key, asked, refused)
            return
        places = [_place(listing.key, name) for name in asked]
        yield from self._sightings(listing, fetched, places)

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
        self, listing: Listing, fetched: Fetched, places: list[str]
    ) -> Iterator[Sighting]:
        known = self._memory.of(listing.key)
        context = Context(source=self._name, now=self._now(), live=True)
        things = fetched.things
        begins = known.head + 1
        if known.head == 0 and things:
            begins = things[0].number
            known.floor = begins - 1
        elif not fetched.met and things:
            until = max(known.at, fetched.oldest or context.now or 0)
            reason = f"{listing.label}: more was posted than Reddit lists"
            yield Sighting(Gap(source=self._name, since=known.at, until=until, reason=reason))
        if begins > 1:
            # An empty answer tells nothing of where reading begins.
            for place in places:
                self._memory.began.setdefault(place, begins)
        for content in fetched.nameless:
            if self._is_first_complaint(content):
                yield Sighting(reddit.decode(content, context))
        new = 0
        for thing in things:
            is_new = known.is_new(thing.number)
            if not is_new and not self._recheck.is_edited(thing.name, thing.content):
                continue
            new += is_new
            known.add(thing.number, thing.native, thing.at)
            item = reddit.decode(thing.content, context)
            if isinstance(item, Post):
                self._recheck.note(thing.name, thing.content, self._now())
            else:
                self._recheck.forget(thing.name)
            yield Sighting(item, cursor=self._memory.cursor(listing.key))
        self._write_recheck()
        self._schedule(listing, new, fetched.pages)
        yield Sighting(None, cursor=self._memory.cursor(listing.key))

    def _schedule(self, listing: Listing, new: int, pages: int) -> None:
        """Sooner where a page fills up between two polls, later where little happens."""
        slowest = self._options.poll_interval_s
        if new >= BUSY or pages > 1:
            listing.interval = max(min(FASTEST_S, slowest), listing.interval / 2)
        elif new < QUIET:
            listing.interval = min(slowest, listing.interval * 1.5)
        listing.failed = False
        listing.due = time.monotonic() + listing.interval

    def _is_first_complaint(self, content: object) -> bool:
        key = repr(content)[:1000].encode("utf-8", "replace")
        if key in self._complaints:
            return False
        self._complaints[key] = None
        if len(self._complaints) > COMPLAINTS:
            del self._complaints[next(iter(self._complaints))]
        return True


def _place(kind: str, subreddit: str) -> str:
    """The key of a subreddit in the cursor."""
    return f"{kind}:{subreddit.lower()}"


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
                search=search,
            )
        )
    return found
