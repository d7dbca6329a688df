"""The stage of the operators: subjects in, results out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stream.hosting.partition import Partition
from stream.ids import partition_of
from stream.operator import Operator
from stream.records import (
    EVERYONE,
    DeadLetter,
    MediaSeen,
    PostGone,
    PostSeen,
    Result,
    SubjectEvent,
    Tick,
)
from stream.router import MINUTE_MS
from stream.scale.journal import ChangeJournal
from stream.scale.stage import (
    Applied,
    Inbound,
    Outbox,
    check_time,
    keep_applied,
    read_applied,
    unreadable,
)
from stream.storage.state import key_of
from stream.storage.store import Store
from stream.topics import (
    RouterTick,
    SubjectEntry,
    Topic,
    Topics,
    UnreadableRecordError,
    pack,
    read_subjects,
    result_key,
)

MOST_ROUTERS = 4096
"""Partitions of the router that are believed to exist."""
MOST_SUBJECTS = 10_000
"""Subjects of which is kept that their partition is ours."""


class Operating:
    """Makes the stage of the operators.

    Args:
        operators: fresh instances in pipeline order, for one partition.
    """

    name = "operators"

    def __init__(self, topics: Topics, operators: Callable[[], Sequence[Operator]]) -> None:
        self._topics = topics
        self._operators = operators

    @property
    def source(self) -> Topic:
        """The subjects topic."""
        return self._topics.subjects

    @property
    def changelog(self) -> Topic:
        """State and timers."""
        return self._topics.operators_state

    def open(self, store: Store, partition: int, journal: ChangeJournal, /) -> OperatorsStage:
        """The operators over the state of a partition."""
        return OperatorsStage(self._topics, store, partition, self._operators(), journal)


class OperatorsStage:
    """The operators of one partition."""

    def __init__(
        self,
        topics: Topics,
        store: Store,
        partition: int,
        operators: Sequence[Operator],
        journal: ChangeJournal,
    ) -> None:
        self._topics = topics
        self._store = store
        self._number = partition
        self._applied = read_applied(store)
        self._clock = RouterClocks(self._applied.routers, self._applied.watermark)
        self._reader = read_subjects()
        self._ours: set[str] = set()
        self._partition = Partition(
            store,
            partition,
            operators,
            watermark=self._applied.watermark,
            journal=journal,
        )

    @property
    def next(self) -> int:
        """Offset of the first record that was not applied yet."""
        return self._applied.next

    def work(self, records: Sequence[Inbound], out: Outbox, /) -> None:
        """Apply records in order, as part of the store's running transaction."""
        entries = self._read(records, out)
        made: list[Result] = []
        dead: list[DeadLetter] = []
        self._partition.apply(entries, made, dead)
        latest: dict[tuple[str, str], Result] = {}
        for result in made:
            key = key_of(result)
            latest.pop(key, None)
            latest[key] = result
        results = self._topics.results
        for result in latest.values():
            out.send(results, self._number, result_key(result), pack(result))
        for number, letter in enumerate(dead):
            out.bury(letter, f"{self.next}/{number}/{self._topics.subjects.name}")
        self._applied = Applied(
            next=records[-1].offset + 1,
            entries=self._applied.entries + len(entries),
            watermark=self._partition.watermark,
            routers=self._clock.routers,
        )
        keep_applied(self._store, self._applied, out.journal)

    def _read(self, records: Sequence[Inbound], out: Outbox) -> list[tuple[int, SubjectEvent]]:
        """What the operators get of the records, numbered."""
        read, number = self._reader.keyed, self._applied.entries
        entries: list[tuple[int, SubjectEvent]] = []
        for record in records:
            try:
                entry = read(record.key, record.value)
                self._check_place(entry)
            except UnreadableRecordError as error:
                subjects = self._topics.subjects
                out.bury(*unreadable("operators", subjects, self._number, record, str(error)))
                continue
            if isinstance(entry, RouterTick):
                tick = self._clock.tick(entry)
                if tick is not None:
                    number += 1
                    entries.append((number, tick))
                continue
            if isinstance(entry, Tick):
                self._clock.ticked = max(self._clock.ticked, entry.at)
            number += 1
            entries.append((number, entry))
        return entries

    def _check_place(self, entry: SubjectEntry) -> None:
        """Refuse what cannot stand here: a subject has one partition and one state."""
        if isinstance(entry, RouterTick) and not 0 <= entry.router < entry.of <= MOST_ROUTERS:
            raise UnreadableRecordError(f"of router {entry.router} among {entry.of}")
        if isinstance(entry, RouterTick | Tick):
            check_time(entry.at)
        elif isinstance(entry, PostSeen):
            check_time(entry.post.event_at)
        subject = EVERYONE
        if isinstance(entry, PostSeen | PostGone | MediaSeen):
            subject = entry.subject
        if subject == EVERYONE or subject in self._ours:
            return
        place = partition_of(subject, self._topics.subjects.partitions)
        if place != self._number:
            raise UnreadableRecordError(
                f"subject {subject[:200]!r} belongs to partition {place}"
            )
        if len(self._ours) < MOST_SUBJECTS:
            self._ours.add(subject)


class RouterClocks:
    """Event time of the partitions of the router; the least of them is the subjects' time."""

    def __init__(self, routers: dict[int, int], ticked: int) -> None:
        self.routers = dict(routers)
        self.ticked = ticked

    def tick(self, entry: RouterTick) -> Tick | None:
        """Note how far one has come; a Tick when all of them have reached a later minute."""
        self.routers[entry.router] = max(entry.at, self.routers.get(entry.router, 0))
        if any(router not in self.routers for router in range(entry.of)):
            return None
        at = min(self.routers[router] for router in range(entry.of))
        if at <= self.ticked:
            return None
        minutes = (at - self.ticked) // MINUTE_MS if self.ticked else 1
        self.ticked = at
        return Tick(at=at, minutes=minutes)
