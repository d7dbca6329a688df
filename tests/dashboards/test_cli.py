"""The command line: help, exit codes, messages, speed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from dashboards import cli as module
from dashboards.cli import COMMANDS, cli, run
from dashboards.terminal.context import Cli
from dashboards.terminal.exits import code_of
from ingest.source import SourceMisconfigured
from stream.settings import ConfigError
from stream.storage.store import FolderInUseError, StorageFullError


@pytest.fixture(autouse=True)
def _away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JIKIMI_CONFIG", raising=False)


def test_help_names_every_command_with_examples(capsys):
    assert run(["--help"]) == 0

    text = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        assert name in text
        assert line in text
    assert "Examples:" in text
    assert "Exit codes:" in text


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_exists_and_explains_itself(name, capsys):
    assert importlib.util.find_spec(COMMANDS[name][0]) is not None, f"{name} is not built"

    assert run([name, "--help"]) == 0

    text = capsys.readouterr().out
    assert "Examples:" in text
    assert text.startswith(f"Usage: jikimi {name}")


def test_help_imports_no_command_and_nothing_heavy():
    code = (
        "import sys; from dashboards.cli import run; run(['--help']);"
        "heavy = [m for m in sys.modules if m.split('.')[0] in"
        " ('numpy', 'tantivy', 'faust', 'fastapi', 'httpx', 'msgspec', 'structlog', 'asyncio')"
        " or m.startswith('dashboards.commands')];"
        "print(heavy, file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stderr.strip() == "[]"


def test_help_takes_less_than_300_ms():
    script = Path(sys.executable).with_name("jikimi")
    times: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([script, "--help"], capture_output=True, check=True)
        times.append(time.perf_counter() - start)

    assert min(times) < 0.3


def test_the_version_is_the_one_of_the_package(capsys):
    from importlib.metadata import version

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"jikimi {version('jikimi')}\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["doctr"], "Did you mean 'doctor'?"),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["--unknown"], "No such option"),
        (["doctor", "--jsn"], "--json"),
        (["config"], "Usage: jikimi config"),
        ([], "Usage: jikimi"),
    ],
)
def test_wrong_usage_is_exit_code_2(args, says, capsys):
    assert run(args) == 2
    assert says in capsys.readouterr().err


def test_mistakes_in_the_settings_are_exit_code_3(capsys):
    Path("jikimi.toml").write_text("[web]\nport = 'x'\n")

    assert run(["config", "check"]) == 3
    assert capsys.readouterr().err == (
        'jikimi: jikimi.toml:2: web.port: found "x"; allowed: a whole number from 0 to 65_535\n'
    )


def test_the_settings_file_can_be_given(capsys):
    Path("other.toml").write_text("web.port = 1")

    assert run(["--config", "other.toml", "config", "show"]) == 0
    assert "port = 1\n" in capsys.readouterr().out


class Unheard(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ConfigError("f:1: a: b"), 3, "jikimi: f:1: a: b"),
        (SourceMisconfigured("url: found x"), 3, "jikimi: url: found x"),
        (FolderInUseError("in use"), 1, "jikimi: in use"),
        (StorageFullError("full"), 1, "jikimi: full"),
        (KeyboardInterrupt(), 130, "jikimi: interrupted"),
        (click.Abort(), 130, "jikimi: interrupted"),
        (FileNotFoundError(2, "No such file", "x.txt"), 1, "jikimi: x.txt: No such file"),
        (
            Unheard("at https://u:pw@h.example/"),
            1,
            "jikimi: unexpected Unheard: at https://***@h.example/\n"
            "This is a fault of jikimi; the same command with --debug shows where.",
        ),
    ],
)
def test_every_error_ends_in_its_code_and_a_message_without_traceback(
    error, code, says, monkeypatch, capsys
):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "invoke", fail)

    assert run(["config", "show"]) == code
    assert capsys.readouterr().err.strip() == says


def test_debug_shows_the_traceback_with_secrets_masked(monkeypatch, capsys):
    def fail(*_: object, **__: object) -> None:
        raise Unheard("password=hunter2")

    monkeypatch.setattr(cli, "invoke", fail)

    assert run(["--debug", "config", "show"]) == 1
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert "hunter2" not in text


def test_a_command_may_leave_with_its_own_code(monkeypatch):
    monkeypatch.setattr(cli, "invoke", lambda ctx: ctx.exit(4))

    assert run(["config", "show"]) == 4


def test_main_leaves_with_the_code():
    with pytest.raises(SystemExit) as caught:
        module.main(["xyzzy"])

    assert caught.value.code == 2


def test_a_closed_pipe_ends_quietly():
    script = Path(sys.executable).with_name("jikimi")

    done = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {script} config schema | head -c 1 >/dev/null"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""


def test_no_colour_is_written_when_unwanted():
    script = Path(sys.executable).with_name("jikimi")
    environ = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "1"}

    done = subprocess.run(
        [script, "doctor"], capture_output=True, text=True, env=environ, check=False
    )

    assert "\x1b[" not in done.stdout


@pytest.mark.parametrize(
    ("options", "level"),
    [({}, "warning"), ({"verbose": 1}, "debug"), ({"quiet": True}, "error")],
)
def test_v_and_q_go_before_the_level_of_the_settings(options, level):
    Path("jikimi.toml").write_text("log.level = 'warning'")

    assert Cli(**options).log_level() == level


def test_settings_are_read_once_and_only_when_asked():
    Path("jikimi.toml").write_text("web.port = 1")
    made = Cli()
    Path("jikimi.toml").write_text("web.port = 2")

    assert made.settings.web.port == 2
    assert made.settings is made.settings


def test_errors_nobody_foresaw_have_no_code():
    assert code_of(Unheard()) is None
    assert code_of(ValueError("x")) is None


def test_a_table_entry_that_is_no_command_is_our_own_fault(monkeypatch, capsys):
    monkeypatch.setitem(COMMANDS, "odd", ("json", "x"))
    monkeypatch.setattr(json, "command", 1, raising=False)

    assert run(["odd"]) == 1
    assert "no click command" in capsys.readouterr().err
