"""Says when a private part of Faust or aiokafka that the worker rests on is not what it was."""

from __future__ import annotations

import hashlib
import inspect
from importlib.metadata import version

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.app.base import App
from faust.transport import consumer
from faust.transport.drivers import aiokafka as driver

from stream.scale import faust_app
from stream.scale.address import KafkaAddress
from stream.scale.faust_app import BatchConsumer, ConsumerThread, Parts, WorkerApp
from stream.scale.host import ScaleHost
from stream.scale.progress import Progress
from stream.scale.watchdog import Watchdog
from stream.topics import topics

PARTS = {
    consumer.Consumer._drain_messages: "44a2500309e83c63",
    consumer.Consumer._wait_next_records: "6218e1969a636b3f",
    consumer.Consumer.perform_seek: "0e8c130ff4b0afd8",
    consumer.Consumer.on_partitions_assigned: "29ce96596f05a18c",
    consumer.Consumer.on_partitions_revoked: "d04b7ae72c6fc206",
    consumer.Consumer.stop_flow: "cf7e875a2b0d40e8",
    consumer.ThreadDelegateConsumer._commit: "a20eec84e4b2ed50",
    driver.AIOKafkaConsumerThread._create_worker_consumer: "c2701bfc3e6f6cad",
    driver.Consumer._new_consumer_thread: "0870ec53dea75083",
    App._new_transport: "42db531312dd776f",
    GroupCoordinator._do_heartbeat: "dc1d6632aaa68e96",
    GroupCoordinator._on_join_complete: "0b0b3d204b408f3c",
    GroupCoordinator.ensure_coordinator_known: "4dfb9ccd877aba5d",
    GroupCoordinator.reset_generation: "537aa37c531b4de9",
}


def test_the_version_is_the_one_that_was_read():
    assert version("faust-streaming") == "0.15.3"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__qualname__)
def test_a_part_that_the_worker_overrides_or_calls_is_as_it_was_read(part):
    digest = hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16]

    assert digest == PARTS[part], (
        f"{part.__qualname__} has changed: read it, compare with stream/scale/faust_app.py "
        "and stream/scale/membership.py, run tests/scale/test_worker.py and "
        "tests/scale/test_membership.py, then note its digest"
    )


def test_everything_that_is_overridden_exists_in_faust():
    own = (BatchConsumer, ConsumerThread, WorkerApp)
    added = {"parts", "give_up_all", "_take", "_look", "_note_offsets", "_ours"}
    added |= {"_confirm", "coordinator"}
    for kind in own:
        base = kind.__mro__[1]
        for name, member in vars(kind).items():
            if inspect.isfunction(member) and name not in added and name != "__init__":
                assert hasattr(base, name), f"{base.__name__} has no {name}"


def test_the_app_reads_committed_records_of_the_host_s_topics_only(tmp_path, monkeypatch):
    layout = topics("t", partitions=2)
    address = KafkaAddress(bootstrap="127.0.0.1:1,127.0.0.1:2")
    host = ScaleHost(tmp_path, address=address, topics=layout, group="g", kinds=[])
    parts = Parts(host, Watchdog(), 100, Progress())
    app = faust_app.build_app(parts, address, group="g", folder=tmp_path / "faust")
    made = {}

    def client(**options):
        made.update(options)

    monkeypatch.setattr(driver.aiokafka, "AIOKafkaConsumer", client)
    reader = app.consumer
    reader._thread._create_worker_consumer(app.transport)
    reader._thread.thread_loop.close()
    app.loop.close()

    assert isinstance(reader, BatchConsumer)
    assert made["isolation_level"] == "read_committed"
    assert made["enable_auto_commit"] is False
    assert made["bootstrap_servers"] == ["127.0.0.1:1", "127.0.0.1:2"]
    assert reader.in_transaction is False
    assert app.conf.web_enabled is False
    assert app.conf.web_tables_enabled is False


def test_a_password_reaches_faust_and_no_message(tmp_path):
    from ingest.secret import Secret

    address = KafkaAddress(
        bootstrap="127.0.0.1:1",
        sasl="SCRAM-SHA-512",
        username="jikimi",
        password=Secret("hush"),
    )
    credentials = faust_app.credentials(address)

    assert credentials.password == "hush"
    assert "hush" not in repr(address)
