"""Takes pictures of every page, light, dark and on a phone: ``make screenshots``.

    python tests/dashboards/web/screenshots.py DIR [--all]

Writes the few pictures that the documentation shows; ``--all`` writes every page.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

# ruff: noqa: E402 - run as a script, it finds the packages by itself
ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser

from dashboards.desk import Desk
from dashboards.web.app import create_app
from dashboards.web.text import path_of
from stream.index import IndexBatch
from tests.dashboards.web.browsers import chromium
from tests.dashboards.web.dead_world import filled_box
from tests.dashboards.web.serving import serving
from tests.dashboards.web.test_spared import full_world
from tests.dashboards.web.world import NOW, POST_ID, SMEAR, THREAD, WATCHLIST
from tests.picture_samples import FOUND, JUDGED

PAGES = {
    "overview": "/",
    "alerts": "/alerts",
    "alert": path_of("alerts", SMEAR),
    "campaigns": "/campaigns",
    "campaign": "/campaigns/ca_smear",
    "families": "/families",
    "family": "/families/fam_1",
    "cluster": path_of("clusters", "cluster_smear"),
    "post": path_of("posts", POST_ID),
    "posts": "/posts?q=%EB%AC%B4%EB%8C%80",
    "views": "/views?page=/alerts&query=severity%3Dcritical",
    "thread": path_of("threads", THREAD),
    "thread-copies": path_of("threads", POST_ID),
    "trends": "/trends",
    "subject": path_of("subjects", "seoan"),
    "compare": "/trends/compare?subject=seoan&subject=lumena&period=1d&against=2026-11-22",
    "sources": "/sources",
    "dead": "/dead",
    "dead-letter": "/dead/2",
    "help": "/help",
    "nothing": "/alerts?state=resolved",
}
LOOKS = {
    "light": {"width": 1440, "height": 900, "scheme": "light"},
    "dark": {"width": 1440, "height": 900, "scheme": "dark"},
    "phone": {"width": 390, "height": 844, "scheme": "light"},
}
DOCUMENTED = {
    ("alert", "light"),
    ("alert", "dark"),
    ("alert", "phone"),
    ("alerts", "phone"),
    ("posts", "light"),
    ("subject", "light"),
    ("thread-copies", "light"),
}


def main(arguments: list[str]) -> None:
    """Serve the invented world and photograph it."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        desk = Desk(Path(scratch) / "desk.db")
        desk.decide("alert_medium", "acknowledged", reason="", who="Mina", at_ms=NOW - 60_000)
        index = full_world()
        index.write(IndexBatch(checkpoint="pictures", results=[FOUND, JUDGED]))
        app = create_app(
            index,
            desk,
            WATCHLIST,
            password=None,
            secret=b"pictures need no secret",
            public_url=None,
            now=lambda: NOW,
            dead_box=filled_box(Path(scratch)),
        )
        with serving(app) as url, chromium() as browser:
            take(browser, url, folder, every="--all" in arguments)
        desk.close()


def take(browser: Browser, url: str, folder: Path, *, every: bool) -> None:
    """One PNG a page and look."""
    for look, view in LOOKS.items():
        context = browser.new_context(
            viewport={"width": int(view["width"]), "height": int(view["height"])},
            color_scheme=view["scheme"],
            locale="en-US",
        )
        page = context.new_page()
        for name, path in PAGES.items():
            if every or (name, look) in DOCUMENTED:
                page.goto(url + path)
                page.wait_for_load_state("networkidle")
                target = folder / f"{name}-{look}.png"
                page.screenshot(path=target, full_page=every)
                print(f"{target.name}: {target.stat().st_size // 1024} kB")
        context.close()


if __name__ == "__main__":
    main(sys.argv[1:] or ["docs/images"])
