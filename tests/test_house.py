"""Rules of the house that no linter knows: sizes, first lines, words, imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("ingest", "detect", "stream", "dashboards")
PRODUCT = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


@pytest.mark.parametrize("file", [*PRODUCT, *TESTS], ids=name)
def test_a_file_has_at_most_400_lines(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("file", PRODUCT, ids=name)
def test_a_function_has_at_most_60_lines(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))

    long = [
        f"{function.name} ({length})"
        for function in functions(tree)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]

    assert long == []


@pytest.mark.parametrize("file", PRODUCT, ids=name)
def test_the_first_line_of_a_file_says_its_purpose(file):
    purpose = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""

    assert len(purpose.partition("\n")[0]) >= 15


@pytest.mark.parametrize("file", [*PRODUCT, *TESTS], ids=name)
def test_nothing_is_left_to_do_later(file):
    if file == Path(__file__):
        return
    text = file.read_text(encoding="utf-8")

    assert re.findall(r"\b(?:TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b", text) == []


@pytest.mark.parametrize("file", PRODUCT, ids=name)
def test_a_broad_except_names_its_reason(file):
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if re.search(r"except \(?(?:Base)?Exception\b", line) and "# noqa" in line:
            assert re.search(r"# noqa: BLE001\s+-?\S+", line), f"{name(file)}:{number}"


def test_committed_files_hold_no_path_of_a_machine_and_no_registry():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    hosts = (
        "registry" + ".npmjs",
        "files.python" + "hosted",
        "repo1" + ".maven",
        "pypi" + ".org",
    )
    paths = r"/(?:work|root|home/\w+)/[\w.]"
    forbidden = re.compile("|".join([paths, *map(re.escape, hosts)]).encode())
    found = []
    for line in filter(None, listed):
        file = ROOT / line
        if file.is_file() and file.suffix not in (".png", ".gz") and file != Path(__file__):
            found += [line] if forbidden.search(file.read_bytes()) else []

    assert found == []


def test_imports_point_the_right_way():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: \d+ kept, 0 broken", done.stdout)


def test_every_package_is_typed():
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file()
