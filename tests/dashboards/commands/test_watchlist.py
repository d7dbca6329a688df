"""``jikimi watchlist`` as typed: import, check, try; exit codes and messages."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from dashboards.cli import run
from detect.watchlist import load_watchlist

WATCHLIST = """
[[subjects]]
id = "lumina"
kind = "group"
name = "Lumina"
names = { ko = ["루미나"] }

[[subjects]]
id = "via"
kind = "idol"
name = "V"
groups = ["lumina"]
ambiguous = ["V"]
"""
GROUPS = (
    "Name,Short,Korean Name,Debut,Company,Members,Orig. Memb.,Fanclub Name,Active\n"
    "Haebom,HBM,해봄,9/18/12,One Ent,2,2,Haebommers,Yes\n"
    "Noeulbit,,노을빛,9/18/12,One Ent,2,2,,Yes\n"
)
IDOLS = (
    "Stage Name,Full Name,Korean Name,K. Stage Name,Date of Birth,Group,Other Group\n"
    "Danbi,Kim Danbi,김단비,단비,3/4/01,Haebom,Trio\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
    (tmp_path / "groups.csv").write_text(GROUPS, encoding="utf-8")
    (tmp_path / "idols.csv").write_text(IDOLS, encoding="utf-8")
    return tmp_path


def test_a_sound_watchlist_passes_and_tells_its_version(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert run(["watchlist", "check"]) == 0
    assert "watchlist.toml: ok, 2 subjects, version " in capsys.readouterr().out


def test_mistakes_end_in_exit_code_three_with_file_and_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = WATCHLIST.replace('"lumina"]', '"lumna"]').replace('"idol"', '"idle"')
    (folder / "wrong.toml").write_text(wrong, encoding="utf-8")
    assert run(["watchlist", "check", "wrong.toml"]) == 3
    said = capsys.readouterr().err
    assert "wrong.toml:10: subjects.2.kind: found 'idle'" in said
    assert "did you mean 'idol'?" in said


def test_warnings_are_told_and_do_not_fail(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doubtful = WATCHLIST.replace('ambiguous = ["V"]', "")
    (folder / "doubtful.toml").write_text(doubtful, encoding="utf-8")
    assert run(["watchlist", "check", "doubtful.toml"]) == 0
    assert "warning: 'V' is one character" in capsys.readouterr().err


def test_a_missing_watchlist_fails_without_a_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert run(["watchlist", "check", "none.toml"]) == 1
    assert "none.toml: No such file" in capsys.readouterr().err


def test_try_shows_what_counts_and_what_does_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert run(["watchlist", "try", "Lumina V, illuminated"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "+ 0-6 'Lumina' lumina: sure spelling" in lines
    assert "+ 7-8 'V' via: 'lumina' names lumina" in lines
    assert "- 12-18 'lumina' lumina: inside a longer word" in lines


def test_try_prints_json_for_machines_and_reads_standard_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del folder
    stdin = io.TextIOWrapper(io.BytesIO("루미나가 V".encode() + b"\xff"), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", stdin)
    assert run(["watchlist", "try", "-", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [(m["subject"], m["start"], m["end"]) for m in said["mentions"]] == [
        ("lumina", 0, 3),
        ("via", 5, 6),
    ]
    assert said["rejected"] == []


def test_try_says_so_when_nobody_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert run(["watchlist", "try", "hello"]) == 0
    assert "nobody on the watchlist is named here" in capsys.readouterr().out


def test_import_writes_a_watchlist_that_check_accepts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["watchlist", "import", "groups.csv", "idols.csv", "--out", "made.toml"]) == 0
    assert "4 subjects" in capsys.readouterr().err
    made = load_watchlist(folder / "made.toml")
    assert made.groups_of("danbi-haebom") == ("haebom", "trio")
    assert run(["watchlist", "check", "made.toml"]) == 0


def test_import_does_not_replace_a_file_unless_told_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["watchlist", "import", "groups.csv", "--out", "watchlist.toml"]
    assert run(args) == 2
    assert "exists; --force replaces it" in capsys.readouterr().err
    assert load_watchlist(folder / "watchlist.toml").subject("lumina") is not None
    assert run([*args, "--force"]) == 0
    assert load_watchlist(folder / "watchlist.toml").subject("lumina") is None


def test_import_keeps_one_group_with_its_members_and_their_other_groups(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    args = ["watchlist", "import", "groups.csv", "idols.csv", "--without-latin"]
    assert run([*args, "--only", "haebom"]) == 0
    said = capsys.readouterr().out
    assert '"noeulbit"' not in said
    assert '"trio"' in said
    assert "romanisations" not in said
    assert run([*args, "--only", "haebon"]) == 2
    assert "did you mean 'haebom'?" in capsys.readouterr().err


def test_import_of_an_unknown_list_names_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert run(["watchlist", "import", "other.csv"]) == 3
    assert "other.csv: found none of the lists known here" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["import", "check", "try"])
def test_help_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watchlist", name, "--help"]) == 0
    assert "Examples:" in capsys.readouterr().out
