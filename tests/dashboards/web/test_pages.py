"""What the pages show, asked over real HTTP."""

from __future__ import annotations

import re

import httpx
import msgspec
import pytest

from dashboards.web.text import path_of
from ingest.records import SourceStatus
from stream.index import IndexBatch
from stream.records import Cluster, Membership, PostGone, Tally
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.world import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    POST_ID,
    SMEAR,
    filled_index,
    make_alert,
    make_post,
    results,
    seen,
)

PAGES = ["/", "/alerts", "/posts", "/sources", "/help"]


def text_of(html: str) -> str:
    """What a reader sees, without tags and doubled space."""
    body = re.sub(r"<(script|style|title)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", body).split())


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_before_anything_has_happened(empty_site: Served, page: str):
    answer = empty_site.browser().get(page)

    assert answer.status_code == 200


def test_an_empty_overview_says_what_to_do(empty_site: Served):
    seen_text = text_of(empty_site.browser().get("/").text)

    assert "Nothing waits for a decision" in seen_text
    assert "Start one with jikimi run;" in seen_text
    assert "jikimi demo." in seen_text


def test_the_overview_counts_open_alerts_by_severity(site: Served):
    html = site.browser().get("/").text

    assert "4 alerts wait for a decision" in text_of(html)
    assert re.search(r"severity=critical\".*?<strong>1</strong>", html, re.DOTALL)


def test_the_overview_says_which_source_is_unwell_and_what_to_do(site: Served):
    seen_text = text_of(site.browser().get("/").text)

    assert "1 of 2 sources needs attention" in seen_text
    assert "the platform asked us to wait 60 s" in seen_text
    assert "It tries again by itself" in seen_text


def test_a_live_source_that_is_silent_is_named(serve: Serve):
    index = MemoryIndex()
    status = SourceStatus(
        source="bluesky", state="live", changed_at=NOW - DAY, last_item_at=NOW - HOUR
    )
    index.write(IndexBatch(checkpoint="1", statuses=[status]))

    seen_text = text_of(serve(index).browser().get("/sources").text)

    assert "bluesky silent" in seen_text
    assert "nothing has come for a while" in seen_text


def test_trends_stand_beside_what_is_usual_and_as_a_table(site: Served):
    html = site.browser().get("/").text

    assert "same time on 5 earlier days" in text_of(html)
    assert html.count('class="line"') == 3
    assert html.count("data-at=") == 3 * 48
    assert 'class="masked"' in html


def test_an_old_data_set_shows_its_own_last_day(site: Served):
    site.clock.now = NOW + 400 * DAY

    seen_text = text_of(site.browser().get("/").text)

    assert "Nothing has come lately; these are the 24 hours until 2026-11-24" in seen_text
    assert "No posts in these 24 hours" not in seen_text


def test_the_gravest_alert_stands_first(site: Served):
    html = site.browser().get("/alerts").text

    order = re.findall(r'class="row" href="/alerts/(\w+)"', html)
    assert order == [SMEAR, "alert_high", "alert_medium", "alert_low"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("severity=high", ["alert_high"]),
        ("subject=seoan", [SMEAR, "alert_low"]),
        ("subject=seoan&severity=low", ["alert_low"]),
        ("state=resolved", []),
        ("state=all", [SMEAR, "alert_high", "alert_medium", "alert_low"]),
        (
            "severity=nonsense&state=nonsense&page=-3",
            [SMEAR, "alert_high", "alert_medium", "alert_low"],
        ),
        ("page=99999999999999999999", [SMEAR, "alert_high", "alert_medium", "alert_low"]),
        ("page=7", []),
    ],
)
def test_the_address_holds_the_filters(site: Served, query: str, found: list[str]):
    html = site.browser().get(f"/alerts?{query}").text

    assert re.findall(r'class="row" href="/alerts/(\w+)', html) == found


def test_filters_that_find_nothing_say_how_to_go_on(site: Served):
    assert (
        "Take a filter away" in site.browser().get("/alerts?severity=high&subject=dajin").text
    )


def test_a_long_list_has_pages(serve: Serve):
    index = MemoryIndex()
    many = [make_alert(f"alert_{n:03d}", at=NOW - n * MINUTE) for n in range(95)]
    index.write(IndexBatch(checkpoint="1", results=many))
    visitor = serve(index).browser()

    first = visitor.get("/alerts").text
    last = visitor.get("/alerts?page=3").text

    assert "page 1 of 3" in text_of(first)
    assert 'rel="prev"' not in first
    assert len(re.findall(r'class="row" ', last)) == 15
    assert 'href="/alerts?page=2"' in last


def test_an_alert_shows_four_numbers_reasons_and_what_speaks_against(site: Served):
    seen_text = text_of(site.browser().get(f"/alerts/{SMEAR}").text)

    for expected in (
        "Accounts44",
        "Posts48",
        "Platforms2",
        "Within39 min",
        "Accounts at the same time 12 usual 0.4",
        "Chance that this happens by itself less than 1 in a million",
        "Word for word the same 75 %",
        "What speaks against it",
        "Accounts older than 30 days 66 %",
        "2026-11-24 12:12 KST (03:12 UTC), 48 min ago",
    ):
        assert expected in seen_text.replace(" </dt> ", ""), expected


def test_an_alert_marks_its_moment_between_the_posts(site: Served):
    html = site.browser().get(f"/alerts/{SMEAR}").text

    assert html.count('class="moment"') == 1
    assert html.count('class="front"') == 8
    assert "each bar 5 min" in text_of(html)


def test_each_wording_is_shown_once_with_its_language(site: Served):
    html = site.browser().get(f"/alerts/{SMEAR}").text

    assert html.count("연습실에서") == 2
    assert 'lang="ko" dir="auto"' in html
    assert "33 accounts · 36 posts" in text_of(html)
    assert "1 picture or clip, not loaded" in text_of(html)


def test_an_alert_without_evidence_says_so(site: Served):
    seen_text = text_of(site.browser().get("/alerts/alert_low").text)

    assert "No measured reason was kept" in seen_text
    assert "Nothing was found that speaks against it" in seen_text
    assert "The posts are gone" in seen_text


def test_a_cluster_shows_wordings_accounts_and_bursts(site: Served):
    seen_text = text_of(site.browser().get("/clusters/cluster_smear").text)

    assert "44 accounts · 48 posts · bluesky, reddit" in seen_text
    assert "Wording 2" in seen_text
    assert "Burst of copies: 12 accounts in the busiest window, usual 0.4" in seen_text
    assert "page 1 of 2" in seen_text


def test_a_merged_cluster_leads_to_the_one_it_became(serve: Serve):
    from msgspec.structs import replace

    index = filled_index()
    kept = index.cluster("cluster_smear")
    assert kept
    old = replace(kept, cluster_id="cluster_old", merged_into="cluster_smear")
    index.write(IndexBatch(checkpoint="2", results=[old]))

    answer = serve(index).browser().get("/clusters/cluster_old")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/clusters/cluster_smear"


def test_deleted_posts_are_gone_from_every_page(serve: Serve):
    index = filled_index()
    index.write(
        IndexBatch(
            checkpoint="2", gone=[PostGone(subject="seoan", post_id=POST_ID, deleted_at=NOW)]
        )
    )
    visitor = serve(index).browser()

    assert visitor.get(path_of("posts", POST_ID)).status_code == 404
    assert path_of("posts", POST_ID) not in visitor.get("/clusters/cluster_smear?page=2").text
    assert "47 of 48 are still there" in text_of(visitor.get("/clusters/cluster_smear").text)


def test_a_post_whose_id_holds_slashes_colons_and_a_question_mark_opens(site: Served):
    html = site.browser().get(path_of("posts", POST_ID)).text

    assert f"<code>{POST_ID}</code>" in html
    assert '<mark title="LUMENA">루메나</mark> <mark title="Seoan">서안</mark>이' in html
    assert "named in the text" in html


def test_a_post_opens_by_its_plain_path_too(site: Served):
    post_id = "bluesky:at://did:plc:0001/app.bsky.feed.post/1"

    assert site.browser().get(f"/posts/{post_id}").status_code == 200


def test_pictures_are_named_and_never_loaded(site: Served):
    html = site.browser().get(path_of("posts", POST_ID)).text

    assert "Picture or clip, not loaded" in html
    assert "cdn.pictures.example" in html
    assert "<img" not in html
    assert "https://cdn.pictures.example" not in html


def test_links_to_outside_tell_nothing_about_us(site: Served):
    html = site.browser().get(path_of("posts", POST_ID)).text

    outside = re.findall(r'<a href="https?://[^"]+"([^>]*)>', html)
    assert outside
    assert all('rel="noreferrer noopener"' in one for one in outside)


def test_search_finds_posts_by_words_subject_and_language(site: Served):
    visitor = site.browser()

    assert "173 posts found" in text_of(visitor.get("/posts?q=seoan").text)
    assert "48 posts found" in text_of(visitor.get("/posts?q=연습실에서&subject=seoan").text)
    assert "0 posts found" in text_of(visitor.get("/posts?q=연습실에서&lang=ja").text)
    assert "No post holds all of this" in text_of(visitor.get("/posts?q=nowhere").text)


def test_search_pages_keep_the_question(site: Served):
    html = site.browser().get("/posts?q=seoan&page=2").text

    assert 'href="/posts?q=seoan&amp;page=3"' in html
    assert "page 2 of 6" in text_of(html)


@pytest.mark.parametrize(
    "path",
    [
        "/alerts/none",
        "/clusters/none",
        "/posts/none",
        "/nowhere",
        "/static/none",
        "/static/../app.py",
    ],
)
def test_what_does_not_exist_is_said_plainly(site: Served, path: str):
    answer = site.browser().get(path)

    assert answer.status_code == 404
    assert "To the overview" in answer.text


class Broken(MemoryIndex):
    """An index whose file has become unreadable."""

    def counts(self):
        raise OSError("input/output error at /secret/path")


def test_a_fault_of_ours_shows_no_details_and_keeps_its_headers(serve: Serve):
    answer = serve(Broken()).browser().get("/sources")

    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "/secret/path" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_pages_speak_korean_to_those_who_do(site: Served):
    html = site.browser(headers={"accept-language": "ko-KR,ko;q=0.9"}).get("/").text

    assert '<html lang="ko"' in html
    assert "알림" in text_of(html)


def test_a_post_that_appears_is_found_without_a_restart(site: Served):
    post = make_post(77777, at=NOW - MINUTE, text="루메나 깜짝 라이브")
    visitor = site.browser()
    before = text_of(visitor.get("/posts?q=깜짝").text)
    site.index.write(IndexBatch(checkpoint="9", posts=[seen(post, "lumena")]))

    after = text_of(visitor.get("/posts?q=깜짝").text)

    assert "0 posts found" in before
    assert "1 post found" in after


def test_pages_are_quick(site: Served):
    visitor = site.browser()
    visitor.get("/")
    slowest = max(_seconds(visitor, page) for page in (*PAGES, f"/alerts/{SMEAR}"))

    assert slowest < 2


def _seconds(visitor: httpx.Client, page: str) -> float:
    return visitor.get(page).elapsed.total_seconds()


def test_an_alert_says_how_it_grew_since_it_was_raised(serve: Serve):
    index = filled_index()
    smear = index.alert(SMEAR)
    assert smear is not None
    then = Tally(at=smear.created_at, posts=9, accounts=9, platforms=("bluesky",))
    index.write(
        IndexBatch(
            checkpoint="then",
            results=[msgspec.structs.replace(smear, revision=4, raised=then)],
        )
    )
    visitor = serve(index).browser()
    page = visitor.get(path_of("alerts", SMEAR)).text
    table = page.partition('id="growth"')[2].partition("</table>")[0]
    rows = [
        [text_of(cell) for cell in re.split(r"</t[dh]>", row)] for row in table.split("<tr>")
    ]

    assert ["Posts", "9", "48", "5.33×"] in [row[:4] for row in rows]
    assert ["Accounts", "9", "44", "4.89×"] in [row[:4] for row in rows]
    assert ["Platforms", "bluesky", "bluesky, reddit"] in [row[:3] for row in rows]
    told = visitor.get(f"/api/alerts/{SMEAR}").json()["growth"]
    assert (told["then"]["posts"], told["now"]["posts"], told["counted"]) == (9, 48, "copies")
    assert told["then"]["at_least"] is False


def test_a_text_that_stands_under_a_member_and_the_group_names_both(serve: Serve):
    index = filled_index()
    [cluster] = [one for one in results() if isinstance(one, Cluster)]
    [member] = [one for one in results() if isinstance(one, Membership)][:1]
    group = msgspec.structs.replace(cluster, cluster_id="cluster_group", subject="lumena")
    also = msgspec.structs.replace(member, cluster_id="cluster_group", subject="lumena")
    index.write(IndexBatch(checkpoint="2", results=[group, also]))

    html = serve(index).browser().get(path_of("posts", member.post_id)).text

    listed = re.findall(r'data-row>.*?class="row-note">(.*?)</span></a>', html, flags=re.DOTALL)
    assert [text_of(one).rpartition(" · ")[2] for one in listed] == ["LUMENA", "Seoan"]
