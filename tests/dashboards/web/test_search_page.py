"""The page of a search: the query, its mistakes, marks, facets and bars; nothing breaks it."""

from __future__ import annotations

import html as html_text
import http.client
import re
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.web.found import SENTENCES
from dashboards.web.words import load
from stream.index import IndexBatch
from stream.local import facets as by_value
from stream.local_index import LocalIndex
from stream.search.query import QueryError, parse
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import MINUTE, NOW, fill, make_post, seen
from tests.stream.search.test_query import REFUSED


def page(site: Served, **query: str) -> str:
    answer = site.browser().get("/posts", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def found(html: str) -> int:
    return int(re.search(r"([\d,]+) posts? found", text_of(html))[1].replace(",", ""))


def links(html: str, label: str) -> list[str]:
    """Queries behind links whose text begins with a label."""
    anchors = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', html, re.DOTALL)
    hits = [h for h, inner in anchors if text_of(inner).strip().startswith(label)]
    return [parse_qs(urlsplit(html_text.unescape(h)).query).get("q", [""])[0] for h in hits]


def test_the_query_language_is_understood(site: Served):
    assert found(page(site, q="subject:서안 lang:ko 연습실에서")) == 48
    assert found(page(site, q='"연습실에서 쫓겨났다는"')) == 48
    with_group = found(page(site, q="subject:Seoan subject:dajin"))
    without = found(page(site, q="subject:Seoan -subject:dajin"))
    assert with_group + without == found(page(site, q="subject:Seoan"))


def test_older_addresses_become_a_query(site: Served):
    html = page(site, q="연습실에서", subject="seoan", platform="bluesky", lang="ko")

    assert 'value="연습실에서 subject:seoan platform:bluesky lang:ko"' in html
    assert found(html) == found(
        page(site, q="연습실에서 subject:seoan platform:bluesky lang:ko")
    )


def test_what_was_found_is_marked_and_the_rest_is_escaped(site: Served):
    post = make_post(88_001, at=NOW - MINUTE, text="<b>표절</b> 표\u200b절 \u202eevil")
    site.index.write(IndexBatch(checkpoint="m", posts=[seen(post, "seoan")]))

    html = page(site, q="표절 evil")

    assert "&lt;b&gt;<mark>표절</mark>&lt;/b&gt; <mark>표<span" in html
    assert "<b>표절" not in html
    assert "\u202e" not in html
    assert "<mark>evil</mark>" in html


def test_a_mark_far_into_a_long_text_is_shown(site: Served):
    text = "처음 " * 300 + "바늘 " + "끝 " * 300
    post = make_post(88_002, at=NOW - MINUTE, text=text)
    site.index.write(IndexBatch(checkpoint="m", posts=[seen(post, "seoan")]))

    assert "<mark>바늘</mark>" in page(site, q="바늘")


@pytest.mark.parametrize(("query", "sentence", "_place"), REFUSED, ids=[q for q, *_ in REFUSED])
def test_a_mistake_keeps_what_was_typed_and_says_what_is_wrong(
    site: Served, query: str, sentence: str, _place: tuple[int, int]
):
    answer = site.browser().get("/posts", params={"q": query})

    assert answer.status_code == 400
    assert html_text.escape(query) in answer.text.replace("&#34;", "&quot;").replace(
        "&#39;", "&#x27;"
    )
    assert "This query cannot be understood" in answer.text
    assert sentence.partition(";")[0] in html_text.unescape(answer.text)


def test_every_mistake_is_told_in_korean(site: Served):
    korean = load()["ko"]
    visitor = site.browser(headers={"accept-language": "ko"})
    for query, *_ in REFUSED:
        with pytest.raises(QueryError) as refused:
            parse(query)
        assert refused.value.template in SENTENCES
        said = korean(refused.value.template, **refused.value.values)
        assert said != refused.value.template.format(**refused.value.values)
        assert said in html_text.unescape(visitor.get("/posts", params={"q": query}).text)


def test_what_matches_nothing_says_why(site: Served):
    assert "nothing that can be looked for" in page(site, q='"😀"')


def test_a_facet_adds_its_condition_and_takes_it_away(site: Served):
    first = page(site, q="seoan")
    added = links(first, "en ")
    assert added == ["seoan lang:en"]

    second = page(site, q=added[0])
    assert found(second) == found(page(site, q="seoan", lang="en"))
    assert 'aria-current="true"' in second
    assert "seoan" in links(second, "en ")


def test_a_condition_is_taken_away_by_its_chip(site: Served):
    html = page(site, q='seoan -lang:en (tag:x OR "서안 오늘")')

    assert links(html, "seoan ×") == ['-lang:en (tag:x OR "서안 오늘")']
    assert links(html, "-lang:en ×") == ['seoan (tag:x OR "서안 오늘")']


def test_a_subject_is_shown_by_its_name_and_asked_for_by_its_id(site: Served):
    html = page(site, q="연습실에서")

    assert links(html, "Seoan ") == ["연습실에서 subject:seoan"]
    assert links(page(site, q="연습실에서 subject:서안"), "Seoan ") == ["연습실에서"]


def test_a_bar_narrows_the_search_to_its_stretch(site: Served):
    html = page(site, q="seoan")
    steps = re.findall(
        r'<a href="([^"]+)" tabindex="-1" aria-label="([^"]+): ([\d,]+) posts?"', html
    )
    assert 10 < len(steps) <= 130
    assert sum(int(n.replace(",", "")) for _, _, n in steps) == found(html)

    href, _, n = max(steps, key=lambda step: int(step[2].replace(",", "")))
    inside = site.browser().get(html_text.unescape(href)).text
    assert found(inside) == int(n)
    assert "since:2026-" in inside


def test_the_number_beside_the_bars_is_what_their_full_height_stands_for(site: Served):
    html = page(site, q="seoan")
    axis = int(re.search(r'class="axis most">([\d,]+)<', html)[1].replace(",", ""))
    bars = [
        (int(n), float(height))
        for n, height in re.findall(
            r': (\d+) posts?"><title>.*?class="front"[^>]* height="([\d.]+)"', html
        )
    ]

    n, height = max(bars)
    # Of the 96 units of the chart, four stay free above and two below.
    assert (height - 2) / 90 == pytest.approx(n / axis, abs=0.01)


def test_the_bars_stand_in_a_table_as_well(site: Served):
    html = page(site, q="연습실에서")

    table = html.partition("As a table")[2].partition("</table>")[0]
    rows = re.findall(r'<td><a href="/posts\?q=[^"]+">[^<]+</a></td><td>([\d,]+)</td>', table)
    assert sum(int(n.replace(",", "")) for n in rows) == 48


def test_oldest_first_stays_through_links(site: Served):
    html = page(site, q="seoan", sort="oldest")

    assert 'href="/posts?q=seoan&amp;sort=oldest&amp;page=2"' in html
    assert "/posts?q=seoan+lang%3Aen&amp;sort=oldest" in html
    newest, oldest = page(site, q="seoan"), html
    time_of = re.compile(r'<time datetime="([^"]+)"')
    assert time_of.search(oldest)[1] < time_of.search(newest)[1]


HOSTILE = [
    "(" * 10_240, " OR ".join(["a"] * 1000), " OR ".join(["가"] * 100), "-" * 1999 + "a", '"' * 1999,
    "\ud800", "\x00", "{field} %s {0}", "since:99999w", "until:9999-12-31 since:0001-01-01",
    "since:9999-12-31T23:59", "likes>999999999999", "subject:" + "가" * 1900, "<script>alert(1)</script>",
    'tag:"<img src=x>"', "link:javascript:alert(1)", "id:../../etc", "a" * 2000, "가" * 2000,
    " OR ".join(f"{a}{b}{c}*" for a in "deal" for b in "eaio" for c in "epn"), "*" * 1999,
    '"' + "서안 " * 600 + '"', " ".join(f'"서안 {n}"' for n in range(99)), "가" * 7000,
    " OR ".join(f"likes>={n}" for n in range(100)), " OR ".join(f"since:{n}d" for n in range(99)),
    " ".join(f"-lang:x{n}" for n in range(99)), "NOT (" * 9 + "a" + ")" * 9, "a*b*c*" * 99,
    "\u202e" * 500, "text:\\", 'text:"\\\\"', "NOT " * 400 + "a", "cluster:" + "x" * 1000,
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    """The world in the real index."""
    index = LocalIndex(tmp_path_factory.mktemp("world") / "index")
    fill(index)
    index.refresh()
    yield index
    index.close()


def test_estimates_say_that_they_are(visited: httpx.Client, monkeypatch):
    monkeypatch.setattr(by_value, "MANY", 100)

    answer = visited.get("/posts")

    assert "Estimated from one post in" in text_of(answer.text)
    assert re.search(r"≈ [0-9,]+", text_of(answer.text))
    monkeypatch.undo()
    assert "≈" not in text_of(visited.get("/posts").text)


@pytest.fixture
def visited(serve: Serve, filled: LocalIndex) -> httpx.Client:
    """A visitor of pages over the real index."""
    return serve(filled).browser()


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_queries_get_a_plain_page_at_once(visited: httpx.Client, query: str):
    sent = quote(query, safe="", errors="surrogatepass")
    begin = time.process_time()

    answer = visited.get(f"/posts?q={sent}")

    assert answer.status_code in (200, 400)
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert time.process_time() - begin < 2


def test_an_address_of_100_kb_is_refused_and_harms_nobody_else(site: Served):
    where = urlsplit(site.url)
    client = http.client.HTTPConnection(where.hostname, where.port, timeout=20)

    client.request("GET", "/posts?q=" + "a" * 100_000)

    assert client.getresponse().status in (400, 414, 431)
    client.close()
    assert found(page(site, q="seoan")) > 0


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=60), st.sampled_from(["", "oldest", "x"]), st.text(max_size=4))
def test_any_query_gives_a_page(visited: httpx.Client, query: str, sort: str, number: str):
    answer = visited.get("/posts", params={"q": query, "sort": sort, "page": number})

    assert answer.status_code in (200, 400)


def test_completion_offers_fields_and_what_is_here(site: Served):
    visitor = site.browser()

    def offers(q: str) -> list[str]:
        return [one["insert"] for one in visitor.get("/posts/complete", params={"q": q}).json()]

    assert offers("sub") == ["subject:"]
    assert offers("subject:서") == ["subject:서안"]
    assert "platform:bluesky" in offers("platform:")
    assert offers("lang:k") == ["lang:ko"]
    assert offers("is:re") == ["is:reply", "is:repost"]
    assert visitor.get("/posts/complete", params={"q": "x" * 9000, "at": "zzz"}).json() == []


def test_lost_search_is_told_on_the_page(serve: Serve, tmp_path):
    index = LocalIndex(tmp_path / "index")
    index.write(IndexBatch(checkpoint="1"))
    index.close()
    reader = LocalIndex(tmp_path / "index", read_only=True)
    for file in (tmp_path / "index" / "generation-1" / "search").iterdir():
        file.unlink()

    answer = serve(reader).browser().get("/posts?q=a")

    assert answer.status_code == 503
    assert "rebuild" in answer.text
    reader.close()
