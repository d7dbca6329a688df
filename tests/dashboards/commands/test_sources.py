"""``jikimi sources``: every registered source with its terms and its use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.cli import run
from ingest import plugins


@pytest.fixture(autouse=True)
def _away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def listed(capsys) -> dict[str, dict]:
    assert run(["sources", "--json"]) == 0
    return {source["kind"]: source for source in json.loads(capsys.readouterr().out)}


def test_every_registered_source_is_listed_with_its_whole_terms_card(capsys):
    found = listed(capsys)

    assert list(found) == plugins.names(plugins.SOURCES)
    for source in found.values():
        for word in ("access", "rate", "retention", "deletion"):
            assert len(source["terms"][word]) > 3


def test_bluesky_is_read_by_default_and_needs_no_key(capsys):
    found = listed(capsys)["bluesky"]

    assert found["configured"] == [{"name": "bluesky", "enabled": True}]
    assert "no key" in found["terms"]["access"].lower()


def test_one_kind_can_be_used_under_several_names(capsys):
    Path("jikimi.toml").write_text(
        "[sources.one]\nkind = 'bluesky'\n[sources.two]\nkind = 'bluesky'\nenabled = false\n"
    )

    assert listed(capsys)["bluesky"]["configured"] == [
        {"name": "one", "enabled": True},
        {"name": "two", "enabled": False},
    ]
    assert listed(capsys)["archive"]["configured"] == []


def test_the_list_for_people_says_what_is_in_use(capsys):
    assert run(["sources"]) == 0

    text = capsys.readouterr().out
    assert "bluesky: bluesky (enabled)\n" in text
    assert "archive: not configured\n" in text
    assert "    access " in text
