"""Whatever people write into texts and names, no page, table or answer obeys it.

The walk opens every page that can be reached by a link over a real index in which every
text and name is hostile; a second one looks at the same pages with a real browser.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from starlette.routing import Route

from dashboards.web import app as web
from dashboards.web.text import path_of
from stream.local_index import LocalIndex
from tests.dashboards.web.browsers import chromium, needs_chromium
from tests.dashboards.web.conftest import Serve, Served, post_form
from tests.dashboards.web.dead_world import filled_box
from tests.dashboards.web.hostile_world import (
    ALERT,
    BARE_ALERT,
    BREAKOUTS,
    CLUSTER,
    EVIL,
    FORMULA,
    LONG,
    POST_IDS,
    SUBJECT,
    WATCHLIST,
    fill,
)

PASSWORD = "a long enough password"
MOST_PAGES = 400
LARGEST = 600_000
"""Bytes: a page of hundred-kilobyte names is no longer than a page of names."""
LONGEST_CELL = 32_767
"""What spreadsheets hold in one cell."""
SHOWN_ATTRIBUTES = ("title", "aria-label", "alt", "placeholder", "content")
LONGEST_ADDRESS = 16_000
"""What servers and proxies take."""
TAKES_QUERY = ("/posts", "/alerts", "/trends/compare", "/dead", "/views", "/login")
REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\x00-\x08]")
COMPUTED = re.compile(rf"\b{7 * 191}\b")
PILE = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]{9}")
FIRST_OF_FORMULAS = ("=", "+", "-", "@", "|", "\t", "\r")


@dataclass
class Parsed(HTMLParser):
    """What a browser would find in a page: tags, attributes, addresses."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        self.seen += [attributes.get(name, "") for name in SHOWN_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def addresses(self, *, followed: bool = False) -> Iterator[str]:
        """Where links lead; forms that change something are not ``followed``."""
        for tag, attributes in self.tags:
            if followed and tag == "form" and attributes.get("method", "get") != "get":
                continue
            for name in ("href", "src", "action", "formaction", "data"):
                if name in attributes:
                    yield attributes[name]


def parsed(html: str) -> Parsed:
    page = Parsed()
    page.feed(html)
    page.close()
    return page


@pytest.fixture
def hostile(serve: Serve, tmp_path: Path) -> Iterator[tuple[Served, httpx.Client]]:
    """Pages over the hostile world, and somebody with a hostile name who has logged in."""
    writer = LocalIndex(tmp_path / "index")
    fill(writer)
    writer.close()
    index = LocalIndex(tmp_path / "index", read_only=True)
    (tmp_path / "store").mkdir()
    box = filled_box(tmp_path / "store")
    served = serve(index, password=PASSWORD, watchlist=WATCHLIST, dead_box=box)
    person = served.browser()
    post_form(person, "/login", "/login", password=PASSWORD, name=EVIL)
    page = path_of("alerts", ALERT)
    answer = post_form(
        person, page, f"{page}/decide", state="resolved", reason="other", note=EVIL[:400]
    )
    assert answer.status_code == 303
    served.desk.decide(
        BARE_ALERT, "acknowledged", reason="", note=EVIL[:400], who=EVIL[:200], at_ms=1
    )
    post_form(person, "/views", "/views", page="/posts", query=f"q={FORMULA}", name=EVIL)
    post_form(person, "/views", "/views", page="/alerts", query="state=all", name=LONG[:9000])
    yield served, person
    index.close()


def first_pages() -> list[str]:
    """Every address of the pages that takes no id, and one of each that does."""
    ids = {
        "/alerts/{alert_id}": [ALERT, BARE_ALERT, "alert_long"],
        "/clusters/{cluster_id}": [CLUSTER],
        "/posts/{post_id:path}": [*POST_IDS, "bluesky:long", EVIL],
        "/threads/{post_id:path}": [*POST_IDS, "bluesky:long", EVIL],
        "/subjects/{subject_id}": [SUBJECT, "long", EVIL],
        "/dead/{seq}": ["1", "2"],
    }
    found: list[str] = []
    known: set[str] = set()
    for part in web.PARTS:
        for route in part.router.routes:
            assert isinstance(route, Route)
            known.add(route.path)
            if "GET" not in (route.methods or ()):
                continue
            if "{" not in route.path:
                found.append(route.path)
            first = route.path.split("/")[1]
            found += [path_of(first, one) for one in ids.get(route.path, ())]
    assert set(ids) <= known
    found += [f"{path}?{query}" for path in TAKES_QUERY for query in queries()]
    return found


def queries() -> list[str]:
    evil = httpx.QueryParams({"q": EVIL[:1500]})
    names = ("subject", "kind", "severity", "state", "next", "page", "query", "source", "lang")
    every = httpx.QueryParams(dict.fromkeys(names, EVIL[:300]))
    return [str(evil), str(every), "q=subject:" + "%22" * 3, "subject=" + LONG[:3000]]


def walk(person: httpx.Client) -> Iterator[tuple[str, httpx.Response]]:
    """Every page that links lead to, once, with its answer."""
    waiting = first_pages()
    seen = set(waiting)
    while waiting:
        path = waiting.pop(0)
        answer = person.get(path)
        yield path, answer
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for address in parsed(answer.text).addresses(followed=True):
            target = urljoin(path, address)
            own = not urlsplit(target).netloc and not urlsplit(target).scheme
            target = target.partition("#")[0]
            assert not own or len(target) < LONGEST_ADDRESS, (path, target[:200])
            if own and target not in seen and len(seen) < MOST_PAGES:
                seen.add(target)
                waiting.append(target)


def test_no_page_obeys_what_people_wrote(hostile: tuple[Served, httpx.Client]):
    kinds: set[str] = set()
    wrong: list[tuple[str, str]] = []
    for path, answer in walk(hostile[1]):
        kind = answer.headers["content-type"].partition(";")[0]
        kinds.add(kind)
        found = list(faults(kind, answer))
        wrong += [(path[:120], one) for one in found]
    assert wrong == []
    assert {"text/html", "text/csv", "application/json"} <= kinds


def faults(kind: str, answer: httpx.Response) -> Iterator[str]:
    if answer.status_code not in {200, 303, 400, 404}:
        yield f"status {answer.status_code}"
    if answer.headers["x-content-type-options"] != "nosniff":
        yield "may be sniffed"
    if len(answer.content) > LARGEST:
        yield f"{len(answer.content)} bytes"
    if kind == "text/html":
        yield from faults_of_page(answer.text)
    elif kind == "text/csv":
        yield from faults_of_table(answer.content)
    elif kind == "application/json":
        json.loads(answer.content)


def faults_of_page(html: str) -> Iterator[str]:
    page = parsed(html)
    text = "\n".join(page.seen)
    for what in (REORDERING, PILE, COMPUTED):
        if found := what.search(text):
            yield f"{what.pattern}: {text[max(0, found.start() - 80) : found.end()]}"
    for tag, attributes in page.tags:
        if tag in {"x-evil", "iframe", "object", "embed", "base", "img"}:
            yield f"<{tag}>"
        if [name for name in attributes if name.startswith("on") or name == "style"]:
            yield f"<{tag} {attributes}>"
        if tag == "script" and not attributes.get("src", "").startswith("/static/"):
            yield f"<script {attributes}>"
        if tag == "form" and not attributes.get("action", "/").startswith("/"):
            yield f"<form {attributes}>"
    for address in page.addresses():
        if urlsplit(address).scheme not in {"", "http", "https"} or address.startswith("//"):
            yield f"address {address[:100]}"


def faults_of_table(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8-sig")
    if REORDERING.search(text):
        yield "reorders"
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            if len(cell) > LONGEST_CELL:
                yield f"cell of {len(cell)}"
            number = re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", cell)
            if not number and cell.startswith(FIRST_OF_FORMULAS):
                yield f"formula {cell[:80]}"


PHRASE = f'"{BREAKOUTS[4]}"'
BROWSED = (
    "/",
    "/alerts?state=all",
    path_of("alerts", ALERT),
    path_of("clusters", CLUSTER),
    path_of("posts", POST_IDS[1]),
    path_of("threads", POST_IDS[0]),
    path_of("subjects", SUBJECT),
    "/trends",
    "/trends/compare?subject=long",
    f"/posts?{httpx.QueryParams({'q': PHRASE})}",
    "/sources",
    "/dead",
    "/dead/2",
    "/views",
)


@pytest.mark.browser
@needs_chromium
def test_a_browser_runs_nothing_of_what_people_wrote(hostile: tuple[Served, httpx.Client]):
    served, person = hostile
    cookies = [
        {"name": name, "value": value, "url": served.url}
        for name, value in person.cookies.items()
    ]
    said: list[str] = []
    with chromium() as browser:
        context = browser.new_context()
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
        for width, path in product((1280, 390), BROWSED):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(served.url + path)
            found = page.evaluate(
                "[document.x_evil, document.querySelectorAll('x-evil, [onclick]').length]"
            )
            assert found in ([None, 0], [0]), (path, found)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 1, (path, width, wide)
    assert said == []
