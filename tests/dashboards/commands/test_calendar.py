"""``jikimi calendar``, as a person uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.cli import run
from tests.stream.calendar.test_calendar import ICS, TOML


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("calendar.toml").write_text(TOML, "utf-8")
    Path("shows.ics").write_bytes(ICS.encode())


def test_imported_events_join_those_there_and_are_never_doubled(
    capsys: pytest.CaptureFixture[str],
):
    asked = ["calendar", "import", "shows.ics", "--subject", "haneul", "--out", "calendar.toml"]

    assert run(asked) == 0
    assert "2 new events, 4 in calendar.toml" in capsys.readouterr().out
    assert run(asked) == 0
    assert "0 new events, 4 in" in capsys.readouterr().out
    assert run(["calendar", "check", "calendar.toml"]) == 0


def test_mistakes_are_told_with_the_code_of_configuration(capsys: pytest.CaptureFixture[str]):
    Path("bad.csv").write_text("name,from\nx,soon\n", "utf-8")

    assert run(["calendar", "check", "bad.csv"]) == 3
    assert "bad.csv: event 1: from: 'soon'" in capsys.readouterr().err
    assert run(["calendar", "import", "bad.csv", "--out", "calendar.toml"]) == 3
    assert Path("calendar.toml").read_text("utf-8") == TOML


def test_what_repeats_is_shown(capsys: pytest.CaptureFixture[str]):
    assert run(["calendar", "show", "calendar.toml", "--days", "3650"]) == 0

    assert capsys.readouterr().out.count("Music show") > 400


def test_birthdays_of_the_watchlist_are_proposed_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
):
    Path("watchlist.toml").write_text(
        '[[subjects]]\nid = "haneul"\nkind = "idol"\nname = "Haneul"\n'
        'names.ko = ["하늘이"]\nbirth_date = "2004-05-11"\n',
        "utf-8",
    )
    assert run(["calendar", "propose"]) == 0

    out = capsys.readouterr().out
    assert 'repeats = "yearly"' in out
    assert 'subjects = ["haneul"]' in out
    Path("proposed.toml").write_text(out, "utf-8")
    assert run(["calendar", "check", "proposed.toml"]) == 0
    assert Path("calendar.toml").read_text("utf-8") == TOML
