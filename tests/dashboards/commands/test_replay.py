"""``jikimi replay`` from a data folder into another one: the same judgement, whatever happens."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboards.cli import run as jikimi
from dashboards.composing.compose import build_host
from dashboards.demo.cast import AGENCY_FILE
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from detect.watchlist import load_watchlist
from ingest.collector import Collected, Collector
from ingest.records import Deletion
from stream.index import PostQuery
from stream.local_index import LocalIndex
from stream.records import LoggedPost
from stream.replay.staging import FILE
from stream.settings import Settings
from stream.storage.state import Results
from stream.storage.store import Store

START = 1_789_948_800_000
HOUR = 3_600_000
KINDS = ("cluster", "burst", "alert", "membership")


def iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A data folder in which the demo was watched, and settings beside it."""
    folder = tmp_path_factory.mktemp("replay")
    watchlist = load_watchlist(AGENCY_FILE)
    host = build_host(folder / "data", Settings(), watchlist, None)
    scenario = Scenario(seed=7, posts=1500, hours=24, start_ms=START)
    host.run(Collector([DemoSource(scenario)], {}, batch=500), threading.Event())
    host.close()
    (folder / "jikimi.toml").write_text(
        f'[data]\nfolder = "{folder / "data"}"\n[watchlist]\nfile = "{AGENCY_FILE}"\n'
    )
    return folder


def replay(world: Path, into: Path, since: int = START - HOUR, until: int = START + 30 * HOUR):
    return jikimi(
        ["--config", str(world / "jikimi.toml"), "-q", "replay", "--from", iso(since), "--to",
         iso(until), "--into", str(into), "--json"]
    )  # fmt: skip


def results(folder: Path) -> dict[str, dict[object, object]]:
    store = Store(folder)
    found = Results(store)
    made = {kind: {str(one): one for one in found.of_kind(kind)} for kind in KINDS}
    store.close()
    return made


def alerts(folder: Path) -> set[str]:
    store = Store(folder)
    found = {one.alert_id for one in Results(store).of_kind("alert")}
    store.close()
    return found


def test_the_whole_past_is_judged_as_it_was(world, tmp_path, capsys):
    assert replay(world, tmp_path / "again") == 0
    told = json.loads(capsys.readouterr().out)
    assert alerts(tmp_path / "again") == alerts(world / "data")
    assert told["made"]["alert"] == len(alerts(world / "data")) > 0
    index = LocalIndex(tmp_path / "again" / "index", read_only=True)
    assert index.counts()["posts"] == told["posts"]
    assert {one.alert_id for one in (index.alert(a) for a in alerts(tmp_path / "again"))}
    index.close()


def test_a_part_holds_that_part_only(world, tmp_path, capsys):
    since, until = START + 6 * HOUR, START + 12 * HOUR
    assert replay(world, tmp_path / "part", since, until) == 0
    told = json.loads(capsys.readouterr().out)
    index = LocalIndex(tmp_path / "part" / "index", read_only=True)
    found = index.search(PostQuery(limit=5000)).posts
    assert 0 < told["posts"] == len(found)
    assert all(since <= one.post.event_at < until for one in found)
    index.close()


class StopAfter(threading.Event):
    """Is set after it was asked so often, as by a signal at that moment."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


@pytest.mark.parametrize("times", [2])
def test_stopped_anywhere_the_same_command_goes_on_to_the_same_end(
    world, tmp_path, monkeypatch, capsys, times
):
    assert replay(world, tmp_path / "whole") == 0
    monkeypatch.setattr("dashboards.commands.replay.threading.Event", lambda: StopAfter(times))
    assert replay(world, tmp_path / "cut") == 130
    monkeypatch.undo()
    assert replay(world, tmp_path / "cut") == 0
    assert replay(world, tmp_path / "cut") == 0, "and once more changes nothing"
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_what_is_deleted_later_leaves_it_when_it_is_asked_again(world, tmp_path, capsys):
    data = tmp_path / "data"
    host = build_host(data, Settings(), load_watchlist(AGENCY_FILE), None)
    scenario = Scenario(seed=3, posts=600, hours=24, start_ms=START)
    host.run(Collector([DemoSource(scenario)], {}, batch=500), threading.Event())
    posts = [e.post for _, e in host.posts.read(0, 10_000) if isinstance(e, LoggedPost)]
    # A copy by somebody else stays.
    victim = next(p for p in posts if sum(p.text in other.text for other in posts) == 1)
    host.close()
    (tmp_path / "jikimi.toml").write_text(
        f'[data]\nfolder = "{data}"\n[watchlist]\nfile = "{AGENCY_FILE}"\n'
    )
    assert replay(tmp_path, tmp_path / "into") == 0
    host = build_host(data, Settings(), load_watchlist(AGENCY_FILE), None)
    deletion = Deletion(id=victim.id, source=victim.source, deleted_at=START + 40 * HOUR)
    host.ingest([Collected(source=victim.source, items=[deletion])])
    host.close()

    assert replay(tmp_path, tmp_path / "into") == 0
    index = LocalIndex(tmp_path / "into" / "index", read_only=True)
    assert index.post(victim.id) is None
    index.close()
    words = victim.text.encode()
    for file in (tmp_path / "into").rglob("*"):
        if file.is_file() and file.suffix != ".lock":
            assert words not in file.read_bytes(), file


def test_what_is_unclear_is_refused_and_nothing_is_made(world, tmp_path, capsys):
    assert replay(world, tmp_path / "into", START, START) == 1
    assert "nothing lies between them" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    assert replay(world, tmp_path / "full") == 1
    assert "holds something that is no replay" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["letter.txt"]
    assert replay(world, world / "data") == 1
    assert replay(world, tmp_path / "one", START, START + HOUR) == 0
    assert replay(world, tmp_path / "one", START, START + 2 * HOUR) == 1
    assert "holds a replay of" in capsys.readouterr().err
    assert (tmp_path / "one" / FILE).is_file()
    (tmp_path / "jikimi.toml").write_text(f'[data]\nfolder = "{tmp_path / "nowhere"}"\n')
    assert replay(tmp_path, tmp_path / "two") == 1
    assert "no data in this folder" in capsys.readouterr().err


def test_times_and_targets_that_make_no_sense_are_usage_mistakes(world, capsys):
    config = str(world / "jikimi.toml")
    assert (
        jikimi(
            [
                "--config",
                config,
                "replay",
                "--from",
                "soon",
                "--to",
                "2026-01-01",
                "--into",
                "2",
            ]
        )
        == 2
    )
    assert (
        jikimi(["--config", config, "replay", "--from", "2026-01-01", "--to", "2026-01-02"])
        == 2
    )
    assert (
        jikimi(
            [
                "--config",
                config,
                "replay",
                "--from",
                "2026-01-01",
                "--to",
                "2026-01-02",
                "--into",
                "2",
            ]
        )
        == 3
    )
    assert "elasticsearch.url: not set" in capsys.readouterr().err
