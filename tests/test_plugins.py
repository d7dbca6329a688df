"""Plug-ins are found by entry point, without importing any of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ingest import plugins

ROOT = Path(__file__).parents[1]
DISTRIBUTION = "far_away-1.0.dist-info"


@pytest.fixture
def far_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another package on the path with a source and a sink of its own, one of them broken."""
    info = tmp_path / DISTRIBUTION
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: far-away\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[jikimi.sources]\nfaraway = far_away_source:Source\n"
        "[jikimi.sinks]\nfarsink = far_away_missing:Sink\nfarname = far_away_source:Absent\n"
    )
    (tmp_path / "far_away_source.py").write_text("class Source:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("far_away_source", None)


def test_ours_are_registered_and_can_be_loaded():
    assert {"log", "webhook"} <= set(plugins.names(plugins.SINKS))
    for group in (plugins.SOURCES, plugins.DETECTORS, plugins.SINKS):
        for name in plugins.names(group):
            assert callable(plugins.load(group, name))


def test_one_of_another_package_is_found_beside_ours(far_away):
    assert "faraway" in plugins.names(plugins.SOURCES)
    assert plugins.load(plugins.SOURCES, "faraway").__name__ == "Source"


def test_names_are_sorted_and_unique(far_away):
    names = plugins.names(plugins.SINKS)

    assert names == sorted(set(names))
    assert {"farname", "farsink", "log"} <= set(names)


def test_an_unknown_name_is_a_key_error_and_groups_do_not_mix(far_away):
    with pytest.raises(KeyError, match="pigeon"):
        plugins.load(plugins.SINKS, "pigeon")
    with pytest.raises(KeyError, match="faraway"):
        plugins.load(plugins.SINKS, "faraway")
    assert plugins.names("jikimi.nothing") == []


def test_one_that_cannot_be_imported_says_why_and_hides_no_other(far_away):
    with pytest.raises(ModuleNotFoundError, match="far_away_missing"):
        plugins.load(plugins.SINKS, "farsink")
    with pytest.raises(AttributeError, match="Absent"):
        plugins.load(plugins.SINKS, "farname")
    assert plugins.load(plugins.SINKS, "log").__name__ == "LogSink"


def test_listing_names_imports_no_plugin():
    code = (
        "import sys\nfrom ingest import plugins\n"
        "found = plugins.names(plugins.SINKS) + plugins.names(plugins.SOURCES)\n"
        "assert 'webhook' in found\n"
        "print([name for name in ('httpx', 'dashboards', 'websockets') if name in sys.modules])\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout  # fmt: skip

    assert said == "[]\n"
