"""Bluesky live: the public Jetstream over WebSocket, without a key.

Reading resumes a few seconds before the cursor and drops what it has seen, so a
connection that breaks costs nothing. The server's clock is not trusted: the
cursor only moves forward, and never beyond our own clock.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Self
from urllib.parse import urlencode, urlsplit

import msgspec
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection, connect

from ingest import clean
from ingest.clean import Context, Unreadable
from ingest.formats import jetstream
from ingest.formats.jetstream_wire import Event
from ingest.handles import Handles
from ingest.records import Gap, Malformed
from ingest.source import (
    Disconnected,
    Probed,
    RateLimited,
    Sighting,
    SourceMisconfigured,
    Stop,
    Terms,
)

HOSTS = (
    "wss://jetstream2.us-east.bsky.network/subscribe",
    "wss://jetstream1.us-east.bsky.network/subscribe",
    "wss://jetstream2.us-west.bsky.network/subscribe",
    "wss://jetstream1.us-west.bsky.network/subscribe",
)
COLLECTIONS = (jetstream.POSTS, jetstream.REPOSTS)
OVERLAP_US = 5_000_000
AHEAD_US = 300 * 1_000_000
"""A time further ahead of our clock is a lie and moves no cursor, unless all say so."""
ALL_SAY_SO = 20
"""Messages in a row that say that our own clock is behind, by a day at most."""
DAY_US = 24 * 60 * 60 * 1_000_000
STRIDE_US = 1_000_000
"""How far reading goes on behind a message that is too large."""
QUIET_US = 60_000_000
"""Silence right behind the cursor that is no gap: the network may have been quiet."""
REMEMBERED = 200_000
"""Events kept to recognise repeats: minutes of the whole network."""
IDLE_TIMEOUT_S = 60.0
OPEN_TIMEOUT_S = 15.0
PROBE_S = 10.0
STOP_EVERY_S = 0.5
LARGEST_FRAME = 4 << 20
LONGEST_CURSOR = 20
OPTIONS: Mapping[str, str] = {
    "urls": "Jetstream endpoints (the four public ones, in turn)",
    "idle_timeout_s": f"seconds of silence after which the connection counts as dead "
    f"({IDLE_TIMEOUT_S:g})",
}
"""What each option is, and its default."""


class BlueskySource:
    """Posts, reposts, edits and deletions of the whole network as they happen.

    Args:
        urls: Jetstream endpoints; each new connection takes the next.
        collections: record types asked for.
        name: under which the cursor (``time_us``) is kept; also the posts' source.
        idle_timeout_s: silence after which the connection counts as dead.
        now: wall clock in ms.
    """

    terms = Terms(
        access="open stream of public posts, no key",
        rate="none stated; one connection at a time is used",
        retention="as long as you need it for protecting the people watched",
        deletion="deletions of posts and accounts come in the stream and are followed",
        note="pictures are references only and are not fetched",
    )

    options = OPTIONS

    def __init__(
        self,
        urls: Sequence[str] = HOSTS,
        *,
        collections: Sequence[str] = COLLECTIONS,
        name: str = "bluesky",
        idle_timeout_s: float = IDLE_TIMEOUT_S,
        now: Callable[[], int] | None = None,
    ) -> None:
        self._urls = list(urls)
        self._collections = list(collections)
        self._name = name
        self._idle_timeout_s = idle_timeout_s
        self._now = now or _clock
        self._ahead: deque[int] = deque(maxlen=ALL_SAY_SO)
        self._connections = 0
        self._seen: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self.handles = Handles()

    @classmethod
    def from_settings(cls, name: str, options: Mapping[str, object]) -> Self:
        """A source of the settings: ``urls`` and ``idle_timeout_s`` may be given.

        Raises:
            SourceMisconfigured: another option, or a value of the wrong kind.
        """
        where = f"sources.{name}.options"
        unknown = sorted(set(options) - set(OPTIONS))
        if unknown:
            allowed = ", ".join(OPTIONS)
            raise SourceMisconfigured(f"{where}.{unknown[0]}: unknown, allowed: {allowed}")
        given = options.get("urls", HOSTS)
        try:
            urls = msgspec.convert(given, type=list[str])
        except msgspec.ValidationError:
            urls = []
        if not urls:
            raise SourceMisconfigured(f"{where}.urls: found no list, allowed: a list of urls")
        for url in urls:
            if urlsplit(url).scheme not in ("ws", "wss"):
                raise SourceMisconfigured(
                    f"{where}.urls: found {_shown(url)}, allowed: addresses that begin with wss://"
                )
        idle = options.get("idle_timeout_s", IDLE_TIMEOUT_S)
        if isinstance(idle, bool) or not isinstance(idle, int | float) or not idle > 0:
            raise SourceMisconfigured(
                f"{where}.idle_timeout_s: found {idle!r}, allowed: seconds above 0"
            )
        return cls(urls, name=name, idle_timeout_s=float(idle))

    @property
    def name(self) -> str:
        """Under which the cursor is kept."""
        return self._name

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Sightings from a little before the cursor on, repeats left out.

        Raises:
            Disconnected: closed, refused or silent; read again from the last cursor.
            SourceMisconfigured: the cursor is not one of ours.
        """
        cursor = _cursor(after)
        url = self._urls[self._connections % len(self._urls)]
        self._connections += 1
        try:
            with self._connect(url, cursor) as connection:
                for sighting in self._events(connection, cursor, stop):
                    if sighting.cursor is not None:
                        cursor = int(sighting.cursor)
                    yield sighting
        except ConnectionClosed as error:
            if error.sent is not None and error.sent.code == CloseCode.MESSAGE_TOO_BIG:
                yield from self._past_what_is_too_large(cursor)
            host = urlsplit(url).hostname
            raise Disconnected(f"{host}: {_reason(error)}") from None
        except (InvalidHandshake, OSError, TimeoutError) as error:
            problem = f"{urlsplit(url).hostname}: {_reason(error)}"
            wait = _asked_to_wait(error)
            if wait is not None:
                raise RateLimited(problem, retry_after=wait) from None
            raise Disconnected(problem) from None
        except InvalidURI:
            raise self._no_address(url) from None

    def _past_what_is_too_large(self, cursor: int | None) -> Iterator[Sighting]:
        """A message that nobody can take in must not be asked for again and again."""
        reason = f"a message of more than {LARGEST_FRAME >> 20} MiB"
        yield Sighting(Malformed(source=self._name, raw=b"", reason=reason))
        if cursor is None:
            return
        beyond = cursor + OVERLAP_US + STRIDE_US
        gap = Gap(source=self._name, since=cursor // 1000, until=beyond // 1000, reason=reason)
        yield Sighting(gap, cursor=str(beyond))

    def probe(self, stop: Stop, /) -> Probed:
        """Connect to each endpoint in turn until one sends something.

        Raises:
            Disconnected: none does.
        """
        problems: list[str] = []
        for url in self._urls:
            host = urlsplit(url).hostname
            if stop.is_set():
                break
            try:
                with self._connect(url, None) as connection:
                    connection.recv(timeout=PROBE_S)
            except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError) as error:
                problems.append(f"{host}: {_reason(error)}")
                continue
            except InvalidURI:
                raise self._no_address(url) from None
            return Probed(found=f"{host} sends posts", problems=tuple(problems))
        raise Disconnected("; ".join(problems) or "stopped")

    def _connect(self, url: str, cursor: int | None) -> ClientConnection:
        return connect(
            self._address(url, cursor),
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=1,
            max_size=LARGEST_FRAME,
            user_agent_header="jikimi",
        )

    def _no_address(self, url: str) -> SourceMisconfigured:
        return SourceMisconfigured(f"{self._name}: {_shown(url)} is no WebSocket address")

    def _address(self, url: str, cursor: int | None) -> str:
        query = [("wantedCollections", name) for name in self._collections]
        if cursor is not None:
            query.append(("cursor", str(max(0, cursor - OVERLAP_US))))
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"

    def _events(
        self, connection: ClientConnection, cursor: int | None, stop: Stop
    ) -> Iterator[Sighting]:
        resumed = cursor
        heard = time.monotonic()
        while not stop.is_set():
            try:
                frame = connection.recv(timeout=STOP_EVERY_S)
            except TimeoutError:
                if time.monotonic() - heard > self._idle_timeout_s:
                    raise Disconnected(f"nothing came for {self._idle_timeout_s:g} s") from None
                continue
            heard = time.monotonic()
            raw = frame if isinstance(frame, bytes) else frame.encode("utf-8", "surrogatepass")
            context = Context(source=self._name, now=self._now(), live=True)
            try:
                event = jetstream.parse(raw)
            except Unreadable as error:
                yield Sighting(clean.malformed(context, raw, str(error)))
                continue
            believable = self._is_believable(event)
            if resumed is not None and believable:
                gap = self._gap(event, resumed)
                resumed = None
                if gap is not None:
                    yield Sighting(gap)
            cursor = self._forward(cursor, event, believable=believable)
            yield from self._sightings(event, raw, context, cursor)

    def _gap(self, event: Event, resumed: int) -> Gap | None:
        """What the server no longer had, when it begins later than we asked."""
        if event.time_us is None or event.time_us <= resumed + QUIET_US:
            return None
        return Gap(
            source=self._name,
            since=resumed // 1000,
            until=event.time_us // 1000,
            reason="the server no longer had this stretch",
        )

    def _is_believable(self, event: Event) -> bool:
        """Whether the server's time of an event can be one."""
        told, now = event.time_us, self._now() * 1000
        if told is None or not 0 < told <= now + DAY_US:
            return False
        if told <= now + AHEAD_US:
            self._ahead.clear()
            return True
        self._ahead.append(told)
        agree = max(self._ahead) - min(self._ahead) <= AHEAD_US
        return agree and len(self._ahead) == ALL_SAY_SO

    def _forward(self, cursor: int | None, event: Event, *, believable: bool) -> int | None:
        """The cursor after an event: never backward, never to a time that is no time."""
        told = event.time_us
        if told is None or not believable:
            return cursor
        return told if cursor is None else max(cursor, told)

    def _sightings(
        self, event: Event, raw: bytes, context: Context, cursor: int | None
    ) -> Iterator[Sighting]:
        behind = None if cursor is None else str(cursor)
        if event.identity is not None:
            self.handles.learn(event.did, clean.short(event.identity.handle, 253))
        if self._repeated(event):
            yield Sighting(None, cursor=behind)
            return
        try:
            items = jetstream.items(event, context, self.handles.of)
        except Unreadable as error:
            malformed: Malformed = clean.malformed(context, raw, str(error))
            yield Sighting(malformed, cursor=behind)
            return
        if not items:
            yield Sighting(None, cursor=behind, skipped=1)
            return
        for item in items[:-1]:
            yield Sighting(item)
        yield Sighting(items[-1], cursor=behind)

    def _repeated(self, event: Event) -> bool:
        """Whether this very event came before, as the overlap repeats some."""
        commit = event.commit
        key: tuple[str, ...]
        if commit is not None:
            key = (
                event.did,
                # Without a revision only the time tells two edits apart.
                commit.rev or str(event.time_us),
                commit.collection,
                commit.rkey,
                commit.operation,
            )
        else:
            part = event.account or event.identity
            key = (event.did, event.kind, str(part.seq if part else ""), str(event.time_us))
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return False


def _cursor(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdecimal() and len(after) <= LONGEST_CURSOR):
        raise SourceMisconfigured(
            f"bluesky: the cursor {after[:40]!r} is no time in microseconds"
        )
    return int(after)


def _shown(url: str) -> str:
    """An address without what may be a password or a token."""
    return repr(url.partition("?")[0].rpartition("@")[2][:200])


def _reason(error: BaseException) -> str:
    if isinstance(error, ConnectionClosed):
        closed = error.rcvd or error.sent
        return f"the connection closed ({closed.code})" if closed else "the connection broke"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, InvalidStatus):
        return f"the server refused the connection ({error.response.status_code})"
    if isinstance(error, InvalidHandshake):
        return "the server refused the connection"
    return getattr(error, "strerror", None) or type(error).__name__


def _asked_to_wait(error: BaseException) -> float | None:
    """Seconds that a server asks us to wait, None when it does not."""
    if not isinstance(error, InvalidStatus):
        return None
    # Not "get": it raises where a header comes twice.
    told = next(iter(error.response.headers.get_all("Retry-After")), "")
    return float(told) if told.isascii() and told.isdecimal() and len(told) <= 6 else None  # noqa: PLR2004 - days


def _clock() -> int:
    return time.time_ns() // 1_000_000
