"""The Korean pages hold no English sentence, also none that nobody marked for translation."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dashboards.web import gap_words
from dashboards.web.text import path_of
from dashboards.web.words import load
from ingest.reddit import client
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.dead_world import LETTERS, filled_box
from tests.dashboards.web.test_accessibility import PAGES as SHOWN
from tests.dashboards.web.world import POST_ID, SMEAR, WATCHLIST

ROOT = Path(__file__).parents[3]
PAGES = [
    *SHOWN,
    path_of("threads", POST_ID),
    f"/alerts/{SMEAR}?state=all",
    "/posts?q=subject%3Anobody",
    "/posts?q=%22never%20closed",
    "/posts?q=platform%3Areddit%20since%3A30d",
]
SPOKEN = ("aria-label", "alt", "placeholder", "title", "data-said", "data-remade", "data-away")
WORD = re.compile(r"[A-Za-z]{3,}")
NAMES = {
    "jikimi", "english", "kst", "utc", "csv", "enter", "esc", "and", "not", "tab", "json", "http",
}  # fmt: skip
"""Names and keys, which are the same in every language."""


class Sentences(HTMLParser):
    """What a page says: its texts and what it says aloud, but no code and no times."""

    SILENT = ("script", "style", "code", "kbd", "q", "bdi", "mark", "time", "svg")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT:
            self._silent += 1
        self.found |= {value for name, value in attrs if name in SPOKEN and value}

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SILENT:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.add(" ".join(data.split()))


def words_of(texts: set[str]) -> set[str]:
    return {word.casefold() for text in texts for word in WORD.findall(text)}


def said(site: Served, path: str, lang: str) -> set[str]:
    answer = site.browser().get(path, headers={"accept-language": lang})
    return Sentences(answer.text).found


@pytest.fixture
def collected(site: Served) -> set[str]:
    """Words of what was collected, which stays as it was written."""
    index = site.index
    things = [*index._posts.values(), *index._results.values(), *index._statuses.values()]  # type: ignore[attr-defined]
    sources = {gap.source for gap in index.gap_ledger().gaps}
    return words_of({repr(one) for one in (*things, *WATCHLIST.subjects)} | sources)


@pytest.mark.parametrize("path", PAGES)
def test_nothing_on_a_korean_page_is_said_in_english(
    site: Served, collected: set[str], path: str
):
    assert in_english(site, path, collected) == set()


@pytest.mark.parametrize(
    "path", ["/dead", "/dead?reason=odd", "/dead?span=1d", "/dead/1", "/dead/2"]
)
def test_nor_is_anything_about_records_that_could_not_be_read(
    serve: Serve, tmp_path: Path, path: str
):
    site = serve(dead_box=filled_box(tmp_path))
    shown = {letter.raw.decode("utf-8", "backslashreplace") for letter in LETTERS}
    # Characters that are not shown are called as Unicode calls them.
    names = {unicodedata.name(char, "control character") for text in shown for char in text}
    collected = words_of({*shown, *names, *(repr(letter) for letter in LETTERS)})

    assert in_english(site, path, collected) == set()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("source was away", "출처가 끊겨 있었습니다"),
        ("a message of more than 8 MiB", "8 MiB가 넘는 메시지"),
        (
            "search for 'a: b': more was posted than Reddit lists",
            "search for 'a: b': Reddit이 보여 주는 것보다 많은 게시물이 올라왔습니다",
        ),
        ("r/kpop is private", "r/kpop 비공개입니다"),
        ("r/kpop reads minds", "r/kpop reads minds"),
        ("a source of others says this", "a source of others says this"),
        ("", ""),
    ],
)
def test_why_a_gap_is_there_is_said_in_korean_as_far_as_it_is_known(reason: str, said: str):
    assert gap_words.why(reason, load()["ko"]) == said
    assert gap_words.why(reason, load()["en"]) == reason


def test_every_reason_that_our_sources_give_is_known():
    refusals = {*client._REASONS.values(), *client._STATUSES.values()}
    given = set[str]()
    for file in ("collector.py", "bluesky.py", "reddit/past.py", "reddit/reader.py"):
        source = (ROOT / "ingest" / file).read_text("utf-8")
        given |= set(re.findall(r'reason ?= ?f?"(?:\{[^}]+\}: )?([^"{]+)"', source))
        given |= set(re.findall(r'_gap\(.*, "([^"]+)"\)', source))

    assert len(given) >= 6
    assert refusals | given - {"a message of more than "} <= gap_words.SENTENCES


def in_english(site: Served, path: str, collected: set[str]) -> set[str]:
    """What the page says in the same words in both languages, but for what was collected."""
    return {
        text
        for text in said(site, path, "ko") & said(site, path, "en")
        if words_of({text}) - collected - NAMES
    }
