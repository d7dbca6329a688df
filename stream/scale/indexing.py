"""Takes subject logs, results and statuses from Kafka to the index, as a group of its own.

A slow or absent index never stops detection: this group only falls behind. A batch is
written, then what the index will never take is buried, then the offsets are committed; the
index changes nothing when it is told twice, so a kill anywhere costs only work done again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from ingest.records import SourceStatus
from ingest.source import Stop
from stream.ids import partition_of
from stream.index import IndexBatch, SearchUnavailableError
from stream.records import (
    Alert,
    Burst,
    Campaign,
    Cluster,
    DeadLetter,
    GapSeen,
    Membership,
    PostGone,
    PostSeen,
    Result,
)
from stream.scale.address import KafkaAddress, close_producer, kafka_python, unavailable
from stream.topics import (
    LARGEST_REQUEST,
    LARGEST_VALUE,
    Topics,
    UnreadableRecordError,
    pack,
    read_results,
    read_sources,
    read_subjects,
)

RECORDS_AT_ONCE = 2000
POLL_MS = 500
STAGE = "index"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0

log = structlog.get_logger(__name__)


class RefusedWrite(Protocol):
    """What the index will never take: which post or result, and why."""

    @property
    def of(self) -> str: ...
    @property
    def reason(self) -> str: ...


class TakingIndex(Protocol):
    """What the indexer needs of an index."""

    def take(self, batch: IndexBatch, /) -> Sequence[RefusedWrite]: ...


class Counts(msgspec.Struct):
    """What this indexer has done since it started."""

    records: int = 0
    written: int = 0
    dead: int = 0
    waits: int = 0


class Taken(msgspec.Struct):
    """Records of one poll, sorted for the index."""

    batch: IndexBatch
    raw: dict[str, bytes]
    dead: list[tuple[str, DeadLetter]]
    records: int


class Indexer:
    """One member of the indexing group.

    Args:
        address: of Kafka.
        topics: of this installation.
        group: of consumers; members share the partitions.
        index: idempotent, so that a batch may be told twice.
        now: wall clock in ms, for dead letters.

    Raises:
        KafkaUnavailableError: no broker can be reached.
    """

    def __init__(
        self,
        address: KafkaAddress,
        topics: Topics,
        group: str,
        index: TakingIndex,
        *,
        now: Callable[[], int],
    ) -> None:
        self._address = address
        self._topics = topics
        self._index = index
        self._now = now
        self._kafka = kafka_python()
        self.counts = Counts()
        self._subjects, self._results = read_subjects(), read_results()
        self._sources = read_sources()
        try:
            self._producer: Any = self._kafka.KafkaProducer(
                **address.options(),
                acks="all",
                enable_idempotence=True,
                max_request_size=LARGEST_REQUEST,
                allow_auto_create_topics=False,
            )
            self._consumer: Any = self._kafka.KafkaConsumer(
                topics.subjects.name,
                topics.results.name,
                topics.sources.name,
                **address.options(),
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                max_poll_records=RECORDS_AT_ONCE,
                max_partition_fetch_bytes=LARGEST_VALUE,
                allow_auto_create_topics=False,
            )
        except (self._kafka.errors.KafkaError, OSError) as error:
            raise unavailable(address, error) from error

    def run(self, stop: Stop, progress: Callable[[Counts], None] | None = None) -> None:
        """Index until ``stop`` is set.

        Raises:
            KafkaUnavailableError: Kafka is gone for longer than its client bears.
        """
        try:
            while not stop.is_set():
                found = self._consumer.poll(timeout_ms=POLL_MS)
                if found and self._work(self._sorted(found), stop):
                    self._commit(found)
                    if progress is not None:
                        progress(self.counts)
        except self._kafka.errors.KafkaError as error:
            raise unavailable(self._address, error) from error

    def close(self) -> None:
        """Leave the group; what was not committed is read again by whoever goes on."""
        self._consumer.close(autocommit=False)
        close_producer(self._producer, 5)

    def _work(self, taken: Taken, stop: Stop) -> bool:
        """Write a batch, however long the index takes to take it; False when stopped."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                refused = self._index.take(taken.batch)
                break
            except SearchUnavailableError as error:
                self.counts.waits += 1
                log.warning("index_waits", problem=str(error), pause_s=pause)
                if not self._wait(pause, stop):
                    return False
                pause = min(2 * pause, LONGEST_PAUSE_S)
        letters = list(taken.dead)
        for one in refused:
            raw = taken.raw.get(one.of, b"")
            letters.append((one.of, self._letter(one.reason, raw)))
        self._bury(letters)
        self.counts.records += taken.records
        self.counts.written += taken.records - len(taken.dead) - len(refused)
        self.counts.dead += len(letters)
        return True

    def _wait(self, seconds: float, stop: Stop) -> bool:
        """Wait for the index without leaving the group; False when stopped."""
        held = self._consumer.assignment()
        self._consumer.pause(*held)
        try:
            if stop.wait(seconds):
                return False
            # Nothing comes while all is paused; it shows the group that we live.
            self._consumer.poll(timeout_ms=0)
            return True
        finally:
            self._consumer.resume(*self._consumer.assignment())

    def _commit(self, found: dict[Any, list[Any]]) -> None:
        offsets = {
            place: self._kafka.OffsetAndMetadata(records[-1].offset + 1, "", -1)
            for place, records in found.items()
        }
        try:
            self._consumer.commit(offsets)
        except self._kafka.errors.CommitFailedError:
            # Others have these partitions now and read the same again, which changes nothing.
            log.info("index_handed_over", partitions=len(offsets))

    def _sorted(self, found: dict[Any, list[Any]]) -> Taken:
        seen: list[PostSeen] = []
        gone: list[PostGone] = []
        gaps: list[GapSeen] = []
        results: list[Result] = []
        statuses: list[SourceStatus] = []
        raw: dict[str, bytes] = {}
        dead: list[tuple[str, DeadLetter]] = []
        count = 0
        for place, records in found.items():
            reader = self._reader(place.topic)
            for record in records:
                count += 1
                try:
                    entry = reader.keyed(record.key, record.value)
                except UnreadableRecordError as error:
                    where = f"{place.topic}/{place.partition}/{record.offset}"
                    dead.append(
                        (where, self._letter(str(error), record.value or b"", place.topic))
                    )
                    continue
                match entry:
                    case PostSeen():
                        seen.append(entry)
                        raw[entry.post.id] = record.value
                    case PostGone():
                        gone.append(entry)
                        raw.setdefault(entry.post_id, record.value)
                    case GapSeen():
                        gaps.append(entry)
                    case Membership() | Cluster() | Burst() | Campaign() | Alert():
                        results.append(entry)
                        raw[id_of(entry)] = record.value
                    case SourceStatus():
                        statuses.append(entry)
                    case _:
                        # Ticks, versions and cursors are for others.
                        count -= 1
        batch = IndexBatch(
            checkpoint="", posts=(), sightings=seen, gone=gone, gaps=gaps, results=results,
            statuses=statuses,
        )  # fmt: skip
        return Taken(batch, raw, dead, count)

    def _reader(self, topic: str) -> Any:
        if topic == self._topics.subjects.name:
            return self._subjects
        return self._results if topic == self._topics.results.name else self._sources

    def _letter(self, reason: str, raw: bytes, topic: str = "") -> DeadLetter:
        return DeadLetter(stage=STAGE, source=topic, reason=reason, raw=raw, at=self._now())

    def _bury(self, letters: Sequence[tuple[str, DeadLetter]]) -> None:
        topic = self._topics.dead
        sent = [
            self._producer.send(
                topic.name,
                key=f"{STAGE}/{where}".encode("utf-8", "surrogatepass"),
                value=pack(letter),
                partition=partition_of(where, topic.partitions),
            )
            for where, letter in letters
        ]
        for future in sent:
            future.get(timeout=30)


def id_of(result: Result) -> str:
    """What a result is called in the index's refusals."""
    match result:
        case Membership():
            return result.post_id
        case Cluster():
            return result.cluster_id
        case Burst():
            return result.burst_id
        case Campaign():
            return result.campaign_id
        case Alert():
            return result.alert_id
