"""Saved views on the pages."""

from __future__ import annotations

import re
import shutil
from urllib.parse import urlencode

import pytest

from dashboards.saved_views import MAX_VIEWS
from dashboards.web.saved import clean_query
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from tests.dashboards.web.conftest import Serve, Served, post_form
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import SMEAR

EVIL = '"><script>alert(1)</script>\u202e' + "한" * 10


def save(site: Served, **fields: str) -> str:
    """Save a view and give the address it leads to."""
    fields = {"page": "/alerts", "query": "", "name": "mine", **fields}
    answer = post_form(site.browser(), "/views", "/views", **fields)
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["location"]


def test_a_view_stands_beside_the_alerts_with_its_count_and_is_marked_when_open(site: Served):
    path = save(site, name="Loud ones", query="severity=critical&page=3&evil=1")

    assert path == "/alerts?severity=critical"
    page = site.browser().get(path).text
    link = re.search(r'<a href="/alerts\?severity=critical" aria-current="true">.*?</a>', page)
    assert link
    assert text_of(link[0]).split() == ["Loud", "ones", "1"]


def test_the_count_of_a_view_follows_decisions_at_once(site: Served):
    save(site, name="About Seoan", query="subject=seoan")
    visitor = site.browser()
    assert "About Seoan 2" in text_of(visitor.get("/alerts").text)

    post_form(visitor, "/alerts", f"/alerts/{SMEAR}/decide", state="acknowledged")

    assert "About Seoan 1" in text_of(visitor.get("/alerts").text)


def test_a_search_is_saved_from_its_page_with_its_count(site: Served):
    visitor = site.browser()
    page = visitor.get("/posts?q=radio&page=2").text
    link = re.search(r'href="(/views\?page=%2Fposts&amp;query=[^"]+)"', page)
    assert link
    form = visitor.get(link[1].replace("&amp;", "&")).text
    assert "/posts?q=radio" in text_of(form)

    save(site, page="/posts", query="q=radio&page=2", name="Radio")

    total = re.search(r"([\d,]+) posts found", text_of(visitor.get("/posts?q=radio").text))
    assert total
    assert f"Radio {total[1]}" in text_of(visitor.get("/alerts").text)


def test_a_saved_search_counts_what_its_query_finds(site: Served):
    query = urlencode({"q": "seoan -radio", "sort": "oldest"})
    save(site, page="/posts", query=query, name="No radio")
    save(site, page="/posts", query="q=seoan+AND", name="Half a query")
    visitor = site.browser()

    page = visitor.get("/views").text
    assert re.search(r"/posts\?q=seoan\+-radio&amp;sort=oldest", page)
    total = re.search(r"([\d,]+) posts found", text_of(visitor.get(f"/posts?{query}").text))
    assert total
    assert f"No radio {total[1]}" in text_of(page)
    assert visitor.get("/posts?q=seoan+AND").status_code == 400


def test_alerts_are_listed_while_search_is_lost(serve: Serve, tmp_path):
    index = LocalIndex(tmp_path / "index")
    index.write(IndexBatch(checkpoint="1"))
    index.close()
    reader = LocalIndex(tmp_path / "index", read_only=True)
    site = serve(reader)
    save(site, page="/posts", query="q=seoan", name="All of Seoan")
    shutil.rmtree(tmp_path / "index" / "generation-1" / "search")

    answer = site.browser().get("/alerts")

    assert answer.status_code == 200
    assert "All of Seoan –" in text_of(site.browser().get("/views").text)
    assert site.browser().get("/posts?q=seoan").status_code == 503
    reader.close()


def test_a_view_is_renamed_and_deleted(site: Served):
    save(site)
    visitor = site.browser()
    found = re.search(r'action="/views/(\w+)"', visitor.get("/views").text)
    assert found
    post_form(visitor, "/views", f"/views/{found[1]}", name="Night shift")
    assert "Night shift" in text_of(visitor.get("/views").text)

    post_form(visitor, "/views", f"/views/{found[1]}", name="Night shift", do="delete")

    assert "No saved views yet" in text_of(visitor.get("/views").text)
    again = post_form(visitor, "/views", f"/views/{found[1]}", name="x")
    assert again.status_code == 404


def test_a_view_of_one_person_is_not_another_persons(serve: Serve):
    site = serve(password="opensesame")
    people = []
    for name in ("Mina", "Hana"):
        visitor = site.browser()
        post_form(visitor, "/login", "/login", name=name, password="opensesame")
        people.append(visitor)
    mina, hana = people
    post_form(mina, "/views", "/views", page="/alerts", query="", name="Secret list")
    post_form(mina, "/views", "/views", page="/alerts", query="", name="Team list", team="yes")
    found = re.findall(r'action="/views/(\w+)"', mina.get("/views").text)

    assert "Secret list" not in hana.get("/views").text
    assert "for the team, by Mina" in text_of(hana.get("/views").text)
    answers = {
        post_form(hana, "/views", f"/views/{one}", do="delete").status_code for one in found
    }
    assert answers == {303, 404}
    assert "Secret list" in mina.get("/views").text


def test_a_hostile_name_is_shown_and_does_nothing(site: Served):
    save(site, name=EVIL, query=f"subject={EVIL}")

    for path in ("/views", "/alerts"):
        page = site.browser().get(path).text
        assert "<script>alert" not in page
        assert "\u202e" not in page


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": ""}, 400),
        ({"name": " \u202e\n"}, 303),
        ({"page": "//evil.example"}, 400),
        ({"page": "/logout"}, 400),
        ({"query": "a=1&" * 500}, 303),
        ({"query": "subject=" + "x" * 9000}, 303),
    ],
)
def test_only_pages_with_a_list_can_be_saved(site: Served, fields: dict[str, str], status: int):
    wanted = {"page": "/alerts", "query": "", "name": "mine", **fields}
    answer = post_form(site.browser(), "/views", "/views", **wanted)

    assert answer.status_code == status
    assert site.browser().get("/alerts").status_code == 200


def test_too_many_views_are_refused_with_what_to_do(site: Served):
    for n in range(MAX_VIEWS):
        save(site, name=f"v{n}")

    answer = post_form(site.browser(), "/views", "/views", page="/alerts", query="", name="x")

    assert answer.status_code == 409
    assert "Delete one" in text_of(answer.text)


def test_a_query_keeps_only_what_its_page_knows():
    assert clean_query("/posts", "q=a+b&lang=ko&page=9&state=open") == "q=a+b&lang=ko"
    assert clean_query("/alerts", "state=resolved&state=all") == "state=all"
    assert clean_query("/alerts", "&&==") == ""
