"""The pages in a real browser: no errors, no scrolling sideways, keys, both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.web.text import path_of
from ingest.records import Media, SourceStatus
from stream.index import IndexBatch
from stream.records import Cluster, Evidence, Membership
from tests.dashboards.web.browsers import becomes, chromium, needs_chromium
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.world import (
    MINUTE,
    NOW,
    POST_ID,
    SMEAR,
    THREAD,
    make_alert,
    make_post,
    seen,
)

pytestmark = [pytest.mark.browser, needs_chromium]

PAGES = [
    "/", "/alerts", f"/alerts/{SMEAR}", "/clusters/cluster_smear", path_of("posts", POST_ID),
    "/trends", "/trends/compare?subject=seoan&subject=dajin&against=2026-11-10", "/subjects/seoan",
    "/posts?q=seoan", path_of("threads", THREAD), path_of("threads", POST_ID), "/sources", "/views", "/help", "/nowhere",
]  # fmt: skip
EVIL = '<script>document.title="owned"</script><img src=x onerror="document.title=1"> \u202egnp.exe\u2066'
LONG = "가" * 3000 + " " + "W" * 3000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    return []


def open_page(browser: Browser, complaints: list[str], **options: object) -> Page:
    page = browser.new_context(locale="en-US", **options).new_page()  # type: ignore[arg-type]
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type in {"error", "warning"} and "404" not in said.text
            else None
        ),
    )
    page.on(
        "request",
        lambda sent: complaints.append(sent.url) if "127.0.0.1" not in sent.url else None,
    )
    return page


def is_too_wide(page: Page) -> bool:
    return page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_its_policy_or_asks_another_machine(
    browser: Browser, site: Served, complaints: list[str], scheme: str
):
    page = open_page(browser, complaints, color_scheme=scheme)
    for path in PAGES:
        page.goto(site.url + path, wait_until="networkidle")

    assert complaints == []


def test_no_page_scrolls_sideways_on_a_phone(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints, viewport={"width": 390, "height": 844})
    wide = list[str]()
    for path in PAGES:
        page.goto(site.url + path, wait_until="networkidle")
        if is_too_wide(page):
            wide.append(path)

    assert wide == []


def test_a_phone_shows_the_list_first_and_then_the_alert(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints, viewport={"width": 390, "height": 844})
    page.goto(f"{site.url}/alerts")
    expect(page.locator(".detail")).to_be_hidden()

    page.locator("[data-row]").first.click()

    expect(page.locator(".detail .title")).to_be_visible()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".list .row").first).to_be_visible()


def test_everything_works_without_javascript(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints, java_script_enabled=False)
    page.goto(f"{site.url}/alerts")
    page.locator("summary", has_text="Resolve").click()
    page.get_by_label("criticism or opinion").check()
    page.get_by_label("Note (needed").fill("fans talk about tickets")
    page.get_by_role("button", name="Resolve", exact=True).click()

    assert "Resolved · criticism or opinion: fans talk about tickets" in page.inner_text(
        ".verdict"
    )
    page.get_by_role("button", name="Undo").click()
    assert "taken back" in page.inner_text(".verdict")
    page.goto(site.url)
    expect(page.locator("svg.chart .line")).to_have_count(3)


def test_curves_become_readable_with_javascript_and_keep_their_table(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints)
    page.goto(site.url, wait_until="networkidle")
    if not page.locator("#charts-module").count():
        pytest.skip("the page scripts are not built (npm ci && npm run build)")

    page.locator(".uplot").first.hover()

    expect(page.locator(".uplot")).to_have_count(3)
    assert re.search(r"\d\d:\d\d", page.locator(".u-legend").first.inner_text())
    expect(page.locator("figure details table")).to_have_count(3)


def test_the_theme_is_the_systems_until_a_person_chooses(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints, color_scheme="dark")
    page.goto(site.url)
    ground = "getComputedStyle(document.body).backgroundColor"
    becomes(page, ground, "rgb(20, 23, 26)")

    page.get_by_role("button", name="Theme:").click()

    becomes(page, ground, "rgb(247, 247, 245)")
    page.reload()
    becomes(page, ground, "rgb(247, 247, 245)")


def test_all_times_are_in_the_zone_a_person_chose_also_on_charts(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints)
    page.goto(f"{site.url}/subjects/seoan", wait_until="networkidle")
    hour = page.locator("details td").first.inner_text
    page.locator("main details").first.evaluate("details => { details.open = true; }")
    assert hour().endswith("KST")

    page.get_by_role("button", name="Times are in KST. Change to UTC").click()

    page.wait_for_load_state("networkidle")
    expect(page).to_have_url(f"{site.url}/subjects/seoan")
    for path in PAGES:
        page.goto(site.url + path, wait_until="networkidle")
        shown = page.locator("main").inner_text()
        assert not re.search(r"\d\d:\d\d KST(?!\))", shown), path
    page.goto(site.url, wait_until="networkidle")
    if page.locator("#charts-module").count():
        page.locator(".uplot").first.hover()
        assert "UTC" in page.locator(".u-legend").first.inner_text()


def test_paper_shows_the_alert_and_what_is_folded_away_and_nothing_to_press(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints, color_scheme="dark")
    page.goto(f"{site.url}/alerts/{SMEAR}")
    page.emulate_media(media="print")

    expect(page.locator(".detail .title")).to_be_visible()
    expect(page.locator(".detail details table").first).to_be_visible()
    for gone in (".top", ".views", ".list", ".actions", ".resolve-form"):
        expect(page.locator(gone).first).to_be_hidden()
    ground = "getComputedStyle(document.body).backgroundColor"
    becomes(page, ground, "rgb(255, 255, 255)")


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const f = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const found = rgba(getComputedStyle(node).backgroundColor);
      if (found[3] > 250) return found;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest(".u-legend")) continue;
    const [a, b] = [light(rgba(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast(
    browser: Browser, site: Served, complaints: list[str], scheme: str
):
    page = open_page(browser, complaints, color_scheme=scheme)
    poor = list[str]()
    for path in PAGES:
        page.goto(site.url + path, wait_until="networkidle")
        poor += [f"{path}: {one}" for one in page.evaluate(CONTRAST)]

    assert poor == []


def test_whoever_tabs_sees_where_they_are(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints)
    page.goto(f"{site.url}/alerts")
    page.keyboard.press("Tab")

    becomes(page, "document.activeElement.className", "skip")
    for _ in range(6):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def hostile_index() -> MemoryIndex:
    """Every field that comes from outside holds an attack or a flood."""
    index = MemoryIndex()
    post = make_post(
        1,
        at=NOW - MINUTE,
        text=f"{EVIL} {LONG}",
        lang='"><script>',
        author=f"did:{EVIL}",
        post_id=f"x:{EVIL}/../..//?#",
        platform=f"p{EVIL}",
        media=(Media(url="javascript:alert(1)", alt=EVIL),),
        url="javascript:document.title='owned'",
    )
    cluster = Cluster(
        cluster_id="cl/../x", subject=EVIL, revision=1, operator_version=EVIL, founder=post.id,
        first_at=-(10**17), last_at=10**17, posts=2, accounts=1, platforms=(EVIL, LONG), sample=post.text,
    )  # fmt: skip
    alert = make_alert(
        "alert_evil", title=f"{EVIL}{LONG}", subject=EVIL, cluster_id=cluster.cluster_id, severity="critical",
        platforms=(EVIL,), evidence=(Evidence(signal=EVIL, value=1e300, expected=-5, post_ids=(post.id,)),),
    )  # fmt: skip
    member = Membership(
        subject=EVIL, post_id=post.id, cluster_id=cluster.cluster_id, revision=1
    )
    status = SourceStatus(
        source=f"{EVIL}{LONG}", state="failed", changed_at=10**17, problem=f"{EVIL}{LONG}"
    )
    index.write(
        IndexBatch(
            checkpoint="1",
            posts=[seen(post, EVIL)],
            results=[cluster, alert, member],
            statuses=[status],
        )
    )
    return index


@pytest.mark.parametrize("width", [390, 1440])
def test_hostile_posts_are_shown_and_do_nothing(
    browser: Browser, serve: Serve, complaints: list[str], width: int
):
    index = hostile_index()
    site = serve(index)
    post_id = next(iter(index._posts))
    page = open_page(browser, complaints, viewport={"width": width, "height": 900})
    for path in ("/", "/alerts", "/alerts/alert_evil", path_of("clusters", "cl/../x"),
                 path_of("posts", post_id), "/posts?q=exe", "/sources"):  # fmt: skip
        answer = page.goto(site.url + path, wait_until="networkidle")
        assert answer
        assert answer.status == 200 or "clusters" in path
        assert "owned" not in page.title().split("·")[-1]
        expect(page.locator("main img, main script")).to_have_count(0)
        expect(page.locator("a[href^='javascript:']")).to_have_count(0)
        assert not is_too_wide(page), path

    assert complaints == []
