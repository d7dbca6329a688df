"""Campaigns by the API: the same as on their pages, and nobody named without need."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.composing.compose import INDEX_FOLDER
from dashboards.queries.campaigns import seen
from stream.calendar.events import Calendar, Event
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from stream.records import Member
from tests.dashboards.web.api.conftest import Ask, Asked
from tests.dashboards.web.test_campaigns import make_campaign
from tests.dashboards.web.world import DAY, NOW, smear_posts


@pytest.fixture
def api(tmp_path: Path, ask: Ask) -> Asked:
    index = LocalIndex(tmp_path / INDEX_FOLDER)
    posts = smear_posts()
    named = Member(account="bluesky:u1", posts=3, first_at=NOW - DAY, last_at=NOW)
    campaigns = [
        make_campaign(),
        make_campaign("ca_fans", "fan_event", members=(named,), last_post_at=NOW),
        make_campaign("ca_before", "coordinated", last_post_at=NOW - 8 * DAY),
        make_campaign("ca_old", merged_into="ca_smear", accounts=(), post_ids=()),
    ]
    index.write(IndexBatch(checkpoint="one", posts=posts, sightings=posts, results=campaigns))
    index.close()
    return ask(tmp_path)


def got(api: Asked, path: str, **query: object) -> dict:
    answer = api.client.get(f"/api{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(api: Asked, **query: object) -> list[str]:
    return [one["campaign_id"] for one in got(api, "/campaigns", **query)["items"]]


def test_the_list_holds_what_needs_a_look_newest_first(api: Asked):
    assert ids(api) == ["ca_smear", "ca_before"]
    assert ids(api, every="true") == ["ca_fans", "ca_smear", "ca_before"]
    assert ids(api, kind=["fan_event"]) == ["ca_fans"]
    assert ids(api, subject="nobody") == []
    assert ids(api, since="9000-01-01T00:00:00Z") == []


def test_what_is_pushed_is_told_and_whether_to_fold_it(api: Asked):
    listed = got(api, "/campaigns")["items"][0]["pushed"]

    assert listed["phrase"] == " ".join(smear_posts()[0].post.text.split())
    assert (listed["spared"], listed["texts"], listed["hashtag"]) == (False, 1, None)
    assert got(api, "/campaigns/ca_smear")["pushed"] == listed


def test_one_from_near_has_members_wordings_and_kin(api: Asked):
    found = got(api, "/campaigns/ca_old")

    assert found["campaign_id"] == "ca_smear"
    assert found["held"] == len(found["post_ids"]) == len(smear_posts())
    assert found["members"][0]["trust"] == 1.5
    assert sum(one["posts"] for one in found["samples"]) == found["held"]
    [kin] = found["kin"]
    assert (kin["campaign_id"], kin["relation"]) == ("ca_before", "returns_from")
    assert kin["common"] == found["accounts"]
    assert kin["phrases"] == 1


def test_accounts_of_a_fan_event_are_counted_and_not_named(api: Asked):
    found = got(api, "/campaigns/ca_fans")

    assert found["members"] == []
    assert found["accounts"] > 0


def test_the_explanation_keeps_the_four_axes_apart(api: Asked):
    found = got(api, "/campaigns/ca_smear/explanation")
    axes = {one["name"]: one for one in found["axes"]}
    asked = seen(api.index, "ca_smear")

    assert asked is not None
    assert [one["value"] for one in found["axes"]] == [one.value for one in asked.axes]
    assert axes["harm"]["value"] is None
    assert axes["coordination"]["evidence"][0]["signal"] == "new_accounts"
    assert axes["independence"]["speaks"] == "against"
    assert found["reported"] is True


def test_an_unknown_campaign_is_a_problem_that_says_what_to_do(api: Asked):
    answer = api.client.get("/api/campaigns/none/explanation")

    assert answer.status_code == 404
    assert "list them" in answer.json()["detail"]


def test_how_it_spread_is_that_of_the_page(api: Asked):
    found = got(api, "/campaigns/ca_smear/spread")

    assert found["posts"] == len(smear_posts())
    assert found["copies"] == found["posts"] - 1
    assert found["platforms"][0]["lag_s"] == 0
    assert sum(one["posts"] for one in found["steps"]) == found["posts"]
    assert found["carriers"]
    assert got(api, "/campaigns/ca_fans/spread")["carriers"] == []
    assert api.client.get("/api/campaigns/none/spread").status_code == 404


def test_what_was_on_in_the_calendar_stands_with_it(tmp_path: Path, ask: Ask, api: Asked):
    on = Event(
        name="Comeback", kind="comeback", since=NOW - DAY, until=NOW, subjects=("lumena",)
    )
    with_calendar = ask(tmp_path, calendar=Calendar(events=(on,)))

    [found] = got(with_calendar, "/campaigns/ca_smear")["calendar"]
    assert (found["name"], found["kind"]) == ("Comeback", "comeback")
    assert found["since"] < found["until"] <= "2026-11-24T04:00:00.000Z"
    assert got(api, "/campaigns/ca_smear")["calendar"] == []


def test_an_alert_tells_what_was_on_while_its_posts_came(ask: Ask):
    on = Event(name="Vote", kind="vote", since=NOW - DAY, until=NOW)
    past = Event(name="Past", kind="vote", since=NOW - 3 * DAY, until=NOW - 2 * DAY)
    found = got(ask(calendar=Calendar(events=(on, past))), "/alerts/alert_smear")

    assert [one["name"] for one in found["calendar"]] == ["Vote"]
