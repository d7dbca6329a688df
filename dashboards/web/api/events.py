"""``/api/events``: the stream of what is new, as Server-Sent Events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import anyio
import structlog
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dashboards.web.api.feed import Feed, Listener, Place, read_place
from dashboards.web.api.problems import UNREADABLE, ApiError

log = structlog.get_logger(__name__)

router = APIRouter(tags=["events"])
HEARTBEAT_S: Final = 15.0
RETRY_MS: Final = 3_000
FULL_RETRY_S: Final = 30
OPENING: Final = format_sse_event(retry=RETRY_MS, comment="jikimi")
HEARTBEAT: Final = format_sse_event(comment="")
HEADERS: Final = {
    "cache-control": "no-store",
    # nginx would hold the stream back.
    "x-accel-buffering": "no",
}
Put = Callable[[bytes], Awaitable[None]]


class EventStream(Response):
    """The events of one listener until either side ends it."""

    media_type = "text/event-stream"

    def __init__(
        self,
        feed: Feed,
        listener: Listener,
        *,
        since: Place | None,
        follow: bool,
        still: Callable[[], bool],
    ) -> None:
        super().__init__(headers=HEADERS, media_type=self.media_type)
        del self.headers["content-length"]
        self._feed = feed
        self._listener = listener
        self._since = since
        self._follow = follow
        self._still = still

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; leaves the feed however it ends."""
        del scope
        try:
            async with anyio.create_task_group() as group:
                self._listener.cut = group.cancel_scope.cancel
                group.start_soon(self._until_gone, receive, group.cancel_scope)
                await self._events(send)
                group.cancel_scope.cancel()
        finally:
            self._feed.leave(self._listener)

    async def _until_gone(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _events(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)

        async def put(events: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": events, "more_body": more})

        try:
            await self._everything(put)
        except UNREADABLE as error:
            # Too late for another answer: they come back, and are then told.
            log.warning("stream_ended", problem=f"{type(error).__name__}: {error}")
        await put(b"", more=False)

    async def _everything(self, put: Put) -> None:
        await put(OPENING)
        here = self._listener.joined_at
        await put(await self._feed.first(here, self._since))
        at = self._since
        while at is not None and at < here:
            part, at = await self._feed.missed(at, here)
            await put(part)
        await put(format_sse_event(event="place", id=str(here), data_str="{}"))
        if self._follow:
            await self._news(put)

    async def _news(self, put: Put) -> None:
        looked_at = time.monotonic()
        while True:
            try:
                news = await asyncio.wait_for(self._listener.take(), HEARTBEAT_S)
            except TimeoutError:
                news = HEARTBEAT
            if time.monotonic() - looked_at >= HEARTBEAT_S:
                looked_at = time.monotonic()
                if not await asyncio.to_thread(self._still):
                    return  # the key was revoked, the session has ended
            if news is None:
                return
            await put(news)


@router.get(
    "/events",
    operation_id="listenToEvents",
    response_class=Response,
    responses={
        200: {
            "description": "The stream; it ends only when either side does.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def events(
    request: Request,
    last_event_id: Annotated[
        str | None,
        Header(
            max_length=100,
            description="Id of the last event seen: everything since then comes first. "
            "`0-0` asks for everything there is.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        Query(
            max_length=100,
            description="The same for who cannot set headers; Last-Event-ID goes before it.",
        ),
    ] = None,
    follow: Annotated[
        bool, Query(description="False: end after what was missed, without waiting.")
    ] = True,
) -> Response:
    """Alerts, decisions, sources and totals as they change, as Server-Sent Events.

    `alert`, `decision`, `source` and `counts` carry what the operations of these names
    answer. First come the sources and totals as they are, then what was missed, then
    `place` with the present id, then what is new. `reset` says that the index was made
    anew: ask for everything again. A comment every 15 seconds keeps the connection open.
    """
    feed: Feed = request.app.state.feed
    listener = await feed.join()
    if listener is None:
        raise ApiError(
            503,
            "too-many-listeners",
            "There are as many listeners as this process serves; try again later.",
            headers={"retry-after": str(FULL_RETRY_S)},
        )
    place = read_place(last_event_id or since, listener.joined_at)
    return EventStream(feed, listener, since=place, follow=follow, still=request.state.still)
