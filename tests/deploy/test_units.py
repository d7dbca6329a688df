"""Units of systemd: they parse, name commands and settings that exist, and are locked in."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboards.cli import COMMANDS, run
from stream.settings import load_settings

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
LOCKED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
    "PrivateTmp": "yes", "PrivateDevices": "yes", "RestrictSUIDSGID": "yes",
    "CapabilityBoundingSet": "", "DynamicUser": "yes", "UMask": "0077",
}  # fmt: skip


def lines(file: Path) -> list[tuple[str, str]]:
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.append((key, value))
    return found


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_a_service_is_locked_in(file):
    said = dict(lines(file))
    assert {key: said.get(key) for key in LOCKED} == LOCKED


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_what_it_starts_exists(file, capsys):
    program, option, _, *command = shlex.split(dict(lines(file))["ExecStart"])

    assert (program, option) == ("/opt/jikimi/bin/jikimi", "--config")
    assert command[0] in COMMANDS
    assert run([*command, "--help"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_every_variable_is_a_setting_and_every_secret_a_credential(file, tmp_path):
    said = lines(file)
    credentials = {v.partition(":")[0] for k, v in said if k == "LoadCredential"}
    environ: dict[str, str] = {}
    for key, value in said:
        if key == "Environment":
            name, _, text = value.partition("=")
            environ[name] = text
    for name, text in environ.items():
        if name.endswith("_FILE") and "%d/" in text:
            credential = text.removeprefix("%d/")
            assert credential in credentials
            secret = tmp_path / credential
            secret.write_text("c2VjcmV0")
            environ[name] = str(secret)
    load_settings(None, environ)


def test_a_timer_starts_a_service_that_is_there():
    timers = list(FOLDER.glob("*.timer"))
    assert timers
    for timer in timers:
        assert timer.with_suffix(".service").is_file()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_itself_has_nothing_to_say(tmp_path):
    program = tmp_path / "jikimi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8").replace("/opt/jikimi/bin/jikimi", str(program))
        (tmp_path / file.name.replace("@", "@x")).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.glob("*.[st]*")))],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    ours = [
        line for line in done.stderr.splitlines() if str(tmp_path) in line or "jikimi" in line
    ]
    assert ours == []
