"""What has come since a page was made: told calmly, shown when asked for, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from stream.index import IndexBatch
from tests.dashboards.web.browsers import chromium, needs_chromium
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.test_browser import open_page
from tests.dashboards.web.world import MINUTE, NOW, SMEAR, make_alert

pytestmark = [pytest.mark.browser, needs_chromium]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.web.api.feed.POLL_S", 0.05)


def come(site: Served, *names: str, **more: object) -> None:
    """Alerts are raised."""
    for name in names:
        fields: dict[str, object] = {"severity": "critical", "at": NOW + MINUTE, **more}
        alert = make_alert(f"alert_{name}", kind="of_a_plug_in", title=f"Text {name}", **fields)  # type: ignore[arg-type]
        site.index.write(IndexBatch(checkpoint=name, results=[alert]))


def listening(page: Page, address: str) -> Page:
    """Open a page and wait until it has heard how things stand."""
    with page.expect_response("**/api/events?*"):
        page.goto(address)
    return page


def pill(page: Page):
    return page.locator("#news a")


def rows(page: Page) -> list[str]:
    return page.locator(".list .row bdi").all_inner_texts()


def test_news_is_told_and_nothing_moves_until_asked(
    browser: Browser, site: Served, complaints: list[str]
):
    page = listening(open_page(browser, complaints), f"{site.url}/alerts")
    page.keyboard.press("j")
    page.keyboard.press("j")
    cursor = page.locator(".row:focus")
    before, chosen, place = rows(page), cursor.inner_text(), cursor.bounding_box()

    come(site, "one", "two")

    expect(pill(page)).to_have_text("2 new.")
    expect(page.locator("#fresh")).to_have_text("+2")
    assert page.title().startswith("(2) ")
    assert rows(page) == before
    assert cursor.inner_text() == chosen
    assert cursor.bounding_box() == place
    assert complaints == []


@pytest.mark.parametrize("by", ["key", "click"])
def test_asked_for_new_rows_come_and_the_chosen_one_stays_chosen(
    browser: Browser, site: Served, complaints: list[str], by: str
):
    page = listening(open_page(browser, complaints), f"{site.url}/alerts")
    page.keyboard.press("j")
    expect(page.locator(".detail .title")).to_have_text(
        "LUMENA: the same text in 17 posts by 15 accounts"
    )
    page.locator("[data-choose]").nth(2).check()
    page.locator(".bulk [name=note]").fill("half a thought")
    page.locator(".row").nth(1).focus()
    chosen = page.locator(".row[aria-current]").inner_text()
    come(site, "one")
    expect(pill(page)).to_be_visible()

    if by == "key":
        page.keyboard.press(".")
    else:
        pill(page).click()

    expect(page.locator(".list .row")).to_have_count(5)
    assert page.locator(".row[data-fresh]").inner_text().startswith("Critical Text one")
    expect(pill(page)).to_be_hidden()
    expect(page.locator(".row[aria-current]")).to_have_text(chosen, use_inner_text=True)
    expect(page.locator("[data-choose]:checked")).to_have_count(1)
    assert page.locator(".bulk [name=note]").input_value() == "half a thought"
    assert not page.title().startswith("(")
    if by == "key":
        expect(page.locator(".row:focus")).to_have_text(chosen, use_inner_text=True)
    come(site, "two")
    expect(pill(page)).to_have_text("1 new.")
    assert complaints == []


def test_a_list_with_filters_offers_only_what_belongs_there(
    browser: Browser, site: Served, complaints: list[str]
):
    page = listening(open_page(browser, complaints), f"{site.url}/alerts?subject=dajin")

    come(site, "elsewhere")

    expect(page.locator("#fresh")).to_have_text("+1")
    assert not pill(page).is_visible()
    come(site, "here", subject="dajin")
    expect(pill(page)).to_have_text("1 new.")


def test_growth_is_no_news_and_what_a_colleague_resolved_is_none_either(
    browser: Browser, site: Served, complaints: list[str]
):
    page = listening(open_page(browser, complaints), f"{site.url}/alerts")
    grown = make_alert("alert_low", severity="low", at=NOW - 9 * 60 * MINUTE)
    site.index.write(IndexBatch(checkpoint="3", results=[grown.__replace__(revision=2)]))
    come(site, "one", "two")
    expect(pill(page)).to_have_text("2 new.")

    site.desk.decide("alert_one", "resolved", reason="handled", who="Hana", at_ms=NOW)

    expect(pill(page)).to_have_text("1 new.")


def test_a_colleagues_decision_is_seen_in_the_row_where_it_stands(
    browser: Browser, site: Served, complaints: list[str]
):
    page = listening(open_page(browser, complaints), f"{site.url}/alerts")
    before = rows(page)

    site.desk.decide("alert_high", "acknowledged", reason="", who="Hana", at_ms=NOW)

    row = page.locator(".row", has_text="LUMENA: the same text")
    expect(row.locator("[data-row-state]")).to_have_text("Acknowledged")
    assert rows(page) == before


def test_what_is_decided_in_one_tab_is_seen_in_the_other_and_asked_for_again_if_missed(
    browser: Browser, site: Served, complaints: list[str]
):
    first = listening(open_page(browser, complaints), f"{site.url}/alerts/alert_high")
    second = listening(first.context.new_page(), f"{site.url}/alerts/alert_high")

    first.keyboard.press("a")

    state = second.locator(".row", has_text="LUMENA: the same text").locator("[data-row-state]")
    expect(state).to_have_text("Acknowledged")
    second.keyboard.press("e")
    second.keyboard.press("1")
    second.keyboard.press("Enter")
    expect(second.locator(".notice.warn")).to_contain_text("decided about this alert before")
    assert [one.state for one in site.desk.history("alert_high")] == ["acknowledged"]


def test_other_pages_show_only_a_number_and_the_key_leads_to_the_alerts(
    browser: Browser, site: Served, complaints: list[str]
):
    page = listening(open_page(browser, complaints), f"{site.url}/sources")
    page.wait_for_timeout(300)

    come(site, "one")

    expect(page.locator("#fresh")).to_have_text("+1")
    expect(page.locator("#news")).to_have_count(0)
    page.keyboard.press(".")
    page.wait_for_url("**/alerts")
    assert any("Text one" in row for row in rows(page))


def test_of_many_tabs_one_listens_and_all_are_told_also_when_that_one_is_closed(
    browser: Browser, site: Served, complaints: list[str]
):
    first = listening(open_page(browser, complaints), f"{site.url}/alerts")
    others = [
        listening(first.context.new_page(), f"{site.url}/alerts") for _ in range(8)
    ]  # more than the six connections a browser opens to one server

    come(site, "one")
    for page in (first, *others):
        expect(pill(page)).to_have_text("1 new.")
    first.close()
    come(site, "two")

    for page in others:
        expect(pill(page)).to_have_text("2 new.")
        page.reload()
        assert len(rows(page)) == 6


def test_after_a_broken_line_nothing_is_missed(
    browser: Browser, site: Served, complaints: list[str]
):
    page = listening(open_page(browser, complaints), f"{site.url}/alerts")
    page.context.set_offline(True)
    come(site, "one", "two")
    page.wait_for_timeout(500)
    page.context.set_offline(False)

    expect(pill(page)).to_have_text("2 new.", timeout=20_000)


def test_without_javascript_nothing_happens(
    browser: Browser, site: Served, complaints: list[str]
):
    page = open_page(browser, complaints, java_script_enabled=False)
    page.goto(f"{site.url}/alerts")
    come(site, "one")

    assert not pill(page).is_visible()
    expect(page.locator("#fresh")).to_be_hidden()
    page.reload()
    assert len(rows(page)) == 5


def test_it_speaks_korean_and_fits_a_phone(
    browser: Browser, site: Served, complaints: list[str]
):
    page = browser.new_context(locale="ko-KR", viewport=PHONE).new_page()  # type: ignore[arg-type]
    listening(page, f"{site.url}/alerts")

    come(site, "one")

    expect(pill(page)).to_have_text("새 알림 1건.")
    pill(page).click()
    expect(page.locator(".list .row")).to_have_count(5)
    page.context.close()


def test_whoever_is_logged_out_is_led_to_the_door_when_asking(
    browser: Browser, serve: Serve, complaints: list[str]
):
    site = serve(password="a long enough password")
    page = open_page(browser, complaints)
    page.goto(f"{site.url}/login")
    page.get_by_label("Your name").fill("Hana")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Log in").click()
    listening(page, f"{site.url}/alerts/{SMEAR}")
    come(site, "one")
    expect(pill(page)).to_be_visible()
    page.context.clear_cookies()

    page.keyboard.press(".")

    page.wait_for_url("**/login?next=*")
