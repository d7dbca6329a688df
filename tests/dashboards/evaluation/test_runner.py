"""A method is a process; streams and results are kept; failures are told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from dashboards.cli import cli
from dashboards.evaluation import runner
from dashboards.evaluation.suites import suite
from dashboards.evaluation.summary import summarise
from dashboards.evaluation.told import lines
from dashboards.simulator.files import read_oracle
from dashboards.simulator.world import World

GOLDEN = Path(__file__).parents[2] / "golden" / "simulator" / "suites.json"
WORLD = World(posts=900, days=3, seed=2)


def quietly(text: str) -> None:
    del text


def test_the_frozen_streams_are_frozen():
    worlds = {
        name: [f"{w.name}/{w.posts}/{w.days}" for w in suite(name)]
        for name in ("quick", "development", "final_small", "final")
    }

    assert worlds == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_only_final_suites_use_the_second_grammar():
    assert {w.grammar for w in (*suite("final"), *suite("final_small"))} == {"second"}
    assert {w.grammar for name in ("quick", "development") for w in suite(name)} == {"first"}


def test_fewer_streams_are_the_first_of_each_scenario():
    some = [world.name for world in suite("final", 1)]

    assert some == [
        f"second-{s}-101" for s in ("mixed", "fans_only", "organic_only", "hostile_heavy")
    ]


def test_a_stream_is_played_once(tmp_path):
    folder = runner.prepare(tmp_path, WORLD)
    marked = (folder / "posts.ndjson.gz").stat().st_mtime_ns

    assert runner.prepare(tmp_path, WORLD) == folder
    assert (folder / "posts.ndjson.gz").stat().st_mtime_ns == marked


def test_a_stream_of_another_version_of_the_simulator_is_played_again(tmp_path):
    folder = runner.prepare(tmp_path, WORLD)
    oracle = read_oracle(folder)
    for generator in ("old", ""):
        old = msgspec.structs.replace(oracle, generator=generator, posts=1)
        (folder / "oracle.json").write_bytes(msgspec.json.encode(old))

        assert read_oracle(runner.prepare(tmp_path, WORLD)) == oracle


def test_a_baseline_runs_as_a_process_and_is_measured(tmp_path):
    (run,) = runner.run_suite("exact-24h", [WORLD], tmp_path, quietly)

    assert run.cost.posts == run.score.posts > 800
    assert 0 < run.cost.cpu_s < 60
    assert 10 < run.cost.rss_mb < 2000
    assert len(run.score.planted) == 13
    text = "\n".join(lines(summarise("exact-24h", "quick", [run.score]), [run]))
    assert "mixed: 13 campaigns in 1 streams" in text


def test_results_that_are_there_are_scored_and_not_made_again(tmp_path):
    first = runner.run_suite("exact-60s", [WORLD], tmp_path, quietly)

    assert runner.run_suite("exact-60s", [WORLD], tmp_path, quietly) == first


@pytest.mark.slow
def test_ours_runs_through_the_command_of_every_day(tmp_path):
    (run,) = runner.run_suite("jikimi", [WORLD], tmp_path, quietly)

    assert run.score.posts > 800
    assert run.score.average_precision is not None


def test_any_other_tool_can_be_named(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "import sys, pathlib\n"
        "out = pathlib.Path(sys.argv[2])\n"
        "assert pathlib.Path(sys.argv[1]).exists()\n"
        "(out / 'accounts.ndjson').write_text("
        '\'{"author_id": "1", "platform": "x", "score": 1}\\n\')\n'
        "(out / 'campaigns.ndjson').write_text('')\n"
    )
    method = f"mine={sys.executable} {script} {{posts}} {{out}}"
    (run,) = runner.run_suite(method, [WORLD], tmp_path, quietly)

    assert run.score.reported == ()
    assert (tmp_path / "results" / "mine").is_dir()


def test_a_method_that_fails_says_why(tmp_path):
    method = f"bad={sys.executable} -c 'raise SystemExit(\"no disk\")'"

    with pytest.raises(runner.MethodFailed, match=r"exit code 1: no disk"):
        runner.run_suite(method, [WORLD], tmp_path, quietly)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="method: found 'magic', allowed: jikimi, exact-60s"):
        runner.command_of("magic", Path("p"), None, Path("o"))


def test_the_commands_play_and_score_a_stream(tmp_path):
    stream, out = str(tmp_path / "stream"), str(tmp_path / "out")
    run = CliRunner().invoke
    played = run(
        cli, ["eval", "simulate", "--out", stream, "--posts", "700", "--days", "2"],
        catch_exceptions=False,
    )  # fmt: skip
    run(
        cli, ["eval", "baseline", "trust", f"{stream}/posts.ndjson.gz", "--out", out],
        catch_exceptions=False,
    )  # fmt: skip
    scored = run(cli, ["eval", "score", out, stream], catch_exceptions=False)

    assert "13 campaigns" in played.output
    body = json.loads(scored.output)
    assert len(body["planted"]) == 13
    assert 0 < body["average_precision"] <= 1
