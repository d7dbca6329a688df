"""Apache Kafka: one broker, or three that know each other (KRaft)."""

from __future__ import annotations

import shutil
import socket
import struct

from fetch import fetch_kafka, java
from plan import HERE, KAFKA, Plan, ServiceError
from process import hand_over, pid_of, refuse_taken, run, spawn, wait

CLUSTER_ID = "amlraW1pLWxvY2FsLWthZg"


def up_kafka(plan: Plan) -> None:
    """Start every broker that is not running, and wait until all know each other."""
    libs = fetch_kafka(plan)
    home = java(17)
    for number in range(1, plan.kafka_nodes + 1):
        folder = plan.node(number)
        if pid_of(folder / "pid"):
            continue
        refuse_taken(plan.broker_port(number), "--kafka-port")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / KAFKA / "log4j2.properties", folder)
        (folder / "server.properties").write_text(broker_properties(plan, number))
        hand_over(plan.data)
        java_with = [
            str(home / "bin" / "java"), "-Xms96m", f"-Xmx{plan.kafka_heap}m",
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile=file:{folder}/log4j2.properties",
            "-cp", f"{libs}/*",
        ]  # fmt: skip
        made = [*java_with, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID,
                "-c", str(folder / "server.properties"), "--ignore-formatted"]  # fmt: skip
        problem = run(made, folder)
        if problem:
            raise ServiceError(f"Kafka cannot use {folder}: {problem[-500:]}")
        spawn([*java_with, "kafka.Kafka", str(folder / "server.properties")], folder)
    wait(lambda: brokers_at(plan.broker_port(1)) >= plan.kafka_nodes, plan.node(1), "Kafka")


def broker_properties(plan: Plan, number: int) -> str:
    """The settings of one broker."""
    nodes = range(1, plan.kafka_nodes + 1)
    port = plan.broker_port(number)
    copies = min(3, plan.kafka_nodes)
    own = {
        "node.id": number,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": ",".join(
            f"{n}@127.0.0.1:{plan.broker_port(n) + 1}" for n in nodes
        ),
        "log.dirs": plan.node(number) / "log",
        "default.replication.factor": copies,
        "min.insync.replicas": max(1, copies - 1),
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": max(1, copies - 1),
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": max(1, copies - 1),
    }
    made = (HERE / KAFKA / "server.properties").read_text(encoding="utf-8")
    made += "".join(f"{key}={value}\n" for key, value in own.items())
    if plan.kafka_settings is not None:
        # What is said last counts.
        made += plan.kafka_settings.read_text(encoding="utf-8").replace("{node}", str(number))
    return made


def brokers_at(port: int) -> int:
    """How many brokers a broker knows of: Kafka's Metadata request, version 1."""
    body = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            head = connection.recv(12, socket.MSG_WAITALL)
    except OSError:
        return 0
    return int(struct.unpack(">iii", head)[2]) if len(head) == 12 else 0  # noqa: PLR2004
