"""Real pages for tests: uvicorn on a free port in a thread, asked over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from dashboards.desk import Desk
from dashboards.web.app import create_app
from detect.watchlist import Watchlist
from stream.calendar.events import Calendar
from stream.care.dead_box import DeadBox
from stream.index import Index
from stream.media.previews import Previews
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.serving import serving
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

    def leave(self) -> None:
        """Close what visitors have open."""
        for client in self.clients:
            client.close()


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start pages over an index; everything is stopped at the end."""
    with ExitStack() as stack:
        started = 0

        def start(
            index: Index | None = None,
            *,
            password: str | None = None,
            public_url: str | None = None,
            dead_box: DeadBox | None = None,
            watchlist: Watchlist = WATCHLIST,
            previews: Previews | None = None,
            calendar: Calendar | None = None,
        ) -> Served:
            nonlocal started
            started += 1
            desk = Desk(tmp_path / f"desk{started}.db")
            stack.callback(desk.close)
            clock = Clock()
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
                previews=previews,
                calendar=calendar,
            )
            url = stack.enter_context(serving(app))
            served = Served(url=url, index=shown, desk=desk, clock=clock)
            stack.callback(served.leave)
            return served

        yield start


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
