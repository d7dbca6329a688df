"""Documents keep step with the code: nothing undocumented, no dead link, no ghost file."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from dashboards import reference
from dashboards.cli import COMMANDS, cli
from ingest import plugins
from stream.config.doc import rows

ROOT = Path(__file__).parent.parent
DOCS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
TOP_FOLDERS = ("ingest", "detect", "stream", "dashboards", "deploy", "tests", "docs")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
NAMED = re.compile(
    rf"`(?P<path>(?:{'|'.join(TOP_FOLDERS)})/[\w./*-]*)(?:::(?P<test>\w+))?`", re.ASCII
)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def text_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text("utf-8")), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in headings
    }


def test_the_reference_holds_the_three_pages():
    assert set(reference.pages()) == {"commands.md", "settings.md", "sources.md", "api.md"}


@pytest.mark.parametrize("page", ["commands.md", "settings.md", "sources.md", "api.md"])
def test_the_reference_is_what_the_code_says(page):
    written = text_of(f"docs/reference/{page}")

    assert written == reference.pages()[page], "run `make docs`"


def test_every_command_and_option_is_documented():
    page = text_of("docs/reference/commands.md")
    seen = 0
    for path, command, _ in reference.walk(cli, reference.root()):
        assert f"## {path}\n" in page
        section = page.partition(f"## {path}\n")[2].partition("\n## ")[0]
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                seen += 1
                assert option.opts[-1] in section, f"{path} {option.opts}"
                assert option.help, f"{path} {option.opts[-1]} has no help"

    assert seen >= len(COMMANDS)


def test_every_command_is_explained_in_a_guide_or_the_readme():
    guides = "".join(
        file.read_text("utf-8") for file in DOCS if "docs/reference" not in str(file)
    )

    for command in COMMANDS:
        assert f"jikimi {command}" in guides, command


def test_every_setting_is_documented():
    page = text_of("docs/reference/settings.md")

    for row in rows():
        assert f"| `{row.key}` |" in page
        assert row.text


def test_every_source_and_sink_is_documented():
    page = text_of("docs/reference/sources.md")

    for kind in plugins.names(plugins.SOURCES):
        section = page.partition(f"## Source `{kind}`\n")[2].partition("\n## ")[0]
        for word in ("access", "rate", "retention", "deletion"):
            assert f"**{word}**: " in section, f"{kind}: {word}"
    for kind in plugins.names(plugins.SINKS):
        assert f"## Sink `{kind}`\n" in page


def test_every_make_target_is_documented():
    targets = re.findall(r"^([a-z][a-z-]*):.*## ", text_of("Makefile"), re.MULTILINE)
    guides = "".join(file.read_text("utf-8") for file in DOCS)

    assert len(targets) > 5
    for target in targets:
        assert f"make {target}" in guides, target


@pytest.mark.parametrize("file", DOCS, ids=name)
def test_no_link_is_dead(file):
    body = FENCE.sub("", file.read_text(encoding="utf-8"))
    for target in (found["target"] for found in LINK.finditer(body)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (file.parent / path).resolve() if path else file
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(place), target


@pytest.mark.parametrize("file", DOCS, ids=name)
def test_every_file_that_is_named_exists(file):
    for found in NAMED.finditer(file.read_text(encoding="utf-8")):
        path, test = found["path"], found["test"]
        if "*" in path:
            assert list(ROOT.glob(path)), path
            continue
        assert (ROOT / path).exists(), path
        if test:
            assert f"def {test}(" in text_of(path), f"{path}::{test}"


def test_every_invariant_names_a_test_that_exists():
    rules = re.split(r"^\d+\. ", text_of("docs/invariants.md"), flags=re.MULTILINE)[1:]

    assert len(rules) >= 8
    for rule in rules:
        assert rule.startswith("**"), rule
        assert "::test_" in rule or "Not yet guarded" in rule, rule


@pytest.mark.parametrize("file", DOCS, ids=name)
def test_toml_examples_are_valid(file):
    for block in re.findall(
        r"^```toml\n(.*?)^```", file.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        tomllib.loads(block)


def test_every_package_has_a_place_in_the_architecture():
    page = text_of("docs/architecture.md")
    listed = subprocess.run(
        ["git", "ls-files", "ingest", "detect", "stream", "dashboards"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    folders = {str(Path(file).parent) for file in listed if file.endswith(".py")}

    for folder in sorted(folders):
        assert f"`{folder}/" in page, f"docs/architecture.md does not mention {folder}/"
