"""What ``make`` asks of a machine: fit machines pass, others are told what to type."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "deploy" / "local" / "prerequisites.sh"
WANTED = ("node", "npm", "chromium", "java", "mvn")


class Machine:
    """A folder of programs that stands for a machine's PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for program in ("sh", "id"):
            self.have(program, Path(shutil.which(program) or ""))
        self.have("python3", Path(sys.executable))

    def have(self, program: str, target: Path = Path("/bin/true")) -> None:
        (self.folder / program).unlink(missing_ok=True)
        (self.folder / program).symlink_to(target)

    def script(self, program: str, body: str) -> None:
        file = self.folder / program
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def run(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "sh", SCRIPT, *args],
            env={"PATH": str(self.folder), **environ},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_that_has_everything_passes_in_silence(machine):
    for program in WANTED:
        machine.have(program)

    done = machine.run("test")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_demo_does_not_ask_for_what_only_tests_need(machine):
    machine.have("node")
    machine.have("npm")

    assert machine.run("demo").stderr == ""
    assert "chromium" in machine.run("test").stderr


def test_the_demo_at_scale_asks_for_java_and_maven_and_no_browser(machine):
    machine.have("node")
    machine.have("npm")

    said = machine.run("scale").stderr

    assert "maven" in said
    assert "default-jre-headless" in said
    assert "chromium" not in said


def test_without_apt_the_line_to_type_is_printed_and_the_demo_goes_on(machine):
    done = machine.run("demo")

    assert done.returncode == 0
    assert "    sudo apt-get update && sudo apt-get install -y nodejs npm\n" in done.stderr


def test_who_is_not_root_gets_the_line_and_nothing_is_installed(machine):
    machine.script("id", "echo 1000")
    machine.script("apt-get", f"echo ran >> {machine.folder}/log")

    done = machine.run("demo")

    assert "sudo apt-get install -y nodejs npm" in done.stderr
    assert not (machine.folder / "log").exists()


def test_root_gets_what_is_missing_installed(machine):
    machine.script("id", "echo 0")
    machine.script(
        "apt-get",
        f'echo "$@" >> {machine.folder}/log\n'
        f'[ "$1" = install ] && /bin/ln -s /bin/true {machine.folder}/node '
        f"&& /bin/ln -s /bin/true {machine.folder}/npm; exit 0",
    )

    done = machine.run("demo")

    assert done.returncode == 0
    assert (machine.folder / "log").read_text().splitlines() == [
        "update -q",
        "install -q -y --no-install-recommends nodejs npm",
    ]
    assert "to install it, type" not in done.stderr


def test_when_apt_fails_the_line_is_printed(machine):
    machine.script("id", "echo 0")
    machine.script("apt-get", "exit 100")

    done = machine.run("demo")

    assert done.returncode == 0
    assert "to install it, type" in done.stderr


def test_an_old_python_ends_it_with_advice(machine):
    machine.script("python3", "exit 1")

    done = machine.run("demo")

    assert done.returncode == 1
    assert "make PYTHON=python3.12" in done.stderr
    assert "python3-venv" in done.stderr


def test_another_python_can_be_named(machine):
    machine.script("python3", "exit 1")
    machine.have("python3.12", Path(sys.executable))
    machine.have("node")
    machine.have("npm")

    assert machine.run("demo", PYTHON="python3.12").returncode == 0


def test_an_unknown_purpose_is_wrong_usage(machine):
    done = machine.run("dance")

    assert done.returncode == 2
    assert "usage" in done.stderr
