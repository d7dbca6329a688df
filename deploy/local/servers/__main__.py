"""Starts and stops real Kafka and Elasticsearch on loopback, without a container engine.

    deploy/local/services up|down|status [kafka] [elasticsearch] [--data DIR]

Kafka comes from its artefacts on Maven Central, Elasticsearch from its integ-test
distribution there; both pinned by version and checksum (``kafka/``, ``elasticsearch/``
beside this file) and kept in a cache. Servers run as an unprivileged user and listen on
127.0.0.1 only. Needs Java 17 for Kafka, Java 21 or newer for Elasticsearch, and Maven.

Only the standard library is used: this runs before anything of ours is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from broker import brokers_at, up_kafka
from node import es_answers, up_elasticsearch
from plan import ELASTICSEARCH, ES_VERSION, KAFKA, KAFKA_VERSION, Plan, ServiceError
from process import pid_of, stop

FAILED = 1


def folders(plan: Plan, service: str) -> list[Path]:
    """The folder of each server of a service, as far as they were ever started."""
    if service == ELASTICSEARCH:
        return [plan.data / ELASTICSEARCH] if (plan.data / ELASTICSEARCH).is_dir() else []
    return sorted((plan.data / KAFKA).glob("node-*"))


@dataclass(frozen=True)
class Status:
    """How one service is: ``pids`` by server, 0 where it does not run."""

    ready: bool
    address: str
    version: str
    pids: dict[str, int]


def status(plan: Plan, services: list[str]) -> dict[str, Status]:
    """What runs, where it listens, and the processes."""
    found: dict[str, Status] = {}
    for service in services:
        pids = {f.name: pid_of(f / "pid") for f in folders(plan, service)}
        if service == KAFKA:
            ready = brokers_at(plan.kafka_port) > 0
            found[service] = Status(ready, plan.bootstrap(), KAFKA_VERSION, pids)
        else:
            address = f"http://127.0.0.1:{plan.es_port}"
            found[service] = Status(es_answers(plan.es_port), address, ES_VERSION, pids)
    return found


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="services",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__,
    )
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("services", nargs="*", metavar="kafka|elasticsearch")
    place = Path(tempfile.gettempdir()) / "jikimi-services"
    parser.add_argument(
        "--data", type=Path, default=place, help="folder (default: %(default)s)"
    )
    parser.add_argument("--kafka-port", type=int, default=19092, help="of the first broker")
    parser.add_argument("--kafka-nodes", type=int, default=1, choices=[1, 3])
    parser.add_argument("--kafka-heap", type=int, default=512, help="MiB of each broker")
    parser.add_argument(
        "--kafka-settings",
        type=Path,
        help="file of settings that count before ours; {node} in it is the broker's number",
    )
    parser.add_argument("--elasticsearch-port", type=int, default=19200)
    parser.add_argument("--json", action="store_true", help="status as JSON")
    parser.add_argument("--delete", action="store_true", help="down: also delete the data")
    given = parser.parse_args(arguments)
    unknown = set(given.services) - {KAFKA, ELASTICSEARCH}
    if unknown:
        parser.error(
            f"unknown: {', '.join(sorted(unknown))}; there are kafka and elasticsearch"
        )
    given.services = given.services or [KAFKA, ELASTICSEARCH]
    return given


def main(arguments: list[str]) -> int:
    """Do what was asked; 0 when it was done and, for status, all of it runs."""
    given = parse(arguments)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    plan = Plan(
        given.data.resolve(), cache / "jikimi" / "services",
        given.kafka_port, given.kafka_nodes, given.elasticsearch_port,
        given.kafka_heap, given.kafka_settings,
    )  # fmt: skip
    start = {KAFKA: up_kafka, ELASTICSEARCH: up_elasticsearch}
    try:
        for service in given.services:
            if given.action == "up":
                start[service](plan)
            elif given.action == "down":
                for folder in folders(plan, service):
                    stop(folder)
                if given.delete:
                    shutil.rmtree(plan.data / service, ignore_errors=True)
    except ServiceError as error:
        print(f"services: {error}", file=sys.stderr)
        return FAILED
    found = status(plan, given.services)
    if given.json:
        print(json.dumps({service: asdict(said) for service, said in found.items()}))
    else:
        for service, said in found.items():
            state = "ready" if said.ready else "not running"
            where = f"at {said.address}, data in {plan.data / service}"
            print(f"{service} {said.version}: {state} {where}")
    running = all(said.ready for said in found.values())
    return 0 if running or given.action == "down" else FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
