"""What is new, for everybody who listens: one poller, bounded buffers, nothing lost.

A place in the stream is two numbers, that of the newest alert and that of the newest
decision (``ALERTS-DECISIONS``). Who comes back names the last place they saw; what lies
between is read from index and desk, and only then comes what the poller sees. Who does
not keep up is cut off and comes back the same way.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import structlog
from fastapi.sse import format_sse_event

from dashboards.desk import Decision
from dashboards.web.api.alerts import alert_model, decision_model
from dashboards.web.api.counts import CountsModel, counted
from dashboards.web.api.problems import UNREADABLE
from dashboards.web.api.sources import source_model
from dashboards.web.site import Site
from ingest.records import SourceStatus
from stream.records import Alert

log = structlog.get_logger(__name__)

POLL_S: Final = 1.0
MAX_LISTENERS: Final = 100
BUFFER: Final = 1_000
"""Most parts that wait for one listener; all listeners hold the same bytes."""
BUFFER_BYTES: Final = 4 * 1024 * 1024
CHUNK: Final = 200
"""Most alerts or decisions of one part."""
COUNT_EVERY_S: Final = 5.0
_PLACE = re.compile(r"(?P<alerts>\d{1,18})(?:-(?P<decisions>\d{1,18}))?", re.ASCII)
NOTHING: Final = CountsModel(posts=0, deleted=0, clusters=0, alerts=0, open_alerts=0)


class Place(NamedTuple):
    """How far somebody has read."""

    alerts: int
    decisions: int

    def __str__(self) -> str:
        return f"{self.alerts}-{self.decisions}"


def present(site: Site) -> Place:
    """The place up to which everything has happened: where a page that is made now stands."""
    return Place(site.index.alert_seq(), site.desk.newest())


def read_place(text: str | None, now: Place) -> Place | None:
    """The place a Last-Event-ID names; None for anything else.

    A number alone is a place among the alerts; of decisions nothing is then repeated.
    """
    found = _PLACE.fullmatch(text or "")
    if found is None:
        return None
    decisions = found["decisions"]
    return Place(int(found["alerts"]), now.decisions if decisions is None else int(decisions))


class Seen(NamedTuple):
    """What the poller has told everybody."""

    place: Place
    sources: Mapping[str, SourceStatus]
    totals: CountsModel
    counted_at: float


class Listener:
    """One who listens: a bounded buffer, filled by the poller."""

    def __init__(self, place: Place) -> None:
        self.joined_at = place
        self.cut: Callable[[], object] | None = None
        """Ends the connection from outside, also while it waits for a slow reader."""
        self._buffer: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._bytes = 0

    def offer(self, events: bytes) -> bool:
        """Put something into the buffer; False when it is full."""
        waiting = self._buffer.qsize()
        if waiting >= BUFFER or (waiting and self._bytes + len(events) > BUFFER_BYTES):
            return False
        self._buffer.put_nowait(events)
        self._bytes += len(events)
        return True

    async def take(self) -> bytes | None:
        """What comes next; waits for it. None once the stream shall end."""
        events = await self._buffer.get()
        self._bytes -= len(events or b"")
        return events

    def end(self) -> None:
        """Let the stream end after what is in the buffer."""
        self._buffer.put_nowait(None)


class Feed:
    """The poller and its listeners; belongs to one event loop."""

    def __init__(self, site: Site, *, dropped: Callable[[], object]) -> None:
        self._site = site
        self._dropped = dropped
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._seen = Seen(Place(0, 0), {}, NOTHING, 0.0)
        self._reading = asyncio.Lock()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    async def join(self) -> Listener | None:
        """A new listener, who gets all that is new from now on; None when there are enough."""
        async with self._reading:
            if self._closed or self.listeners >= MAX_LISTENERS:
                return None
            if self._task is None:
                self._seen = await asyncio.to_thread(self._look)
                self._task = asyncio.create_task(self._poll(), name="feed")
                self._task.add_done_callback(self._failed)
            listener = Listener(self._seen.place)
            self._listeners.add(listener)
            return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener; the poller rests when nobody is left."""
        self._listeners.discard(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    def close(self) -> None:
        """End all streams, and begin no other."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        for listener in self._listeners:
            listener.end()

    def _failed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            # A mistake of our own: whoever listens must not wait for ever.
            log.error("feed_failed", exc_info=error)
            self._task = None
            self._end()

    async def first(self, here: Place, since: Place | None) -> bytes:
        """How things stand, and whether what was asked for can be given at all."""
        return await asyncio.to_thread(self._first, here, since)

    async def missed(self, since: Place, until: Place) -> tuple[bytes, Place]:
        """The next part of what happened between two places, and the place after it."""
        return await asyncio.to_thread(self._missed, since, until)

    def _first(self, here: Place, since: Place | None) -> bytes:
        events: list[bytes] = []
        if since is not None and (
            since.alerts > here.alerts or since.decisions > here.decisions
        ):
            # The index was made anew: whatever they hold, they must ask again.
            events.append(_event("reset", str(here), "{}"))
        events += [
            _event("source", None, source_model(one).model_dump_json())
            for one in self._site.index.statuses()
        ]
        events.append(_event("counts", None, counted(self._site).model_dump_json()))
        return b"".join(events)

    def _missed(self, since: Place, until: Place) -> tuple[bytes, Place]:
        if since.alerts < until.alerts:
            found = self._site.index.alerts_after(since.alerts, limit=CHUNK)
            within = [(seq, one) for seq, one in found if seq <= until.alerts]
            whole = len(within) < CHUNK
            last = until.alerts if whole else within[-1][0]
            return b"".join(self._alerts(within, since)), Place(last, since.decisions)
        if since.decisions < until.decisions:
            made = self._site.desk.decisions_after(since.decisions, limit=CHUNK)
            within_ = [(seq, one) for seq, one in made if seq <= until.decisions]
            last = until.decisions if len(within_) < CHUNK else within_[-1][0]
            events = [_decided(one, Place(since.alerts, seq)) for seq, one in within_]
            return b"".join(events), Place(since.alerts, last)
        return b"", until

    def _alerts(self, found: list[tuple[int, Alert]], since: Place) -> Iterator[bytes]:
        states = self._site.desk.decisions([one.alert_id for _, one in found])
        for seq, one in found:
            if one.replayed:
                continue
            body = alert_model(self._site, one, states.get(one.alert_id)).model_dump_json()
            yield _event("alert", str(Place(seq, since.decisions)), body)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                while await self._step():
                    pass
            except UNREADABLE as error:
                log.warning("feed_stumbled", problem=f"{type(error).__name__}: {error}")

    async def _step(self) -> bool:
        """Tell everybody the next part; whether there is more."""
        async with self._reading:
            events, self._seen, more = await asyncio.to_thread(self._news, self._seen)
            self._send(events)
        return more

    def _send(self, events: bytes) -> None:
        if not events:
            return
        for listener in [one for one in self._listeners if not one.offer(events)]:
            self._dropped()
            self._listeners.discard(listener)
            if listener.cut is not None:
                listener.cut()

    def _look(self) -> Seen:
        return Seen(
            present(self._site),
            {one.source: one for one in self._site.index.statuses()},
            counted(self._site),
            time.monotonic(),
        )

    def _news(self, seen: Seen) -> tuple[bytes, Seen, bool]:
        """The next part of what is new, the place after it, and whether there is more."""
        place = present(self._site)
        if place.alerts < seen.place.alerts or place.decisions < seen.place.decisions:
            return _event("reset", str(place), "{}"), seen._replace(place=place), True
        if seen.place != place:
            part, at = self._missed(seen.place, place)
            return part, seen._replace(place=at), True
        events: list[bytes] = []
        sources = {one.source: one for one in self._site.index.statuses()}
        for name, one in sources.items():
            if seen.sources.get(name) != one:
                body = source_model(one).model_dump_json()
                events.append(_event("source", str(place), body))
        totals, counted_at = seen.totals, seen.counted_at
        if time.monotonic() - counted_at >= COUNT_EVERY_S:
            totals, counted_at = counted(self._site), time.monotonic()
        if totals != seen.totals:
            events.append(_event("counts", str(place), totals.model_dump_json()))
        return b"".join(events), Seen(place, sources, totals, counted_at), False


def _decided(one: Decision, place: Place) -> bytes:
    return _event("decision", str(place), decision_model(one).model_dump_json())


def _event(name: str, place: str | None, body: str) -> bytes:
    return format_sse_event(event=name, id=place, data_str=body)
