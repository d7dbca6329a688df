"""Pages on bad days: index gone or torn while they run, a full disk, requests without measure."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dashboards.composing.compose import INDEX_FOLDER
from dashboards.desk import Desk
from stream.local_index import LocalIndex
from tests.dashboards.web.conftest import Serve, Served, post_form
from tests.dashboards.web.test_hostile import parsed
from tests.dashboards.web.world import POST_ID, SMEAR, fill

PAGES = (
    "/",
    "/alerts",
    f"/alerts/{SMEAR}",
    "/clusters/cluster_smear",
    "/posts",
    "/posts?q=seoan",
    "/posts/bluesky%3Anone",
    "/threads/bluesky%3Anone",
    "/subjects/seoan",
    "/subjects/seoan/volume.csv",
    "/trends",
    "/trends/compare?subject=seoan&subject=dajin",
    "/trends.csv",
    "/sources",
    "/gaps.csv",
    "/views",
    "/readyz",
    "/metrics",
    "/help",
)


@pytest.fixture
def real(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Pages that read a real index beside whatever happens to its folder."""
    monkeypatch.setattr("stream.local_index.LOOK_EVERY_S", 0.0)
    make(tmp_path)
    index = LocalIndex(tmp_path / INDEX_FOLDER, read_only=True)
    yield serve(index)
    index.close()


def make(folder: Path) -> None:
    writer = LocalIndex(folder / INDEX_FOLDER)
    fill(writer)
    writer.close()


def answers(site: Served) -> dict[str, int]:
    """What every page answers; each is a whole page, whatever it says."""
    found: dict[str, int] = {}
    visitor = site.browser()
    for page in PAGES:
        answer = visitor.get(page)
        found[page] = answer.status_code
        assert answer.headers["content-security-policy"], page
        if answer.headers["content-type"].startswith("text/html"):
            assert any(tag == "h1" for tag, _ in parsed(answer.text).tags), page
            assert "Traceback" not in answer.text, page
    return found


def test_every_page_says_so_while_the_folder_of_the_index_is_gone(real: Served, tmp_path: Path):
    before = answers(real)
    assert set(before.values()) == {200, 404}

    shutil.rmtree(tmp_path / INDEX_FOLDER)
    gone = answers(real)

    assert 500 not in gone.values()
    assert gone["/alerts"] == gone["/posts"] == gone["/sources"] == 503
    assert gone["/metrics"] == 200
    make(tmp_path)
    assert answers(real) == before


@pytest.mark.parametrize("how", ["zeros", "cut", "noise"])
def test_every_page_survives_a_torn_index(real: Served, tmp_path: Path, how: str):
    before = answers(real)
    (torn,) = (tmp_path / INDEX_FOLDER).glob("generation-*/index.db")
    whole = torn.read_bytes()
    spoilt = {
        "zeros": bytes(len(whole)),
        "cut": whole[: len(whole) // 3],
        "noise": whole[:4096] + bytes((i * 37) % 251 for i in range(len(whole) - 4096)),
    }
    torn.write_bytes(spoilt[how])
    for left in torn.parent.glob("index.db-*"):
        left.unlink()

    found = answers(real)

    assert set(found.values()) <= {200, 404, 503}
    shutil.rmtree(tmp_path / INDEX_FOLDER)
    make(tmp_path)
    assert answers(real) == before


@contextmanager
def full_disk(desk: Desk) -> Iterator[None]:
    """No further page fits into the desk's file."""
    (pages,) = desk.file.rows("PRAGMA page_count")[0]
    desk.file.rows(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        desk.file.rows("PRAGMA max_page_count = 1000000")


def test_on_a_full_disk_a_decision_is_refused_and_said_and_can_be_made_later(site: Served):
    visitor = site.browser()
    page = f"/alerts/{SMEAR}"
    steps = ({"state": "resolved", "reason": "other", "note": "ㄱ" * 500}, {"state": "open"})
    with full_disk(site.desk):
        # What the file has left over is used up first.
        for step in cycle(steps):
            made = len(site.desk.history(SMEAR))
            assert made < 400
            refused = post_form(visitor, page, f"{page}/decide", **step)
            if refused.status_code != 303:
                break

        assert refused.status_code == 503
        assert "The disk is full" in refused.text
        assert refused.headers["retry-after"]
        assert len(site.desk.history(SMEAR)) == made
        assert visitor.get(page).status_code == 200

    assert post_form(visitor, page, f"{page}/decide", **step).status_code == 303
    assert len(site.desk.history(SMEAR)) == made + 1
    assert site.desk.verify().broken_at is None


@pytest.mark.parametrize("page", ["/alerts", "/posts", "/trends", "/dead", "/views", "/login"])
@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"severity=x{n}&subject=s{n}" for n in range(400)),
        "q=" + "%28" * 2000,
        "page=" + "9" * 4000,
        "page=-1&state=%00&since=%FF",
        "&" * 4000,
        "=" * 4000,
        "%" * 3000,
    ],
)
def test_queries_without_measure_are_answered_quickly(site: Served, page: str, query: str):
    begun = time.process_time()

    answer = site.browser().get(f"{page}?{query}")

    assert answer.status_code in {200, 303, 400, 404}
    assert time.process_time() - begun < 2


def test_a_request_larger_than_any_is_refused_before_it_is_read(site: Served):
    parts = urlsplit(site.url)
    for head in (
        b"GET /alerts?q=" + b"a" * 300_000 + b" HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nx-long: " + b"a" * 300_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"x-many: a\r\n" * 30_000,
    ):
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as link:
            try:
                link.sendall(head + b"host: localhost\r\nconnection: close\r\n\r\n")
                said = link.makefile("rb").read(400)
            except ConnectionError:
                continue  # it did not even listen to the end
        assert said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 503")) or not said
    assert site.browser().get(f"/posts/{POST_ID.replace('/', '%2F')}").status_code != 500
