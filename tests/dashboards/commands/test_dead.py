"""``jikimi dead``: lists, shows bytes safely, and replays exactly once with sums that hold."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dashboards.cli import run
from dashboards.commands.dead import escaped
from dashboards.composing.compose import INDEX_FOLDER, build_host, wall_clock
from detect.watchlist import load_watchlist
from ingest.collector import Collected
from ingest.records import Malformed
from stream.local_index import LocalIndex
from stream.records import DeadLetter
from stream.settings import load_settings
from tests.ingest.jetstream_server import post_event

DATA = Path("jikimi-data")
NOW_US = wall_clock() * 1000
HOSTILE = b'\x1b[31mred\x07 \xe2\x80\xaeevil "\xff\xfe'


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch):
    """Five records an older jikimi could not read: two about Arin, one about nobody."""
    monkeypatch.chdir(tmp_path)
    Path("watchlist.toml").write_text(
        '[[subjects]]\nid = "arin"\nkind = "idol"\nname = "Arin"\nnames.en = ["Arin"]\n'
    )
    host = opened()
    raws = [
        post_event("3a", "Arin was seen somewhere", NOW_US),
        post_event("3b", "the weather is fine", NOW_US),
        HOSTILE,
        post_event("3c", "Arin again at the airport", NOW_US + 1),
    ]
    letters = [
        Malformed(source="bluesky", raw=raw, reason=f"reason {i}") for i, raw in enumerate(raws)
    ]
    host.ingest([Collected(source="bluesky", items=list(letters))])
    with host.store.transaction():
        host.dead.bury(
            [DeadLetter(stage="clusters", source="x", reason="too odd", raw=b"{}", at=1)]
        )
    host.settle()
    host.close()


def opened():
    index = LocalIndex(DATA / INDEX_FOLDER)
    return build_host(
        DATA, load_settings(None, {}), load_watchlist(Path("watchlist.toml")), index
    )


def counters() -> dict[str, int]:
    host = opened()
    found = host.intake.counters("bluesky")
    host.close()
    return found


def listed(*args: str, capsys) -> dict:
    assert run(["dead", "list", "--json", *args]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_tells_when_where_and_why(capsys):
    assert run(["dead", "list"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith(
        "     5  1970-01-01 00:00:00 UTC  x (clusters), 2 bytes: too odd"
    )
    assert lines[-1].endswith("reason 0")
    assert "5 of 5 shown; 5 held" in said.err


def test_filters_narrow_the_list(capsys):
    def seqs(*args: str) -> list[int]:
        return [row["seq"] for row in listed(*args, capsys=capsys)["rows"]]

    assert seqs("--stage", "clusters") == [5]
    assert seqs("--source", "bluesky", "--limit", "2") == [4, 3]
    assert seqs("--reason", "REASON 2") == [3]
    assert seqs("--since", "1h") == [4, 3, 2, 1]
    assert seqs("--until", "2001-01-01") == [5]
    assert listed("--reason", "\udcff", capsys=capsys)["total"] == 0


def test_bytes_are_shown_without_doing_anything_to_the_terminal(capsys):
    assert run(["dead", "show", "3"]) == 0
    said = capsys.readouterr().out
    assert "\\x1b[31mred\\x07 \\u202eevil" in said
    assert "\\xff\\xfe" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_the_original_bytes_can_be_had_and_overwrite_nothing(capsys):
    assert run(["dead", "show", "3", "--raw", "out.bin"]) == 0
    assert Path("out.bin").read_bytes() == HOSTILE
    assert run(["dead", "show", "3", "--raw", "out.bin"]) == 2
    assert "choose a new file" in capsys.readouterr().err
    piped = subprocess.run(
        [sys.executable, "-m", "dashboards", "dead", "show", "3", "--raw", "-", "--data",
         str(DATA.absolute())],
        cwd=Path(__file__).parents[3], capture_output=True, check=True,
    )  # fmt: skip
    assert piped.stdout == HOSTILE


def test_an_unknown_number_is_said(capsys):
    assert run(["dead", "show", "99"]) == 1
    assert "no dead letter has the number 99" in capsys.readouterr().err


def test_a_dry_run_tells_and_changes_nothing(capsys):
    before = counters()
    assert run(["dead", "replay", "--all", "--dry-run", "--json"]) == 4
    assert json.loads(capsys.readouterr().out) == {
        "read": 3, "unreadable": 1, "gone": 0, "refused": 1,
    }  # fmt: skip
    assert counters() == before
    assert listed(capsys=capsys)["total"] == 5


def test_what_can_be_read_now_is_taken_in_once_and_the_sums_hold(capsys):
    before = counters()
    assert before["malformed"] == 4

    assert run(["dead", "replay", "--all"]) == 4
    said = capsys.readouterr().out
    assert said.startswith("3 read and taken in, 1 still unreadable\n")
    assert "2  logged" in said

    after = counters()
    assert after["logged"] == after["indexed"] == 2
    assert after["unmatched"] == 1
    assert after["malformed"] == 1
    assert after["replayed"] == 3
    read = sum(after.get(name, 0) for name in ("logged", "unmatched", "malformed"))
    assert read == before["malformed"], "read = logged + unmatched + malformed, as before"
    rows = {row["seq"]: row for row in listed(capsys=capsys)["rows"]}
    assert set(rows) == {3, 5}
    assert rows[3]["tries"] == 2
    assert "not UTF-8" in rows[3]["reason"]
    index = LocalIndex(DATA / INDEX_FOLDER, read_only=True)
    assert index.counts()["posts"] == 2
    index.close()

    assert run(["dead", "replay", "1", "2"]) == 4, "they are gone"
    assert counters()["logged"] == 2


def test_it_works_while_another_process_owns_the_folder(capsys):
    host = opened()
    ended = threading.Event()

    def rounds() -> None:
        while not ended.wait(0.05):
            host.settle()

    owner = threading.Thread(target=rounds)
    owner.start()
    try:
        assert run(["dead", "replay", "1", "4"]) == 0
    finally:
        ended.set()
        owner.join()
    assert capsys.readouterr().out.startswith("2 read and taken in, 0 still unreadable\n")
    assert host.intake.counters("bluesky")["logged"] == 2
    host.close()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["dead", "replay"], "say which"),
        (["dead", "replay", "1", "--all"], "say which"),
        (["dead", "list", "--since", "soon"], "takes a time"),
        (["dead", "show", "0"], "not in the range"),
    ],
)
def test_mistakes_are_explained(args, said, capsys):
    assert run(args) == 2
    assert said in capsys.readouterr().err


def test_without_data_nothing_is_there_and_nothing_is_made(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(["dead", "list", "--data", "empty"]) == 0
    assert "everything could be read" in capsys.readouterr().err
    assert run(["dead", "replay", "--all", "--data", "empty"]) == 0
    assert not list((tmp_path / "empty").iterdir())


@pytest.mark.parametrize(
    "raw", [bytes(range(256)), b"\xed\xa0\x80", "\u2066\u200b\x85".encode()]
)
def test_whatever_the_bytes_only_printable_characters_are_shown(raw):
    assert all(char.isprintable() or char == "\n" for char in escaped(raw))
