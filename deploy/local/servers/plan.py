"""Where servers keep their things, where they listen, and what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
KAFKA, ELASTICSEARCH = "kafka", "elasticsearch"
KAFKA_VERSION = "4.4.0"
ES_VERSION = "9.5.0"


class ServiceError(Exception):
    """Why a server cannot be started or stopped, and what to do."""


@dataclass(frozen=True)
class Plan:
    """Where things are and on which ports they listen."""

    data: Path
    cache: Path
    kafka_port: int
    kafka_nodes: int
    es_port: int
    kafka_heap: int = 512
    kafka_settings: Path | None = None

    @property
    def software(self) -> Path:
        return self.data / "software"

    def node(self, number: int) -> Path:
        return self.data / KAFKA / f"node-{number}"

    def broker_port(self, number: int) -> int:
        return self.kafka_port + 2 * (number - 1)

    def bootstrap(self) -> str:
        nodes = range(1, self.kafka_nodes + 1)
        return ",".join(f"127.0.0.1:{self.broker_port(n)}" for n in nodes)
