"""`jikimi models`: says what judges posts, and trains the model of harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dashboards.cli import cli
from dashboards.composing.judging import build_judge
from stream.settings import ConfigError, JudgingSettings, Settings


def run(*args: str):
    return CliRunner().invoke(cli, ["models", *args])


def test_without_a_model_it_says_so_and_how_to_make_one():
    told = run("show")
    assert told.exit_code == 0
    assert "words only" in told.output
    assert "train-harm" in told.output
    assert json.loads(run("show", "--json").output)["harm"] == "words only"


def test_a_trained_model_is_used_where_the_settings_name_it(tmp_path: Path, monkeypatch):
    data = tmp_path / "comments.tsv"
    rows = [
        f"{'좋다' if n % 2 else '역겹다'} {n}\t{'none' if n % 2 else 'hate'}" for n in range(60)
    ]
    data.write_text("comments\thate\n" + "\n".join(rows) + "\n", "utf-8")
    out = tmp_path / "harm.onnx"
    made = run("train-harm", "--data", str(data), "--out", str(out))
    assert made.exit_code == 0, made.output
    assert out.stat().st_size < 5_000_000
    monkeypatch.setenv("JIKIMI__JUDGING__MODEL", str(out))
    shown = json.loads(run("show", "--json").output)
    assert shown["metadata"]["format"] == "jikimi-harm/2"
    judge = build_judge(Settings(judging=JudgingSettings(model=out)))
    assert judge is not None
    assert judge.version.endswith(shown["harm"])


def test_a_file_of_another_form_is_refused_with_the_reason(tmp_path: Path):
    data = tmp_path / "x.tsv"
    data.write_text("a\tb\n", "utf-8")
    told = run("train-harm", "--data", str(data), "--out", str(tmp_path / "o"))
    assert told.exit_code == 1
    assert "comments" in told.output


def test_a_model_that_cannot_be_used_is_a_mistake_of_the_settings(tmp_path: Path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"judging\.model"):
        build_judge(Settings(judging=JudgingSettings(model=bad)))
    with pytest.raises(ConfigError, match=r"judging\.model"):
        build_judge(Settings(judging=JudgingSettings(model=tmp_path / "absent.onnx")))


def test_judging_can_be_switched_off():
    assert build_judge(Settings(judging=JudgingSettings(enabled=False))) is None
