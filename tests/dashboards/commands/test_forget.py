"""``jikimi forget``: alone, beside the process that owns the folder, and what it says."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from dashboards.cli import run
from dashboards.composing.compose import DESK_FILE, INDEX_FOLDER, build_host
from dashboards.desk import Desk
from detect.watchlist import load_watchlist
from ingest.collector import Collected
from ingest.records import Post
from stream.local_index import LocalIndex
from stream.settings import load_settings

SENTINEL = "zzqsentinel"
WATCHLIST = """\
[[subjects]]
id = "arin"
kind = "idol"
name = "Arin"
names.en = ["Arin"]
"""


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch):
    """A data folder with three posts, one of them about to be forgotten."""
    monkeypatch.chdir(tmp_path)
    Path("watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
    host = opened()
    host.ingest(
        [
            Collected(
                source="bluesky",
                items=[story(1, f"arin {SENTINEL} and more"), story(2), story(3, author="b")],
            )
        ]
    )
    host.settle()
    host.close()


def story(n: int, text: str = "arin was seen somewhere", author: str = "a") -> Post:
    return Post(
        id=f"bluesky:{n}", source="bluesky", platform="bluesky", author_id=author,
        created_at=1_700_000_000_000 + n, text=text,
    )  # fmt: skip


def opened():
    folder = Path("jikimi-data")
    index = LocalIndex(folder / INDEX_FOLDER)
    return build_host(
        folder, load_settings(None, {}), load_watchlist(Path("watchlist.toml")), index
    )


def indexed() -> set[str]:
    index = LocalIndex(Path("jikimi-data") / INDEX_FOLDER, read_only=True)
    found = {one.post.id for one in index.posts([f"bluesky:{n}" for n in (1, 2, 3)])}
    index.close()
    return found


def test_a_post_is_forgotten_in_log_and_index(capsys):
    assert run(["forget", "bluesky:1", "--reason", "asked by its author"]) == 0

    assert capsys.readouterr().out == "forgotten: 1 posts, 0 dead letters\n"
    assert indexed() == {"bluesky:2", "bluesky:3"}


def test_a_whole_account_is_forgotten(capsys):
    assert run(["forget", "bluesky:a", "--reason", "asked", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["posts"] == 2
    assert indexed() == {"bluesky:3"}


def test_it_works_while_another_process_owns_the_folder(capsys):
    host = opened()
    ended = threading.Event()

    def rounds() -> None:
        while not ended.wait(0.05):
            host.settle()

    # SQLite's connection is handed over: the test touches it again only after the end.
    owner = threading.Thread(target=rounds)
    owner.start()
    try:
        assert run(["forget", "bluesky:1", "bluesky:77", "--reason", "asked"]) == 4
    finally:
        ended.set()
        owner.join()
    said = capsys.readouterr()
    assert said.out == "forgotten: 1 posts, 0 dead letters\n"
    assert "nothing is known of 1 of the ids" in said.err
    host.settle()
    host.close()
    assert indexed() == {"bluesky:2", "bluesky:3"}


def test_an_owner_that_does_not_answer_is_told_and_the_request_withdrawn(monkeypatch, capsys):
    monkeypatch.setattr("dashboards.asking.PATIENCE_S", 0.3)
    host = opened()

    assert run(["forget", "bluesky:1", "--reason", "asked"]) == 1

    assert "did not take the request up within 0 s; it was withdrawn" in capsys.readouterr().err
    assert host.store.db.execute("SELECT count(*) FROM requests").fetchone() == (0,)
    host.close()


def test_an_unknown_id_is_said_and_fails(capsys):
    assert run(["forget", "bluesky:404", "--reason", "asked"]) == 1

    assert "nothing is known of 1 of the ids" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["forget", "abc", "--reason", "x"], "is no id: expected platform:id"),
        (["forget", "bluesky:1", "--reason", " "], "say why"),
        (["forget", "bluesky:1"], "Missing option '--reason'"),
    ],
)
def test_mistakes_are_explained(args, said, capsys):
    assert run(args) == 2
    assert said in capsys.readouterr().err


def test_without_data_nothing_is_made(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(["forget", "bluesky:1", "--reason", "x", "--data", "empty"]) == 1
    assert "no data in this folder" in capsys.readouterr().err
    assert not list((tmp_path / "empty").iterdir())


def test_what_people_wrote_about_an_alert_stays():
    desk = Desk(Path("jikimi-data") / DESK_FILE)
    desk.decide("al_1", "resolved", reason=SENTINEL, who="minji", at_ms=1)
    desk.close()

    assert run(["forget", "bluesky:1", "--reason", "asked"]) == 0

    desk = Desk(Path("jikimi-data") / DESK_FILE)
    assert desk.history("al_1")[0].reason == SENTINEL
    assert desk.verify().intact
    desk.close()
