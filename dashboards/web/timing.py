"""How long requests take, by route: measured outside of everything, names from our own code."""

from __future__ import annotations

import time
from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN: Final = "other"


class Durations:
    """Seconds until the answer began, by method, route and class of status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._histogram = Histogram(
            "jikimi_http_request_duration_seconds",
            "Time until an answer began.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=registry,
        )

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answered request."""
        method = scope["method"] if scope["method"] in METHODS else UNKNOWN
        self._histogram.labels(method, route_of(scope), f"{status // 100}xx").observe(seconds)


def route_of(scope: Scope) -> str:
    """The template of the route that answered; what no route knows is one name together."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    if path is None or isinstance(route, Mount):
        return "/static" if scope["path"].startswith("/static/") else UNKNOWN
    prefix = "/api" if scope.get("root_path", "").endswith("/api") else ""
    return f"{prefix}{path}"


class Timing:
    """Outermost layer; measures until the answer begins, so that streams do not count."""

    def __init__(self, app: ASGIApp, *, durations: Durations) -> None:
        self._app = app
        self._durations = durations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._durations.observe(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, timed)
