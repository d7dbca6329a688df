"""The page of a thread, the ledger of gaps and their CSV, asked over real HTTP."""

from __future__ import annotations

import csv
import io
import re

import msgspec
import pytest

from dashboards.web.text import path_of
from ingest.records import Author, Gap
from stream.index import IndexBatch
from stream.records import GapSeen, PostGone, PostSeen
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    POST_ID,
    SMEAR,
    THREAD,
    filled_index,
    make_post,
    seen,
)

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202egnp.exe\u2066"
ZALGO = "z" + "\u0335\u0322\u0489" * 3000


def rows_of(body: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body)))


def index_of(*posts) -> MemoryIndex:
    index = MemoryIndex()
    index.write(IndexBatch(checkpoint="1", posts=[seen(one, "seoan") for one in posts]))
    return index


def test_a_thread_shows_who_what_kind_and_when(site: Served):
    html = site.browser().get(path_of("threads", THREAD)).text
    said = text_of(html)

    assert "Thread 13 posts" in said
    assert "Reply +3 min · 2026-11-19 11:03 KST · @fan9502.example · bluesky" in said
    assert "Quote +16 min" in said
    assert "Repost +25 min" in said
    assert '<mark title="Seoan">서안</mark>' in html
    assert "Structural virality" in said


def test_what_is_not_here_has_its_place_and_a_link_out(site: Served):
    html = site.browser().get(path_of("threads", THREAD)).text

    assert "Not here (yet): it was never collected." in text_of(html)
    assert 'href="https://bsky.app/profile/did:plc:lost/post/lost1" rel="noreferrer' in html
    assert "It goes back to a post that is not here" in text_of(html)


def test_a_deleted_post_says_so_and_keeps_its_answers(serve: Serve):
    index = filled_index()
    reply = "bluesky:at://did:plc:9502/app.bsky.feed.post/9502"
    index.write(
        IndexBatch(
            checkpoint="2",
            gone=[PostGone(subject="seoan", post_id=reply, deleted_at=NOW, revision=2)],
        )
    )
    browser = serve(index).browser()

    html = browser.get(path_of("threads", THREAD)).text

    assert "where does this come from?" not in html
    assert "Deleted where it stood; nothing of it is kept." in text_of(html)
    assert "a friend of a friend" in html
    assert "@fan9502" not in html
    assert browser.get(path_of("threads", reply)).status_code == 200


def test_the_kinds_stand_in_the_address(site: Served):
    browser = site.browser()

    html = browser.get(path_of("threads", THREAD) + "?kind=quote").text

    assert "people believe anything" in html
    assert "where does this come from?" not in html
    assert 'aria-current="true">quotes' in html
    everything = browser.get(path_of("threads", THREAD) + "?kind=%00nonsense&page=-1").text
    assert "where does this come from?" in everything


def test_a_long_branch_is_folded_behind_a_link_that_opens_it(serve: Serve):
    chain = [make_post(0, at=NOW - DAY, text="the first")]
    for i in range(1, 60):
        chain.append(
            make_post(i, at=NOW - DAY + i * MINUTE, text=f"answer {i}.", reply_to=chain[-1].id)
        )
    browser = serve(index_of(*chain)).browser()

    html = browser.get(path_of("threads", chain[0].id)).text

    folded = re.search(r'<a href="([^"]+)">53 more posts in this branch</a>', html)
    assert "answer 6." in html
    assert "answer 7." not in html
    opened = browser.get(folded[1]).text
    assert "answer 7." in opened
    assert "3 posts further up" in text_of(opened)


def test_many_answers_come_in_pages(serve: Serve):
    root = make_post(0, at=NOW - DAY, text="the first")
    answers = [
        make_post(i, at=NOW - DAY + i * MINUTE, text=f"answer {i}.", reply_to=root.id)
        for i in range(1, 95)
    ]
    browser = serve(index_of(root, *answers)).browser()

    html = browser.get(path_of("threads", root.id) + "?kind=reply&page=2").text

    assert "page 2 of 3" in html
    assert "answer 41." in html
    assert "answer 40." not in html
    assert 'href="' + path_of("threads", root.id) + '?kind=reply&amp;page=3"' in html


def test_copies_stand_beside_the_tree_with_the_first_one_named(site: Served):
    said = text_of(site.browser().get(path_of("threads", POST_ID)).text)

    assert "Copied, no link 47" in said
    assert "First copy" in said
    assert "Copy +50 s" in said
    assert "that they knew of this post is not proven" in said
    assert "Nothing here refers to this post" in said


def test_the_pages_of_posts_clusters_and_alerts_lead_to_the_thread(site: Served):
    browser = site.browser()
    to_thread = f'href="{path_of("threads", POST_ID)}"'

    assert to_thread in browser.get(path_of("posts", POST_ID)).text
    cluster = browser.get("/clusters/cluster_smear").text
    assert to_thread in cluster
    assert "Where it began" in text_of(cluster)
    assert "Earliest known post2026-11-24 12:05 KST" in text_of(cluster)
    alert = browser.get(f"/alerts/{SMEAR}").text
    assert to_thread in alert
    assert 'href="/clusters/cluster_smear#began">Where it began</a>' in alert


def test_a_post_that_answers_leads_to_where_it_began(site: Served):
    html = (
        site.browser()
        .get(path_of("posts", "bluesky:at://did:plc:9504/app.bsky.feed.post/9504"))
        .text
    )

    beginning = path_of("threads", "bluesky:at://did:plc:first/app.bsky.feed.post/first1")
    assert f'href="{beginning}">Where it began</a>' in html


def test_a_cluster_whose_first_copy_is_gone_says_so(serve: Serve):
    index = filled_index()
    index.write(
        IndexBatch(
            checkpoint="2",
            gone=[PostGone(subject="seoan", post_id=POST_ID, deleted_at=NOW, revision=2)],
        )
    )

    said = text_of(serve(index).browser().get("/clusters/cluster_smear").text)

    assert "An even earlier copy was deleted where it stood: 2026-11-24 12:05 KST" in said


def test_copies_of_a_post_that_is_not_here_say_so(serve: Serve):
    origin = "bluesky:at://did:plc:first/app.bsky.feed.post/never1"
    index = filled_index()
    first = index.post(POST_ID)
    assert first
    again = msgspec.structs.replace(first.post, reply_to=origin, root=origin)
    index.write(
        IndexBatch(
            checkpoint="2",
            posts=[PostSeen(subject="seoan", subjects=first.subjects, post=again, revision=2)],
        )
    )

    answer = serve(index).browser().get("/clusters/cluster_smear")

    assert answer.status_code == 200
    assert "It goes back to a post that is not here" in text_of(answer.text)
    assert "bsky.app/profile/did:plc:first/post/never1" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/threads/nothing", "/threads/", "/threads/%2F%2F", "/threads/%ED%A0%80", "/threads.csv"],
)
def test_what_nobody_knows_is_a_page_that_says_so(site: Served, empty_site: Served, path: str):
    for served in (site, empty_site):
        answer = served.browser().get(path)

        assert answer.status_code == 404
        assert "no post here refers to it" in text_of(answer.text)


@pytest.mark.parametrize(
    "native",
    ["a/b", "a:b", "100%25", "50%", "x#y", "x?y=z", "a b", "é가", "..", "a&b=c", "a.csv"],
)
def test_an_id_of_odd_characters_is_found_by_every_link_to_it(serve: Serve, native: str):
    root = make_post(1, at=NOW - HOUR, text="root text", post_id=f"archive:{native}")
    child = make_post(
        2, at=NOW, text="child text", post_id=f"archive:{native}/2", reply_to=root.id
    )
    browser = serve(index_of(root, child)).browser()

    html = browser.get(path_of("threads", child.id)).text
    up = re.search(r'<a href="([^"]+)">Thread from here', html)

    assert "root text" in html
    assert "child text" in browser.get(up[1].replace("&amp;", "&")).text
    table = browser.get("/threads.csv", params={"post": root.id}).text
    assert [row["id"] for row in rows_of(table)] == [root.id, child.id]


def test_hostile_text_and_names_stay_text(serve: Serve):
    root = make_post(1, at=NOW - HOUR, text=EVIL + ZALGO)
    huge = make_post(2, at=NOW, text=ZALGO, reply_to=root.id, platform=EVIL, lang=EVIL)
    named = type(huge)(
        **{
            **{f: getattr(huge, f) for f in huge.__struct_fields__},
            "author": Author(handle=EVIL + "W" * 100_000),
            "container": EVIL + ZALGO,
            "quote_of": EVIL,
        }
    )
    browser = serve(index_of(root, named)).browser()

    for path in (
        path_of("threads", root.id),
        path_of("threads", named.id),
        path_of("threads", EVIL),
    ):
        html = browser.get(path).text
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "\u202e" not in text_of(html)
        assert len(html) < 60_000


def test_the_spread_and_the_posts_come_as_csv(site: Served):
    browser = site.browser()

    posts = rows_of(browser.get("/threads.csv", params={"post": THREAD}).text)
    grown = rows_of(browser.get("/threads.csv", params={"post": THREAD, "part": "spread"}).text)

    assert len(posts) == 15
    assert [row["held"] for row in posts].count("unknown") == 2
    assert posts[1]["lag_seconds"] == "180"
    assert (grown[-1]["reply"], grown[-1]["repost"], grown[-1]["quote"]) == ("8", "3", "1")
    copied = rows_of(browser.get("/threads.csv", params={"post": POST_ID}).text)
    assert [row["layer"] for row in copied].count("copy") == 47


def test_a_formula_in_an_id_is_not_run_by_a_spreadsheet(serve: Serve):
    root = make_post(1, at=NOW, text="root", author="=cmd|calc")
    child = make_post(
        2, at=NOW, text="child", quote_of=root.id, repost_of="=1+1", reply_to="@SUM"
    )

    table = serve(index_of(root, child)).browser().get("/threads.csv", params={"post": "=1+1"})

    assert rows_of(table.text)[0]["id"] == "'=1+1"


def test_gaps_are_hatched_and_told_on_every_chart_over_time(serve: Serve):
    index = filled_index()
    gaps = [
        Gap(
            source="bluesky", since=NOW - 45 * MINUTE, until=NOW - 40 * MINUTE, reason="cut off"
        ),
        Gap(
            source="x",
            since=NOW - 5 * DAY - HOUR,
            until=NOW - 5 * DAY - 50 * MINUTE,
            reason="away",
        ),
    ]
    index.write(IndexBatch(checkpoint="2", gaps=[GapSeen(gap=gap) for gap in gaps]))
    browser = serve(index).browser()

    for path in (
        "/",
        f"/alerts/{SMEAR}",
        "/clusters/cluster_smear",
        path_of("threads", THREAD),
    ):
        html = browser.get(path).text
        assert '<rect class="masked"' in html, path
        assert "Hatched: a source was missing" in text_of(html), path
    assert "bluesky 2026-11-24 12:15 KST" in text_of(
        browser.get("/clusters/cluster_smear").text
    )


def test_the_ledger_lists_every_gap_with_its_length_and_reason(serve: Serve):
    index = MemoryIndex()
    gaps = [
        Gap(
            source="bluesky",
            since=NOW - n * HOUR,
            until=NOW - n * HOUR + 90_000,
            reason=f"away {n}",
        )
        for n in range(1, 121)
    ]
    index.write(IndexBatch(checkpoint="1", gaps=[GapSeen(gap=gap) for gap in gaps]))
    browser = serve(index).browser()

    first = text_of(browser.get("/sources").text)
    last = text_of(browser.get("/sources?page=3").text)
    table = rows_of(browser.get("/gaps.csv").text)

    assert "Gaps 120" in first
    assert "bluesky 2026-11-24 12:00 KST 2026-11-24 12:01 KST" not in last
    assert "away 1" in first
    assert "away 120" in last
    assert len(table) == 120
    assert table[0]["length_seconds"] == "90"


def test_without_a_gap_the_ledger_says_what_will_stand_there(empty_site: Served):
    browser = empty_site.browser()

    assert "No gap is known" in text_of(browser.get("/sources").text)
    assert browser.get("/gaps.csv").text == "source,since,until,length_seconds,reason\r\n"
    assert browser.get("/sources?page=999999999999999999999").status_code == 200


def test_the_page_is_in_korean_for_who_reads_korean(site: Served):
    html = site.browser(headers={"accept-language": "ko"}).get(path_of("threads", THREAD)).text

    assert "시작된 곳" in html
    assert "Where it began" not in html
