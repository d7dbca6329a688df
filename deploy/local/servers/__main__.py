"""Starts and stops real Kafka and Elasticsearch on loopback, without a container engine.

    deploy/local/services up|down|status [kafka] [elasticsearch] [--data DIR]
    deploy/local/services run [kafka] [elasticsearch] -- COMMAND...

Kafka comes from its artefacts on Maven Central, Elasticsearch from its integ-test
distribution there; both pinned by version and checksum (``kafka/``, ``elasticsearch/``
beside this file) and kept in a cache. Servers run as an unprivileged user and listen on
127.0.0.1 only. Needs Java 17 for Kafka, Java 21 or newer for Elasticsearch, and Maven.
``run`` starts them on free ports in a folder of their own, tells the command where they
are (JIKIMI__KAFKA__BOOTSTRAP, JIKIMI__ELASTICSEARCH__URL), and takes them away with it.

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
from throwaway import run_with, throwaway_plan

FAILED = 1
INTERRUPTED = 130
START = {KAFKA: up_kafka, ELASTICSEARCH: up_elasticsearch}


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
    parser.add_argument("action", choices=["up", "down", "status", "run"])
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
    before, dashes, command = split(arguments)
    given = parser.parse_args(before)
    if (given.action == "run") != bool(dashes and command):
        parser.error("run, and nothing else, takes a command: services run -- COMMAND...")
    given.command = command
    unknown = set(given.services) - {KAFKA, ELASTICSEARCH}
    if unknown:
        parser.error(
            f"unknown: {', '.join(sorted(unknown))}; there are kafka and elasticsearch"
        )
    given.services = given.services or [KAFKA, ELASTICSEARCH]
    return given


def split(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    """Our own arguments, whether two dashes follow, and what stands behind them."""
    if "--" not in arguments:
        return arguments, False, []
    place = arguments.index("--")
    return arguments[:place], True, arguments[place + 1 :]


def main(arguments: list[str]) -> int:
    """Do what was asked; 0 when it was done and, for status, all of it runs."""
    given = parse(arguments)
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = place / "jikimi" / "services"
    if given.action == "run":
        return run(cache, given)
    plan = Plan(
        given.data.resolve(), cache,
        given.kafka_port, given.kafka_nodes, given.elasticsearch_port,
        given.kafka_heap, given.kafka_settings,
    )  # fmt: skip
    try:
        for service in given.services:
            if given.action == "up":
                START[service](plan)
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


def run(cache: Path, given: argparse.Namespace) -> int:
    """A command beside servers of its own; its exit code."""
    plan = throwaway_plan(cache)
    wanted = {service: START[service] for service in given.services}
    try:
        return run_with(
            plan, wanted, lambda: [f for s in wanted for f in folders(plan, s)], given.command
        )
    except ServiceError as error:
        print(f"services: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
