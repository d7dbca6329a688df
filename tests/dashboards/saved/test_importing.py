"""``jikimi setup`` puts the dashboards into Kibana, as often as it is asked to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.cli import run as jikimi
from dashboards.kibana import build
from dashboards.kibana.importing import documents
from stream.elastic.names import NOUNS, Names
from tests.dashboards.saved.kibana_server import kibana

KEY = "a2liYW5hOmtleS1vZi1raWJhbmE="


def settings(folder: Path, url: str, more: str = "", prefix: str = "jikimi") -> str:
    file = folder / "jikimi.toml"
    file.write_text(f'[kibana]\nurl = "{url}"\n{more}\n[elasticsearch]\nprefix = "{prefix}"\n')
    return str(file)


def setup(file: str) -> int:
    return jikimi(["--config", file, "setup", "--only", "kibana"])


def written() -> dict[tuple[str, str, str], dict]:
    lines = [json.loads(line) for text in build.files().values() for line in text.splitlines()]
    return {("default", one["type"], one["id"]): one for one in lines}


def test_every_object_is_there_once_however_often_it_is_imported(tmp_path, capsys):
    with kibana() as server:
        file = settings(tmp_path, server.url)
        assert setup(file) == 0
        assert server.held == written()
        assert setup(file) == 0
        assert server.held == written()
        assert server.requests == 2 * len(build.PAGES)
    assert "imported jikimi-overview.ndjson" in capsys.readouterr().out


def test_what_somebody_changed_is_brought_back_and_what_is_theirs_stays(tmp_path):
    with kibana() as server:
        file = settings(tmp_path, server.url)
        setup(file)
        theirs = {"type": "dashboard", "id": "theirs", "attributes": {}, "references": []}
        server.held["default", "dashboard", "theirs"] = theirs
        server.held["default", "dashboard", "jikimi-overview"] = {"changed": True}
        assert setup(file) == 0
        assert server.held == written() | {("default", "dashboard", "theirs"): theirs}


def test_a_space_and_another_prefix_have_objects_of_their_own(tmp_path):
    with kibana() as server:
        setup(settings(tmp_path, server.url, 'space = "press office"'))
        assert {space for space, _, _ in server.held} == {"press%20office"}
        before = len(server.held)
        setup(settings(tmp_path, server.url, 'space = "press office"', prefix="second"))
        second = {k: one for k, one in server.held.items() if k[2].startswith("second-")}
    assert len(second) == before
    names = Names("second")
    aliases = {names.posts, *map(names.of, NOUNS)}
    titles = {o["attributes"]["title"] for o in second.values() if o["type"] == "index-pattern"}
    assert titles <= aliases
    assert "jikimi-" not in json.dumps(list(second.values()))


def test_the_key_of_elasticsearch_serves_unless_kibana_has_its_own(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("JIKIMI__ELASTICSEARCH__API_KEY", KEY)
    with kibana(KEY) as server:
        assert setup(settings(tmp_path, server.url)) == 0
    monkeypatch.setenv("JIKIMI__KIBANA__API_KEY", "b3RoZXI6a2V5LW9mLWtpYmFuYQ==")
    with kibana(KEY) as server:
        assert setup(settings(tmp_path, server.url)) == 1
        said = capsys.readouterr().err
    assert "Kibana refused (401" in said
    assert "JIKIMI__KIBANA__API_KEY_FILE" in said
    assert "b3RoZXI6" not in said, "also when Kibana says it back"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"success": False, "errors": [{"type": "lens", "id": "x", "error": {"type": "missing_references"}}]},
         "did not take all of jikimi-overview.ndjson: lens x: missing_references"),
        ({"success": False}, "no reason was given"),
    ],
)  # fmt: skip
def test_what_kibana_did_not_take_is_named(tmp_path, capsys, monkeypatch, held, said):
    with kibana() as server:
        monkeypatch.setattr(server, "take", lambda *_: held)
        assert setup(settings(tmp_path, server.url)) == 1
    assert said in capsys.readouterr().err


def test_mistakes_are_said_in_plain_words(tmp_path, capsys):
    with kibana() as server:
        assert setup(settings(tmp_path, f"{server.url}/base")) == 1
        assert "Kibana refused (404" in capsys.readouterr().err
        closed = server.url
    assert setup(settings(tmp_path, closed)) == 1
    assert "Kibana does not answer" in capsys.readouterr().err
    file = tmp_path / "jikimi.toml"
    file.write_text("")
    assert setup(str(file)) == 3
    assert "kibana.url: not set" in capsys.readouterr().err
    assert setup(settings(tmp_path, closed, 'ca_file = "nowhere.pem"')) == 3


def test_a_dry_run_shows_the_objects_and_asks_nobody(tmp_path, capsys):
    file = settings(tmp_path, "http://127.0.0.1:9")
    assert jikimi(["--config", file, "setup", "--dry-run"]) == 0
    told = json.loads(capsys.readouterr().out)["kibana"]
    assert set(told) == set(documents("jikimi"))
