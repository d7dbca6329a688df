"""A partition's way to Kafka: its transactional producer, and its changelog to catch up from.

The transactional id names stage and partition. Whoever opens it fences whoever had it
before: the broker refuses the older one from then on, wherever it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from stream.scale.address import KafkaAddress, KafkaUnavailableError, aiokafka, unavailable
from stream.scale.journal import Change
from stream.scale.stage import Outbound
from stream.topics import LARGEST_REQUEST, LARGEST_VALUE, Topic

TRANSACTION_MS = 60_000
BATCH_BYTES = 2**20
"""Of one request: batches of a partition wait for each other."""
READ_MS = 500


class FencedError(Exception):
    """Another worker owns the partition now; nothing more may be written here."""


class PartitionLink:
    """Transactions of one partition.

    Args:
        identity: transactional id; one for each partition of each stage.
        changelog: topic of which the same partition holds the changes.
    """

    def __init__(
        self, address: KafkaAddress, identity: str, changelog: Topic, partition: int
    ) -> None:
        self._address = address
        self._changelog = changelog.name
        self._partition = partition
        self._client = aiokafka()
        self._errors = aiokafka("aiokafka.errors")
        self._fenced = False
        self._producer: Any = self._client.AIOKafkaProducer(
            **address.options(),
            transactional_id=identity,
            transaction_timeout_ms=TRANSACTION_MS,
            max_batch_size=BATCH_BYTES,
            max_request_size=LARGEST_REQUEST,
        )

    async def open(self) -> None:
        """Fence the owner before; returns when its last transaction has ended.

        Raises:
            KafkaUnavailableError: no broker can be reached.
        """
        try:
            await self._producer.start()
        except self._errors.KafkaError as error:
            raise self._unavailable(error) from error

    async def changes(self, after: int) -> AsyncIterator[tuple[int, list[Change]]]:
        """Committed changes from the offset ``after`` to the end: (next offset, changes).

        Raises:
            KafkaUnavailableError: no broker can be reached.
            LookupError: the changelog does not reach back, or forward, to ``after``.
        """
        place = self._client.TopicPartition(self._changelog, self._partition)
        consumer: Any = self._client.AIOKafkaConsumer(
            **self._address.options(),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=LARGEST_VALUE,
        )
        try:
            await consumer.start()
            consumer.assign([place])
            first = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            if after and not first <= after <= end:
                raise LookupError(f"the changelog has {first} to {end}, wanted {after}")
            consumer.seek(place, max(first, after))
            while await consumer.position(place) < end:
                records = (await consumer.getmany(timeout_ms=READ_MS)).get(place, [])
                changes = [Change(record.key, record.value) for record in records]
                yield await consumer.position(place), changes
        except self._errors.KafkaError as error:
            raise self._unavailable(error) from error
        finally:
            await consumer.stop()

    async def send(self, records: Sequence[Outbound], changes: Sequence[Change]) -> int:
        """Send everything as one transaction; the changelog's next offset afterwards.

        Raises:
            FencedError: the partition has another owner.
            KafkaUnavailableError: what became of the transaction is not known.
        """
        if self._fenced:
            raise self._lost()
        sending: list[Any] = []
        try:
            await self._producer.begin_transaction()
            batches = self._pack(records, changes)
            for topic, partition, batch in batches:
                sending.append(
                    await self._producer.send_batch(batch, topic, partition=partition)
                )
            done = await asyncio.gather(*sending)
            await self._producer.commit_transaction()
        except (self._errors.ProducerFenced, self._errors.InvalidProducerEpoch) as error:
            self._fenced = True
            raise self._lost() from error
        except self._errors.KafkaError as error:
            raise self._unavailable(error) from error
        finally:
            # Of those that fail together only one is raised; the others are known by it.
            await asyncio.gather(*sending, return_exceptions=True)
        return max(
            int(first.offset) + int(batch.record_count())
            for (topic, _, batch), first in zip(batches, done, strict=True)
            if topic == self._changelog
        )

    def _pack(
        self, records: Sequence[Outbound], changes: Sequence[Change]
    ) -> list[tuple[str, int, Any]]:
        """Batches of a partition each, in order: a record alone costs a future of its own."""
        waiting: dict[tuple[str, int], list[tuple[bytes, bytes | None]]] = {}
        for topic, partition, key, value in records:
            waiting.setdefault((topic, partition), []).append((key, value))
        queues: list[tuple[tuple[str, int], Sequence[tuple[bytes, bytes | None]]]] = [
            *waiting.items(),
            ((self._changelog, self._partition), changes),
        ]
        batches: list[tuple[str, int, Any]] = []
        for (topic, partition), queue in queues:
            batch: Any = None
            for key, value in queue:
                if batch is None or batch.append(timestamp=None, key=key, value=value) is None:
                    batch = self._producer.create_batch()
                    batch.append(timestamp=None, key=key, value=value)
                    batches.append((topic, partition, batch))
        return batches

    async def close(self) -> None:
        """Let the brokers go."""
        await self._producer.stop()

    def _lost(self) -> FencedError:
        return FencedError(f"partition {self._partition} has another owner")

    def _unavailable(self, error: Exception) -> KafkaUnavailableError:
        return unavailable(self._address, error)
