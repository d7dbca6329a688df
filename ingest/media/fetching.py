"""Fetches the bytes of pictures and clips: bounded, polite, and never inside our network.

Every name is looked up by us, all its addresses are checked, and the connection goes to a
checked one: a name that changes its mind between the check and the connection gains nothing.
Redirects go the same way. Bytes stay in memory; nothing here writes any.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urljoin

import anyio
import httpcore
import msgspec

from ingest.media.addresses import PORTS, Guard, RefusedError, parsed, url_key
from ingest.media.local import from_data, from_folder, is_local
from ingest.media.politeness import Hosts
from ingest.media.resolving import addresses_of

USER_AGENT = "jikimi/0 (media check)"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({401, 403, 404, 410, 451})
BUSY = 429
BROKEN = 500
OK = 200

MEDIA_TYPES = ("image/", "video/", "application/octet-stream", "binary/octet-stream")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class FailedError(Exception):
    """It could not be fetched now; ``retry_s`` is how long the server asks us to wait."""

    def __init__(self, problem: str, retry_s: float = 0.0) -> None:
        super().__init__(problem)
        self.retry_s = retry_s


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one fetch. Times in seconds, ``bytes`` of a file."""

    bytes: int = 20_000_000
    total_s: float = 20.0
    idle_s: float = 5.0
    redirects: int = 4
    tries: int = 3
    pause_s: float = 0.5
    longest_pause_s: float = 10.0
    at_once: int = 8
    at_once_a_host: int = 2
    host_pause_s: float = 0.1


class Fetched(msgspec.Struct, frozen=True):
    """What came: ``key`` stands for the URL, ``mime`` is only what the server claims."""

    key: str
    data: bytes
    mime: str = ""


class Fetcher:
    """Fetches media for one event loop; use it as a context.

    Args:
        limits: bounds of every fetch.
        guard: what may be connected to.
        folder: the only place below which ``file:`` URLs are read; None: nowhere.
        resolve: addresses of a host; else the system's.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        guard: Guard | None = None,
        folder: str | None = None,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._guard = guard or Guard()
        self._folder = folder
        self._hosts = Hosts(self._limits.at_once_a_host, self._limits.host_pause_s)
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust or ssl.create_default_context(),
            max_connections=self._limits.at_once,
            max_keepalive_connections=self._limits.at_once,
            keepalive_expiry=10.0,
            network_backend=_Guarded(self._guard, resolve or addresses_of),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.aclose()

    async def fetch(self, url: str) -> Fetched:
        """The bytes behind a URL.

        Raises:
            RefusedError: it must not, or need not, be tried again.
            FailedError: it may be tried again later.
        """
        key = url_key(url)
        if is_local(url):
            return Fetched(key, await self._local(url))
        parsed(url)
        problem = FailedError("nothing was tried")
        for attempt in range(self._limits.tries):
            if attempt:
                await asyncio.sleep(self._pause(attempt, problem.retry_s))
            try:
                async with self._slots, asyncio.timeout(self._limits.total_s):
                    return await self._followed(url, key)
            except TimeoutError:
                problem = FailedError(f"it took longer than {self._limits.total_s:g} s")
            except FailedError as error:
                problem = error
                if error.retry_s > self._limits.longest_pause_s:
                    break
        raise problem

    async def _local(self, url: str) -> bytes:
        most = self._limits.bytes
        if url.startswith("data:"):
            return from_data(url, most)
        return await asyncio.to_thread(from_folder, url, self._folder, most)

    def _pause(self, attempt: int, asked: float) -> float:
        # Spread, so that many posts of one server do not come back in step.
        spread = random.uniform(0.5, 1.5)  # noqa: S311 - no secret hangs on it
        grown: float = self._limits.pause_s * 2 ** (attempt - 1) * spread
        return min(max(grown, asked), self._limits.longest_pause_s)

    async def _followed(self, url: str, key: str) -> Fetched:
        for _ in range(self._limits.redirects + 1):
            parts = parsed(url)
            port = parts.port or PORTS[parts.scheme]
            self._guard.check_place(parts.hostname or "", port, parts.scheme)
            async with self._hosts.turn(parts.netloc), self._asked(parts.geturl()) as answer:
                if answer.status not in REDIRECTS:
                    return Fetched(key, *await self._taken(answer))
                url = urljoin(url, _header(answer, b"location"))
        raise RefusedError("it redirects too often")

    @asynccontextmanager
    async def _asked(self, url: str) -> AsyncGenerator[httpcore.Response]:
        idle = self._limits.idle_s
        times = {"connect": idle, "read": idle, "write": idle, "pool": self._limits.total_s}
        headers: dict[bytes | str, bytes | str] = {
            "user-agent": USER_AGENT,
            "accept": "image/*, video/*",
            # What is not compressed cannot unfold into more than was sent.
            "accept-encoding": "identity",
        }
        try:
            async with self._pool.stream(
                "GET", url, headers=headers, extensions={"timeout": times}
            ) as answer:
                yield answer
        except (httpcore.TimeoutException, TimeoutError):
            raise FailedError("the server did not answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise FailedError(f"the connection failed: {type(error).__name__}") from None
        except (httpcore.UnsupportedProtocol, UnicodeError, ValueError):
            raise RefusedError("the URL cannot be read") from None

    async def _taken(self, answer: httpcore.Response) -> tuple[bytes, str]:
        _check_status(answer)
        mime = _header(answer, b"content-type").partition(";")[0].strip().lower()[:100]
        if mime and not mime.startswith(MEDIA_TYPES):
            raise RefusedError(f"the server says that it is {mime!r}")
        if _header(answer, b"content-encoding").strip().lower() not in {"", "identity"}:
            raise RefusedError("the server sends it compressed although nobody asked for that")
        most = self._limits.bytes
        length = _header(answer, b"content-length")
        if length.isdigit() and int(length[:20]) > most:
            raise RefusedError(f"it is larger than {most:,} bytes")
        parts: list[bytes] = []
        size = 0
        async for part in answer.aiter_stream():
            size += len(part)
            if size > most:
                raise RefusedError(f"it is larger than {most:,} bytes")
            parts.append(part)
        return b"".join(parts), mime


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to nothing else."""

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        self._guard = guard
        self._resolve = resolve
        # Its type is only known where anyio is, and anyio is always here.
        self._inner: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the name up, check what it means, and connect to that."""
        with anyio.fail_after(timeout):
            found = await self._resolve(host, port)
        problem: Exception = OSError("no address answered")
        for address in self._guard.check_addresses(host, port, found):
            try:
                stream: httpcore.AsyncNetworkStream = await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                problem = error
            else:
                return stream
        raise problem

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: no URL leads to a socket of this machine."""
        del path, timeout, socket_options
        raise RefusedError("sockets of this machine are not connected to")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)


def _check_status(answer: httpcore.Response) -> None:
    status = answer.status
    if status == OK:
        return
    if status == BUSY or status >= BROKEN:
        asked = _header(answer, b"retry-after").strip()
        waiting = float(asked) if asked.isdigit() and len(asked) < len("10000000") else 0.0
        raise FailedError(f"the server answers {status}", waiting)
    if status in GONE:
        raise RefusedError(f"the server answers {status}: it is not there for us")
    raise RefusedError(f"the server answers {status}")


def _header(answer: httpcore.Response, name: bytes) -> str:
    for found, value in answer.headers:
        if found.lower() == name:
            return value.decode("latin-1")
    return ""
