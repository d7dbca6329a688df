"""What is deleted is gone within a minute wherever anybody can ask: pages, CSV, API, events."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.dashboards.test_deletion import (
    KOREAN,
    MINUTE_S,
    SENTINEL,
    crowd,
    deletions,
    everywhere,
    held,
    running,
    smear,
    until,
    write_settings,
)
from tests.dashboards.web.conftest import post_form
from tests.ingest.jetstream_server import jetstream

pytestmark = [pytest.mark.slow, pytest.mark.crash]

ROOT = Path(__file__).parents[2]
POST = "bluesky:at://did:plc:liar1/app.bsky.feed.post/3smear1"
ASKED = [
    "/posts?q=airport", "/posts?q=airport&sort=oldest", "/posts/complete?q=tag%3Azzq", "/dead",
    "/posts/complete?q=zzq", "/api/posts?q=airport", "/api/posts/facets?q=airport", "/api/alerts",
    "/api/posts/facets", f"/api/posts/{quote(POST, safe='')}", f"/posts/{quote(POST, safe='')}",
    "/api/clusters", "/api/events?since=0-0&follow=false", "/views", "/dead/1", "/dead/1/raw",
    f"/threads/{quote(POST, safe='')}", f"/threads.csv?post={quote(POST, safe='')}", "/metrics",
    "/subjects/arin", "/subjects/arin/first", "/trends", "/overview.csv", "/api/openapi.json",
]  # fmt: skip
"""Where words of posts may be asked for, besides what the pages link to."""
PLACES = {"/posts?q=airport", "/api/posts?q=airport", "/dead/1", "/dead/1/raw"}
"""Where they must stand before they are deleted, or this test would see nothing."""
MOST = 250
WORDS = (SENTINEL, KOREAN, "\\uc00d")


def links(body: str) -> list[str]:
    """Paths of ours that a page links to."""
    found = (html.unescape(path) for path in re.findall(r'href="(/[^"#]*)', body))
    return [path for path in found if not path.startswith("/static/")]


def clusters(visitor: httpx.Client) -> list[str]:
    found = visitor.get("/api/clusters").json()["items"]
    return [
        f"/api/clusters/{one['cluster_id']}{part}" for one in found for part in ("", "/posts")
    ]


def telling(visitor: httpx.Client) -> set[str]:
    """Every address that still tells of the deleted posts, of all that can be reached."""
    waiting = deque([*ASKED, *clusters(visitor), "/"])
    known, found = set(waiting), set[str]()
    while waiting and len(known) < MOST:
        path = waiting.popleft()
        answer = visitor.get(path)
        assert answer.status_code in (200, 303, 400, 404), f"{path}: {answer.status_code}"
        if any(word in answer.text for word in WORDS):
            found.add(path)
        fresh = [one for one in links(answer.text) if one not in known]
        known.update(fresh)
        waiting.extend(fresh)
    return found


@contextmanager
def visiting(settings: Path) -> Iterator[httpx.Client]:
    """A visitor of the pages of a running jikimi."""
    said = settings.with_name("said")
    until(lambda: "pages: http" in said.read_text(), 30)
    url = re.findall(r"pages: (\S+)", said.read_text())[-1]
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as visitor:
        yield visitor


def backup(settings: Path, target: Path) -> Path:
    command = [sys.executable, "-m", "dashboards", "-q", "--config", str(settings)]
    subprocess.run([*command, "backup", str(target)], cwd=ROOT, check=True, timeout=60)
    return target


def test_deleted_words_can_be_asked_for_nowhere_within_a_minute(tmp_path: Path):
    data = tmp_path / "data"
    with jetstream() as server:
        settings = write_settings(tmp_path, server)
        with running(settings), visiting(settings) as visitor:
            crowd(server, 0, 60)
            smear(server)
            crowd(server, 60, 60)
            until(lambda: data.exists() and everywhere(data), 60)
            until(lambda: visitor.get("/api/alerts").json()["total"] > 0, 30)
            view = {"name": "the airport", "page": "/posts", "query": "q=airport"}
            assert post_form(visitor, "/views", "/views", **view).status_code == 303
            before = telling(visitor)
            assert before >= PLACES, "or the words were never there to be found"
            alert = visitor.get("/api/alerts").json()["items"][0]["alert_id"]
            assert visitor.get("/api/posts?q=airport").json()["total"] == 6
            old = backup(settings, tmp_path / "before.tar.zst")

            server.add(*deletions())
            crowd(server, 200, 20)
            took = until(lambda: telling(visitor) == set(), MINUTE_S)
            print(f"{len(before)} addresses told of it; none does after {took:.1f} s")

            # The number of hits follows when search commits.
            until(lambda: visitor.get("/api/posts?q=airport").json()["total"] == 0, MINUTE_S)
            assert visitor.get(f"/alerts/{alert}").status_code == 200, "the alert itself stands"
            assert "the airport" in visitor.get("/views").text
            assert "so well" in visitor.get("/posts?q=song").text, "others are still there"
            until(lambda: held(data) == [], MINUTE_S)
            new = backup(settings, tmp_path / "after")

    assert held(new) == [], "a later backup does not hold it"
    assert old.name in " ".join(held(tmp_path)), "an earlier one does, as the guide says"
