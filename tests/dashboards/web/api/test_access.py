"""Who may use the API: keys by their scopes, people by session and form token, nobody else."""

from __future__ import annotations

import pytest

from dashboards.keys import Keys
from tests.dashboards.web.api.test_problems import problem
from tests.dashboards.web.conftest import post_form, token_of
from tests.dashboards.web.world import NOW, SMEAR

PASSWORD = "a long enough password"
DECISIONS = f"/api/alerts/{SMEAR}/decisions"


def key(api, *scopes):
    made, text = Keys(api.desk.file).create("bot", scopes, NOW)
    return made, {"authorization": f"Bearer {text.reveal()}"}


def logged_in(api, name="minji"):
    person = api.visitor()
    post_form(person, "/login", "/login", password=PASSWORD, name=name)
    return person


def test_a_key_that_reads_reads_and_does_not_decide(ask):
    api = ask(password=PASSWORD)
    _, headers = key(api, "read")
    program = api.visitor(headers=headers)

    assert program.get("/api/alerts").status_code == 200
    assert program.get("/api/me").json() == {"who": "key:bot", "by": "key", "scopes": ["read"]}
    found = problem(program.post(DECISIONS, json={"state": "acknowledged"}), 403)
    assert "decide" in found["detail"]
    assert api.desk.history(SMEAR) == []


def test_a_key_that_decides_decides_under_its_name(ask):
    api = ask(password=PASSWORD)
    _, headers = key(api, "read", "decide")

    answer = api.visitor(headers=headers).post(DECISIONS, json={"state": "acknowledged"})

    assert answer.status_code == 201
    assert answer.json()["who"] == "key:bot"
    assert [one.who for one in api.desk.history(SMEAR)] == ["key:bot"]


def test_a_revoked_key_is_refused_at_once(ask):
    api = ask(password=PASSWORD)
    made, headers = key(api, "read")
    program = api.visitor(headers=headers)
    assert program.get("/api/alerts").status_code == 200

    Keys(api.desk.file).revoke(made.key_id, NOW)

    problem(program.get("/api/alerts"), 401)


@pytest.mark.parametrize(
    "sent",
    [
        "Bearer",
        "Bearer jk_00000000_" + "A" * 43,
        "Basic YTpi",
        "x" * 5000,
        "Bearer é",
    ],
)
@pytest.mark.parametrize("password", [PASSWORD, None])
def test_a_wrong_key_is_refused_even_where_none_is_needed(ask, sent, password):
    api = ask(password=password)

    answer = api.client.get("/api/alerts", headers={"authorization": sent.encode()})

    problem(answer, 401)
    assert "jk_" not in answer.text


def test_a_key_opens_no_page(ask):
    api = ask(password=PASSWORD)
    _, headers = key(api, "read", "decide")

    answer = api.visitor(headers=headers).get("/alerts")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


def test_a_person_who_is_logged_in_reads_and_decides_with_the_token_of_a_page(ask):
    api = ask(password=PASSWORD)
    person = logged_in(api)
    token = token_of(person.get("/alerts").text)

    assert person.get("/api/alerts").status_code == 200
    answer = person.post(
        DECISIONS, json={"state": "acknowledged"}, headers={"x-csrf-token": token}
    )

    assert answer.status_code == 201
    assert answer.json()["who"] == "minji"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-csrf-token": ""},
        {"x-csrf-token": "0" * 64},
        {"x-csrf-token": "VALID", "origin": "https://evil.example"},
        {"x-csrf-token": "VALID", "sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("password", [PASSWORD, None])
def test_another_site_cannot_decide_through_the_browser_of_a_person(ask, headers, password):
    api = ask(password=password)
    person = logged_in(api) if password else api.visitor()
    token = token_of(person.get("/alerts").text)
    sent = {name: value.replace("VALID", token) for name, value in headers.items()}

    problem(person.post(DECISIONS, json={"state": "acknowledged"}, headers=sent), 403)

    assert api.desk.history(SMEAR) == []


def test_nobody_signs_as_a_key_by_the_name_at_the_login(ask):
    api = ask(password=PASSWORD)

    who = logged_in(api, name="key:bot").get("/api/me").json()["who"]

    assert who == "key bot"


def test_the_description_is_not_given_to_strangers(ask):
    api = ask(password=PASSWORD)
    problem(api.client.get("/api/openapi.json"), 401)
    _, headers = key(api, "read")

    assert api.visitor(headers=headers).get("/api/openapi.json").status_code == 200
