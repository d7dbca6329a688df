"""The page of unreadable records: over a real store, hostile bytes, another try by its owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.composing.compose import build_host
from detect.watchlist import load_watchlist
from stream.care.dead_box import LocalDeadBox
from stream.embedded import EmbeddedHost
from stream.records import DeadLetter
from stream.settings import load_settings
from tests.dashboards.web.conftest import Serve, Served, post_form
from tests.dashboards.web.dead_world import HOSTILE, filled_box
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import NOW

WATCHLIST = '[[subjects]]\nid = "arin"\nkind = "idol"\nname = "Arin"\nnames.en = ["Arin"]\n'


def opened(folder: Path) -> EmbeddedHost:
    file = folder / "watchlist.toml"
    file.write_text(WATCHLIST)
    return build_host(folder / "data", load_settings(None, {}), load_watchlist(file), None)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[EmbeddedHost]:
    """The owner of a folder that holds three letters; it does nothing by itself."""
    filled_box(tmp_path / "data")
    host = opened(tmp_path)
    with host.store.transaction():
        host.intake.count("bluesky", {"malformed": 1})
    yield host
    host.close()


@pytest.fixture
def pages(host: EmbeddedHost, serve: Serve) -> Served:
    return serve(dead_box=LocalDeadBox(host.store.folder, now=lambda: NOW))


def test_the_list_says_what_could_not_be_read_and_why(pages: Served):
    html = pages.browser().get("/dead").text

    said = text_of(html)
    assert "3 records, newest first" in said
    assert "an older jikimi" in said
    assert said.index("too odd") < said.index("an older jikimi"), "the newest first"
    assert "Try all 3 again" in said


def test_nothing_of_a_record_is_ever_run_or_reorders_the_page(pages: Served):
    visitor = pages.browser()
    for page in ("/dead", "/dead/2"):
        html = visitor.get(page).text
        assert "<script>alert" not in html
        assert "<b>bold" not in html
        assert "<i>net" not in html
        assert not set(html) & set("\u202e\u200b\x1b\x00")
    shown = text_of(visitor.get("/dead/2").text)
    assert "\\xff\\xfe" in shown, "what is no text is spelled out"
    assert "U+001B" in shown
    assert "U+202E" in shown
    assert "{{7*7}}" in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_the_original_bytes_come_as_a_file_that_no_browser_opens(pages: Served):
    answer = pages.browser().get("/dead/2/raw")

    assert answer.content == HOSTILE
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="dead-letter-2.bin"'
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_of_a_large_record_the_beginning_is_shown(host: EmbeddedHost, pages: Served):
    with host.store.transaction():
        long = "\N{HANGUL SYLLABLE GA}".encode() * 20_000
        host.dead.bury([DeadLetter(stage="source", source="x", reason="", raw=long, at=NOW)])

    answer = pages.browser().get("/dead/4")

    assert len(answer.content) < 60_000
    assert "52,000 bytes more stand in the file" in text_of(answer.text)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("source=reddit", [3]),
        ("stage=source", [2, 1]),
        ("reason=OLDER", [1]),
        ("span=24h", [3]),
        ("span=7d&stage=source", [2]),
        ("reason=%25", []),
        ("reason=%ED%A0%80&source=%00", []),
        ("span=9999999999999999999d", [3, 2, 1]),
        ("page=99999999999999999999", [3, 2, 1]),
        (f"reason={'x' * 5000}", []),
    ],
)
def test_filters_narrow_the_list_and_anything_may_be_typed(
    pages: Served, query: str, numbers: list[int]
):
    answer = pages.browser().get(f"/dead?{query}")

    assert answer.status_code == 200
    found = [n for n in (3, 2, 1) if f'href="/dead/{n}"' in answer.text]
    assert found == numbers
    if not numbers:
        assert "No record matches" in text_of(answer.text)


@pytest.mark.parametrize("seq", ["99", "0", "-1", "1.5", "x", "9" * 30, "%F0%9F%98%80", "٣"])
def test_a_record_that_is_not_here_is_said(pages: Served, seq: str):
    for path in (f"/dead/{seq}", f"/dead/{seq}/raw"):
        answer = pages.browser().get(path)
        assert answer.status_code == 404
        assert "This record is not here" in text_of(answer.text)


def test_another_try_is_made_by_the_owner_and_its_outcome_is_told(
    host: EmbeddedHost, pages: Served
):
    visitor = pages.browser()

    answer = post_form(visitor, "/dead", "/dead/replay", all="1")
    asked = answer.headers["location"]
    assert answer.status_code == 303
    assert "Another try is asked for" in text_of(visitor.get(asked).text)
    host.settle()

    said = text_of(visitor.get(asked).text)
    assert "1 record could be read and is taken in." in said
    assert "1 still cannot be read." in said
    assert "1 failed in a later step and cannot be tried again." in said
    assert "2 records, newest first" in said
    assert host.intake.counters("bluesky")["logged"] == 1
    assert "This record is not here" in text_of(visitor.get("/dead/1").text)


def test_the_filters_of_the_list_bound_what_all_means(host: EmbeddedHost, pages: Served):
    visitor = pages.browser()

    nothing = post_form(visitor, "/dead", "/dead/replay", all="1", reason="like nothing")
    assert nothing.status_code == 400
    post_form(visitor, "/dead", "/dead/replay", all="1", stage="clusters")
    host.settle()

    assert "3 records, newest first" in text_of(visitor.get("/dead").text)


def test_one_record_can_be_tried_from_its_own_page(host: EmbeddedHost, pages: Served):
    visitor = pages.browser()
    post_form(visitor, "/dead/1", "/dead/replay", letter="1")
    host.settle()

    assert host.intake.counters("bluesky")["logged"] == 1
    assert "cannot be tried again" not in text_of(visitor.get("/dead").text)
    assert "Try to read it again" not in text_of(visitor.get("/dead/3").text)


@pytest.mark.parametrize("letters", ["", "x", "-1", "1e9"])
def test_with_nothing_chosen_it_says_so(pages: Served, letters: str):
    answer = post_form(pages.browser(), "/dead", "/dead/replay", letter=letters)

    assert answer.status_code == 400
    assert "Choose records in the list first" in text_of(answer.text)


def test_a_try_that_did_not_come_from_our_page_is_refused(pages: Served):
    visitor = pages.browser()
    visitor.get("/dead")
    assert visitor.post("/dead/replay", data={"all": "1"}).status_code == 403


def test_before_there_is_data_the_page_says_that_all_could_be_read(
    serve: Serve, tmp_path: Path
):
    pages = serve(dead_box=LocalDeadBox(tmp_path / "none", now=lambda: NOW))
    visitor = pages.browser()

    assert "Everything could be read" in text_of(visitor.get("/dead").text)
    answer = post_form(visitor, "/dead", "/dead/replay", letter="1")
    assert answer.status_code == 409
    assert not (tmp_path / "none").exists()


def test_the_sources_page_leads_there(pages: Served, site: Served):
    assert 'href="/dead"' in pages.browser().get("/sources").text
    assert 'href="/dead' not in site.browser().get("/sources").text
    assert site.browser().get("/dead").status_code == 404


def test_a_store_that_cannot_be_read_is_said(tmp_path: Path, serve: Serve):
    (tmp_path / "jikimi.db").write_bytes(b"no database" * 1000)
    answer = (
        serve(dead_box=LocalDeadBox(tmp_path, now=lambda: NOW)).browser().get("/dead/1/raw")
    )

    assert answer.status_code == 503


def test_the_page_speaks_korean(pages: Served):
    said = text_of(pages.browser(headers={"accept-language": "ko"}).get("/dead").text)

    assert "기록 3건, 최신순" in said
    assert "3건 모두 다시 읽기" in said
