"""A few worker processes that are started again when they end, as systemd would."""

from __future__ import annotations

import time
from pathlib import Path

from stream.scale.address import KafkaAddress, kafka_python
from stream.topics import Topics
from tests.scale.worker_world import Process


class Crew:
    """Workers of one group that run the operators.

    Args:
        address: how the workers reach Kafka.
        direct: how the test itself does.
    """

    def __init__(
        self,
        address: KafkaAddress,
        topics: Topics,
        folder: Path,
        direct: KafkaAddress | None = None,
    ) -> None:
        self.address = address
        self.direct = direct or address
        self.topics = topics
        self.folder = folder
        self.workers: dict[str, Process] = {}
        self.options: dict[str, tuple[str, ...]] = {}
        self.ended: list[tuple[str, int, str]] = []
        """Who has ended by itself, with which code, and what it had said."""

    def start(self, name: str, *options: str) -> Process:
        assert name not in self.workers or self.workers[name].child.poll() is not None
        self.options[name] = options
        made = Process(
            self.address, self.topics, self.folder / name, "--only", "operators", *options
        )
        self.workers[name] = made
        return made

    def supervise(self) -> None:
        """Start again what has ended."""
        for name, process in list(self.workers.items()):
            code = process.child.poll()
            if code is not None:
                self.ended.append((name, code, process.said))
                self.start(name, *self.options[name])

    def left(self) -> int:
        """Records that the group has not noted as done."""
        client = kafka_python()
        prefix = self.topics.posts.name.partition(".")[0]
        consumer = client.KafkaConsumer(
            **self.direct.options(), group_id=f"{prefix}.workers.operators",
            enable_auto_commit=False,
        )  # fmt: skip
        try:
            name = self.topics.subjects.name
            places = [
                client.TopicPartition(name, p) for p in range(self.topics.subjects.partitions)
            ]
            ends = consumer.end_offsets(places)
            return sum(ends[place] - (consumer.committed(place) or 0) for place in places)
        finally:
            consumer.close()

    def settle(self, seconds: float = 200) -> None:
        """Let them work until nothing is left."""
        deadline = time.monotonic() + seconds
        while self.left():
            assert time.monotonic() < deadline, self.ended
            self.supervise()
            time.sleep(1)

    def stop(self) -> None:
        for process in self.workers.values():
            process.kill()
