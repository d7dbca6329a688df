"""``jikimi search`` on a real data folder, and what a rebuild of its index restores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dashboards.cli import run
from dashboards.composing.compose import INDEX_FOLDER, build_host
from detect.watchlist import load_watchlist
from ingest.collector import Collected
from ingest.records import Author, Post
from stream.local_index import LocalIndex
from stream.settings import load_settings

WATCHLIST = """\
[[subjects]]
id = "arin"
kind = "idol"
name = "Arin"
names.ko = ["아린"]
"""
T0 = 1_793_491_200_000
TEXTS = (
    "아린 표절 의혹이라니",
    "아린 의혹 표절",
    "arin plagiarism rumour",
    "arin \x1b[31mred\x1b[0m\nnew line",
)


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch):
    """A data folder with four posts, filled by the real host."""
    monkeypatch.chdir(tmp_path)
    fill_folder(Path("jikimi-data"))


def fill_folder(folder: Path) -> None:
    """Four posts by the real host; the watchlist stands in the current folder."""
    Path("watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
    host = build_host(
        folder,
        load_settings(None, {}),
        load_watchlist(Path("watchlist.toml")),
        LocalIndex(folder / INDEX_FOLDER),
    )
    posts = [
        Post(
            id=f"bluesky:{n}", source="bluesky", platform="bluesky", author_id=f"did:{n}",
            created_at=T0 + n * 60_000, text=text, hashtags=("컴백",) if n else (),
            author=Author(handle=f"fan{n}.example"), lang="ko" if n < 2 else "en",
        )
        for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    host.ingest([Collected(source="bluesky", items=posts)])
    host.settle()
    host.close()


def ids(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    assert run(["search", *args, "--json"]) == 0
    return [json.loads(line)["post"]["id"] for line in capsys.readouterr().out.splitlines()]


def test_posts_are_found_newest_first_and_oldest_first(capsys):
    assert ids(capsys, "표절 의혹") == ["bluesky:1", "bluesky:0"]
    assert ids(capsys, "표절 의혹", "--oldest") == ["bluesky:0", "bluesky:1"]
    assert ids(capsys, '"표절 의혹"') == ["bluesky:0"]


def test_fields_names_and_times_are_understood(capsys):
    assert len(ids(capsys, "subject:아린")) == 4
    assert ids(capsys, "subject:ARIN -tag:컴백") == ["bluesky:0"]
    assert ids(capsys, "author:@Fan2.example OR lang:ko", "--limit", "1") == ["bluesky:2"]
    assert len(ids(capsys, "since:2026-11-01T09:00 until:2026-11-01T09:02")) == 2


def test_lines_for_people_are_short_and_steer_no_terminal(capsys):
    assert run(["search", "line"]) == 0

    told = capsys.readouterr()
    assert "2026-11-01 09:03 KST  bluesky  @fan3.example  [arin]" in told.out
    assert "\x1b[31m" not in told.out
    assert len(told.out.splitlines()) == 2
    assert told.err == "1 found\n"


def test_more_than_is_shown_is_told(capsys):
    run(["search", "arin", "--limit", "1"])

    assert capsys.readouterr().err == "2 found, 1 shown\n"


def test_a_mistake_is_pointed_at_and_nothing_else_is_printed(capsys):
    assert run(["search", "아린 platfrom:x"]) == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert "did you mean platform?" in told.err
    assert told.err.splitlines()[1:] == ["  아린 platfrom:x", "       ^^^^^^^^"]


def test_what_cannot_match_says_so(capsys):
    assert run(["search", '"😀"']) == 0

    assert "nothing that can be looked for" in capsys.readouterr().err


def test_a_name_that_nobody_has_is_told(capsys):
    assert run(["search", "subject:arim"]) == 0

    assert capsys.readouterr().err.splitlines() == [
        "note: nobody on the watchlist is called “arim”; did you mean arin?",
        "0 found",
    ]


def test_no_data_finds_nothing_and_says_where_posts_come_from(tmp_path, capsys):
    (tmp_path / "empty").mkdir()

    assert run(["search", "a", "--data", "empty"]) == 0
    told = capsys.readouterr().err
    assert "the index of empty holds no posts; start `jikimi run`" in told
    assert told.endswith("0 found\n")


def test_an_index_that_is_gone_is_told_apart_from_no_posts(capsys):
    shutil.rmtree(Path("jikimi-data") / INDEX_FOLDER)

    assert run(["search", "arin"]) == 0
    assert "holds no posts; if it should, run `jikimi index rebuild`" in capsys.readouterr().err

    assert run(["index", "rebuild"]) == 0
    capsys.readouterr()
    assert len(ids(capsys, "arin")) == 2


@pytest.mark.parametrize("place", ["empty", "absent"])
def test_without_a_log_there_is_nothing_to_rebuild_and_nothing_is_made(
    place, capsys, monkeypatch
):
    Path("empty").mkdir()
    monkeypatch.setenv("JIKIMI__DATA__FOLDER", place)

    assert run(["index", "rebuild"]) == 1

    assert f"there is nothing to rebuild: {place} holds no log" in capsys.readouterr().err
    assert list(Path("empty").iterdir()) == []
    assert not Path("absent").exists()


def test_lost_search_is_told_and_a_rebuild_restores_it(capsys):
    shutil.rmtree(Path("jikimi-data") / INDEX_FOLDER / "generation-1" / "search")

    assert run(["search", "arin"]) == 1
    assert "run `jikimi index rebuild`" in capsys.readouterr().err

    assert run(["index", "rebuild"]) == 0
    capsys.readouterr()
    assert ids(capsys, "tag:컴백 -표절") == ["bluesky:3", "bluesky:2"]
    assert len(ids(capsys, "reason:alias subject:arin")) == 4


def test_a_rebuild_beside_a_running_jikimi_says_who_holds_the_index(capsys):
    index = LocalIndex(Path("jikimi-data") / INDEX_FOLDER)

    assert run(["index", "rebuild"]) == 1
    assert "being written by another process" in capsys.readouterr().err
    index.close()


def test_likely_harmful_text_is_hidden_until_it_is_asked_for(capsys):
    host = build_host(
        Path("jikimi-data"),
        load_settings(None, {}),
        load_watchlist(Path("watchlist.toml")),
        LocalIndex(Path("jikimi-data") / INDEX_FOLDER),
    )
    threat = Post(
        id="bluesky:9", source="bluesky", platform="bluesky", author_id="did:9",
        created_at=T0, text="arin i will kill you at the concert", lang="en",
    )  # fmt: skip
    host.ingest([Collected(source="bluesky", items=[threat])])
    host.settle()
    host.close()

    assert run(["search", "concert"]) == 0
    hidden = capsys.readouterr().out
    assert "kill" not in hidden
    assert "(hidden: Threat; --show prints it)" in hidden
    assert run(["search", "concert", "--show"]) == 0
    assert "kill you at the concert" in capsys.readouterr().out
    assert run(["search", "arin", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["post"]["id"] for one in told if one["spared"]] == ["bluesky:9"]
    assert len(told) > 1
