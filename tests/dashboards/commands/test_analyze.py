"""What ``jikimi analyze`` tells of files it cannot read, or not wholly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.cli import run as jikimi

POST = '{"id": "1", "author_id": "a", "created_at": "2026-01-01T00:00:00Z", "text": "hello"}'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_could_not_be_read_is_told_with_the_reason(tmp_path: Path, capsys):
    file = tmp_path / "posts.ndjson"
    file.write_text(f"{POST}\nnot JSON\n{{}}\nneither\n", encoding="utf-8")

    code = jikimi(["analyze", str(file), "--out", str(tmp_path / "out")])

    said = capsys.readouterr().out.splitlines()
    assert code == 4
    assert said[0] == "read 4 posts, kept 1, unreadable 3"
    told = {
        line.split("unreadable: ")[1]: int(line.split()[0])
        for line in said[1:]
        if "unreadable:" in line
    }
    assert sum(told.values()) == 3
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["unreadable"] == told


def test_nothing_is_told_of_what_does_not_happen(tmp_path: Path, capsys):
    file = tmp_path / "posts.ndjson"
    file.write_text(POST + "\n", encoding="utf-8")

    assert jikimi(["analyze", str(file), "--out", str(tmp_path / "out")]) == 0
    assert "unreadable:" not in capsys.readouterr().out
