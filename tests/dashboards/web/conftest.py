"""Real pages for tests: uvicorn on a free port in a thread, asked over HTTP."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn

from dashboards.desk import Desk
from dashboards.web.app import create_app
from detect.watchlist import Watchlist
from stream.dead_box import DeadBox
from stream.index import Index
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.world import NOW, WATCHLIST, filled_index

SECRET = b"a secret of twenty-four b"


@dataclass
class Clock:
    """A clock that tests move."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Served:
    """Running pages and what lies behind them."""

    url: str
    index: Index
    desk: Desk
    clock: Clock
    clients: list[httpx.Client] = field(default_factory=list)

    def browser(self, **options: object) -> httpx.Client:
        """A fresh visitor with cookies of its own; follows no redirect by itself."""
        client = httpx.Client(base_url=self.url, timeout=20, trust_env=False, **options)  # type: ignore[arg-type]
        self.clients.append(client)
        return client


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start pages over an index; everything is stopped at the end."""
    running: list[tuple[uvicorn.Server, threading.Thread, Served]] = []

    def start(
        index: Index | None = None,
        *,
        password: str | None = None,
        public_url: str | None = None,
        dead_box: DeadBox | None = None,
        watchlist: Watchlist = WATCHLIST,
    ) -> Served:
        clock = Clock()
        desk = Desk(tmp_path / f"desk{len(running)}.db")
        shown = index if index is not None else filled_index()
        app = create_app(
            shown,
            desk,
            watchlist,
            password=password,
            secret=SECRET,
            public_url=public_url,
            now=clock,
            dead_box=dead_box,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app, port=0, log_level="critical", access_log=False, ws="none", lifespan="off"
            )
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        served = Served(url=f"http://127.0.0.1:{port}", index=shown, desk=desk, clock=clock)
        running.append((server, thread, served))
        return served

    yield start
    for server, thread, served in running:
        for client in served.clients:
            client.close()
        server.should_exit = True
        thread.join(10)
        served.desk.close()


@pytest.fixture
def site(serve: Serve) -> Served:
    """The pages over the whole invented world."""
    return serve()


@pytest.fixture
def empty_site(serve: Serve) -> Served:
    """The pages before anything has happened."""
    return serve(MemoryIndex())


def token_of(html: str) -> str:
    """The form token a page holds."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', html)
    assert found, "the page holds no form token"
    return found[1]


def post_form(client: httpx.Client, page: str, action: str, /, **fields: str) -> httpx.Response:
    """Open a page and send a form of it, as a person does."""
    token = token_of(client.get(page).text)
    return client.post(action, data={"csrf": token, **fields})
