"""Holds bodies to a size before anything reads them."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.web.api.problems import ApiError, problem

MAX_DIGITS = 12


class BodyLimit:
    """Refuses bodies above ``most`` bytes, announced or not, with a problem (413)."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if len(announced) > MAX_DIGITS or (announced.isdigit() and int(announced) > self._most):
            await problem(_TOO_LARGE)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                # FastAPI lets this one pass where it reads the body.
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)


_TOO_LARGE = ApiError(413, "content-too-large", "The body is larger than any documented one.")
