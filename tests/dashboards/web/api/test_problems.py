"""Errors of the API: a problem of RFC 9457 everywhere, and nothing repeated of what was sent."""

from __future__ import annotations

import shutil
import sqlite3
from urllib.parse import quote

import pytest

from dashboards.composing.compose import INDEX_FOLDER
from stream.local_index import LOOK_EVERY_S
from tests.dashboards.web.api.conftest import filled


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == status
    assert found["type"].startswith("urn:jikimi:problem:")
    assert found["title"]
    assert found["detail"]
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/api/nothing",
        "/api/",
        "/api/alerts/none",
        "/api/posts/none",
        "/api/clusters/none",
        "/api/clusters/none/posts",
        "/api/clusters/none/bursts",
        "/api/subjects/none",
        "/api/subjects/none/trend",
        "/api/subjects/none/profile",
        "/api/threads/none",
        "/api/alerts/%0A",
        "/api/%0A",
    ],
)
def test_what_is_not_there_is_a_problem(api, path):
    problem(api.client.get(path), 404)


def test_another_method_is_a_problem_that_names_the_allowed_ones(api):
    answer = api.client.delete("/api/alerts")

    problem(answer, 405)
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/alerts?limit=0", "query.limit"),
        ("/api/alerts?limit=-1", "query.limit"),
        ("/api/alerts?limit=999999999999999999999999", "query.limit"),
        ("/api/alerts?offset=10001", "query.offset"),
        ("/api/posts?offset=-5", "query.offset"),
        ("/api/alerts?severity=grave", "query.severity.0"),
        ("/api/alerts?since=yesterday", "query.since"),
        ("/api/posts?since=2026-11-24T00:00:00", "query.since"),
        ("/api/posts?since=1795492800", "query.since"),
        ("/api/posts?since=1.8e9", "query.since"),
        ("/api/posts?until=2026-11-24", "query.until"),
        ("/api/histogram?step_minutes=0", "query.step_minutes"),
        ("/api/facets", "query.by"),
        ("/api/facets?by=author", "query.by"),
        ("/api/trends?period=9y", "query.period"),
        ("/api/posts?q=" + "x" * 2001, "query.q"),
        ("/api/histogram?since=2020-01-01T00:00:00Z&step_minutes=1", "query.step_minutes"),
        ("/api/histogram?since=2027-01-01T00:00:00Z", "query.since"),
        ("/api/facets?by=lang&since=0001-01-01T00:00:00Z", "query.since"),
    ],
)
def test_a_request_that_is_not_as_documented_says_where(api, path, where):
    found = problem(api.client.get(path), 422)

    assert where in [one["where"] for one in found["errors"]]


def test_a_problem_repeats_nothing_of_what_was_sent(api):
    answer = api.client.get("/api/alerts?limit=jk_secret_of_somebody&since=jk_secret_too")

    problem(answer, 422)
    assert "jk_secret" not in answer.text


@pytest.mark.parametrize(
    "id_",
    ["%00", "%ff%fe", "%ed%a0%80", "..%2f..%2fetc", "%2e%2e", quote("\u202e" * 300), "'--"],
)
@pytest.mark.parametrize("place", ["alerts", "posts", "clusters", "subjects", "threads"])
def test_hostile_ids_are_simply_not_there(api, place, id_):
    answer = api.client.get(f"/api/{place}/{id_}")

    assert answer.status_code in {404, 422}
    problem(answer, answer.status_code)


@pytest.mark.parametrize("text", ["%00", "%ed%a0%80", "%22", "%28%28%28%28", "a%20OR%20%2A"])
def test_hostile_words_are_searched_as_words(api, text):
    for query in ("q", "subject", "platform", "lang", "author"):
        answer = api.client.get(f"/api/posts?{query}={text}")
        assert answer.status_code in {200, 422}, (query, answer.text)


def test_an_address_that_is_not_served_is_a_problem_too(api):
    problem(api.client.get("/api/alerts", headers={"host": "evil.example"}), 400)


def test_who_is_not_logged_in_is_told_how_to_identify(ask):
    api = ask(password="a long enough password")

    answer = api.client.get("/api/alerts")

    problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_no_other_site_may_read_answers(api):
    answer = api.client.get("/api/alerts", headers={"origin": "https://evil.example"})

    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    preflight = api.client.options(
        "/api/alerts",
        headers={
            "origin": "https://evil.example",
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization",
        },
    )
    assert preflight.status_code == 405
    assert "access-control-allow-headers" not in preflight.headers


def test_a_fault_of_ours_is_a_problem_without_its_text(api, monkeypatch):
    def broken(*_, **__):
        raise LookupError("a text somebody wrote")

    monkeypatch.setattr(api.index, "counts", broken)
    answer = api.client.get("/api/counts")

    problem(answer, 500)
    assert "somebody wrote" not in answer.text


def test_a_desk_that_cannot_be_read_is_a_problem_where_keys_are_asked_for(api, monkeypatch):
    def broken(*_, **__):
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(api.desk.file, "rows", broken)
    key = {"authorization": "Bearer jk_00000000_" + "A" * 43}
    answer = api.client.get("/api/counts", headers=key)

    problem(answer, 503)
    assert answer.headers["content-security-policy"]


def test_an_index_that_is_deleted_while_running_is_a_problem_until_it_is_back(
    ask, tmp_path, monkeypatch
):
    monkeypatch.setattr("stream.local_index.LOOK_EVERY_S", 0.0)
    folder = tmp_path / "data"
    filled(folder)
    api = ask(folder)
    assert api.client.get("/api/alerts").json()["total"]

    shutil.rmtree(folder / INDEX_FOLDER)
    answer = api.client.get("/api/alerts")
    problem(answer, 503)
    assert answer.headers["retry-after"]
    assert api.client.get("/alerts").status_code == 503

    filled(folder)
    assert api.client.get("/api/alerts").json()["total"]
    assert LOOK_EVERY_S > 0


def test_a_torn_index_is_a_problem_until_it_is_made_anew(ask, tmp_path, monkeypatch):
    monkeypatch.setattr("stream.local_index.LOOK_EVERY_S", 0.0)
    folder = tmp_path / "data"
    filled(folder)
    api = ask(folder)
    (torn,) = (folder / INDEX_FOLDER).glob("generation-*/index.db")
    size = torn.stat().st_size
    torn.write_bytes(b"\x00" * size)

    answers = {api.client.get(f"/api/{path}").status_code for path in ("alerts", "posts")}

    assert answers <= {200, 503}
    shutil.rmtree(folder / INDEX_FOLDER)
    filled(folder)
    assert api.client.get("/api/alerts").json()["total"]
