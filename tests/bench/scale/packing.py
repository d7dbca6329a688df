"""The case of packed results: what several results in one record of Kafka would bring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import zstandard

from stream.records import Alert, Campaign, Result
from stream.scale.address import aiokafka, kafka_python
from stream.scale.kafka_log import read_all
from stream.scale.link import BATCH_BYTES
from stream.topics import LARGEST_VALUE, Topic, pack, read_results, result_key
from tests.bench.scale.world import Found, Given

SIZES = (10, 100)
TRANSACTION = 2000
"""Results of a transaction: a pack holds results of one only."""
REPEATS = 5
DICTIONARY_BYTES = 16 * 1024
ARRAYS = (*range(0x90, 0xA0), 0xDC, 0xDD)
"""First bytes of a list in msgpack."""
Row = tuple[bytes, bytes]


def single(results: Sequence[Result]) -> list[Row]:
    """As it is: one result a record, the newest of each key stays."""
    return [(result_key(result), pack(result)) for result in results]


def packed(size: int) -> Callable[[Sequence[Result]], list[Row]]:
    """``size`` results a record; alerts and campaigns stay one a record."""
    encode = msgspec.msgpack.Encoder().encode
    deflate = zstandard.ZstdCompressor(level=3).compress

    def rows(results: Sequence[Result]) -> list[Row]:
        alone = [r for r in results if isinstance(r, Alert | Campaign)]
        many = [r for r in results if not isinstance(r, Alert | Campaign)]
        made = single(alone)
        for start in range(0, len(many), size):
            made.append((b"pack", deflate(encode(many[start : start + size]))))
        return made

    return rows


class Trained:
    """One result a record, compressed with a dictionary that knows the field names."""

    def __init__(self, samples: Iterable[Result]) -> None:
        self._encode = msgspec.msgpack.Encoder().encode
        raw = [self._encode(sample) for sample in samples]
        self.dictionary = zstandard.train_dictionary(DICTIONARY_BYTES, raw)
        self._deflate = zstandard.ZstdCompressor(level=1, dict_data=self.dictionary).compress

    def __call__(self, results: Sequence[Result]) -> list[Row]:
        return [(result_key(r), self._deflate(self._encode(r))) for r in results]

    def reader(self) -> Callable[[bytes], object]:
        inflate = zstandard.ZstdDecompressor(dict_data=self.dictionary).decompress
        decode = msgspec.msgpack.Decoder(Result).decode
        return lambda value: decode(inflate(value))


def unpacked() -> Callable[[bytes], object]:
    """Reads single results and packs."""
    one = read_results().read
    inflate = zstandard.ZstdDecompressor().decompress
    many = msgspec.msgpack.Decoder(list[Result]).decode

    def read(value: bytes) -> object:
        body = inflate(value) if value[:4] == b"\x28\xb5\x2f\xfd" else value
        return many(body) if body[0] in ARRAYS else one(value)

    return read


class Case:
    """Writing, sending and reading results in one way."""

    def __init__(self, given: Given, topic: Topic, results: Sequence[Result]) -> None:
        self._given = given
        self._topic = topic
        self._results = results

    def found(
        self, rows: Callable[[Sequence[Result]], list[Row]], read: Callable[[bytes], object]
    ) -> dict[str, float]:
        made: list[Row] = []
        begun = time.thread_time()
        for _ in range(REPEATS):
            made = []
            for start in range(0, len(self._results), TRANSACTION):
                made += rows(self._results[start : start + TRANSACTION])
        to_bytes = (time.thread_time() - begun) / REPEATS
        to_batches = asyncio.run(self._send(made))
        n = len(self._results)
        return {
            "write_us": round((to_bytes + to_batches) / n * 1e6, 2),
            "read_us": round(self._read(read) / n * 1e6, 2),
            "bytes": round(sum(len(k) + len(v) for k, v in made) / n),
            "records": len(made),
        }

    async def _send(self, rows: Sequence[Row]) -> float:
        producer: Any = aiokafka().AIOKafkaProducer(
            **self._given.address.options(), max_batch_size=BATCH_BYTES,
            max_request_size=LARGEST_VALUE,
        )  # fmt: skip
        await producer.start()
        spent = 0.0
        batches: list[Any] = []
        begun = time.thread_time()
        batch = producer.create_batch()
        for key, value in rows:
            if batch.append(timestamp=None, key=key, value=value) is None:
                batches.append(batch)
                batch = producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
        spent += time.thread_time() - begun
        for each in [*batches, batch]:
            await (await producer.send_batch(each, self._topic.name, partition=0))
        await producer.stop()
        return spent

    def _read(self, read: Callable[[bytes], object]) -> float:
        kafka_python()
        begun = time.process_time()
        for value in read_all(self._given.address, self._topic.name, 0):
            read(value)
        return time.process_time() - begun


def packing(given: Given) -> Found:
    """Results of the recorded log, one a record, packed, and one a record with a dictionary."""
    source = given.topics("results").results
    read = read_results().read
    results = [
        read(value)
        for partition in range(source.partitions)
        for value in read_all(given.address, source.name, partition)
    ]
    own = given.topics()
    trained = Trained(results[::4])
    more: dict[str, Any] = {
        "one a record": Case(given, own.posts, results).found(single, read),
        "one a record, dictionary": Case(given, own.subjects, results).found(
            trained, trained.reader()
        ),
    }
    for size, topic in zip(SIZES, (own.results, own.dead), strict=True):
        case = Case(given, topic, results)
        more[f"packs of {size}"] = case.found(packed(size), unpacked())
    return Found(case="", unit="result", n=len(results), cpu_s=0.0, wall_s=1.0, more=more)


CASES: dict[str, Callable[[Given], Found]] = {"packing": packing}
