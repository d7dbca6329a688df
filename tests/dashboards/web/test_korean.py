"""The Korean pages hold no English sentence, also none that nobody marked for translation."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from dashboards.web.text import path_of
from tests.dashboards.web.conftest import Served
from tests.dashboards.web.test_accessibility import PAGES as SHOWN
from tests.dashboards.web.world import POST_ID, SMEAR, WATCHLIST

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
    gaps = index.gap_ledger().gaps
    return words_of({repr(one) for one in (*things, *gaps, *WATCHLIST.subjects)})


@pytest.mark.parametrize("path", PAGES)
def test_nothing_on_a_korean_page_is_said_in_english(
    site: Served, collected: set[str], path: str
):
    both = {
        text
        for text in said(site, path, "ko") & said(site, path, "en")
        if words_of({text}) - collected - NAMES
    }

    assert both == set()
