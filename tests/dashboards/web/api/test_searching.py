"""Searching by the API: the language of the search box, facets and times of what is found."""

from __future__ import annotations

import pytest

from dashboards.web.api.fields import iso
from tests.dashboards.web.api.test_problems import problem
from tests.dashboards.web.api.test_reading import DAY, got, parts
from tests.dashboards.web.world import NOW


def test_the_language_of_the_search_box_is_understood(api):
    found = parts(api, "/posts", q='서안 platform:reddit -lang:ja "쫓겨났다는 얘기"', limit=100)

    assert found
    assert {one["platform"] for one in found} == {"reddit"}
    assert all("쫓겨났다는 얘기" in one["text"] for one in found)
    either = got(api, "/posts", q="lang:ja OR lang:en", limit=200)
    alone = [got(api, "/posts", q=f"lang:{lang}")["total"] for lang in ("ja", "en")]
    assert either["total"] == sum(alone)


def test_a_subject_is_meant_by_any_of_its_names(api):
    totals = {
        got(api, "/posts", q=f"subject:{name}")["total"] for name in ("seoan", "Seoan", "서안")
    }

    assert len(totals) == 1
    assert totals != {0}
    assert totals == {got(api, "/posts", subject="seoan")["total"]}


def test_the_oldest_come_first_where_that_is_asked_for(api):
    oldest = [one["at"] for one in parts(api, "/posts", q="radio", order="oldest", limit=200)]
    newest = [one["at"] for one in parts(api, "/posts", q="radio", limit=200)]

    assert oldest == sorted(oldest)
    assert newest == sorted(newest, reverse=True)
    assert len(oldest) == len(newest) > 1


def test_facets_of_a_query_count_what_it_finds(api):
    found = got(api, "/posts/facets", q="연습실에서", by=["platform", "lang"])

    assert [one["by"] for one in found["items"]] == ["platform", "lang"]
    for one in found["items"]:
        assert sum(value["posts"] for value in one["items"]) == found["total"] > 0
        for value in one["items"]:
            narrower = got(api, "/posts", q=f"연습실에서 {one['by']}:{value['value']}")
            assert narrower["total"] == value["posts"]
    every = got(api, "/posts/facets")["items"]
    assert [one["by"] for one in every] == [
        "subject", "harm", "target", "platform", "language", "lang", "tag", "link", "author",
    ]  # fmt: skip


def test_the_timeline_of_a_query_holds_every_hit(api):
    since, until = iso(NOW - 3 * DAY), iso(NOW - DAY)
    for query in ({"q": "서안"}, {"q": "서안", "since": since, "until": until}):
        found = got(api, "/posts/timeline", bars=24, **query)
        total = got(api, "/posts", **query)["total"]

        assert sum(one["posts"] for one in found["items"]) == total > 0
        assert 12 <= len(found["items"]) <= 50


def test_what_is_nowhere_has_no_times(api):
    found = got(api, "/posts/timeline", q="nowherewritten")

    assert found == {"since": None, "until": None, "step_minutes": None, "items": []}


@pytest.mark.parametrize("path", ["posts", "posts/facets", "posts/timeline"])
@pytest.mark.parametrize(
    ("query", "place"),
    [('서안 "open', (3, 4)), ("lang:en likes>many", (14, 18)), ("(" * 30 + "a", None)],
)
def test_a_query_that_is_not_understood_says_where_it_goes_wrong(api, path, query, place):
    found = problem(api.client.get(f"/api/{path}", params={"q": query}), 422)

    assert found["type"].endswith("query-not-understood")
    assert found["errors"][0]["where"] == "query.q"
    assert found["errors"][0]["message"]
    if place:
        assert (found["start"], found["end"]) == place
