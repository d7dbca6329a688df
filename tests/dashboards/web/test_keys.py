"""The pages by keyboard alone, in a real browser; and what happens in place on a wide screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.web.browsers import becomes, chromium, needs_chromium
from tests.dashboards.web.conftest import Served, post_form
from tests.dashboards.web.world import SMEAR

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, site: Served) -> Iterator[Page]:
    with browser.new_context(locale="en-US", base_url=site.url) as context:
        page = context.new_page()
        complaints = list[str]()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/alerts")
        yield page
        assert complaints == []


def states(site: Served, alert_id: str) -> list[str]:
    return [one.state for one in site.desk.history(alert_id)]


def shown(page: Page, title: str) -> None:
    expect(page.locator(".detail .title")).to_contain_text(title)


def test_moving_through_the_list_shows_each_alert_and_keeps_it_in_the_address(page: Page):
    page.keyboard.press("j")
    page.keyboard.press("j")

    shown(page, "Dajin: the same text in 9 posts by 8 accounts")
    expect(page).to_have_url(re.compile(re.escape("/alerts/alert_medium") + "$"))
    page.keyboard.press("k")
    shown(page, "LUMENA: the same text in 17 posts by 15 accounts")
    expect(page).to_have_title("LUMENA: the same text in 17 posts by 15 accounts · jikimi")
    expect(page.locator(".list .row[aria-current]")).to_have_count(1)
    page.reload()
    shown(page, "LUMENA: the same text in 17 posts by 15 accounts")


def test_enter_and_o_go_into_the_alert_and_escape_comes_back(page: Page):
    page.keyboard.press("j")
    shown(page, "LUMENA: the same text in 17 posts by 15 accounts")
    for key in ("Enter", "o"):
        page.keyboard.press(key)
        becomes(page, "document.activeElement.matches('.detail .title')")
        page.keyboard.press("Escape")
        becomes(page, "document.activeElement.matches('[aria-current][data-row]')")


def test_two_keys_decide_and_the_next_alert_is_shown_while_no_row_moves(
    page: Page, site: Served
):
    page.keyboard.press("j")
    shown(page, "LUMENA: the same text in 17 posts by 15 accounts")
    before = page.locator(".list .row").evaluate_all("all => all.map(r => r.offsetTop)")

    page.keyboard.press("a")

    shown(page, "Dajin: the same text in 9 posts by 8 accounts")
    assert states(site, "alert_high") == ["acknowledged"]
    row = page.locator(".list .row", has_text="LUMENA: the same text in 17 posts")
    assert "Acknowledged" in row.inner_text()
    after = page.locator(".list .row").evaluate_all("all => all.map(r => r.offsetTop)")
    assert after == before
    expect(page.locator("[data-count=state-open]")).to_have_text("3")
    assert "Dajin" in page.evaluate("document.activeElement.innerText")


def test_a_decision_waits_until_the_alert_is_shown(page: Page, site: Served):
    page.route(
        "**/alerts/alert_high", lambda route: (page.wait_for_timeout(400), route.continue_())
    )
    page.keyboard.press("j")
    page.keyboard.press("a")

    expect(page.locator("#toast")).to_contain_text("LUMENA: the same text in 17 posts")
    assert states(site, "alert_high") == ["acknowledged"]
    assert states(site, SMEAR) == []


def test_an_undo_takes_the_last_decision_back_and_shows_its_alert(page: Page, site: Served):
    page.keyboard.press("a")
    shown(page, "LUMENA: the same text in 17 posts by 15 accounts")

    page.keyboard.press("u")

    shown(page, "Seoan: the same text in 48 posts")
    assert states(site, SMEAR) == ["open", "acknowledged"]
    expect(page.locator("[data-decided]")).to_have_count(0)
    expect(page.locator("[data-count=state-open]")).to_have_text("4")


def test_resolving_takes_a_reason_by_its_number(page: Page, site: Served):
    page.keyboard.press("e")
    becomes(page, "document.activeElement.name", "reason")
    page.keyboard.press("3")
    page.keyboard.press("Enter")

    expect(page.locator("#toast")).to_contain_text("Resolved")
    assert [one.reason for one in site.desk.history(SMEAR)] == ["fan event"]


def test_escape_leaves_the_reasons_without_a_decision(page: Page, site: Served):
    page.keyboard.press("e")
    page.keyboard.press("Escape")

    expect(page.locator(".resolve-form")).to_be_hidden()
    assert states(site, SMEAR) == []


def test_what_somebody_else_decided_meanwhile_is_shown_in_place(page: Page, site: Served):
    with httpx.Client(base_url=site.url, trust_env=False) as other:
        post_form(other, "/alerts", f"/alerts/{SMEAR}/decide", state="acknowledged", seen="")

    page.keyboard.press("e")
    page.keyboard.press("1")
    page.keyboard.press("Enter")

    expect(page.locator(".notice.warn")).to_contain_text("decided about this alert before you")
    assert states(site, SMEAR) == ["acknowledged"]
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator("#toast")).to_contain_text("Resolved")
    assert states(site, SMEAR) == ["resolved", "acknowledged"]


def test_many_are_chosen_decided_and_undone(page: Page, site: Served):
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-chosen]")).to_have_text("2")

    page.keyboard.press("a")
    expect(page.locator(".list .notice")).to_contain_text("Decided about 2 alerts.")
    assert states(site, SMEAR) == states(site, "alert_high") == ["acknowledged"]
    page.keyboard.press("u")
    page.wait_for_load_state()
    expect(page.locator(".list .row")).to_have_count(4)
    assert states(site, SMEAR) == ["open", "acknowledged"]


def test_escape_chooses_none_again(page: Page):
    page.keyboard.press("x")
    page.keyboard.press("Escape")

    expect(page.locator("[data-choose]:checked")).to_have_count(0)
    expect(page.locator(".bulk")).to_be_hidden()


def test_an_answer_that_does_not_come_is_said_and_nothing_is_lost(page: Page, site: Served):
    page.route("**/decide", lambda route: route.abort())
    page.keyboard.press("a")

    expect(page.locator("#toast")).to_contain_text("nothing was decided")
    page.unroute("**/decide")
    page.keyboard.press("a")
    shown(page, "LUMENA: the same text in 17 posts by 15 accounts")
    assert states(site, SMEAR) == ["acknowledged"]


@pytest.mark.parametrize(
    ("key", "path"),
    [("o", "/"), ("a", "/alerts"), ("c", "/campaigns"), ("f", "/families"), ("t", "/trends"), ("p", "/posts"), ("s", "/sources")],
)  # fmt: skip
def test_g_and_a_letter_go_to_a_page(page: Page, site: Served, key: str, path: str):
    page.keyboard.press("g")
    page.keyboard.press(key)

    page.wait_for_url(site.url + path)
    assert states(site, SMEAR) == []


def test_rows_of_other_pages_are_opened_too(page: Page):
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("o")

    page.wait_for_url(f"**/alerts/{SMEAR}")


def test_the_keys_explain_themselves_and_stay_out_of_fields(page: Page):
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("/")
    page.keyboard.type("jeu?ax")

    assert page.input_value(".find input") == "jeu?ax"
    expect(page.locator("#keys")).to_be_hidden()
    expect(page).to_have_url(re.compile(re.escape("/alerts") + "$"))


def test_keys_work_where_they_lie_also_with_the_korean_layout(page: Page):
    page.evaluate(
        "document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'ㅓ', code: 'KeyJ', bubbles: true}))"
    )

    shown(page, "LUMENA: the same text in 17 posts by 15 accounts")


def test_keys_held_with_control_or_while_composing_are_left_alone(page: Page, site: Served):
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'a', code: 'KeyA', bubbles: true, isComposing: true}))"
    )
    page.keyboard.press("Control+a")
    page.keyboard.press("Alt+a")

    page.wait_for_timeout(100)
    assert states(site, SMEAR) == []


def test_keys_can_be_switched_off(page: Page, site: Served):
    page.goto("/help")
    page.get_by_role("button", name="Switch off").click()
    page.goto("/alerts")

    for key in ("?", "a", "j"):
        page.keyboard.press(key)

    page.wait_for_timeout(100)
    expect(page.locator("#keys")).to_be_hidden()
    assert states(site, SMEAR) == []
    expect(page).to_have_url(re.compile(re.escape("/alerts") + "$"))


def test_a_click_shows_an_alert_in_place_and_a_new_tab_still_opens(page: Page):
    page.locator(".list .row", has_text="Dajin: the same text").click()
    shown(page, "Dajin: the same text in 9 posts by 8 accounts")
    with page.context.expect_page() as opened:
        page.locator(".list .row", has_text="LUMENA: the same text").click(
            modifiers=["Control"]
        )

    assert opened.value.url.endswith("/alerts/alert_high")
    shown(page, "Dajin: the same text in 9 posts by 8 accounts")
