"""The host of scale-out: a worker's partitions, each a SQLite file, a stage and a link.

For a batch, in this order and no other: the stage works inside a SQLite transaction; what
it made and how its state changed go to Kafka as one transaction; SQLite commits. Killed
before Kafka's commit nothing has happened; killed after it, the file is behind the
changelog and catches up when it is opened. A machine without the file reads the changelog
from the start. This module knows neither Faust nor a consumer: any loop may drive it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from stream.scale.address import KafkaAddress
from stream.scale.journal import Change, ChangeJournal, restore
from stream.scale.link import FencedError, PartitionLink
from stream.scale.stage import Inbound, Outbox, Stage, StageKind
from stream.storage.store import Store
from stream.topics import TOMBSTONES_KEPT_MS, Topics

POSITION = "changelog"
"""Next offset of the changelog, as the file has it."""
CURRENT = "current_at"
"""Wall clock (ms) at which the file was last known to be up to date."""

CURRENT_FOR_MS = TOMBSTONES_KEPT_MS // 2
"""A folder that is older, or younger than now, by more is read anew."""

__all__ = ["BrokenStateError", "FencedError", "Place", "ScaleHost"]

log = structlog.get_logger(__name__)


class BrokenStateError(Exception):
    """A changelog holds what we never write: state cannot be trusted, so nothing goes on."""


class Place(NamedTuple):
    """A partition of an input topic."""

    topic: str
    partition: int


class Held:
    """A partition that is ours."""

    def __init__(
        self, store: Store, stage: Stage, link: PartitionLink, journal: ChangeJournal
    ) -> None:
        self.store = store
        self.stage = stage
        self.link = link
        self.journal = journal


class ScaleHost:
    """The partitions of one worker.

    Args:
        folder: of this worker alone; a cache of the changelogs, made if absent.
        group: name of the workers together; part of the transactional ids.
        kinds: a stage for each input topic.
        now: wall clock in ms, for judging how old a folder is.
        forget_broken: remove from the changelogs what we never write, instead of ending.
    """

    def __init__(
        self,
        folder: Path,
        *,
        address: KafkaAddress,
        topics: Topics,
        group: str,
        kinds: Sequence[StageKind],
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        forget_broken: bool = False,
    ) -> None:
        self._folder = folder
        self._address = address
        self._topics = topics
        self._group = group
        self._kinds = {kind.source.name: kind for kind in kinds}
        self._now = now
        self._forget_broken = forget_broken
        self._held: dict[Place, Held] = {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The topics it reads."""
        return tuple(self._kinds)

    @property
    def places(self) -> tuple[Place, ...]:
        """The partitions that are ours."""
        return tuple(self._held)

    def next(self, place: Place) -> int:
        """Offset of the first record of a partition of ours that was not applied yet."""
        return self._held[place].stage.next

    async def open(
        self, place: Place, confirm: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Take a partition over: fence its owner before, catch up with what it did.

        Args:
            confirm: asked last of all whether it is still ours to take; raises if not.

        Raises:
            KafkaUnavailableError: no broker can be reached.
            FolderInUseError: another process uses the folder.
            BrokenStateError: the changelog holds what we never write.
        """
        if place in self._held:
            return
        kind = self._kinds[place.topic]
        identity = f"{self._group}.{kind.name}.{place.partition}"
        link = PartitionLink(self._address, identity, kind.changelog, place.partition)
        if confirm is not None:
            await confirm()
        try:
            await link.open()
            store = await self._catch_up(kind, place, link)
        except BaseException:
            await link.close()
            raise
        journal = ChangeJournal()
        try:
            stage = kind.open(store, place.partition, journal)
        except msgspec.MsgspecError as error:
            store.close()
            await link.close()
            raise _broken(kind, place, f"how far it has come: {error}") from error
        self._held[place] = Held(store, stage, link, journal)
        log.info("partition_opened", topic=place.topic, partition=place.partition)

    async def handle(self, place: Place, records: Sequence[Inbound]) -> None:
        """Apply records of a partition of ours; what was applied before is skipped.

        Raises:
            FencedError: the partition has another owner.
            KafkaUnavailableError: what became of the batch is not known. After this, as
                after any other error, the process must end: the next start finds out.
        """
        held = self._held[place]
        begin = held.stage.next
        if not records or records[-1].offset < begin:
            return
        fresh = records
        if records[0].offset < begin:
            fresh = [record for record in records if record.offset >= begin]
        out = Outbox(self._topics, held.journal)
        with held.store.transaction():
            try:
                held.stage.work(fresh, out)
            except Exception as error:
                error.add_note(
                    f"at {place.topic}, partition {place.partition}, "
                    f"records {fresh[0].offset} to {fresh[-1].offset}"
                )
                raise
            position = await held.link.send(out.records, held.journal.take())
            self._note(held.store, position)

    async def close(self, place: Place) -> None:
        """Give a partition up."""
        held = self._held.pop(place, None)
        if held is not None:
            held.store.close()
            await held.link.close()

    async def close_all(self) -> None:
        """Give every partition up."""
        for place in self.places:
            await self.close(place)

    async def _catch_up(self, kind: StageKind, place: Place, link: PartitionLink) -> Store:
        folder = self._folder / f"{kind.name}-{place.partition}"
        store = _cache(folder)
        try:
            position = _number(store, POSITION)
            if abs(self._now() - _number(store, CURRENT)) > CURRENT_FOR_MS:
                store = self._anew(store, folder, "it was away for too long")
                position = 0
            try:
                await self._replay(store, kind, place, link, position)
            except LookupError as error:
                store = self._anew(store, folder, str(error))
                await self._replay(store, kind, place, link, 0)
        except BaseException:
            store.close()
            raise
        return store

    def _anew(self, store: Store, folder: Path, reason: str) -> Store:
        if store.meta(POSITION) is None:
            return store
        log.info("state_rebuilt", folder=folder.name, reason=reason)
        store.close()
        shutil.rmtree(folder)
        return _cache(folder)

    async def _replay(
        self, store: Store, kind: StageKind, place: Place, link: PartitionLink, position: int
    ) -> None:
        broken: dict[bytes, str] = {}
        with store.transaction():
            async for reached, changes in link.changes(position):
                restore(store, place.partition, changes, broken)
                position = reached
            if broken and not self._forget_broken:
                key, reason = next(iter(broken.items()))
                raise _broken(
                    kind,
                    place,
                    f"{len(broken)} records, one of them under {key[:200]!r}: {reason}",
                )
            if broken:
                position = await link.send([], [Change(key, None) for key in broken])
                log.warning("state_forgotten", topic=kind.changelog.name, records=len(broken))
            self._note(store, position)

    def _note(self, store: Store, position: int) -> None:
        store.set_meta(POSITION, str(position).encode())
        store.set_meta(CURRENT, str(self._now()).encode())


def _broken(kind: StageKind, place: Place, what: str) -> BrokenStateError:
    return BrokenStateError(
        f"the topic {kind.changelog.name} holds in partition {place.partition} what this "
        f"version of jikimi does not write ({what}). Nothing was changed. If a newer version "
        "has worked here, go on with that one. Else somebody else writes there: take that "
        "right away, then start one worker with --forget-broken-state, which removes these "
        "records; what stood under their keys is lost"
    )


def _cache(folder: Path) -> Store:
    store = Store(folder)
    # The changelog is the truth: a power loss may take the last batches from the file.
    store.db.execute("PRAGMA synchronous=NORMAL")
    return store


def _number(store: Store, key: str) -> int:
    return int(store.meta(key) or b"0")
