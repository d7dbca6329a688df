"""A data folder as the demo leaves it behind: made by the whole pipeline, not by a test."""

from __future__ import annotations

import threading
from pathlib import Path

import dashboards.demo
from dashboards.composing.compose import INDEX_FOLDER, build_host
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from detect.watchlist import Watchlist, load_watchlist
from ingest.collector import Collector
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from stream.settings import Settings
from tests.dashboards.web.world import DAY, NOW
from tests.picture_samples import FOUND

AGENCY = Path(dashboards.demo.__file__).parent / "agency.toml"
POSTS = 3_000
HOURS = 72


def agency() -> Watchlist:
    """The invented agency of the demo."""
    return load_watchlist(AGENCY)


def play(folder: Path, until: int = NOW) -> None:
    """Run the demo's scenario into an index; it ends on the day before ``until``."""
    start = (until - HOURS * DAY // 24) // DAY * DAY
    scenario = Scenario(seed=7, posts=POSTS, hours=HOURS, start_ms=start)
    settings = Settings()
    index = LocalIndex(folder / INDEX_FOLDER)
    host = build_host(folder, settings, agency(), index)
    try:
        source = DemoSource(scenario, speed=None)
        host.run(Collector([source], {}, batch=settings.pipeline.batch), threading.Event())
    finally:
        host.close()
        index.close()
    # Pictures have tests of their own; here one family is enough.
    index = LocalIndex(folder / INDEX_FOLDER)
    index.write(IndexBatch(checkpoint="pictures", results=[FOUND]))
    index.refresh()
    index.close()
