"""Takes subject logs, results and statuses from Kafka to the index, as a group of its own.

A slow or absent index never stops detection: this group only falls behind. What a poll
brought is cut into lanes by post and result, which are written side by side; of one post or
result everything goes through one lane, in order. When all of a poll is written, what the
index will never take is buried, then its offsets are committed. The index changes nothing
when it is told twice, so a kill anywhere costs only work done again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from functools import partial
from typing import Any, Protocol

import msgspec
import structlog

from detect.records import PictureFinding
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
from stream.scale.lanes import Lanes
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
BUSY_POLL_MS = 20
LANES = 4
MOST_UNDER_WAY = 3
"""Polls that are being written at once; while one is sent the next is made ready."""
LOOK_S = 0.25
ALIVE_EVERY_S = 5.0
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
    """What the indexer needs of an index; it is called from several threads."""

    def take(self, batch: IndexBatch, /) -> Sequence[RefusedWrite]: ...


class Counts(msgspec.Struct):
    """What this indexer has done since it started."""

    records: int = 0
    written: int = 0
    dead: int = 0
    waits: int = 0


class Part(msgspec.Struct):
    """What one lane has to write of a poll."""

    seen: list[PostSeen] = []
    gone: list[PostGone] = []
    gaps: list[GapSeen] = []
    results: list[Result] = []
    statuses: list[SourceStatus] = []

    def batch(self) -> IndexBatch:
        """As the index takes it."""
        return IndexBatch(
            checkpoint="",
            sightings=self.seen,
            gone=self.gone,
            gaps=self.gaps,
            results=self.results,
            statuses=self.statuses,
        )


class Taken(msgspec.Struct):
    """Records of one poll, sorted for the index."""

    parts: dict[int, Part] = {}
    raw: dict[str, bytes] = {}
    dead: list[tuple[str, DeadLetter]] = []
    records: int = 0

    def part(self, lane: int) -> Part:
        """What a lane has to write, empty at first."""
        return self.parts.setdefault(lane, Part())


class UnderWay(msgspec.Struct):
    """A poll that is being written: how far it leads once all its parts are there."""

    offsets: dict[Any, int]
    taken: Taken
    parts: list[Future[Sequence[RefusedWrite]]]


class Indexer:
    """One member of the indexing group.

    Args:
        address: of Kafka.
        topics: of this installation.
        group: of consumers; members share the partitions.
        index: idempotent, so that a batch may be told twice.
        now: wall clock in ms, for dead letters.
        lanes: how many write side by side.

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
        lanes: int = LANES,
    ) -> None:
        self._address = address
        self._topics = topics
        self._index = index
        self._lane_count = lanes
        self._counting = threading.Lock()
        self._ended = threading.Event()
        self._polled_at = 0.0
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
        lanes = Lanes(self._lane_count, STAGE)
        under_way: deque[UnderWay] = deque()
        try:
            while not stop.is_set():
                self._finish(under_way, progress)
                if len(under_way) >= MOST_UNDER_WAY:
                    self._hold(under_way[0])
                    continue
                pause = BUSY_POLL_MS if under_way else POLL_MS
                found = self._consumer.poll(timeout_ms=pause)
                self._polled_at = time.monotonic()
                if found:
                    under_way.append(self._begin(found, lanes, stop))
            lanes.close()
            self._finish(under_way, progress)
        except self._kafka.errors.KafkaError as error:
            raise unavailable(self._address, error) from error
        finally:
            self._ended.set()
            lanes.close()

    def close(self) -> None:
        """Leave the group; what was not committed is read again by whoever goes on."""
        self._consumer.close(autocommit=False)
        close_producer(self._producer, 5)

    def _begin(self, found: dict[Any, list[Any]], lanes: Lanes, stop: Stop) -> UnderWay:
        taken = self._sorted(found, lanes)
        return UnderWay(
            offsets={place: records[-1].offset + 1 for place, records in found.items()},
            taken=taken,
            parts=[
                lanes.give(lane, partial(self._write, part.batch(), stop))
                for lane, part in taken.parts.items()
            ],
        )

    def _write(self, batch: IndexBatch, stop: Stop) -> Sequence[RefusedWrite]:
        """Write a batch, however long the index takes to take it.

        Raises:
            CancelledError: stopped before it was taken.
        """
        pause = FIRST_PAUSE_S
        while True:
            try:
                return self._index.take(batch)
            except SearchUnavailableError as error:
                with self._counting:
                    self.counts.waits += 1
                log.warning("index_waits", problem=str(error), pause_s=pause)
                if stop.wait(pause) or self._ended.is_set():
                    raise CancelledError from None
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _finish(
        self, under_way: deque[UnderWay], progress: Callable[[Counts], None] | None
    ) -> None:
        """Bury and commit what is written, in the order in which it was read."""
        done: dict[Any, int] = {}
        while under_way and all(part.done() for part in under_way[0].parts):
            first = under_way[0]
            try:
                refused = [one for part in first.parts for one in part.result()]
            except CancelledError:
                break
            self._account(first.taken, refused)
            done |= first.offsets
            under_way.popleft()
        if done:
            self._commit(done)
            if progress is not None:
                progress(self.counts)

    def _account(self, taken: Taken, refused: Sequence[RefusedWrite]) -> None:
        letters = list(taken.dead)
        for one in refused:
            raw = taken.raw.get(one.of, b"")
            letters.append((one.of, self._letter(one.reason, raw)))
        self._bury(letters)
        self.counts.records += taken.records
        self.counts.written += taken.records - len(letters)
        self.counts.dead += len(letters)

    def _hold(self, first: UnderWay) -> None:
        """Read no further until a poll is written, without leaving the group."""
        wait_for(first.parts, timeout=LOOK_S)
        moment = time.monotonic()
        if moment - self._polled_at < ALIVE_EVERY_S:
            return
        self._polled_at = moment
        self._consumer.pause(*self._consumer.assignment())
        try:
            # Nothing comes while all is paused; it shows the group that we live.
            self._consumer.poll(timeout_ms=0)
        finally:
            self._consumer.resume(*self._consumer.assignment())

    def _commit(self, done: dict[Any, int]) -> None:
        assigned = self._consumer.assignment()
        offsets = {
            place: self._kafka.OffsetAndMetadata(offset, "", -1)
            for place, offset in done.items()
            if place in assigned
        }
        try:
            if offsets:
                self._consumer.commit(offsets)
        except self._kafka.errors.CommitFailedError:
            # Others have these partitions now and read the same again, which changes nothing.
            log.info("index_handed_over", partitions=len(offsets))

    def _sorted(self, found: dict[Any, list[Any]], lanes: Lanes) -> Taken:
        taken = Taken()
        for place, records in found.items():
            reader = self._reader(place.topic)
            for record in records:
                try:
                    entry = reader.keyed(record.key, record.value)
                except UnreadableRecordError as error:
                    where = f"{place.topic}/{place.partition}/{record.offset}"
                    letter = self._letter(str(error), record.value or b"", place.topic)
                    taken.dead.append((where, letter))
                    taken.records += 1
                    continue
                self._sort(entry, record.value, lanes, taken)
        return taken

    def _sort(self, entry: Any, value: bytes, lanes: Lanes, taken: Taken) -> None:
        """Put a record into the lane of what it is of; ticks and cursors are for others."""
        match entry:
            case PostSeen(post=post):
                part = taken.part(lanes.of(post.id))
                part.seen.append(entry)
                taken.raw[post.id] = value
            case PostGone(post_id=post_id):
                part = taken.part(lanes.of(post_id))
                part.gone.append(entry)
                taken.raw.setdefault(post_id, value)
            case GapSeen():
                taken.part(lanes.of(entry.gap.source)).gaps.append(entry)
            case Membership() | Cluster() | Burst() | Campaign() | Alert() | PictureFinding():
                of = id_of(entry)
                taken.part(lanes.of(of)).results.append(entry)
                taken.raw[of] = value
            case SourceStatus():
                taken.part(lanes.of(entry.source)).statuses.append(entry)
            case _:
                return
        taken.records += 1

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
        case PictureFinding():
            return result.finding_id
