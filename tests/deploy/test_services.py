"""``deploy/local/services``: real Kafka and Elasticsearch start, serve, survive and stop."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch, helpers

from deploy.local.servers import ports
from deploy.local.servers.ports import BROKERS, NODE, free_port
from tests.scale.servers import SERVICES, Servers, public_folder, shared

SCRIPTS = SERVICES.parent / "servers"


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with shared("kafka", "elasticsearch") as running:
        yield running


def fetch_module():
    sys.path.insert(0, str(SCRIPTS))
    try:
        import fetch
        import plan
    finally:
        sys.path.remove(str(SCRIPTS))
    return fetch, plan


@pytest.mark.slow
def test_kafka_keeps_what_an_idempotent_producer_sends(servers):
    with warnings.catch_warnings():
        # kafka-python reads its protocol files in a way that Python has since deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
        from kafka.admin import NewTopic

    admin = KafkaAdminClient(bootstrap_servers=servers.bootstrap)
    admin.create_topics([NewTopic("kept", num_partitions=3, replication_factor=1)])
    producer = KafkaProducer(
        bootstrap_servers=servers.bootstrap, acks="all", enable_idempotence=True
    )
    sent = [str(number).encode() for number in range(300)]
    for value in sent:
        producer.send("kept", key=value, value=value)
    producer.flush()
    consumer = KafkaConsumer(
        "kept", bootstrap_servers=servers.bootstrap, group_id="reader",
        auto_offset_reset="earliest", consumer_timeout_ms=8_000,
    )  # fmt: skip
    read = [record.value for _, record in zip(sent, consumer, strict=False)]
    for client in (consumer, producer, admin):
        client.close()

    assert sorted(read) == sorted(sent)


@pytest.mark.slow
def test_elasticsearch_has_what_the_index_needs(servers):
    words = {"type": "text", "analyzer": "whitespace"}
    with Elasticsearch(servers.url) as client:
        client.indices.put_index_template(
            name="kept", index_patterns=["kept-*"],
            template={
                "aliases": {"kept": {}},
                "settings": {"number_of_replicas": 0},
                "mappings": {"dynamic": False, "properties": {
                    "@timestamp": {"type": "date"}, "words": words, "subject": {"type": "keyword"},
                }},
            },
        )  # fmt: skip
        documents = [
            {
                "_index": "kept-2026.11", "_id": str(n), "version": n + 1,
                "version_type": "external", "words": "표절 절의 의혹",
                "subject": f"s{n % 3}", "@timestamp": 1_790_000_000_000 + n * 60_000,
            }
            for n in range(90)
        ]  # fmt: skip
        helpers.bulk(client, documents)
        client.indices.refresh(index="kept")
        found = client.search(
            index="kept", size=0, query={"match_phrase": {"words": "절의 의혹"}},
            aggs={
                "by": {"terms": {"field": "subject"}},
                "at": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h"}},
            },
        )  # fmt: skip
        _, refused = helpers.bulk(client, documents[:1], raise_on_error=False)

    by_subject = {b["key"]: b["doc_count"] for b in found["aggregations"]["by"]["buckets"]}
    assert by_subject == {"s0": 30, "s1": 30, "s2": 30}
    assert sum(b["doc_count"] for b in found["aggregations"]["at"]["buckets"]) == 90
    assert refused[0]["index"]["status"] == 409, "an old version changes nothing"


@pytest.mark.slow
def test_servers_listen_on_loopback_only_and_give_up_root(servers):
    for service in ("kafka", "elasticsearch"):
        for pid in servers.pids(service).values():
            assert os.geteuid() or Path(f"/proc/{pid}").stat().st_uid != 0
    listening = subprocess.run(
        ["sh", "-c", "cat /proc/net/tcp /proc/net/tcp6"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    ports = [int(address.rpartition(":")[2]) for address in servers.bootstrap.split(",")]
    ports.append(int(servers.url.rpartition(":")[2]))
    for port in ports:
        anywhere = (f"00000000:{port:04X}", f"{'0' * 32}:{port:04X}")
        assert not set(anywhere) & set(listening)


@pytest.mark.slow
def test_starting_again_changes_nothing_and_a_killed_server_comes_back(servers):
    before = servers.pids("kafka")

    assert servers.call("up", "kafka").returncode == 0
    assert servers.pids("kafka") == before

    os.kill(before["node-1"], signal.SIGKILL)
    while servers.pids("kafka")["node-1"]:
        time.sleep(0.1)
    assert servers.status()["kafka"]["ready"] is False
    assert servers.call("up", "kafka").returncode == 0
    assert servers.pids("kafka")["node-1"] not in (0, before["node-1"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands files to the servers' user")
def test_a_folder_is_handed_over_while_a_server_writes_and_deletes_files_in_it(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    process = importlib.import_module("process")
    with public_folder() as folder, tempfile.NamedTemporaryFile() as elsewhere:
        (folder / "link").symlink_to(elsewhere.name)
        kept = folder / "kept"
        kept.touch()
        walk = os.walk

        def walk_while_files_go(top):
            for root, folders, files in walk(top):
                yield root, folders, [*files, "segment.tmp"]

        monkeypatch.setattr(process.os, "walk", walk_while_files_go)
        process.hand_over(folder)

        uid = process.owner().uid
        assert uid
        assert {kept.stat().st_uid, folder.stat().st_uid} == {uid}
        assert Path(elsewhere.name).stat().st_uid == 0


def test_a_jar_of_other_content_is_refused(tmp_path):
    fetch, plan = fetch_module()
    (tmp_path / "a.jar").write_bytes(b"not what was pinned")

    with pytest.raises(plan.ServiceError, match=r"a\.jar has SHA-256 .* pinned is 00"):
        fetch.verify(tmp_path, {"a.jar": "00"})
    with pytest.raises(plan.ServiceError, match=r"b\.jar is missing"):
        fetch.verify(tmp_path, {"b.jar": "00"})


def test_every_artefact_is_pinned():
    fetch, plan = fetch_module()
    pinned = fetch.checksums(SERVICES.parent / "kafka" / "checksums.sha256")

    assert len(pinned) > 40
    assert f"kafka_2.13-{plan.KAFKA_VERSION}.jar" in pinned
    assert list(fetch.checksums(SERVICES.parent / "elasticsearch" / "checksums.sha256")) == [
        f"elasticsearch-{plan.ES_VERSION}.zip"
    ]
    assert all(len(digest) == 64 for digest in pinned.values())


def test_a_stale_pid_file_stops_nobody_else():
    with public_folder() as folder:
        node = folder / "kafka" / "node-1"
        node.mkdir(parents=True)
        (node / "pid").write_text(str(os.getpid()))

        done = Servers(folder, free_port(BROKERS), free_port(NODE)).call("down", "kafka")

    assert done.returncode == 0
    assert "kafka" in done.stdout
    assert "not running" in done.stdout


def test_a_taken_port_is_named_with_the_option_that_changes_it():
    with public_folder() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = Servers(folder, port, free_port(NODE)).call("up", "kafka")

    assert done.returncode == 1
    if "cannot" not in done.stderr and "mvn" not in done.stderr and "Java" not in done.stderr:
        assert f"something else listens on port {port}" in done.stderr
        assert "--kafka-port" in done.stderr


def test_ports_of_servers_are_none_that_outgoing_connections_are_given():
    low, high = ports.given_away()

    chosen = [free_port(BROKERS) for _ in range(50)]

    assert all(port + BROKERS.stop < low or port > high for port in chosen)
    assert len(set(chosen)) > 25


def test_a_port_is_passed_over_when_one_that_goes_with_it_is_taken(monkeypatch):
    first, second = free_port(range(1, 12)), free_port(range(1, 12))
    offered = iter([first, second])
    monkeypatch.setattr(ports.random, "randint", lambda low, high: next(offered))
    with socket.create_server(("127.0.0.1", first + 5)):
        assert free_port(BROKERS) == second


@pytest.mark.parametrize("said", ["1024 65535", "10000 65535", "nonsense"])
def test_where_the_system_gives_nearly_all_away_a_port_is_found_all_the_same(
    tmp_path, monkeypatch, said
):
    (tmp_path / "range").write_text(said)
    monkeypatch.setattr(ports, "GIVEN_AWAY", tmp_path / "range")

    assert ports.is_free(free_port(NODE))


def test_an_unknown_service_is_refused():
    done = subprocess.run(
        [str(SERVICES), "up", "zookeeper"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "there are kafka and elasticsearch" in done.stderr


def children_in(folder: str) -> list[str]:
    """Processes that work in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str((entry / "cwd").readlink()).startswith(folder):
                found.append((entry / "cmdline").read_text())
    return found


@pytest.mark.slow
def test_a_command_gets_servers_of_its_own_that_go_with_it():
    script = (
        "import os, socket; where = os.environ['JIKIMI__KAFKA__BOOTSTRAP'];"
        "host, port = where.split(':'); socket.create_connection((host, int(port))).close();"
        "print(where); raise SystemExit(7)"
    )
    done = subprocess.run(
        [str(SERVICES), "run", "kafka", "--", sys.executable, "-c", script],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    if "cannot" in done.stderr or "mvn is not" in done.stderr or "no Java" in done.stderr:
        pytest.skip(f"real Kafka cannot run here: {done.stderr}")

    assert done.returncode == 7, done.stderr
    assert "Apache Kafka" in done.stderr
    assert "is ready after" in done.stderr
    port = int(done.stdout.rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def alive(pid: str) -> bool:
    """Whether a process runs; one that ended and was not collected by its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
@pytest.mark.crash
def test_killed_it_still_takes_its_servers_and_its_command_away(tmp_path):
    before = set(Path(tempfile.gettempdir()).glob("jikimi-throwaway-*"))
    told = tmp_path / "told"
    script = (
        f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(99)"
    )
    child = subprocess.Popen(
        [str(SERVICES), "run", "kafka", "--", sys.executable, "-c", script],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (told.exists() and told.read_text()):
        if child.poll() is not None:
            pytest.skip(f"real Kafka cannot run here: {child.communicate()[1]}")
        time.sleep(0.1)
    folders = set(Path(tempfile.gettempdir()).glob("jikimi-throwaway-*")) - before
    mine = [folder for folder in folders if children_in(str(folder))]
    assert mine

    child.kill()
    child.communicate()

    deadline = time.monotonic() + 90
    while any(folder.exists() for folder in mine):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    while alive(told.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not [one for folder in mine for one in children_in(str(folder))]


@pytest.mark.parametrize("arguments", [["run", "kafka"], ["run", "--"], ["up", "--", "true"]])
def test_a_command_belongs_to_run_and_run_needs_one(arguments):
    done = subprocess.run(
        [str(SERVICES), *arguments], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "services run -- COMMAND" in done.stderr
