"""A few worker processes that are started again when they end, as systemd would."""

from __future__ import annotations

import time
from pathlib import Path

from stream.scale.address import KafkaAddress, kafka_python
from stream.topics import Topics
from tests.scale.worker_world import Process


class Crew:
    """Workers of one group.

    Args:
        address: how the workers reach Kafka.
        direct: how the test itself does.
        only: the one stage that they run, None for both.
    """

    def __init__(
        self,
        address: KafkaAddress,
        topics: Topics,
        folder: Path,
        direct: KafkaAddress | None = None,
        only: str | None = "operators",
    ) -> None:
        self.address = address
        self.direct = direct or address
        self.topics = topics
        self.folder = folder
        self.only = only
        self.workers: dict[str, Process] = {}
        self.options: dict[str, tuple[str, ...]] = {}
        self.gone: list[Process] = []
        self.ended: list[tuple[str, int, str]] = []
        """Who has ended by itself, with which code, and what it had said."""

    def start(self, name: str, *options: str) -> Process:
        assert name not in self.workers or self.workers[name].child.poll() is not None
        self.options[name] = options
        only = ("--only", self.only) if self.only else ()
        made = Process(self.address, self.topics, self.folder / name, *only, *options)
        self.workers[name] = made
        return made

    def leave(self, name: str, number: int) -> None:
        """Send a worker away for good, asked or killed."""
        process = self.workers.pop(name)
        self.gone.append(process)
        if process.child.poll() is None:
            process.signal(number)

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
            **self.direct.options(),
            group_id=f"{prefix}.workers" + (f".{self.only}" if self.only else ""),
            enable_auto_commit=False,
        )
        read = (
            [self.topics.subjects] if self.only else [self.topics.posts, self.topics.subjects]
        )
        try:
            places = [
                client.TopicPartition(topic.name, p)
                for topic in read
                for p in range(topic.partitions)
            ]
            ends = consumer.end_offsets(places)
            return sum(ends[place] - (consumer.committed(place) or 0) for place in places)
        finally:
            consumer.close()

    def settle(self, seconds: float = 200) -> None:
        """Let them work until nothing is left.

        Where the router writes what the operators read, each partition may end with the
        mark of a transaction, which nobody reads, and more may come at any moment: there
        nothing is left when that was seen three times.
        """
        deadline = time.monotonic() + seconds
        marks, wanted = (0, 1) if self.only else (2 * self.topics.subjects.partitions, 3)
        quiet = 0
        while quiet < wanted:
            quiet = quiet + 1 if self.left() <= marks else 0
            assert time.monotonic() < deadline, self.ended
            self.supervise()
            time.sleep(1)

    def stop(self) -> None:
        for process in [*self.workers.values(), *self.gone]:
            process.kill()
