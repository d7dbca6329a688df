"""No cell of any table that can be downloaded is run by a spreadsheet, whoever wrote it."""

from __future__ import annotations

import csv
import io
import re
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args
from urllib.parse import quote

import httpx
import pytest

from dashboards import web
from dashboards.web.trend_tables import Part
from detect.watchlist import Subject, Watchlist
from ingest.records import Author, Gap, Post
from stream.index import IndexBatch
from stream.records import Alert, Cluster, Evidence, GapSeen, Membership, PostSeen
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.world import DAY, HOUR, NOW

EVIL = '=HYPERLINK("http://evil.example","open")\u202e\r\n@SUM(1)'
SUBJECT = "=seoan"
POST = "x:=1+1"
FORMULA = re.compile(r"^[\s\x00]*[=+\-@|＝＋－＠\t\r\n]")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?")


def hostile() -> MemoryIndex:
    """An index in which everything that others write begins like a formula."""
    posts = [
        Post(
            id=POST if n == 0 else f"x:+{n}", source="=source", platform="@x", author_id="=1",
            author=Author(handle="=h", followers=5), created_at=NOW - HOUR - n * 60_000,
            text=f"{EVIL} {n}", lang="=k", hashtags=("=tag", "+1"), metrics={"=likes": 3},
            urls=("https://=site.example/=1",), reply_to=POST if n else None,
        )
        for n in range(60)
    ]  # fmt: skip
    quiet = [
        Post(
            id=f"x:-{n}", source="=source", platform="@x", author_id="=1",
            created_at=NOW - DAY - n * HOUR, text="-",
        )
        for n in range(24 * 20)
    ]  # fmt: skip
    index = MemoryIndex()
    index.write(
        IndexBatch(
            checkpoint="1",
            posts=[
                PostSeen(subject=SUBJECT, subjects=(SUBJECT,), post=one) for one in posts + quiet
            ],
            gaps=[
                GapSeen(gap=Gap(source="=s", since=NOW - DAY, until=NOW - DAY + 1, reason=EVIL))
            ],
            results=[
                Cluster(
                    cluster_id="=c", subject=SUBJECT, revision=1, operator_version="t/1",
                    founder=POST, first_at=NOW - HOUR, last_at=NOW, posts=9, accounts=9,
                    platforms=("@x",), sample=EVIL,
                ),
                Alert(
                    alert_id="=a", subject=SUBJECT, kind="copy_burst", severity="high",
                    title=EVIL, created_at=NOW, updated_at=NOW, revision=1,
                    operator_version="t/1", accounts=1, posts=1, platforms=("@x",),
                    post_ids=(POST,),
                    evidence=(Evidence(signal="accounts_in_window", value=1, expected=0.1),),
                ),
                *(
                    Membership(
                        subject=SUBJECT, post_id=one.id, cluster_id="=c", revision=1
                    )
                    for one in posts
                ),
            ],
        )
    )  # fmt: skip
    return index


@pytest.fixture
def hostile_site(serve: Serve) -> Served:
    evil = Subject(id=SUBJECT, kind="idol", name="=cmd|'/c calc'!A1")
    return serve(hostile(), watchlist=Watchlist(subjects=(evil,)))


def downloads(browser: httpx.Client) -> set[str]:
    """Every address of a CSV on the pages that have one."""
    subject, post = quote(SUBJECT, safe=""), quote(POST, safe="")
    pages = (
        "/", "/trends", "/sources", f"/subjects/{subject}", f"/threads/{post}",
        f"/trends/compare?subject={subject}&against=2026-11-20",
    )  # fmt: skip
    found: set[str] = set()
    for page in pages:
        html = browser.get(page).raise_for_status().text
        links = re.findall(r'href="([^"]+\.csv[^"]*)"', html)
        assert links, page
        found |= {one.replace("&amp;", "&") for one in links}
    return found


def test_no_cell_of_any_download_is_a_formula(hostile_site: Served):
    browser = hostile_site.browser()
    found = downloads(browser)
    names = {re.sub(r"\?.*", "", one).rpartition("/")[2] for one in found}
    assert len(names) >= 15, names

    quoted = 0
    for address in found:
        answer = browser.get(address).raise_for_status()
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
        assert len(rows) > 1, address
        assert "\u202e" not in answer.text
        for row in rows:
            quoted += sum(cell.startswith(("'=", "'@", "'+")) for cell in row)
            for cell in row:
                assert NUMBER.fullmatch(cell) or not FORMULA.match(cell), (address, cell)
    assert quoted > 100


def test_every_table_of_the_app_can_be_reached_from_a_page(
    hostile_site: Served,
):
    """A new export without a link to it would escape the sweep above."""
    modules = [
        import_module(f"dashboards.web.{one.name}") for one in iter_modules(web.__path__)
    ]
    routes = [route for one in modules if hasattr(one, "router") for route in one.router.routes]
    paths = {route.path for route in routes if route.path.endswith(".csv")}
    tables = {path for path in paths if "{part}" not in path}
    tables |= {f"/subjects/{quote(SUBJECT, safe='')}/{part}.csv" for part in get_args(Part)}

    reached = {re.sub(r"\?.*", "", one) for one in downloads(hostile_site.browser())}

    assert len(paths) >= 6
    assert tables - reached == set()
