"""Deciding by the API: recorded once, refused with the current state, taken back in time."""

from __future__ import annotations

import threading

import httpx
import pytest

from dashboards.desk import UNDO_MS
from dashboards.keys import Keys
from tests.dashboards.web.api.test_problems import problem
from tests.dashboards.web.world import NOW, SMEAR


@pytest.fixture
def bot(api) -> httpx.Client:
    """A program that may decide."""
    _, text = Keys(api.desk.file).create("bot", ["read", "decide"], NOW)
    return api.visitor(headers={"authorization": f"Bearer {text.reveal()}"})


def decide(client, **body):
    return client.post(f"/api/alerts/{SMEAR}/decisions", json=body)


def undo(client, decision_id):
    return client.post(f"/api/alerts/{SMEAR}/undo", json={"decision_id": decision_id})


def state(client):
    return client.get(f"/api/alerts/{SMEAR}").json()["state"]


def test_an_alert_is_acknowledged_resolved_and_opened_again(api, bot):
    for body in (
        {"state": "acknowledged"},
        {"state": "resolved", "reason": "other", "note": "메모"},
        {"state": "open"},
    ):
        answer = decide(bot, **body)
        assert answer.status_code == 201
        assert {key: answer.json()[key] for key in body} == body
        assert state(bot) == body["state"]
    assert len(api.desk.history(SMEAR)) == 3


def test_the_same_decision_sent_twice_is_recorded_once(api, bot):
    first = decide(bot, state="acknowledged", after="")
    again = decide(bot, state="acknowledged", after="")

    assert again.status_code == 201
    assert again.json() == first.json()
    assert len(api.desk.history(SMEAR)) == 1


def test_a_decision_about_what_has_changed_meanwhile_is_a_conflict_that_says_what_holds(
    api, bot
):
    api.desk.decide(SMEAR, "resolved", reason="handled", who="minji", at_ms=NOW)

    found = problem(decide(bot, state="acknowledged", after=""), 409)

    assert found["current"]["state"] == "resolved"
    assert found["current"]["who"] == "minji"
    assert state(bot) == "resolved"
    last = found["current"]["decision_id"]
    assert decide(bot, state="acknowledged", after=last).status_code == 201


def test_of_two_who_decide_at_once_one_is_told(api, bot):
    answers: list[int] = []

    def send(wanted):
        answers.append(decide(bot, after="", **wanted).status_code)

    bodies = [{"state": "acknowledged"}, {"state": "resolved", "reason": "handled"}]
    threads = [threading.Thread(target=send, args=(one,)) for one in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [201, 409]
    assert len(api.desk.history(SMEAR)) == 1


def test_the_last_decision_is_taken_back_within_ten_minutes(api, bot):
    first = decide(bot, state="acknowledged").json()

    taken = undo(bot, first["decision_id"])

    assert taken.status_code == 201
    assert taken.json()["undoes"] == first["decision_id"]
    assert state(bot) == "open"


def test_what_is_too_old_or_not_the_last_is_a_conflict(api, bot):
    first = decide(bot, state="acknowledged").json()["decision_id"]
    last = decide(bot, state="resolved", reason="handled").json()["decision_id"]

    assert problem(undo(bot, first), 409)["current"]["decision_id"] == last
    api.clock.now += UNDO_MS + 1
    assert problem(undo(bot, last), 409)["current"]["decision_id"] == last
    assert state(bot) == "resolved"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.state"),
        ({"state": "gone"}, "body.state"),
        ({"state": "resolved"}, "body.reason"),
        ({"state": "resolved", "reason": "no such"}, "body.reason"),
        ({"state": "resolved", "reason": "other"}, "body.note"),
        ({"state": "open", "reason": "handled"}, "body.reason"),
        ({"state": "open", "note": "x" * 501}, "body.note"),
        ({"state": "open", "more": 1}, "body.more"),
    ],
)
def test_a_decision_that_is_not_as_documented_says_where(api, bot, body, where):
    found = problem(decide(bot, **body), 422)

    assert where in [one["where"] for one in found["errors"]]
    assert api.desk.history(SMEAR) == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"[" * 5_000, "application/json", 400),
        (b'{"state": "open", "note": "\\ud800"}', "application/json", 422),
        (b'{"state": NaN}', "application/json", 422),
        (b"state=open", "application/x-www-form-urlencoded", 422),
        (b'{"state": "open"}', "text/plain", 422),
        (b"\xff\xfe", "application/json", 422),
        (b'{"note": "' + b"x" * 20_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(api, bot, content, kind, status):
    answer = bot.post(
        f"/api/alerts/{SMEAR}/decisions", content=content, headers={"content-type": kind}
    )

    problem(answer, status)
    assert api.desk.history(SMEAR) == []


def test_a_body_without_end_is_cut_off(api, bot):
    def endless():
        for _ in range(10_000):
            yield b" " * 1024

    try:
        answer = bot.post(
            f"/api/alerts/{SMEAR}/decisions",
            content=endless(),
            headers={"content-type": "application/json"},
        )
    except httpx.TransportError:
        return  # the connection was closed before all was sent
    problem(answer, 413)


def test_an_unknown_alert_or_decision_is_told(api, bot):
    problem(bot.post("/api/alerts/none/decisions", json={"state": "open"}), 404)
    problem(bot.post("/api/alerts/none/undo", json={"decision_id": "x"}), 404)
    found = problem(undo(bot, "dc_unknown"), 422)
    assert found["errors"][0]["where"] == "body.decision_id"


def test_a_full_disk_is_a_problem_and_nothing_is_recorded(api, bot):
    with api.desk.file.transaction() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    api.desk.file._db.execute(f"PRAGMA max_page_count={pages}")
    statuses = set()
    for i in range(200):
        wanted = {"state": "resolved", "reason": "other", "note": f"{i} " + "기" * 490}
        answer = decide(bot, **wanted)
        statuses.add(answer.status_code)
        if answer.status_code != 201:
            break

    found = problem(answer, 503)
    assert found["type"].endswith("storage-full")
    assert answer.headers["retry-after"]
    assert bot.get("/api/alerts").status_code == 200
    api.desk.file._db.execute("PRAGMA max_page_count=1000000")
    assert decide(bot, state="open").status_code == 201
    assert api.desk.verify().intact
