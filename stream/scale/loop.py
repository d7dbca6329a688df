"""A bare consumer loop over the host: what is left of a worker without Faust."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import structlog

from stream.scale.address import KafkaAddress, aiokafka, unavailable
from stream.scale.host import Place, ScaleHost
from stream.scale.membership import Membership, take_over
from stream.scale.progress import Progress
from stream.topics import LARGEST_VALUE

POLL_MS = 250
COMMIT_EVERY_S = 1.0
CATCH_UP = 8
"""Batches of the settings that one transaction takes while more waits: a transaction costs
the same for one record as for hundreds."""

log = structlog.get_logger(__name__)


class WorkerLoop:
    """One member of the group of workers.

    The offsets that it commits are for those who watch the lag; where a partition goes on
    is known to its own state.

    Args:
        batch: most records of one transaction.
        session_ms: silence after which the brokers give our partitions to others.
        beat: called as a sign of life.
        progress: looks now and then whether partitions move.
    """

    def __init__(
        self,
        host: ScaleHost,
        address: KafkaAddress,
        *,
        group: str,
        batch: int = 500,
        session_ms: int = 10_000,
        beat: Callable[[], None] = lambda: None,
        progress: Progress | None = None,
    ) -> None:
        self._host = host
        self._batch = batch
        self._busy = asyncio.Lock()
        self._beat = beat
        self._progress = progress
        self._committed_at = 0.0
        self._sign_s = session_ms / 5_000
        self._client = aiokafka()
        self._errors = aiokafka("aiokafka.errors")
        self._address = address
        self._failed: BaseException | None = None
        self._ending = False
        self._consumer: Any = self._client.AIOKafkaConsumer(
            **address.options(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=LARGEST_VALUE,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms // 5, 200),
            rebalance_timeout_ms=60_000,
            metadata_max_age_ms=30_000,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; partitions are given up cleanly, whatever ends it.

        Raises:
            FencedError, KafkaUnavailableError: see ``ScaleHost.handle``.
        """
        try:
            await self._consumer.start()
            self._consumer.subscribe(list(self._host.inputs), listener=_listener(self))
            while not stop.is_set():
                self._beat()
                await self._round()
        except self._errors.KafkaError as error:
            raise unavailable(self._address, error) from error
        finally:
            self._ending = True
            async with self._busy:
                await self._host.close_all()
            await self._consumer.stop()

    async def _round(self) -> None:
        found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=self._batch * 2)
        async with self._busy:
            if self._failed is not None:
                raise self._failed
            await handle_all(self._host, found, self._batch)
            await self._commit()
        if self._progress is not None:
            consumer = self._consumer
            assigned = tuple(consumer.assignment())
            self._progress.look_at_times(assigned, consumer.position, consumer.end_offsets)

    async def _commit(self) -> None:
        moment = asyncio.get_running_loop().time()
        if moment - self._committed_at < COMMIT_EVERY_S:
            return
        self._committed_at = moment
        topic_partition = self._client.TopicPartition
        assigned = self._consumer.assignment()
        offsets = {
            topic_partition(*place): self._host.next(place)
            for place in self._host.places
            if topic_partition(*place) in assigned
        }
        if offsets:
            try:
                await self._consumer.commit(offsets)
            except self._errors.KafkaError as error:
                # A rebalance has begun: the next owner knows better than this number.
                log.debug("offsets_not_noted", problem=type(error).__name__)

    async def revoked(self, places: Iterable[Place]) -> None:
        """Give partitions up once the batch under way is done."""
        async with self._busy:
            for place in places:
                await self._host.close(place)

    async def assigned(self, places: Collection[Place]) -> None:
        """Take partitions over and go on where each of them stands."""
        async with self._busy:
            if self._ending:
                return  # what was waiting for us goes to those who stay
            try:
                membership = Membership(self._consumer._coordinator)  # noqa: SLF001
                ours = await take_over(
                    self._host, places, self._confirm(membership), self._sign_s
                )
            except Exception as error:  # noqa: BLE001 - raised by the loop instead
                # The consumer would write it to the log, forget it and go on.
                self._failed = error
                return
            if not ours:
                return  # it joins anew
            for place in places:
                self._consumer.seek(self._client.TopicPartition(*place), self._host.next(place))

    def _confirm(self, membership: Membership) -> Callable[[], Awaitable[None]]:
        async def confirm() -> None:
            await membership.confirm()
            self._beat()

        return confirm


async def handle_all(host: ScaleHost, found: Mapping[Any, Sequence[Any]], batch: int) -> None:
    """Hand what a consumer found to the host, partitions side by side, each in order."""
    ours = set(host.places)

    async def one(place: Place, records: Sequence[Any]) -> None:
        for start in range(0, len(records), batch):
            await host.handle(place, records[start : start + batch])

    work: list[Awaitable[None]] = [
        one(place, records)
        for tp, records in found.items()
        if (place := Place(tp.topic, tp.partition)) in ours
    ]
    tasks = [asyncio.ensure_future(each) for each in work]
    # Also when one fails: a file must not be closed under a batch that still runs.
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def _listener(loop: WorkerLoop) -> Any:
    base: Any = aiokafka("aiokafka.abc").ConsumerRebalanceListener

    async def revoked(_: Any, places: Iterable[Any]) -> None:
        await loop.revoked([Place(tp.topic, tp.partition) for tp in places])

    async def assigned(_: Any, places: Iterable[Any]) -> None:
        await loop.assigned([Place(tp.topic, tp.partition) for tp in places])

    body = {"on_partitions_revoked": revoked, "on_partitions_assigned": assigned}
    return type("Listener", (base,), body)()
