"""``jikimi retention``: what it plans, erases and holds, alone and beside the owner."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboards.cli import run
from dashboards.composing.compose import INDEX_FOLDER, build_host, wall_clock
from detect.watchlist import load_watchlist
from ingest.collector import Collected
from ingest.records import Malformed, Post
from stream.embedded import EmbeddedHost
from stream.local_index import LocalIndex
from stream.settings import load_settings

DATA = Path("jikimi-data")
DAY = 24 * 60 * 60 * 1000
NOW = wall_clock()
COPY = "Arin was rude to the staff of the airport this morning, everybody saw it, pass it on"


def post(n: int, age: int, text: str, source: str = "bluesky") -> Post:
    at = NOW - age * DAY + n * 1000
    return Post(
        id=f"{source}:{n}", source=source, platform=source, author_id=f"a{n}",
        created_at=at, observed_at=at, text=text,
    )  # fmt: skip


def opened() -> EmbeddedHost:
    return build_host(
        DATA,
        load_settings(Path("jikimi.toml"), {}),
        load_watchlist(Path("watchlist.toml")),
        LocalIndex(DATA / INDEX_FOLDER),
    )


def configure(text: str) -> None:
    Path("jikimi.toml").write_text(text)


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch):
    """Eight old copies behind an alert, two other old posts, a new one, one unreadable."""
    monkeypatch.chdir(tmp_path)
    Path("watchlist.toml").write_text(
        '[[subjects]]\nid = "arin"\nkind = "idol"\nname = "Arin"\nnames.en = ["Arin"]\n'
    )
    configure("[retention]\ndays = 30\n[sources.reddit]\nkeep_days = 365\n")
    host = opened()
    items = [post(n, 100, COPY) for n in range(8)]
    items += [post(20, 90, "Arin sings"), post(21, 80, "Arin dances", "reddit")]
    items.append(post(22, 1, "Arin today"))
    for item in items:
        host.ingest([Collected(source=item.source, items=[item])])
    broken = Malformed(source="bluesky", raw=b"\xff", reason="odd")
    host.ingest([Collected(source="bluesky", items=[broken])])
    host.settle()
    host.close()


def plan(capsys) -> dict[str, tuple[int, int, int]]:
    assert run(["retention", "plan", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["sources"]
    return {one["source"]: (one["posts"], one["due"], one["held"]) for one in found}


def alert() -> str:
    index = LocalIndex(DATA / INDEX_FOLDER, read_only=True)
    found = index.alerts_after(0)[0][1].alert_id
    index.close()
    return found


def posts() -> int:
    index = LocalIndex(DATA / INDEX_FOLDER, read_only=True)
    found = index.counts()["posts"]
    index.close()
    return found


@contextmanager
def owner() -> Iterator[None]:
    """Somebody else who owns the folder and does what is asked for."""
    host = opened()
    ended = threading.Event()

    def rounds() -> None:
        while not ended.wait(0.02):
            host.care()
            host.feed_index()

    thread = threading.Thread(target=rounds)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        host.close()


def test_a_plan_tells_by_source_what_would_go_and_changes_nothing(capsys):
    assert run(["retention", "plan"]) == 0
    said = capsys.readouterr()

    lines = said.out.splitlines()
    assert lines[0].startswith("bluesky: kept since 20")
    assert "; 9 of 10 posts are due, from 20" in lines[0]
    assert "0 of 1 posts are due" in lines[1]
    assert "9 posts and 0 unreadable records would go" in said.err
    assert plan(capsys) == {"bluesky": (10, 9, 0), "reddit": (1, 0, 0)}
    assert posts() == 11


def test_apply_erases_what_was_planned(capsys):
    assert run(["retention", "apply", "--yes"]) == 0

    assert capsys.readouterr().out == "erased: 9 posts, 0 unreadable records\n"
    assert posts() == 2
    assert plan(capsys) == {"bluesky": (1, 0, 0), "reddit": (1, 0, 0)}
    assert run(["retention", "apply", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["posts"] == 0
    assert run(["retention", "plan"]) == 0
    assert "and ended: 0 posts, 0 unreadable records erased" in capsys.readouterr().err


def test_it_works_beside_the_process_that_owns_the_folder(capsys):
    with owner():
        assert run(["retention", "apply", "--yes"]) == 0
        assert "erased: 9 posts" in capsys.readouterr().out
        assert plan(capsys)["bluesky"] == (1, 0, 0)
    assert posts() == 2


def test_a_hold_keeps_every_post_behind_an_alert(capsys):
    assert run(["retention", "hold", alert(), "--reason", "court, file 12/26"]) == 0
    assert capsys.readouterr().out == "8 more posts are held\n"
    assert plan(capsys)["bluesky"] == (10, 1, 8)

    assert run(["retention", "apply", "--yes"]) == 0
    said = capsys.readouterr().out
    assert said == "erased: 1 posts, 0 unreadable records; 8 posts are held and stay\n"
    assert posts() == 10

    assert run(["retention", "holds"]) == 0
    listed = capsys.readouterr().out
    assert listed.count("court, file 12/26") == 8
    assert f"(alert {alert()})" in listed
    assert run(["retention", "release", alert()]) == 0
    assert capsys.readouterr().out == "8 posts are held no more\n"
    assert run(["retention", "apply", "--yes"]) == 0
    assert posts() == 2


def test_holding_twice_keeps_the_first_reason(capsys):
    assert run(["retention", "hold", "bluesky:20", "--reason", "first"]) == 0
    assert run(["retention", "hold", "bluesky:20", "--reason", "second"]) == 0
    assert "0 more posts" in capsys.readouterr().out
    assert run(["retention", "holds", "--json"]) == 0
    assert [one["reason"] for one in json.loads(capsys.readouterr().out)] == ["first"]


def test_what_is_held_can_still_be_forgotten(capsys):
    assert run(["retention", "hold", "bluesky:20", "--reason", "court"]) == 0
    assert run(["forget", "bluesky:20", "--reason", "asked by its author"]) == 0
    assert posts() == 10


def test_unreadable_records_have_days_of_their_own(capsys):
    configure("[retention]\ndead_letter_days = 7\n")
    assert run(["retention", "plan"]) == 0
    assert "0 posts and 0 unreadable" in capsys.readouterr().err
    host = opened()
    with host.store.transaction():
        host.store.db.execute("UPDATE dead_letters SET at = at - ?", (8 * DAY,))
    host.close()

    assert run(["retention", "plan"]) == 0
    assert "bluesky: kept for ever; 0 of 10 posts are due; 1 unreadable records are due" in (
        capsys.readouterr().out
    )
    assert run(["retention", "apply", "--yes"]) == 0
    assert capsys.readouterr().out == "erased: 0 posts, 1 unreadable records\n"


def test_a_person_is_asked_first(monkeypatch, capsys):
    import click

    asked: list[str] = []

    def no(text: str, **more: object) -> None:
        asked.append(text)
        raise click.Abort

    monkeypatch.setattr(click, "confirm", no)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert run(["retention", "apply"]) == 130
    assert asked == ["Erase this for good?"]
    assert "9 of 10 posts are due" in capsys.readouterr().out
    assert posts() == 11


def test_a_run_erases_by_itself_and_other_commands_do_not(capsys):
    assert run(["forget", "bluesky:22", "--reason", "asked"]) == 0
    assert posts() == 10, "only what was asked for"
    Path("posts.ndjson").write_text("")
    configure(
        '[retention]\ndays = 30\n[sources.archive.options]\npaths = ["posts.ndjson"]\n'
        "[sources.reddit]\nenabled = false\nkeep_days = 365\n"
    )
    assert run(["-q", "run", "--no-web", "--for", "60"]) == 0
    capsys.readouterr()
    assert plan(capsys) == {"reddit": (1, 0, 0)}


@pytest.mark.parametrize(
    ("settings", "args", "code", "said"),
    [
        ("", ["plan"], 2, "nothing is set, so everything is kept"),
        ("", ["apply", "--yes"], 2, "sources.NAME.keep_days"),
        ("[retention]\ndays = 3\n", ["apply"], 2, "add --yes"),
        ("[retention]\ndays = 0\n", ["plan"], 3, "retention.days"),
        ("[sources.bluesky]\nkeep_days = 1.5\n", ["plan"], 3, "sources.bluesky.keep_days"),
        ("[retention]\ndays = 3\n", ["plan", "--data", "."], 1, "no data in this folder"),
        ("", ["hold", "x"], 2, "--reason"),
        ("", ["hold", "x", "--reason", " "], 2, "say why"),
        ("", ["hold", "x", "--reason", "y"], 1, "nothing is known of 1"),
        ("", ["release", "x"], 1, "no hold names 1"),
        ("", ["holds"], 0, "nothing is held"),
    ],
)
def test_mistakes_and_emptiness_are_explained(settings, args, code, said, capsys):
    configure(settings)
    assert run(["retention", *args]) == code
    assert said in capsys.readouterr().err
