"""The API over a real index and a real desk, asked over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from dashboards.composing.compose import INDEX_FOLDER
from dashboards.desk import Desk
from stream.local_index import LocalIndex
from tests.dashboards.web.api.demo_world import agency, play
from tests.dashboards.web.conftest import Clock, Serve, Served
from tests.dashboards.web.world import fill


@dataclass
class Asked:
    """A running API, what lies behind it, and somebody who asks."""

    served: Served
    index: LocalIndex
    client: httpx.Client

    @property
    def desk(self) -> Desk:
        return self.served.desk

    @property
    def clock(self) -> Clock:
        return self.served.clock

    def visitor(self, **options: object) -> httpx.Client:
        """Somebody else, without cookies or keys."""
        return self.served.browser(**options)


Ask = Callable[..., Asked]


def filled(folder: Path) -> None:
    """Write the invented world into a real index, as the pipeline would."""
    index = LocalIndex(folder / INDEX_FOLDER)
    fill(index)
    index.refresh()
    index.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that nobody writes into."""
    folder = tmp_path_factory.mktemp("world")
    filled(folder)
    return folder


@pytest.fixture
def ask(world: Path, serve: Serve) -> Iterator[Ask]:
    """Start the API over a data folder; everything is closed at the end."""
    opened: list[LocalIndex] = []

    def start(folder: Path | None = None, **options: object) -> Asked:
        index = LocalIndex((folder or world) / INDEX_FOLDER, read_only=True)
        opened.append(index)
        served = serve(index, **options)
        return Asked(served, index, served.browser())

    yield start
    for index in opened:
        index.close()


@pytest.fixture
def api(ask: Ask) -> Asked:
    """The API over the whole invented world, on the machine itself."""
    return ask()


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that the pipeline has filled with the demo; nobody writes into it."""
    folder = tmp_path_factory.mktemp("demo")
    play(folder)
    return folder


@pytest.fixture
def demo(demo_folder: Path, ask: Ask) -> Asked:
    """The API over the demo, on the machine itself."""
    return ask(demo_folder, watchlist=agency())
