"""Elasticsearch behind TLS and an API key: what works, and what is said when it does not.

The published core distribution has no security of its own. So a small proxy stands before
the real server: it speaks TLS with a certificate of an authority of ours and lets nobody
through without the key.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.cli import run as jikimi
from stream.elastic.bulk import Action, Sender
from stream.elastic.client import IndexUnavailableError, connect, told
from stream.elastic.names import Names
from stream.elastic_index import ElasticIndex
from stream.index import PostQuery
from tests.scale.elastic_world import elasticsearch, forget, urls
from tests.scale.tls_world import KEY, Authority, Pair, Proxy, proxy
from tests.stream.index_world import batch, post, seen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="openssl makes the certificates"
    ),
]
PREFIX = f"tls-{os.getpid()}"


class World:
    """Two authorities, certificates of all kinds, and the address of the real server."""

    def __init__(self, folder: Path, plain: str) -> None:
        self.plain = plain
        self.authority = Authority(folder)
        self.stranger = Authority(folder, "stranger")
        self.good = self.authority.signed("good")
        self.expired = self.authority.signed("expired", days=-1)
        self.elsewhere = self.authority.signed("elsewhere", "DNS:elsewhere.example")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    with elasticsearch() as client:
        yield World(tmp_path_factory.mktemp("tls"), urls(client)[0])
        forget(client, Names(PREFIX))


@pytest.fixture
def guarded(world: World) -> Iterator[Proxy]:
    with proxy(world.plain, world.good) as server:
        yield server


def settings(folder: Path, url: str, authority: Pair | None, key: str = KEY) -> Path:
    (folder / "key").write_text(f"{key}\n")
    lines = ["[elasticsearch]", f'url = "{url}"', f'prefix = "{PREFIX}"', "timeout_s = 10"]
    lines += [f'ca_file = "{authority.certificate}"'] if authority else []
    (folder / "jikimi.toml").write_text("\n".join(lines))
    return folder / "jikimi.toml"


def test_setup_writing_and_searching_work_with_the_authority_and_the_key(
    world, guarded, tmp_path, capsys, monkeypatch
):
    file = settings(tmp_path, guarded.url, world.authority.own)
    monkeypatch.setenv("JIKIMI__ELASTICSEARCH__API_KEY_FILE", str(tmp_path / "key"))
    assert jikimi(["--config", str(file), "setup", "--only", "elasticsearch"]) == 0
    assert "Elasticsearch is ready" in capsys.readouterr().out
    client = connect([guarded.url], api_key=KEY, ca_file=world.authority.own.certificate)
    index = ElasticIndex(client, Names(PREFIX))
    index.write(batch(*seen(post("1", "봄 소식"))))
    index.refresh()

    assert [one.post.text for one in index.search(PostQuery(text="봄")).posts] == ["봄 소식"]
    assert set(guarded.seen) == {f"ApiKey {KEY}"}, "every request shows the key, and only there"
    index.close()


@pytest.mark.parametrize(
    ("shown", "trusted", "said"),
    [
        ("good", "stranger", "nobody we trust has signed its certificate"),
        ("good", None, "elasticsearch.ca_file"),
        ("expired", "authority", "its certificate has expired"),
        ("elsewhere", "authority", "its certificate is for another name"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_is_explained_and_gets_no_key(
    world, tmp_path, capsys, monkeypatch, shown, trusted, said
):
    authority = getattr(world, trusted).own if trusted else None
    monkeypatch.setenv("JIKIMI__ELASTICSEARCH__API_KEY_FILE", str(tmp_path / "key"))
    with proxy(world.plain, getattr(world, shown)) as server:
        file = settings(tmp_path, server.url, authority)
        code = jikimi(["--config", str(file), "setup", "--only", "elasticsearch"])
    told = capsys.readouterr()

    assert code == 1
    assert said in told.err
    assert KEY not in told.err + told.out
    assert server.seen == []


def test_tls_and_plain_taken_for_each_other_are_told_apart(
    world, guarded, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("JIKIMI__ELASTICSEARCH__API_KEY_FILE", str(tmp_path / "key"))
    mistaken = world.plain.replace("http:", "https:")
    file = settings(tmp_path, mistaken, world.authority.own)
    assert jikimi(["--config", str(file), "setup", "--only", "elasticsearch"]) == 1
    assert "does not speak TLS there" in capsys.readouterr().err

    file = settings(tmp_path, guarded.url.replace("https:", "http:"), None)
    assert jikimi(["--config", str(file), "setup", "--only", "elasticsearch"]) == 1
    said = capsys.readouterr().err
    assert "Elasticsearch does not answer" in said
    assert "https" in said


@pytest.mark.parametrize("wrong", ["", "d3Jvbmc6a2V5LW9mLXNvbWVib2R5LWVsc2U="])
def test_a_wrong_key_is_refused_and_never_shown(
    world, guarded, tmp_path, capsys, monkeypatch, wrong
):
    file = settings(tmp_path, guarded.url, world.authority.own, key=wrong)
    if wrong:
        monkeypatch.setenv("JIKIMI__ELASTICSEARCH__API_KEY_FILE", str(tmp_path / "key"))
    for command in (("setup", "--only", "elasticsearch"), ("index", "tidy")):
        code = jikimi(["--config", str(file), "-v", *command])
        told = capsys.readouterr()
        assert code == 1
        assert "elasticsearch.api_key is missing, wrong, expired or revoked" in told.err
        if wrong:
            assert wrong not in told.err + told.out


def test_the_indexer_says_why_it_waits_and_shows_no_key(world, guarded, capsys):
    wrong = "d3Jvbmc6a2V5LW9mLXNvbWVib2R5LWVsc2U="
    client = connect([guarded.url], api_key=wrong, ca_file=world.authority.own.certificate)
    with pytest.raises(IndexUnavailableError, match="api_key is missing, wrong") as caught:
        Sender(client, patience_s=0.2).send([Action(f"{PREFIX}-state-000001", "1", {})])
    assert wrong not in str(caught.value)
    with pytest.raises(IndexUnavailableError) as caught, told():
        client.info()
    assert wrong not in str(caught.value)
    client.close()
