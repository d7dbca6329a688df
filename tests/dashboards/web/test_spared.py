"""Readers are spared: text that harms is folded away in lists, and opened by who asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from dashboards.web.text import path_of
from dashboards.web.words import load
from tests.dashboards.web.conftest import Serve
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import POST_ID, SMEAR, THREAD, judged_index

WORDS = "연습실에서 쫓겨났다는"
FOLD = re.compile(r'<details class="spared">.*?</details>', re.DOTALL)


@pytest.fixture
def visitor(serve: Serve) -> Iterator[httpx.Client]:
    return serve(judged_index()).browser()


def unfolded(html: str) -> str:
    """What a reader sees without unfolding anything."""
    body = html[html.index("<main") :]
    return text_of(FOLD.sub(lambda m: m[0].partition("</summary>")[0], body))


def open_page(visitor: httpx.Client, path: str, **query: str) -> str:
    answer = visitor.get(path, params=query) if query else visitor.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(
    "path",
    ["/", "/clusters/cluster_smear", "/subjects/seoan", f"/alerts/{SMEAR}",
     path_of("threads", POST_ID), "/posts?q=harm:defamation"],
)  # fmt: skip
def test_harmful_words_stand_in_no_list_unasked(visitor, path):
    html = open_page(visitor, path)

    assert WORDS not in unfolded(html)
    assert "Hidden: Defamation" in unfolded(html)


def test_what_is_folded_opens_without_javascript(visitor):
    html = open_page(visitor, "/posts", q="harm:defamation")

    folds = FOLD.findall(html)
    assert len(folds) == 30
    assert all(WORDS in text_of(fold) for fold in folds)
    assert "Threat (not sure)" in text_of(folds[0])


def test_harmless_words_are_not_folded(visitor):
    html = open_page(visitor, path_of("threads", THREAD))

    assert FOLD.findall(html) == []
    assert "the radio proves it" in unfolded(html)


def test_a_posts_own_page_shows_it_with_what_was_said_of_it_and_why(visitor):
    html = open_page(visitor, path_of("posts", POST_ID))

    told = text_of(html)
    rows = ["".join(text_of(r).split()) for r in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)]
    assert WORDS in unfolded(html)
    assert "Defamation0.91쫓겨났다(listofwords)" in rows
    assert "Threat0.55notsurethetextasawhole(model)" in rows
    assert "a subject of the watchlist" in told
    assert "harm/test" in told


def test_a_post_that_nobody_judged_says_so(visitor):
    html = open_page(visitor, "/posts", q="-language:ko -language:en")
    path = re.search(r'href="(/posts/[^"?]+)" data-row', html)[1]

    assert "Not judged" in open_page(visitor, path)


def test_facets_lead_to_harm_target_and_language(visitor):
    html = open_page(visitor, "/posts")

    for query in ("harm:defamation", "target:subject", "language:ko"):
        assert f'href="/posts?q={query.replace(":", "%3A")}"' in html
    assert "48 posts found" in text_of(open_page(visitor, "/posts", q="target:subject"))


def test_it_is_said_in_korean(visitor):
    korean = load()["ko"]

    html = visitor.get("/posts?q=harm:defamation", headers={"accept-language": "ko"}).text

    assert f"{korean('Hidden')}: {korean('Defamation')}" in text_of(html)
    assert korean("Defamation") != "Defamation"
