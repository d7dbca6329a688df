"""Campaigns beside each other: what they have in common and which came first."""

from __future__ import annotations

import msgspec

from dashboards.queries.campaigns import seen
from dashboards.queries.comparison import Kin
from stream.index import IndexBatch
from stream.records import Campaign, Member, PostSeen, Shared
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_campaigns import make_campaign
from tests.dashboards.web.world import DAY, HOUR, NOW, make_post
from tests.dashboards.web.world import seen as seen_post

CLAIM = "they say the singer paid for every single vote in the final round last winter"
REWORDED = "the singer paid for every single vote in that final round, they say it again"
OTHER = "nothing here resembles that, people talk about breakfast and trains instead"
LINK = "https://gossip.example/story/9?utm_source=x"


def post(text: str, at: int, *, urls: tuple[str, ...] = ()) -> PostSeen:
    return seen_post(
        msgspec.structs.replace(make_post(at // HOUR, at=at, text=text), urls=urls), "seoan"
    )


def campaign(name: str, began: int, ended: int, *posts: PostSeen, **more: object) -> Campaign:
    shared = tuple(
        Shared(
            kind="link" if one.post.urls else "text",
            post_id=one.post.id, accounts=3, posts=4, first_at=began, last_at=ended,
        )
        for one in posts
    )  # fmt: skip
    fields: dict[str, object] = {
        "accounts": (f"x:{name}",), "members": (), "shared": shared,
        "post_ids": tuple(one.post.id for one in posts),
        "first_post_at": began, "last_post_at": ended,
    }  # fmt: skip
    return make_campaign(name, **(fields | more))


def compared(*campaigns: Campaign, posts: tuple[PostSeen, ...] = ()) -> dict[str, Kin]:
    index = MemoryIndex()
    index.write(
        IndexBatch(
            checkpoint="1", posts=list(posts), sightings=list(posts), results=list(campaigns)
        )
    )
    found = seen(index, campaigns[0].campaign_id)
    assert found is not None
    return {one.campaign.campaign_id: one for one in found.kin}


def test_a_ring_that_comes_back_with_the_same_words_returns_from_its_past() -> None:
    new, old = post(REWORDED, NOW), post(CLAIM, NOW - 9 * DAY)
    mine = campaign("mine", NOW - HOUR, NOW, new)
    before = campaign("before", NOW - 10 * DAY, NOW - 8 * DAY, old)

    [found] = compared(mine, before, posts=(new, old)).values()
    assert (found.relation, found.phrases, found.common) == ("returns_from", 1, 0)
    [later] = compared(before, mine, posts=(new, old)).values()
    assert later.relation == "returned_as"


def test_links_are_the_same_whatever_follows_them_home() -> None:
    here = post(OTHER, NOW, urls=(LINK,))
    there = post(CLAIM, NOW - HOUR, urls=("https://gossip.example/story/9",))
    mine = campaign("mine", NOW - HOUR, NOW, here)
    beside = campaign("beside", NOW - 2 * HOUR, NOW, there)

    found = compared(mine, beside, posts=(here, there))["beside"]
    assert (found.relation, found.objects, found.phrases) == ("beside", 1, 0)


def test_a_part_and_what_it_left_name_each_other_though_they_share_nothing() -> None:
    whole = campaign("whole", NOW - 9 * DAY, NOW)
    part = campaign("part", NOW - 3 * DAY, NOW, split_from="whole")

    assert compared(part, whole)["whole"].relation == "split_from"
    assert compared(whole, part)["part"].relation == "split_off"


def test_campaigns_with_nothing_in_common_are_no_kin_even_at_the_same_hours() -> None:
    members = tuple(
        Member(account=f"x:{n}", posts=1, first_at=NOW + n * HOUR, last_at=NOW + n * HOUR)
        for n in range(6)
    )
    mine = campaign("mine", NOW - HOUR, NOW, members=members)
    other = campaign("other", NOW - HOUR, NOW, members=members)

    assert compared(mine, other) == {}


def test_the_hours_of_the_day_are_compared_where_there_are_enough() -> None:
    def members(shift: int) -> tuple[Member, ...]:
        return tuple(
            Member(account=f"x:{n}", posts=1, first_at=NOW + shift, last_at=NOW + shift)
            for n in range(5)
        )

    same = ("x:same",)
    mine = campaign("mine", NOW - HOUR, NOW, members=members(0), accounts=same)
    awake = campaign("awake", NOW - HOUR, NOW, members=members(-DAY), accounts=same)
    asleep = campaign("asleep", NOW - HOUR, NOW, members=members(9 * HOUR), accounts=same)
    few = campaign("few", NOW - HOUR, NOW, members=members(0)[:1], accounts=same)

    found = compared(mine, awake, asleep, few)
    assert {name: one.hours for name, one in found.items()} == {
        "awake": 1.0, "asleep": 0.0, "few": None,
    }  # fmt: skip


def test_what_shares_most_accounts_comes_first() -> None:
    accounts = tuple(f"x:{n}" for n in range(5))
    mine = campaign("mine", NOW - HOUR, NOW, accounts=accounts)
    some = campaign("some", NOW - HOUR, NOW, accounts=accounts[:2])
    most = campaign("most", NOW - HOUR, NOW, accounts=accounts[:4])

    assert list(compared(mine, some, most)) == ["most", "some"]
