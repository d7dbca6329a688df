"""Reading by the API: what the pages show, as JSON, in parts, with ISO times."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import msgspec
import pytest

from dashboards.web.api.fields import MAX_OFFSET, iso
from stream.index import AlertQuery, PostQuery
from tests.dashboards.web.world import NOW, POST_ID, SMEAR, SMEAR_TEXT, WATCHLIST

DAY = 24 * 3600 * 1000


def got(api, path, **query):
    answer = api.client.get(f"/api{path}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def parts(api, path, **query):
    """Every item of a list, following ``next``."""
    found = got(api, path, **query)
    items = list(found["items"])
    while found["next"]:
        answer = api.client.get(found["next"])
        assert answer.status_code == 200, answer.text
        found = answer.json()
        items += found["items"]
    assert len(items) == found["total"]
    return items


def test_open_alerts_are_listed_newest_first(api):
    found = parts(api, "/alerts")

    assert SMEAR in [one["alert_id"] for one in found]
    assert [one["created_at"] for one in found] == sorted(
        (one["created_at"] for one in found), reverse=True
    )
    assert {one["state"] for one in found} == {"open"}


def test_an_alert_as_sinks_get_it_holds_no_words_of_its_posts(demo):
    alerts = demo.index.alerts(AlertQuery(limit=1000)).alerts
    posts = demo.index.search(PostQuery(limit=10_000)).posts
    texts = {one.post.text[:20] for one in posts if len(one.post.text) > 20}

    sent = [msgspec.json.encode(one).decode() for one in alerts]

    assert len({one.kind for one in alerts}) >= 3
    assert len(texts) > 100
    assert not [words for words in texts if any(words in one for one in sent)]


def test_every_part_of_a_list_is_reached_and_none_twice(api):
    all_at_once = [one["alert_id"] for one in got(api, "/alerts", limit=200)["items"]]
    one_by_one = [one["alert_id"] for one in parts(api, "/alerts", limit=1)]

    assert one_by_one == all_at_once
    assert len(set(one_by_one)) == len(one_by_one)


def test_alerts_are_filtered_by_severity_subject_kind_and_time(api):
    every = parts(api, "/alerts", state="all")
    graver = parts(api, "/alerts", state="all", severity=["high", "critical"])
    kinds = {one["kind"] for one in every}

    assert {one["severity"] for one in graver} <= {"high", "critical"}
    assert len(graver) == sum(one["severity"] in {"high", "critical"} for one in every)
    assert parts(api, "/alerts", kind=sorted(kinds)) == parts(api, "/alerts")
    assert parts(api, "/alerts", kind=["no-such-kind"]) == []
    assert parts(api, "/alerts", subject="nobody") == []
    newest = every[0]["created_at"]
    assert all(one["created_at"] >= newest for one in parts(api, "/alerts", since=newest))


def test_an_alert_leaves_the_open_ones_when_somebody_decides(api):
    api.desk.decide(SMEAR, "resolved", reason="handled", who="minji", at_ms=NOW)

    assert SMEAR not in [one["alert_id"] for one in parts(api, "/alerts")]
    assert [one["alert_id"] for one in parts(api, "/alerts", state="resolved")] == [SMEAR]
    assert got(api, f"/alerts/{SMEAR}")["state"] == "resolved"


def test_an_alert_shows_evidence_counter_evidence_samples_and_decisions(api):
    api.desk.decide(SMEAR, "acknowledged", reason="", who="minji", at_ms=NOW)

    found = got(api, f"/alerts/{SMEAR}")

    assert found["evidence"]
    assert {"signal", "value", "expected", "post_ids"} == set(found["evidence"][0])
    assert "counter_evidence" in found
    assert SMEAR_TEXT in [one["text"] for one in found["samples"]]
    assert sum(one["posts"] for one in found["samples"]) == 48
    assert [one["who"] for one in found["decisions"]] == ["minji"]
    assert found["subject_name"] == "Seoan"


def test_posts_are_searched_by_word_subject_platform_language_and_time(api):
    found = parts(api, "/posts", q="연습실에서", platform="reddit", limit=100)

    assert found
    assert all("연습실에서" in one["text"] for one in found)
    assert {one["platform"] for one in found} == {"reddit"}
    japanese = got(api, "/posts", lang="ja", limit=5)["items"]
    assert {one["lang"] for one in japanese} == {"ja"}
    dajin = got(api, "/posts", subject="dajin", limit=5)["items"]
    assert all("dajin" in one["subjects"] for one in dajin)
    since, until = iso(NOW - 3 * DAY), iso(NOW - 2 * DAY)
    between = parts(api, "/posts", since=since, until=until, limit=200)
    assert between
    assert all(since <= one["at"] < until for one in between)


def test_a_post_is_found_by_its_id_with_slashes_and_signs(api):
    found = got(api, f"/posts/{quote(POST_ID, safe='')}")

    assert found["id"] == POST_ID
    assert {one["subject"] for one in found["mentions"]} == {"seoan", "lumena"}
    assert found["media"][0]["alt"] == "a practice room"
    assert found["clusters"]


def test_a_cluster_has_posts_accounts_wordings_and_bursts(api):
    first = got(api, "/clusters", subject="seoan", limit=1)["items"][0]["cluster_id"]

    found = got(api, f"/clusters/{first}")
    posts = parts(api, f"/clusters/{first}/posts", limit=20)
    bursts = got(api, f"/clusters/{first}/bursts")["items"]

    assert found["held"] == len(posts) == 48
    assert sum(one["posts"] for one in found["account_list"]) == 48
    assert len(found["samples"]) == 2
    assert {one["cluster_id"] for one in bursts} == {first}


def test_subjects_are_those_of_the_watchlist(api):
    found = parts(api, "/subjects", limit=2)

    assert {one["id"] for one in found} == {one.id for one in WATCHLIST.subjects}
    assert got(api, "/subjects/lumena")["members"] == ["seoan", "dajin"]


def test_a_trend_has_its_period_its_steps_and_says_what_is_usual(api):
    found = got(api, "/subjects/seoan/trend", period="7d")
    listed = {one["subject"]: one for one in got(api, "/trends", period="7d")["items"]}

    assert len(found["steps"]) == 7 * 24
    assert sum(one["posts"] for one in found["steps"]) == found["posts"]
    assert listed["seoan"] == {key: found[key] for key in listed["seoan"]}
    assert len(got(api, "/subjects/seoan/trend", period="28d")["steps"]) == 28


def test_a_profile_says_of_how_many_posts_it_speaks(api):
    found = got(api, "/subjects/seoan/profile", period="7d")

    assert found["seen"] == found["total"] > 0
    assert sum(one["posts"] for one in found["languages"]) == found["seen"]


def test_a_thread_is_a_tree_with_parents_before_children(api):
    ids = [one["id"] for one in parts(api, "/posts", limit=200)]
    trees = [got(api, f"/threads/{quote(one, safe='')}") for one in ids[:60]]
    found = max(trees, key=lambda one: one["size"])

    met = {found["post_id"]}
    for node in found["nodes"][1:]:
        assert node["parent"] in met
        met.add(node["id"])
    assert found["nodes"][0]["id"] == found["post_id"]


def test_a_histogram_counts_every_post_of_its_stretch(api):
    since, until = iso(NOW - 2 * DAY), iso(NOW)

    found = got(api, "/histogram", since=since, until=until, step_minutes=60)

    assert len(found["items"]) == 48
    total = got(api, "/posts", since=since, until=until, limit=1)["total"]
    assert sum(one["posts"] for one in found["items"]) == total
    assert any(one["masked"] for one in found["items"])


@pytest.mark.parametrize("by", ["subject", "source", "lang"])
def test_facets_count_posts_by_value(api, by):
    since, until = iso(NOW - DAY), iso(NOW)

    found = got(api, "/facets", by=by, since=since, until=until)

    counts = [one["posts"] for one in found["items"]]
    assert counts
    assert counts == sorted(counts, reverse=True)


def test_sources_gaps_and_counts_are_those_of_the_pages(api):
    sources = got(api, "/sources")["items"]
    gaps = parts(api, "/gaps")
    counts = got(api, "/counts")

    assert [one["source"] for one in sources] == [one.source for one in api.index.statuses()]
    assert len(gaps) == api.index.gap_ledger().total
    assert counts["posts"] == api.index.counts()["posts"]
    assert counts["open_alerts"] == counts["alerts"]


def test_nothing_is_paged_beyond_the_limit(api):
    last = got(api, "/posts", offset=MAX_OFFSET, limit=1)

    assert last["items"] == []
    assert last["next"] is None


def test_times_no_calendar_holds_are_given_as_the_nearest_one():
    assert iso(10**18) == "9999-12-31T23:59:59.999Z"
    assert iso(-(10**18)) == "0001-01-01T00:00:00.000Z"
    assert datetime.fromisoformat(iso(NOW)) == datetime.fromtimestamp(NOW / 1000, UTC)
