"""The posts topic as a replay reads it: committed records, partition by partition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stream.records import Logged
from stream.replay.plan import Piece
from stream.scale.address import KafkaAddress, KafkaUnavailableError, kafka_python
from stream.topics import LARGEST_VALUE, Topics, UnreadableRecordError, read_posts

POLL_MS = 500
AT_ONCE = 2000
MOST_IDLE = 120
"""Polls without anything after which a partition is given up."""
EVERYTHING_LEFT = 253_402_300_799_000
"""The end of the year 9999: of a partition that holds nothing any more nothing is known."""


class TopicLog:
    """``PastLog`` of an installation.

    Raises:
        KafkaUnavailableError: no broker can be reached.
    """

    def __init__(self, address: KafkaAddress, topics: Topics) -> None:
        self._kafka = kafka_python()
        self._topic = topics.posts
        self._reader = read_posts()
        try:
            self._consumer: Any = self._kafka.KafkaConsumer(
                **address.options(),
                group_id=None,
                enable_auto_commit=False,
                isolation_level="read_committed",
                max_poll_records=AT_ONCE,
                max_partition_fetch_bytes=LARGEST_VALUE,
                allow_auto_create_topics=False,
            )
        except (self._kafka.errors.KafkaError, OSError) as error:
            raise KafkaUnavailableError(f"Kafka at {address.bootstrap}: {error}") from error
        self._places = [
            self._kafka.TopicPartition(self._topic.name, partition)
            for partition in range(self._topic.partitions)
        ]

    @property
    def name(self) -> str:
        """The topic."""
        return f"topic {self._topic.name}"

    @property
    def whole(self) -> bool:
        """False: it is compacted."""
        return False

    def ends(self) -> Mapping[int, int]:
        """The offset after the last committed record, by partition."""
        found = self._reached(lambda: self._consumer.end_offsets(self._places))
        return {place.partition: int(offset) for place, offset in found.items()}

    def begins_at(self) -> int | None:
        """When the oldest record of any partition that lost some was written."""
        first = self._reached(lambda: self._consumer.beginning_offsets(self._places))
        begun = [self._written_at(place) for place, offset in first.items() if offset]
        return max(begun, default=None)

    def read(self, partition: int, start: int, end: int, /) -> Iterator[Piece]:
        """Committed records from an offset on; tombstones and unreadable ones are left out."""
        place = self._places[partition]
        self._seek(place, start)
        idle = 0
        while (position := self._position(place)) < end:
            found = self._reached(lambda: self._consumer.poll(timeout_ms=POLL_MS))
            entries = [
                entry
                for record in found.get(place, ())
                if record.offset < end and (entry := self._entry(record.value)) is not None
            ]
            ahead = self._position(place)
            if ahead > position:
                idle = 0
                yield Piece(entries, min(ahead, end))
                continue
            idle += 1
            if idle > MOST_IDLE:
                raise KafkaUnavailableError(
                    f"Kafka gives nothing of {self._topic.name}/{partition} from {position} on"
                )

    def close(self) -> None:
        """Let the brokers go."""
        self._consumer.close()

    def _entry(self, value: bytes | None) -> Logged | None:
        if value is None:
            return None
        try:
            return self._reader.read(value)
        except UnreadableRecordError:
            return None

    def _seek(self, place: Any, start: int) -> None:
        def seek() -> None:
            self._consumer.assign([place])
            first = self._consumer.beginning_offsets([place])[place]
            self._consumer.seek(place, max(start, first))

        self._reached(seek)

    def _position(self, place: Any) -> int:
        return int(self._reached(lambda: self._consumer.position(place)))

    def _written_at(self, place: Any) -> int:
        self._seek(place, 0)
        for _ in range(20):
            found = self._reached(lambda: self._consumer.poll(timeout_ms=POLL_MS))
            if records := found.get(place):
                return int(records[0].timestamp)
        return EVERYTHING_LEFT

    def _reached(self, call: Any) -> Any:
        try:
            return call()
        except (self._kafka.errors.KafkaError, OSError) as error:
            raise KafkaUnavailableError(f"Kafka: {type(error).__name__}: {error}") from error
