"""The pages of trends and subjects and their CSV, asked over real HTTP."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta

import pytest

from dashboards.web.text import path_of
from dashboards.web.times import KST
from detect.watchlist import Subject, Watchlist
from ingest.records import Author, Gap, Post
from stream.index import IndexBatch
from stream.records import GapSeen
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import DAY, HOUR, NOW, make_post, seen


def rows_of(body: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body)))


def steady(days: int = 30, *, burst: int = 0) -> MemoryIndex:
    """Two posts an hour about one subject, and many in one hour a day ago."""
    posts = [
        make_post(i, at=NOW - days * DAY + i * HOUR // 2, text=f"seoan sings {i}")
        for i in range(days * 48)
    ]
    posts += [
        make_post(90_000 + i, at=NOW - DAY + i * 30_000, text="seoan all at once")
        for i in range(burst)
    ]
    index = MemoryIndex()
    index.write(IndexBatch(checkpoint="1", posts=[seen(one, "seoan") for one in posts]))
    return index


def test_the_trends_list_every_subject_the_busiest_first(site: Served):
    html = site.browser().get("/trends?period=1d").text

    names = re.findall(r"data-row>([^<]+)</a>", html)
    assert names[0] == "LUMENA"
    assert set(names) == {"LUMENA", "Seoan", "Dajin", "Orbital House"}


def test_a_burst_is_flagged_on_both_pages_and_a_calm_subject_is_not(serve: Serve):
    loud = serve(steady(burst=100)).browser()
    calm = serve(steady()).browser()

    assert "1 burst" in text_of(loud.get("/trends").text)
    assert "What stands out" in text_of(loud.get("/subjects/seoan").text)
    assert "burst" not in text_of(calm.get("/trends").text)


def test_sorting_and_period_stand_in_the_address(site: Served):
    html = site.browser().get("/trends?period=28d&sort=name").text

    assert re.search(r'aria-sort="ascending"', html)
    assert 'href="/trends?period=1d&amp;sort=name"' in html


@pytest.mark.parametrize("page", ["/trends", "/subjects/seoan", "/trends.csv", "/overview.csv"])
@pytest.mark.parametrize("query", ["", "?period=1d", "?period=28d", "?period=%00%27&sort=x"])
def test_pages_open_with_and_without_posts(site: Served, empty_site: Served, page, query):
    assert site.browser().get(page + query).status_code == 200
    assert empty_site.browser().get(page + query).status_code == 200


def test_an_unknown_subject_is_a_page_that_says_where_to_look(site: Served):
    for path in ("/subjects/nobody", "/subjects/%3Cscript%3E", "/subjects/nobody/volume.csv"):
        answer = site.browser().get(path)

        assert answer.status_code == 404
        assert "The trends list all" in text_of(answer.text)


def test_a_subject_without_posts_says_what_to_do(empty_site: Served):
    seen_text = text_of(empty_site.browser().get("/subjects/orbital").text)

    assert "No posts about this subject yet" in seen_text


@pytest.mark.parametrize("posts", [1, 5])
def test_a_handful_of_posts_makes_a_page_and_no_burst(serve: Serve, posts: int):
    index = MemoryIndex()
    made = [make_post(i, at=NOW - i * 5 * HOUR - HOUR, text="seoan") for i in range(posts)]
    index.write(IndexBatch(checkpoint="1", posts=[seen(one, "seoan") for one in made]))

    answer = serve(index).browser().get("/subjects/seoan")

    assert f"{posts} post" in text_of(answer.text)
    assert "What stands out" not in text_of(answer.text)


def test_a_post_from_the_future_does_not_move_the_period(serve: Serve):
    index = steady(3)
    future = make_post(99_999, at=NOW + 400 * DAY, text="seoan")
    index.write(IndexBatch(checkpoint="2", posts=[seen(future, "seoan")]))

    [row] = [
        r
        for r in rows_of(serve(index).browser().get("/trends.csv").text)
        if r["subject"] == "seoan"
    ]

    assert row["until"] == "2026-11-24T04:00:00Z"
    assert row["posts"] == "144"


def test_a_period_wholly_in_a_gap_is_masked_named_and_compared_with_nothing(serve: Serve):
    index = steady(30)
    gap = Gap(source="bluesky", since=NOW - 8 * DAY, until=NOW, reason="connection lost")
    index.write(IndexBatch(checkpoint="2", gaps=[GapSeen(gap=gap)]))
    browser = serve(index).browser()

    steps = rows_of(browser.get("/subjects/seoan/volume.csv").text)

    assert {step["masked"] for step in steps} == {"yes"}
    assert "connection lost" in browser.get("/subjects/seoan").text


def test_the_usual_level_is_that_of_the_weeks_before(serve: Serve):
    [row] = [
        r
        for r in rows_of(serve(steady(60)).browser().get("/trends.csv").text)
        if r["subject"] == "seoan"
    ]

    assert row["posts"] == "336"
    assert float(row["usual"]) == pytest.approx(336, rel=0.05)
    assert float(row["versus_low"]) < 1 < float(row["versus_high"])


def test_hostile_tags_are_harmless_in_page_and_csv(serve: Serve):
    index = MemoryIndex()
    evil = '=cmd|"/c calc"!A1<script>alert(1)</script>'
    post = Post(
        id="x:1", source="x", platform="x", author_id="a", created_at=NOW - HOUR, text="seoan",
        hashtags=(evil, "k" * 100_000), urls=("http://[broken", "https://www.news.example/a"),
        author=Author(followers=1200), metrics={"<b>likes": 7}, repost_of="x:0",
    )  # fmt: skip
    index.write(IndexBatch(checkpoint="1", posts=[seen(post, "seoan")]))
    browser = serve(index).browser()

    html = browser.get("/subjects/seoan").text
    tags = rows_of(browser.get("/subjects/seoan/hashtags.csv").text)

    assert "<script>alert" not in html
    assert "1,200" in text_of(html)
    assert "news.example" in html
    assert all(row["hashtags"][0] in "'k" for row in tags)


def test_csv_is_a_download_for_excel_when_asked(site: Served):
    answer = site.browser().get("/subjects/seoan/volume.csv?bom=1")

    assert answer.content.startswith("\ufeff".encode())
    assert answer.headers["content-disposition"] == 'attachment; filename="seoan-volume-7d.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    "part", ["volume", "platforms", "languages", "hashtags", "domains", "links", "departures"]
)
def test_every_table_of_a_subject_has_its_csv(site: Served, part: str):
    answer = site.browser().get(f"/subjects/lumena/{part}.csv")

    assert answer.status_code == 200
    assert "," in answer.text.splitlines()[0]
    assert site.browser().get("/subjects/lumena/secrets.csv").status_code == 400


def test_shares_add_up_and_say_of_how_many(site: Served):
    rows = rows_of(site.browser().get("/subjects/lumena/platforms.csv").text)

    assert sum(float(row["share"]) for row in rows) == pytest.approx(1, abs=0.01)
    assert sum(int(row["posts"]) for row in rows) == int(rows[0]["of_posts"])


def test_a_few_subjects_are_compared_side_by_side_each_on_its_own_scale(site: Served):
    browser = site.browser()
    html = browser.get(
        "/trends/compare?subject=seoan&subject=lumena&subject=nobody&period=1d"
    ).text
    rows = rows_of(browser.get("/trends/compare.csv?subject=seoan&subject=lumena").text)

    assert html.count('class="multiple"') == 2
    assert {row["subject"] for row in rows} == {"seoan", "lumena"}
    assert len(rows) == 2 * 7 * 24


def test_a_comparison_of_nothing_says_what_to_do(site: Served):
    assert "Choose the subjects to compare" in site.browser().get("/trends/compare").text


def test_no_more_subjects_are_compared_than_fit(site: Served):
    many = "&".join(["subject=seoan", "subject=lumena", "subject=dajin"] * 20)

    assert site.browser().get(f"/trends/compare?{many}").text.count('class="multiple"') == 3


def test_the_same_subject_asked_for_often_leaves_room_for_others(site: Served):
    asked = "&".join(["subject=seoan"] * 20 + ["subject=lumena"])

    assert site.browser().get(f"/trends/compare?{asked}").text.count('class="multiple"') == 2


def test_a_long_watchlist_has_pages(serve: Serve):
    names = [f"person{n:02}" for n in range(60)]
    watchlist = Watchlist(
        subjects=tuple(Subject(id=one, kind="idol", name=one.title()) for one in names)
    )
    index = MemoryIndex()
    posts = [make_post(i, at=NOW - HOUR - i, text=f"person {i}") for i in range(3)]
    index.write(IndexBatch(checkpoint="1", posts=[seen(one, "person59") for one in posts]))
    browser = serve(index, watchlist=watchlist).browser()

    pages = [
        re.findall(r"data-row>([^<]+)</a>", browser.get(f"/trends?page={n}").text)
        for n in (1, 2, 3)
    ]

    assert [len(one) for one in pages] == [25, 25, 10]
    assert pages[0][0] == "Person59"
    assert len({*pages[0], *pages[1], *pages[2]}) == 60
    assert "page 3 of 3" in text_of(browser.get("/trends?page=99").text)
    assert len(rows_of(browser.get("/trends.csv").text)) == 60
    for order in ("name", "ratio"):
        shown = re.findall(r"data-row>([^<]+)</a>", browser.get(f"/trends?sort={order}").text)
        assert len(shown) == 25


def test_an_earlier_period_is_chosen_by_its_last_day(serve: Serve):
    browser = serve(steady(days=30)).browser()
    newest = rows_of(browser.get("/subjects/seoan/volume.csv?period=1d").text)
    day = (datetime.fromtimestamp(NOW / 1000, KST) - timedelta(days=10)).date().isoformat()
    earlier = rows_of(browser.get(f"/subjects/seoan/volume.csv?period=1d&until={day}").text)

    assert earlier[-1]["at"] < newest[0]["at"]
    last = datetime.fromisoformat(earlier[-1]["at"]).astimezone(KST)
    assert (last.date().isoformat(), last.hour) == (day, 23)
    assert f'value="{day}"' in browser.get(f"/subjects/seoan?until={day}").text


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "9999-12-31", "0001-01-01", "2099-01-01", "\x00"])  # fmt: skip
def test_a_last_day_that_makes_no_sense_is_the_newest(site: Served, day: str):
    browser = site.browser()
    answer = browser.get("/subjects/seoan/volume.csv", params={"until": day})

    assert rows_of(answer.text) == rows_of(browser.get("/subjects/seoan/volume.csv").text)


def test_another_period_is_drawn_beside_this_one_and_compared_hour_by_hour(serve: Serve):
    index = steady(days=60)
    week = [
        make_post(70_000 + i, at=NOW - 21 * DAY + i * HOUR // 4, text="seoan then")
        for i in range(7 * 96)
    ]
    index.write(IndexBatch(checkpoint="2", posts=[seen(one, "seoan") for one in week]))
    browser = serve(index).browser()
    day = (datetime.fromtimestamp((NOW - 1) / 1000, KST) - timedelta(days=14)).date()
    asked = f"/trends/compare?subject=seoan&against={day.isoformat()}"

    html = browser.get(asked).text
    rows = rows_of(browser.get(asked.replace("compare?", "compare.csv?")).text)

    assert html.count('<path class="other"') == 1
    assert "0.33×" in text_of(html)
    assert sum(int(row["other_posts"]) for row in rows) == 3 * sum(
        int(r["posts"]) for r in rows
    )
    shift = datetime.fromisoformat(rows[0]["at"]) - datetime.fromisoformat(rows[0]["other_at"])
    assert shift == timedelta(days=14)


def test_without_another_period_the_one_before_is_one_click_away(site: Served):
    html = site.browser().get("/trends/compare?subject=seoan&subject=dajin&period=1d").text

    [link] = re.findall(r'href="([^"]+)">Draw the period before too', html)
    drawn = site.browser().get(link.replace("&amp;", "&")).text

    assert '<path class="other"' not in html
    assert drawn.count('<path class="other"') == 2
    assert "period=1d" in link


@pytest.mark.parametrize(
    "day", ["soon", "9999-12-31", "0001-01-01", "2026-11-24", "2030-01-01"]
)
def test_another_period_that_makes_no_sense_is_left_out(site: Served, day: str):
    html = site.browser().get(f"/trends/compare?subject=seoan&against={day}").text

    assert '<path class="other"' not in html
    assert "Against the period before" in text_of(html)


def test_days_begin_where_the_reader_says(serve: Serve):
    browser = serve(steady(days=30)).browser(cookies={"jikimi_zone": "utc"})

    rows = rows_of(browser.get("/subjects/seoan/volume.csv?period=1d&until=2026-11-10").text)

    assert (rows[0]["at"], rows[-1]["at"]) == ("2026-11-10T00:00:00Z", "2026-11-10T23:00:00Z")


@pytest.mark.parametrize("zone", ["kst", "utc"])
def test_a_burst_leads_to_its_posts_the_first_on_top(serve: Serve, zone: str):
    browser = serve(steady(burst=100)).browser(cookies={"jikimi_zone": zone})
    html = browser.get("/subjects/seoan").text

    [link] = re.findall(r'href="(/posts\?q=subject[^"]+sort=oldest)"', html)
    listed = browser.get(link.replace("&amp;", "&")).text

    texts = re.findall(r"seoan (?:all at once|sings \d+)", text_of(listed))
    assert len(texts) > 20
    assert texts[:2] == ["seoan sings 1392", "seoan all at once"]


def test_the_earliest_post_of_a_burst_is_one_click_away(serve: Serve):
    served = serve(steady(burst=100))
    browser = served.browser()
    html = browser.get("/subjects/seoan").text

    [link] = re.findall(r'href="([^"]+/first[^"]+)">earliest post', html)
    answer = browser.get(link.replace("&amp;", "&"))

    assert answer.status_code == 303
    earliest = make_post(1392, at=NOW - DAY, text="").id
    assert answer.headers["location"] == path_of("posts", earliest)
    assert "seoan sings 1392" in text_of(browser.get(answer.headers["location"]).text)


@pytest.mark.parametrize(
    "stretch", ["since=1&until=2", "since=-5&until=x", "since=" + "9" * 400]
)
def test_a_stretch_without_posts_says_so(site: Served, stretch: str):
    answer = site.browser().get(f"/subjects/orbital/first?{stretch}")

    assert answer.status_code == 404
    assert "no post in this stretch" in text_of(answer.text)


def test_texts_of_an_earlier_period_are_not_those_of_a_later_one(site: Served):
    browser = site.browser()

    assert rows_of(browser.get("/subjects/seoan/texts.csv").text)
    assert not rows_of(browser.get("/subjects/seoan/texts.csv?until=2026-11-10").text)
