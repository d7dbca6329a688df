"""Readers are spared: text that harms is folded away in lists, and opened by who asks for it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from dashboards.web.text import path_of
from dashboards.web.words import load
from stream.index import IndexBatch
from stream.records import Alert
from tests.dashboards.web.conftest import Serve
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_campaigns import make_campaign
from tests.dashboards.web.test_harm_alert import offered
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import (
    HARMFUL,
    NOW,
    POST_ID,
    SMEAR,
    THREAD,
    judged_index,
    make_post,
    seen,
)

TAG = "서안자살해"
TRADE = "/posts?q=harm:sexual_deepfake"
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


EVERY = (WORDS, TAG, "딥페이크 팝니다", "radio dagger")
"""Words of harmful posts of the full world: each may stand in folds alone."""
ALIKE = 3
"""Pages of one kind that the walk opens."""


def full_world() -> MemoryIndex:
    """Harm everywhere: a smear and its campaign, an alert of harm, a reply, hashtags."""
    index = judged_index()
    reply = make_post(
        9700, at=NOW - 60_000, text="서안 radio dagger", lang="en", reply_to=THREAD, root=THREAD
    )
    tagged = msgspec.structs.replace(reply, id=f"{reply.id}t", hashtags=(TAG, "comeback"))
    harmful = [
        msgspec.structs.replace(seen(one, "seoan"), judgement=HARMFUL)
        for one in (reply, tagged)
    ]
    trade = offered()
    index.write(
        IndexBatch(
            checkpoint="full",
            posts=[
                *harmful,
                *(one for one in trade._posts.values() if "딥페이크" in one.post.text),
            ],
            results=[make_campaign(), *trade._all(Alert)],
        )
    )
    return index


def kind_of(path: str) -> tuple[str, ...]:
    """Pages that differ in an id, a page number or a condition alone are of one kind."""
    parts = urlsplit(path)
    names = sorted(one.partition("=")[0] for one in parts.query.split("&"))
    return (*parts.path.split("/")[1:2], *parts.path.split("/")[3:4], *names)


def walk(visitor: httpx.Client) -> Iterator[tuple[str, str]]:
    """Pages that links lead to from the first one, a few of each kind, with their HTML."""
    known, counts = set[str](), dict[tuple[str, ...], int]()
    waiting = ["/", "/dead", "/subjects/seoan", path_of("threads", THREAD), TRADE]
    while waiting:
        path = waiting.pop(0)
        if path in known or counts.get(kind_of(path), 0) == ALIKE:
            continue
        known.add(path)
        counts[kind_of(path)] = counts.get(kind_of(path), 0) + 1
        answer = visitor.get(path, follow_redirects=True)
        assert answer.status_code in {200, 404}, path
        if "text/html" not in answer.headers["content-type"]:
            continue
        yield answer.url.path, answer.text
        found = (
            unescape(one).partition("#")[0]
            for one in re.findall(r'href="(/[^"]*)"', answer.text)
        )
        waiting += [one for one in found if one and not one.startswith("/static")]


def test_on_no_page_of_a_walk_through_all_of_them_do_harmful_words_stand_unfolded(serve):
    visitor = serve(full_world()).browser()
    folded = dict.fromkeys(EVERY, 0)
    kinds = set[str]()

    for path, html in walk(visitor):
        kinds.add(path.split("/")[1].partition("?")[0])
        own_page = path.startswith("/posts/")
        for words in EVERY:
            # Attributes count too: tooltips, labels, values that scripts read.
            shown = FOLD.sub(lambda m: m[0].partition("</summary>")[0], html)
            assert own_page or words not in shown, (path, words)
            folded[words] += words in html

    assert all(folded.values()), folded
    assert kinds >= {
        "",
        "alerts",
        "campaigns",
        "clusters",
        "posts",
        "subjects",
        "threads",
        "trends",
    }


def test_neither_the_feed_nor_what_scripts_ask_for_carries_harmful_words(serve):
    visitor = serve(full_world()).browser()

    for path in (
        "/api/events?follow=false&since=0-0", "/posts/complete?q=tag:", "/api/alerts",
    ):  # fmt: skip
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert not [words for words in EVERY if words in answer.text], path


def test_programs_are_told_which_texts_to_fold(serve):
    visitor = serve(full_world()).browser()

    found = visitor.get("/api/posts", params={"q": "subject:seoan", "limit": 100}).json()[
        "items"
    ]
    samples = visitor.get(f"/api/alerts/{SMEAR}").json()["samples"]
    cluster = visitor.get("/api/clusters/cluster_smear").json()

    assert {one["spared"] for one in found if WORDS in one["text"]} == {True}
    assert False in {one["spared"] for one in found}
    assert {one["spared"] for one in samples} == {True}
    assert cluster["spared"] is True


def test_a_table_of_texts_says_what_harm_each_does_before_the_text(serve):
    answer = serve(full_world()).browser().get("/subjects/seoan/texts.csv")

    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    [smear] = [one for one in rows if WORDS in one["sample"]]
    assert "defamation" in smear["harm"].split()
    assert list(smear).index("harm") < list(smear).index("sample")


def test_harmful_hashtags_are_counted_without_being_said(serve):
    visitor = serve(full_world()).browser()

    listed = open_page(visitor, "/posts")
    subject = open_page(visitor, "/subjects/seoan")
    led = re.search(r'href="([^"]+)"[^>]*><bdi class="clip">Hidden: Hate', listed)[1]

    assert TAG not in unfolded(subject)
    assert "comeback" in unfolded(subject)
    assert "1 post found" in text_of(open_page(visitor, unescape(led)))
