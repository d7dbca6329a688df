"""What people decide about alerts, sent as plain forms."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.dashboards.web.conftest import Served, post_form, token_of
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import MINUTE, SMEAR

PAGE = f"/alerts/{SMEAR}"


def decide(site: Served, visitor: httpx.Client, **fields: str) -> httpx.Response:
    return post_form(visitor, PAGE, f"{PAGE}/decide", **fields)


def test_an_acknowledged_alert_leaves_the_open_ones(site: Served):
    visitor = site.browser()

    answer = decide(site, visitor, state="acknowledged")

    assert answer.status_code == 303
    assert answer.headers["location"] == PAGE
    assert SMEAR not in visitor.get("/alerts").text
    assert SMEAR in visitor.get("/alerts?state=acknowledged").text
    assert site.desk.decisions([SMEAR])[SMEAR].who == "this computer"


def test_an_alert_is_resolved_with_a_reason_and_a_note(site: Served):
    visitor = site.browser()

    decide(site, visitor, state="resolved", reason="fan event", note="생일 카페")

    decision = site.desk.decisions([SMEAR])[SMEAR]
    assert (decision.state, decision.reason, decision.note) == (
        "resolved",
        "fan event",
        "생일 카페",
    )
    assert "Resolved · fan event: 생일 카페" in text_of(visitor.get(PAGE).text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "resolved"}, "Choose a reason"),
        ({"state": "resolved", "reason": "because"}, "Choose a reason"),
        ({"state": "resolved", "reason": "other"}, "Say in the note"),
        ({"state": "resolved", "reason": "other", "note": " \n "}, "Say in the note"),
        ({"state": "deleted"}, "not known"),
        ({}, "not known"),
    ],
)
def test_a_decision_that_makes_no_sense_is_not_taken(
    site: Served, fields: dict[str, str], said: str
):
    answer = decide(site, site.browser(), **fields)

    assert answer.status_code == 400
    assert said in text_of(answer.text)
    assert site.desk.history(SMEAR) == []


def test_the_last_decision_can_be_undone_within_ten_minutes(site: Served):
    visitor = site.browser()
    decide(site, visitor, state="resolved", reason="duplicate")
    made = site.desk.history(SMEAR)[0]
    site.clock.now += 9 * MINUTE

    answer = post_form(visitor, PAGE, f"{PAGE}/undo", decision=made.decision_id)

    assert answer.status_code == 303
    assert site.desk.decisions([SMEAR])[SMEAR].state == "open"
    assert "the last decision was taken back" in text_of(visitor.get(PAGE).text)


def test_after_ten_minutes_no_undo_is_offered_or_taken(site: Served):
    visitor = site.browser()
    decide(site, visitor, state="acknowledged")
    made = site.desk.history(SMEAR)[0]
    site.clock.now += 10 * MINUTE + 1

    assert "data-undo" not in visitor.get(PAGE).text
    answer = post_form(visitor, PAGE, f"{PAGE}/undo", decision=made.decision_id)
    assert answer.status_code == 409
    assert site.desk.decisions([SMEAR])[SMEAR].state == "acknowledged"


def test_a_decision_about_another_alert_cannot_be_undone_here(site: Served):
    visitor = site.browser()
    post_form(visitor, "/alerts/alert_low", "/alerts/alert_low/decide", state="acknowledged")
    other = site.desk.history("alert_low")[0]

    answer = post_form(visitor, PAGE, f"{PAGE}/undo", decision=other.decision_id)

    assert answer.status_code == 400
    assert site.desk.decisions(["alert_low"])["alert_low"].state == "acknowledged"


def test_an_alert_can_be_opened_again_and_its_history_stays(site: Served):
    visitor = site.browser()
    decide(site, visitor, state="resolved", reason="handled")
    decide(site, visitor, state="open")

    seen_text = text_of(visitor.get(PAGE).text)

    assert "Earlier decisions" in seen_text
    assert "Resolved · handled" in seen_text
    assert SMEAR in visitor.get("/alerts").text


def test_the_filters_are_kept_after_a_decision(site: Served):
    answer = decide(
        site, site.browser(), state="acknowledged", filters="state=all&subject=seoan&page=2"
    )

    assert answer.headers["location"] == f"{PAGE}?state=all&subject=seoan&page=2"


def test_filters_in_a_form_cannot_lead_elsewhere(site: Served):
    answer = decide(
        site,
        site.browser(),
        state="acknowledged",
        filters="//evil.example?state=//evil&subject=\r\nx",
    )

    assert answer.headers["location"].startswith(PAGE)
    assert "\n" not in answer.headers["location"]


def test_nobody_decides_about_an_alert_that_does_not_exist(site: Served):
    answer = post_form(site.browser(), PAGE, "/alerts/none/decide", state="acknowledged")

    assert answer.status_code == 404


def test_a_form_without_its_token_is_refused(site: Served):
    visitor = site.browser()
    visitor.get(PAGE)

    answer = visitor.post(f"{PAGE}/decide", data={"state": "acknowledged"})

    assert answer.status_code == 403
    assert site.desk.history(SMEAR) == []


def test_a_token_of_another_visitor_is_refused(site: Served):
    foreign = token_of(site.browser().get(PAGE).text)
    visitor = site.browser()
    visitor.get(PAGE)

    answer = visitor.post(f"{PAGE}/decide", data={"csrf": foreign, "state": "acknowledged"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1.evil.example"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_a_token(
    site: Served, headers: dict[str, str]
):
    visitor = site.browser()
    token = token_of(visitor.get(PAGE).text)

    answer = visitor.post(
        f"{PAGE}/decide", data={"csrf": token, "state": "acknowledged"}, headers=headers
    )

    assert answer.status_code == 403
    assert site.desk.history(SMEAR) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x=" + b"y" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=1" for _ in range(200)), "application/x-www-form-urlencoded", 400),
        (b"a=\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b'{"state":"resolved"}', "application/json", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"", "", 415),
    ],
)
def test_bodies_that_are_no_small_form_are_refused(
    site: Served, body: bytes, kind: str, status: int
):
    headers = {"content-type": kind} if kind else {}
    answer = site.browser().post(f"{PAGE}/decide", content=body, headers=headers)

    assert answer.status_code == status


def test_a_decision_cannot_be_made_by_a_link(site: Served):
    assert site.browser().get(f"{PAGE}/decide?state=resolved").status_code == 405


def test_the_second_of_two_tabs_is_told_and_loses_nothing(site: Served):
    first, second = site.browser(), site.browser()
    old_page = second.get(PAGE).text
    decide(site, first, state="acknowledged", seen="")

    answer = second.post(
        f"{PAGE}/decide",
        data={
            "csrf": token_of(old_page),
            "seen": "",
            "state": "resolved",
            "reason": "fan event",
            "note": "a birthday café",
        },
    )

    assert answer.status_code == 409
    assert "this computer decided about this alert before you" in text_of(answer.text)
    assert 'value="a birthday café"' in answer.text
    assert re.search(r'value="fan event" required checked', answer.text)
    assert [one.state for one in site.desk.history(SMEAR)] == ["acknowledged"]
    seen = re.search(r'name="seen" value="(dc_\w+)"', answer.text)
    assert seen
    again = decide(site, second, state="resolved", reason="fan event", seen=seen[1])
    assert again.status_code == 303


def test_pressing_the_button_twice_decides_once(site: Served):
    visitor = site.browser()
    for _ in range(2):
        assert decide(site, visitor, state="acknowledged", seen="").status_code == 303

    assert len(site.desk.history(SMEAR)) == 1


def choose(
    visitor: httpx.Client, alerts: list[str], page: str = "/alerts", **fields: str
) -> httpx.Response:
    token = token_of(visitor.get(page).text)
    return visitor.post("/alerts/decide", data={"csrf": token, "alert": alerts, **fields})


def test_many_alerts_are_decided_and_undone_in_one_step(site: Served):
    visitor = site.browser()

    answer = choose(
        visitor,
        [f"{SMEAR}:", "alert_low:"],
        state="resolved",
        reason="duplicate",
        filters="state=all&subject=seoan",
    )

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/alerts?state=all&subject=seoan&step=")
    assert site.desk.count_by_state([SMEAR, "alert_low"])["resolved"] == 2
    page = visitor.get(answer.headers["location"]).text
    assert "Decided about 2 alerts." in text_of(page)
    step = re.search(r'name="step" value="(\d+)"', page)
    assert step
    visitor.post("/alerts/undo", data={"csrf": token_of(page), "step": step[1]})
    assert site.desk.count_by_state([SMEAR, "alert_low"])["open"] == 2


def test_what_was_decided_meanwhile_is_left_alone_and_told(site: Served):
    visitor = site.browser()
    post_form(visitor, "/alerts/alert_low", "/alerts/alert_low/decide", state="acknowledged")
    site.clock.now += MINUTE

    answer = choose(
        visitor, [f"{SMEAR}:", "alert_low:", "alert_gone:"], state="resolved", reason="handled"
    )

    said = text_of(visitor.get(answer.headers["location"]).text)
    assert "Decided about 1 alert. 2 were left alone" in said
    assert site.desk.decisions(["alert_low"])["alert_low"].state == "acknowledged"
    assert site.desk.history("alert_gone") == []


@pytest.mark.parametrize(
    ("alerts", "fields", "said"),
    [
        ([], {"state": "acknowledged"}, "Choose alerts in the list first"),
        ([f"{SMEAR}:"], {"state": "resolved", "reason": ""}, "Choose a reason"),
        ([f"{SMEAR}:"], {"state": "gone"}, "not known"),
    ],
)
def test_a_step_that_makes_no_sense_is_not_taken(
    site: Served, alerts: list[str], fields: dict[str, str], said: str
):
    answer = choose(site.browser(), alerts, **fields)

    assert answer.status_code == 400
    assert said in text_of(answer.text)
    assert site.desk.history(SMEAR) == []


@pytest.mark.parametrize("step", ["", "0", "x", "9" * 30, "-1", "١٢"])
def test_a_step_that_never_was_cannot_be_undone(site: Served, step: str):
    visitor = site.browser()

    assert visitor.get("/alerts", params={"step": step, "left": step}).status_code == 200
    answer = post_form(visitor, "/alerts", "/alerts/undo", step=step)
    assert answer.status_code == 409


def test_a_step_can_no_longer_be_undone_after_ten_minutes(site: Served):
    visitor = site.browser()
    answer = choose(visitor, [f"{SMEAR}:"], state="acknowledged")
    step = answer.headers["location"].rpartition("step=")[2]
    site.clock.now += 10 * MINUTE + 1

    assert post_form(visitor, "/alerts", "/alerts/undo", step=step).status_code == 409
    assert site.desk.decisions([SMEAR])[SMEAR].state == "acknowledged"


def test_filters_that_flood_the_form_fall_back(site: Served):
    answer = decide(site, site.browser(), state="acknowledged", filters="a=1&" * 50)

    assert answer.headers["location"] == PAGE
