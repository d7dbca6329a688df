"""The media stage of scale-out: pictures of the subjects topic, told to the posts topic.

One process of an installation: families have one owner. Where it goes on stands in its own
file, so that no group of consumers is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.source import Stop
from stream.hosting.beside import Beside
from stream.records import LoggedMedia, PostGone, PostSeen, SubjectEvent
from stream.scale.address import KafkaAddress, kafka_python, unavailable
from stream.scale.ends import end_offsets
from stream.scale.kafka_log import PostsProducer
from stream.topics import LARGEST_VALUE, Topics, UnreadableRecordError, read_subjects

POLL_MS = 250
RECORDS_AT_ONCE = 1000


class ScaleMedia:
    """Feeds a media stage from Kafka and delivers what it found.

    Args:
        beside: the stage, in a thread of its own.
        producer: of the posts topic.

    Raises:
        KafkaUnavailableError: no broker can be reached.
    """

    def __init__(
        self, address: KafkaAddress, topics: Topics, beside: Beside, producer: PostsProducer
    ) -> None:
        self._address = address
        self._topics = topics
        self._beside = beside
        self._producer = producer
        self._kafka = kafka_python()
        self._reader = read_subjects()
        self.delivered = 0
        self._reached: list[int] = []
        try:
            self._consumer: Any = self._kafka.KafkaConsumer(
                **address.options(),
                group_id=None,
                enable_auto_commit=False,
                isolation_level="read_committed",
                max_poll_records=RECORDS_AT_ONCE,
                max_partition_fetch_bytes=LARGEST_VALUE,
                allow_auto_create_topics=False,
            )
        except (self._kafka.errors.KafkaError, OSError) as error:
            raise unavailable(address, error) from error

    def run(self, stop: Stop) -> None:
        """Work until ``stop`` is set.

        Raises:
            KafkaUnavailableError: Kafka is gone for longer than its client bears.
            StorageFullError: no space; a later run goes on.
        """
        name = self._topics.subjects.name
        places = [self._kafka.TopicPartition(name, n) for n in range(self._partitions)]
        position = self._beside.position() or [0] * self._partitions
        self._beside.start()
        try:
            self._consumer.assign(places)
            for place, offset in zip(places, position, strict=True):
                # What retention took is gone from here too.
                first = self._consumer.beginning_offsets([place])[place]
                self._consumer.seek(place, max(offset, first))
            while not stop.is_set():
                self._beside.deliver(self._send)
                found = self._consumer.poll(timeout_ms=POLL_MS)
                position = [self._consumer.position(place) for place in places]
                if found:
                    self._beside.take(self._events(found), position)
                self._reached = position
        except (self._kafka.errors.KafkaError, OSError) as error:
            raise unavailable(self._address, error) from error

    def at_rest(self) -> bool:
        """Whether all that the topic holds was looked at and told; any thread may ask.

        Raises:
            KafkaUnavailableError: Kafka cannot be reached.
        """
        ends = end_offsets(self._address, self._topics.subjects)
        reached = self._reached
        taken = bool(reached) and all(
            mine >= end for mine, end in zip(reached, ends, strict=True)
        )
        return taken and self._beside.idle()

    def close(self) -> None:
        """Let the brokers go; what was not done is done by the next run."""
        self._consumer.close()

    @property
    def _partitions(self) -> int:
        return self._topics.subjects.partitions

    def _events(self, found: dict[Any, list[Any]]) -> list[SubjectEvent]:
        """What concerns pictures; what cannot be read is buried by the operators."""
        events: list[SubjectEvent] = []
        for records in found.values():
            for record in records:
                try:
                    entry = self._reader.keyed(record.key, record.value)
                except UnreadableRecordError:
                    continue
                if isinstance(entry, PostSeen | PostGone):
                    events.append(entry)
        return events

    def _send(self, found: Sequence[LoggedMedia]) -> None:
        self._producer.send(found)
        self.delivered += len(found)
