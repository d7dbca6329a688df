"""``jikimi config`` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.cli import run
from stream.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_example_can_be_saved_checked_and_changes_nothing(capsys):
    assert run(["config", "example"]) == 0
    Path("jikimi.toml").write_text(capsys.readouterr().out, encoding="utf-8")

    assert run(["config", "check"]) == 0
    assert capsys.readouterr().out == "jikimi.toml: ok\n"
    assert load_settings(None, {}) == Settings()


def test_checking_without_a_file_says_so(capsys):
    assert run(["config", "check"]) == 0
    assert capsys.readouterr().out == "no settings file, all defaults: ok\n"


def test_checking_notes_that_nothing_would_be_read(capsys):
    Path("jikimi.toml").write_text("[sources.bluesky]\nenabled = false\n")

    assert run(["config", "check"]) == 0
    assert "no source is enabled" in capsys.readouterr().out


def test_what_holds_is_shown_without_secrets(capsys, monkeypatch):
    monkeypatch.setenv("JIKIMI__WEB__PASSWORD", "hunter2")

    assert run(["config", "show"]) == 0
    assert run(["config", "show", "--json"]) == 0

    text = capsys.readouterr().out
    assert 'password = "***"' in text
    assert '"password": "***"' in text
    assert "hunter2" not in text


def test_json_output_holds_every_section(capsys):
    run(["config", "show", "--json"])

    shown = json.loads(capsys.readouterr().out)

    assert shown["data"] == {"folder": "jikimi-data"}
    assert shown["sources.bluesky"]["enabled"] is True
    assert shown["pipeline"] == {"batch": 500, "partitions": 8, "index": True}


def test_the_schema_is_json(capsys):
    assert run(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$ref"] == "#/$defs/Settings"


def test_showing_wrong_settings_reports_them_all(capsys):
    Path("jikimi.toml").write_text("[web]\nport = 'x'\nhots = 1\n")

    assert run(["config", "show"]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 2
