"""The pages of campaigns, asked over real HTTP."""

from __future__ import annotations

import msgspec
import pytest

from dashboards.web.phrases import changed
from stream.calendar.events import Calendar, Event
from stream.index import IndexBatch
from stream.records import Campaign, CampaignKind, Evidence, Member, Phase, Shared
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import DAY, HARMFUL, HOUR, NOW, filled_index, smear_posts
from tests.picture_samples import FOUND

HOSTILE = "<script>alert(1)</script>\u202e\"'=cmd"


def make_campaign(
    name: str = "ca_smear", kind: CampaignKind = "campaign", **more: object
) -> Campaign:
    posts = smear_posts()
    ids = tuple(one.post.id for one in posts)
    accounts = tuple(dict.fromkeys(one.post.account for one in posts))
    fields: dict[str, object] = {
        "campaign_id": name,
        "subject": "seoan",
        "kind": kind,
        "revision": 2,
        "operator_version": "coordination/1",
        "first_post_at": NOW - 3 * HOUR,
        "last_post_at": NOW - HOUR,
        "detected_at": NOW - 2 * HOUR,
        "accounts": accounts,
        "post_ids": ids,
        "posts": len(ids),
        "platforms": ("bluesky", "reddit"),
        "coordination": 0.81,
        "harm": None,
        "openness": 0.02,
        "independence": 0.1,
        "evidence": (
            Evidence(
                signal="new_accounts", value=0.6, expected=0.1, post_ids=ids[:3],
                axis="coordination",
            ),
        ),
        "counter_evidence": (
            Evidence(signal="long_standing_accounts", value=0.4, axis="independence"),
        ),
        "members": (
            Member(
                account=HOSTILE, posts=3, first_at=NOW - 3 * HOUR, last_at=NOW - HOUR,
                objects=2, trust=1.5,
            ),
        ),
        "shared": (
            Shared(
                kind="text", post_id=ids[0], accounts=44, posts=48, first_at=NOW - 3 * HOUR,
                last_at=NOW - HOUR,
            ),
        ),
        "phases": (
            Phase(first_at=NOW - 9 * DAY, last_at=NOW - 8 * DAY, posts=5),
            Phase(first_at=NOW - 3 * HOUR, last_at=NOW - HOUR, posts=43),
        ),
    }  # fmt: skip
    return Campaign(**(fields | more))  # type: ignore[arg-type]


@pytest.fixture
def index() -> MemoryIndex:
    index = filled_index()
    campaigns = [
        make_campaign(),
        make_campaign("ca_fans", "fan_event", openness=0.9, members=()),
        make_campaign("ca_before", "coordinated", last_post_at=NOW - 8 * DAY),
        make_campaign("ca_old", merged_into="ca_smear", accounts=(), post_ids=()),
    ]
    index.write(IndexBatch(checkpoint="campaigns", results=campaigns))
    return index


def test_an_empty_list_says_that_there_is_nothing(empty_site: Served):
    answer = empty_site.browser().get("/campaigns")

    assert answer.status_code == 200
    assert "No campaigns" in text_of(answer.text)


def test_the_list_names_what_needs_a_look_and_the_rest_only_when_asked(
    serve: Serve, index: MemoryIndex
):
    visitor = serve(index).browser()

    shown = visitor.get("/campaigns").text
    assert "ca_smear" in shown
    assert "ca_before" in shown
    assert "ca_fans" not in shown
    assert "ca_old" not in shown
    assert "ca_fans" in visitor.get("/campaigns?every=1").text
    assert "ca_smear" not in visitor.get("/campaigns?subject=nobody").text


def test_a_campaign_shows_axes_evidence_accounts_and_its_past(serve: Serve, index: MemoryIndex):
    seen = text_of(serve(index).browser().get("/campaigns/ca_smear").text)

    assert "Coordination 0.81" in seen
    assert "Harm not assessed" in seen
    assert "Accounts younger than 30 days" in seen
    assert "Accounts older than 30 days" in seen
    assert "Awake" in seen
    assert "Returns from" in seen
    assert "Accounts in common" in seen


def test_a_part_of_a_campaign_leads_to_the_one_that_it_left(serve: Serve, index: MemoryIndex):
    part = make_campaign("ca_part", split_from="ca_smear")
    index.write(IndexBatch(checkpoint="part", results=[part]))
    visitor = serve(index).browser()

    html = visitor.get("/campaigns/ca_part").text
    assert '<a href="/campaigns/ca_smear">Was a part of another campaign' in html
    assert "Split off" in text_of(visitor.get("/campaigns/ca_smear").text)


def test_names_of_accounts_are_shown_and_never_run(serve: Serve, index: MemoryIndex):
    html = serve(index).browser().get("/campaigns/ca_smear").text

    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_fan_event_names_no_account(serve: Serve, index: MemoryIndex):
    seen = text_of(serve(index).browser().get("/campaigns/ca_fans").text)

    assert "Accounts are named only where something coordinated is reported" in seen


def test_an_old_id_leads_to_where_the_campaign_went(serve: Serve, index: MemoryIndex):
    answer = serve(index).browser().get("/campaigns/ca_old")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/campaigns/ca_smear"


def test_an_unknown_campaign_is_not_found(empty_site: Served):
    assert empty_site.browser().get("/campaigns/none").status_code == 404


def test_how_it_spread_is_told_with_a_table_beside_the_chart(serve: Serve, index: MemoryIndex):
    html = serve(index).browser().get("/campaigns/ca_smear").text
    seen = text_of(html)

    assert "How it spread" in seen
    assert "Copy 47" in seen
    assert "From platform to platform" in seen
    assert "Each brought" in seen
    assert "Who brought most" in seen


def test_of_a_fan_event_nobody_is_named_as_the_first(serve: Serve, index: MemoryIndex):
    seen = text_of(serve(index).browser().get("/campaigns/ca_fans").text)

    assert "How it spread" in seen
    assert "Who was first" not in seen
    assert "Who brought most" not in seen


def test_a_campaign_whose_posts_are_gone_tells_no_spread(serve: Serve, index: MemoryIndex):
    gone = make_campaign("ca_gone", post_ids=("x:none",), clusters=())
    index.write(IndexBatch(checkpoint="gone", results=[gone]))

    assert "How it spread" not in text_of(serve(index).browser().get("/campaigns/ca_gone").text)


def known_accounts() -> tuple[Member, ...]:
    names = dict.fromkeys(one.post.account for one in smear_posts())
    return tuple(Member(account=n, posts=1, first_at=NOW - HOUR, last_at=NOW) for n in names)


def test_the_network_is_drawn_with_a_table_that_says_the_same(serve: Serve, index: MemoryIndex):
    tied = make_campaign("ca_tied", members=known_accounts())
    index.write(IndexBatch(checkpoint="tied", results=[tied]))
    html = serve(index).browser().get("/campaigns/ca_tied").text

    assert "Who shares with whom" in text_of(html)
    assert html.count("<circle") == len(known_accounts())
    handle = smear_posts()[0].post.author.handle
    assert f'<td><bdi title="{known_accounts()[0].account}">@{handle}</bdi></td>' in html
    assert "style=" not in html[html.index('class="network"') : html.index("</svg>")]


def test_of_a_fan_event_no_network_is_drawn(serve: Serve, index: MemoryIndex):
    fans = make_campaign("ca_party", "fan_event", members=known_accounts())
    index.write(IndexBatch(checkpoint="party", results=[fans]))
    html = serve(index).browser().get("/campaigns/ca_party").text

    assert "<circle" not in html


def test_words_that_differ_from_the_usual_wording_are_marked():
    first = "do not buy this record"

    assert changed("do not ever buy this record", first) == [(7, 11)]
    assert changed("please don't buy this CD", first) == [(0, 12), (22, 24)]
    assert changed(first, first) == []
    assert changed("x " * 5000, first) == []


def test_links_in_common_are_named_by_where_they_lead(serve: Serve, index: MemoryIndex):
    shared = Shared(
        kind="link", post_id=smear_posts()[0].post.id, accounts=9, posts=12,
        first_at=NOW - HOUR, last_at=NOW,
    )  # fmt: skip
    index.write(
        IndexBatch(checkpoint="link", results=[make_campaign("ca_l", shared=(shared,))])
    )

    seen = text_of(serve(index).browser().get("/campaigns/ca_l").text)
    assert "Links, pictures and posts in common" in seen


def test_what_was_on_in_the_calendar_speaks_beside_the_axes(serve: Serve, index: MemoryIndex):
    on = Event(
        name=HOSTILE, kind="comeback", since=NOW - 2 * HOUR, until=NOW, subjects=("seoan",)
    )
    past = Event(name="Long ago", kind="vote", since=NOW - 9 * DAY, until=NOW - 8 * DAY)
    served = serve(index, calendar=Calendar(events=(on, past)))
    html = served.browser().get("/campaigns/ca_smear").text

    assert "(Comeback, 2026-11-24 11:00–13:00)" in text_of(html)
    assert "Long ago" not in html
    assert "<script>alert" not in html


def test_the_list_says_what_each_campaign_pushes(serve: Serve, index: MemoryIndex):
    first = smear_posts()[0]
    linked = msgspec.structs.replace(
        first.post, urls=("https://gossip.example/story",), hashtags=("서안아웃",)
    )
    again = msgspec.structs.replace(first, post=linked, revision=2)
    finding = msgspec.structs.replace(FOUND, post_id=first.post.id)
    shared = tuple(
        Shared(kind=kind, post_id=first.post.id, accounts=9, posts=12, first_at=0, last_at=NOW)
        for kind in ("text", "link", "media")
    )
    index.write(
        IndexBatch(
            checkpoint="push", posts=[again],
            results=[finding, make_campaign("ca_push", shared=shared, last_post_at=NOW)],
        )
    )  # fmt: skip
    visitor = serve(index).browser()

    for html in (visitor.get("/campaigns").text, visitor.get("/campaigns/ca_push").text):
        assert "What is pushed" in html
        assert f'<q dir="auto">{first.post.text}</q>' in html
        assert "gossip.example/story" in text_of(html)
        assert "서안아웃" in html
        assert '<a href="/families/fam_1">Picture</a>: Official photo with a changed' in html


def test_harmful_words_in_the_list_are_folded_and_hostile_ones_marked(
    serve: Serve, index: MemoryIndex
):
    first = smear_posts()[0]
    said = msgspec.structs.replace(first.post, text=HOSTILE + " and more")
    index.write(
        IndexBatch(
            checkpoint="bad",
            posts=[msgspec.structs.replace(first, post=said, revision=2, judgement=HARMFUL)],
        )
    )
    html = serve(index).browser().get("/campaigns").text

    cell = html[html.index('<td class="pushed">') :].split("</td>")[0]
    assert cell.index("<summary>Hidden: Defamation") < cell.index("<q dir")
    assert cell.index("</q>") < cell.index("</details>")
    assert "<script>alert" not in html
    assert "\u202e" not in html


def test_a_campaign_of_which_nothing_is_left_is_listed_as_not_known(
    serve: Serve, index: MemoryIndex
):
    lost = Shared(kind="text", post_id="x:gone", accounts=2, posts=2, first_at=0, last_at=NOW)
    index.write(
        IndexBatch(
            checkpoint="lost", results=[make_campaign("ca_lost", shared=(lost,), post_ids=())]
        )
    )
    html = serve(index).browser().get("/campaigns").text

    row = html[html.index("/campaigns/ca_lost") :].split("</tr>")[0]
    assert "not known" in row
