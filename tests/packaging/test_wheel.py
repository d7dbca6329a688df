"""The wheel as a stranger gets it: installed in a clean environment, run elsewhere.

Third-party packages are lent from this environment by one ``.pth`` line instead
of being downloaded again; jikimi itself is not among them, because the editable
install is itself a ``.pth`` file and these are not followed from a lent folder.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("ingest", "detect", "stream", "dashboards")

pytestmark = pytest.mark.slow


def quiet(*command: str | Path, cwd: Path) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JIKIMI"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    quiet(sys.executable, "-m", "build", "-w", "-n", "-o", out, ROOT, cwd=out)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clean")
    quiet(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    python = home / "venv" / "bin" / "python"
    quiet(
        *(
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--no-deps",
            "--no-index",
        ),
        *("--quiet", wheel),
        cwd=home,
    )
    purelib = quiet(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home
    )
    lent = Path(purelib.strip()) / "lent.pth"
    lent.write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_the_wheel_holds_every_file_of_the_four_packages(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert set(tracked) - inside == set()
    assert {f"{package}/py.typed" for package in PACKAGES} <= inside


def test_the_wheel_holds_nothing_else_than_the_four_packages(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_scripts_built_from_npm_are_inside_where_they_were_built(wheel):
    built = ROOT / "dashboards/web/static/vendor"
    if not built.is_dir():
        pytest.skip("the pages' scripts are not built here (make setup with Node builds them)")
    inside = set(zipfile.ZipFile(wheel).namelist())

    for file in built.rglob("*"):
        if file.is_file():
            assert str(file.relative_to(ROOT)) in inside
    assert "detect/language/grams.bin" in inside


def test_tests_and_deploy_cannot_be_imported_from_the_installed_wheel(bin_folder, tmp_path):
    code = (
        "import importlib.util as u, ingest;"
        "print(u.find_spec('tests'), u.find_spec('deploy'), ingest.__file__)"
    )

    text = quiet(bin_folder / "python", "-c", code, cwd=tmp_path)

    assert text.startswith("None None ")
    assert str(ROOT) not in text


def test_help_runs_in_another_folder(bin_folder, tmp_path):
    text = quiet(bin_folder / "jikimi", "--help", cwd=tmp_path)

    assert "Usage: jikimi" in text


def test_every_module_of_the_wheel_can_be_imported(bin_folder, tmp_path, wheel):
    modules = [
        re.sub(r"(/__init__)?\.py$", "", name).replace("/", ".")
        for name in zipfile.ZipFile(wheel).namelist()
        if name.endswith(".py") and not name.endswith("__main__.py")
    ]
    code = f"import importlib; [importlib.import_module(m) for m in {modules!r}]"

    quiet(bin_folder / "python", "-c", code, cwd=tmp_path)


def test_the_doctor_finds_nothing_wrong(bin_folder, tmp_path):
    report = json.loads(quiet(bin_folder / "jikimi", "doctor", "--json", cwd=tmp_path))

    assert report["ok"] is True


def test_the_demo_finds_the_planted_campaigns(bin_folder, tmp_path):
    report = json.loads(
        quiet(bin_folder / "jikimi", "demo", "--headless", "--json", cwd=tmp_path)
    )

    assert report["found"] == report["planted"] == 3
    assert [one["found"] for one in report["harm"]] == [True, True, True]
    assert report["posts"]["dead"] >= 0
    assert set(report["false_alerts"]) == {"fan_event", "criticism", "other"}
