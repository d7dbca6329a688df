"""Every page against WCAG 2.2 AA, by axe-core in a real browser: both themes, desk and phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.web.text import path_of
from stream.index import IndexBatch
from tests.dashboards.web.browsers import chromium, needs_chromium
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.dead_world import filled_box
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_campaigns import known_accounts, make_campaign
from tests.dashboards.web.world import (
    NOW,
    POST_ID,
    SMEAR,
    THREAD,
    filled_index,
    judged_index,
    make_alert,
)
from tests.picture_samples import FOUND, with_preview
from tests.picture_samples import JUDGED as FORGED

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = [
    "/", "/alerts", "/alerts?state=resolved", f"/alerts/{SMEAR}", "/clusters/cluster_smear",
    "/posts", "/posts?q=seoan", "/posts?q=nothing-like-this", path_of("posts", POST_ID),
    "/trends", "/trends/compare?subject=seoan&subject=dajin&period=1d&against=2026-11-20",
    "/trends/compare", "/subjects/seoan", path_of("threads", THREAD), path_of("threads", POST_ID),
    "/posts?q=%22never%20closed", "/sources", "/views?page=/alerts&query=severity%3Dhigh", "/help", "/nowhere",
]  # fmt: skip
JUDGED = ["/", "/posts?q=harm:defamation", "/clusters/cluster_smear", path_of("posts", POST_ID)]
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]

pytestmark = [
    pytest.mark.browser,
    needs_chromium,
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make setup-dev)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def lang() -> str:
    return "en"


@pytest.fixture
def page(browser: Browser, lang: str) -> Iterator[Page]:
    with browser.new_context(locale=lang) as context:
        yield context.new_page()


def go(page: Page, address: str) -> None:
    page.goto(address, wait_until="networkidle")


def faults(page: Page, looks: Sequence[tuple[str, int]] = LOOKS) -> list[str]:
    """What axe finds wrong on the page as it stands in each look, one line each."""
    page.evaluate(AXE.read_text("utf-8"))
    told = list[str]()
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
        )
        told += [
            f"{page.url} {scheme} {width}: {fault['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
            for fault in found["violations"]
            for node in fault["nodes"]
        ]
        if page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        ):
            told.append(f"{page.url} {scheme} {width}: scrolls sideways")
    return told


@pytest.mark.parametrize("path", JUDGED)
def test_a_page_that_hides_harm_meets_wcag_2_2_aa_folded_and_unfolded(
    page: Page, serve: Serve, path: str
):
    go(page, serve(judged_index()).url + path)
    folded = faults(page)
    for fold in page.locator("details.spared > summary").all():
        fold.click()

    assert folded + faults(page, [("dark", 390)]) == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_page_has_a_fault_that_axe_can_see(page: Page, site: Served, path: str, lang: str):
    go(page, site.url + path)

    assert page.locator("html").get_attribute("lang") == lang
    # Other words change widths, not colours or structure: one narrow look will do.
    assert faults(page, LOOKS if lang == "en" else LOOKS[1:2]) == []


def test_pages_without_anything_have_no_fault(page: Page, serve: Serve):
    site = serve(MemoryIndex(), password="a long enough password")
    go(page, f"{site.url}/login")
    found = faults(page)
    page.get_by_label("Your name").fill("Hana")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Log in").click()
    for path in ("/", "/alerts", "/posts", "/trends", "/subjects/seoan", "/sources"):
        go(page, site.url + path)
        found += faults(page)

    assert found == []


def test_pages_of_campaigns_have_no_fault_with_their_tables_open(page: Page, serve: Serve):
    index = filled_index()
    campaigns = [make_campaign(members=known_accounts()), make_campaign("ca_old", "fan_event")]
    index.write(IndexBatch(checkpoint="campaigns", results=campaigns))
    site = serve(index)
    found = list[str]()
    for path in ("/campaigns", "/campaigns/ca_smear", "/campaigns/ca_old"):
        go(page, site.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found += faults(page)

    assert found == []


def test_pages_of_pictures_have_no_fault_shielded_shown_and_with_their_tables_open(
    page: Page, serve: Serve, tmp_path: Path
):
    index = filled_index()
    index.write(IndexBatch(checkpoint="pictures", results=[FOUND, FORGED]))
    site = serve(index, previews=with_preview(tmp_path))
    found = list[str]()
    for path in ("/families", "/families/fam_1", f"/families/fam_1?show={FOUND.sha256}"):
        go(page, site.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found += faults(page)

    assert found == []


def test_pages_of_unreadable_records_have_no_fault(page: Page, serve: Serve, tmp_path: Path):
    site = serve(dead_box=filled_box(tmp_path / "data"))
    found = list[str]()
    for path in ("/dead", "/dead?reason=nothing", "/dead/2", "/dead/3"):
        go(page, site.url + path)
        found += faults(page)

    assert found == []


def test_what_opens_on_a_page_has_no_fault(page: Page, site: Served):
    go(page, f"{site.url}/alerts/{SMEAR}")
    page.keyboard.press("e")
    found = faults(page)
    page.keyboard.press("Escape")
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    found += faults(page)

    assert found == []


def test_the_offer_of_news_has_no_fault(page: Page, site: Served):
    go(page, f"{site.url}/alerts")
    page.wait_for_timeout(1_500)
    site.index.write(IndexBatch(checkpoint="2", results=[make_alert("new", at=NOW + 1)]))
    page.locator("#news a").wait_for()

    assert faults(page) == []


def test_the_tables_beside_charts_have_no_fault(page: Page, site: Served):
    go(page, f"{site.url}/subjects/seoan")
    for closed in page.locator("main details").all():
        closed.evaluate("details => { details.open = true; }")

    assert faults(page) == []
