"""``jikimi setup`` on a real Elasticsearch: what it makes, and that again changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from dashboards.cli import run as jikimi
from stream.elastic import mappings, templates
from stream.elastic.names import NOUNS, Names
from tests.scale.elastic_world import elasticsearch, forget, urls
from tests.scale.kafka_world import kafka

PREFIX = f"setup-{os.getpid()}"


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with elasticsearch() as found:
        yield found
        forget(found, Names(PREFIX))


@pytest.fixture
def settings(tmp_path: Path, client: Elasticsearch) -> Path:
    return written(tmp_path, urls(client)[0])


def written(folder: Path, url: str, **more: str) -> Path:
    lines = [
        f'{key} = "{value}"' for key, value in {"url": url, "prefix": PREFIX, **more}.items()
    ]
    (folder / "jikimi.toml").write_text("\n".join(["[elasticsearch]", *lines]))
    return folder / "jikimi.toml"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = jikimi([str(one) for one in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.slow
def test_it_makes_everything_once_and_then_changes_nothing(client, settings, capsys):
    code, said, _ = run(capsys, "--config", settings, "setup", "--only", "elasticsearch")
    assert code == 0
    assert f"made index template {PREFIX}-posts" in said
    again, said_again, _ = run(capsys, "--config", settings, "setup", "--only", "elasticsearch")
    assert again == 0
    assert said_again.splitlines() == [
        f"Elasticsearch is ready: 0 made, 0 changed, {len(said.splitlines()) - 1} were there"
    ]

    found = client.indices.get(index=f"{PREFIX}-*")
    assert set(found) == {f"{PREFIX}-posts-other", *(f"{PREFIX}-{n}-000001" for n in NOUNS)}
    for index in found.values():
        assert index["mappings"]["dynamic"] == "false"
        assert len(index["aliases"]) == 1


@pytest.mark.slow
def test_a_month_gets_its_mapping_and_its_alias_by_itself(client, settings, capsys):
    run(capsys, "--config", settings, "setup", "--only", "elasticsearch")
    client.index(
        index=f"{PREFIX}-posts-2026.11", id="1", refresh=True,
        document={"@timestamp": "2026-11-01T00:00:00Z", "surprise": {"of": "a post"}},
    )  # fmt: skip
    client.index(index=f"{PREFIX}-posts-2026.11", id="2", document={"jikimi": {"gone": True}})
    client.indices.refresh(index=f"{PREFIX}-posts-2026.11")
    made = client.indices.get(index=f"{PREFIX}-posts-2026.11")[f"{PREFIX}-posts-2026.11"]

    assert set(mappings.fields(made["mappings"])) == set(mappings.fields(mappings.of_posts()))
    hits = client.search(index=f"{PREFIX}-posts")["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["1"], "a tombstone shows to nobody"


@pytest.mark.slow
def test_an_older_template_is_brought_up_to_date(client, settings, capsys):
    run(capsys, "--config", settings, "setup", "--only", "elasticsearch")
    name = f"{PREFIX}-gaps"
    old = client.indices.get_index_template(name=name)["index_templates"][0]["index_template"]
    client.indices.put_index_template(
        name=name, index_patterns=old["index_patterns"], priority=300, template={}, version=0
    )

    _, said, _ = run(capsys, "--config", settings, "setup", "--only", "elasticsearch")

    assert f"changed index template {name}" in said
    assert " 1 changed" in said


@pytest.mark.slow
def test_topics_are_made_once_and_then_left_alone(tmp_path, capsys):
    with kafka() as address:
        prefix = f"setup{os.getpid()}"
        file = tmp_path / "jikimi.toml"
        file.write_text(f'[kafka]\nbootstrap = "{address.bootstrap}"\nprefix = "{prefix}"\n')
        code, said, _ = run(capsys, "--config", file, "setup", "--only", "kafka")
        assert code == 0
        assert f"create topic {prefix}.posts" in said
        _, again, _ = run(capsys, "--config", file, "setup", "--only", "kafka")
    assert again.splitlines() == ["Kafka is ready: 7 topics, 0 made or changed"]


def test_a_dry_run_prints_documents_and_asks_nobody(tmp_path, capsys):
    nobody = written(tmp_path, "http://127.0.0.1:9")
    code, said, _ = run(capsys, "--config", nobody, "setup", "--dry-run")

    assert code == 0
    told = json.loads(said)["elasticsearch"]
    assert [step["name"] for step in told["steps"]] == [
        step.name for step in templates.steps(Names(PREFIX))
    ]
    topics = json.loads(said)["kafka"]["topics"]
    assert "jikimi.posts" in {topic["name"] for topic in topics}
    assert set(told["roles"]) == {f"{PREFIX}-setup", f"{PREFIX}-index", f"{PREFIX}-web"}


def test_roles_reach_only_indices_of_their_own():
    for role in templates.roles(Names("own")).values():
        assert "all" not in role["cluster"]
        for part in role["indices"]:
            assert part["names"] == ["own-*"]
            assert "all" not in part["privileges"]
    web = templates.roles(Names("own"))["own-web"]["indices"]
    assert {p for part in web for p in part["privileges"]} == {"read", "view_index_metadata"}


def test_nobody_there_is_said_in_plain_words(tmp_path, capsys):
    nobody = written(tmp_path, "http://127.0.0.1:9", api_key="c2VjcmV0OnNlY3JldA==")
    code, _, said = run(capsys, "--config", nobody, "setup", "--only", "elasticsearch")

    assert code == 1
    assert "Elasticsearch does not answer" in said
    assert "c2VjcmV0" not in said


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('url = "search.example:9200"', "begins with http:// or https://"),
        ('prefix = "Jikimi"', "up to 60 small letters"),
        ('ca_file = "nowhere.pem"\nurl = "https://127.0.0.1:9"', "ca_file: found nowhere.pem"),
    ],
)
def test_mistakes_in_the_settings_are_named(tmp_path, capsys, line, problem):
    file = tmp_path / "jikimi.toml"
    file.write_text(f"[elasticsearch]\n{line}\n")
    code, _, said = run(capsys, "--config", file, "setup")

    assert code == 3
    assert problem in said


def test_without_an_address_setup_says_what_to_write(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, said = run(capsys, "setup")

    assert code == 3
    assert "elasticsearch.url: not set" in said


def test_the_key_comes_from_a_file_and_is_never_shown(tmp_path, capsys, monkeypatch):
    (tmp_path / "key").write_text("c2VjcmV0OnNlY3JldA==\n")
    monkeypatch.setenv("JIKIMI__ELASTICSEARCH__API_KEY_FILE", str(tmp_path / "key"))
    file = written(tmp_path, "http://127.0.0.1:9")
    code, said, _ = run(capsys, "--config", file, "config", "show")

    assert code == 0
    assert "***" in said
    assert "c2VjcmV0" not in said
