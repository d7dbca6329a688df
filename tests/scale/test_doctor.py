"""``jikimi doctor`` on a real Kafka and a real Elasticsearch, well and unwell."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.cli import run as jikimi
from stream.elastic.names import Names
from stream.records import Alert
from stream.topics import topics as topics_of
from tests.scale.elastic_world import elasticsearch, forget, urls
from tests.scale.kafka_world import kafka
from tests.scale.test_indexing import send_results
from tests.stream.index_world import alert

pytestmark = pytest.mark.slow
PREFIX = f"doctor{os.getpid()}"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[object, object]]:
    with kafka() as address, elasticsearch() as client:
        yield address, client
        if client.indices.exists_alias(name=f"{PREFIX}-posts"):
            forget(client, Names(PREFIX))


@pytest.fixture
def settings(servers, tmp_path: Path) -> str:
    address, client = servers
    (tmp_path / "jikimi.toml").write_text(
        f'[kafka]\nbootstrap = "{address.bootstrap}"\nprefix = "{PREFIX}"\npartitions = 2\n'
        f'[elasticsearch]\nurl = "{urls(client)[0]}"\nprefix = "{PREFIX}"\n'
        f'[data]\nfolder = "{tmp_path / "data"}"\n'
    )
    return str(tmp_path / "jikimi.toml")


def report(settings: str, capsys) -> dict[str, dict]:
    jikimi(["--config", settings, "doctor", "--json"])
    return {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}


def test_from_nothing_to_well_and_what_to_do_in_between(servers, settings, capsys):
    address, client = servers
    before = report(settings, capsys)
    for name in ("kafka", "elasticsearch", "elasticsearch clock"):
        assert before[name]["outcome"] == "OK", before[name]
    assert before["kafka"]["found"].startswith("4.")
    for name in ("kafka topics", "index templates", "aliases"):
        assert before[name]["outcome"] == "FAIL", before[name]
        assert "jikimi setup" in before[name]["fix"]

    assert jikimi(["--config", settings, "setup"]) == 0
    capsys.readouterr()
    after = report(settings, capsys)
    for name in ("kafka topics", "index templates", "aliases", "write blocks"):
        assert after[name]["outcome"] == "OK", after[name]
    assert after["workers"]["fix"] == "start `jikimi worker`"

    results: list[Alert] = [alert(f"al_{n}") for n in range(7)]
    send_results(address, topics_of(PREFIX, partitions=2), *results)
    behind = report(settings, capsys)["indexers"]
    assert behind["found"] == "0 running, 7 records behind"
    assert "jikimi index run" in behind["fix"]

    month = f"{PREFIX}-alerts-000001"
    block = {"index.blocks.read_only_allow_delete": True}
    client.indices.put_settings(index=month, settings=block)
    stopped = report(settings, capsys)["write blocks"]
    assert stopped["outcome"] == "FAIL", stopped
    assert stopped["found"] == f"{month}: read_only_allow_delete"
    client.indices.put_settings(
        index=month, settings={"index.blocks.read_only_allow_delete": None}
    )
    client.indices.put_index_template(
        name=f"{PREFIX}-gaps", index_patterns=[f"{PREFIX}-gaps-*"], priority=300, template={}
    )
    old = report(settings, capsys)["index templates"]
    assert (old["outcome"], old["found"]) == ("WARN", f"out of date: {PREFIX}-gaps")
