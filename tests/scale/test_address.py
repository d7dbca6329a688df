"""What we do to the clients of Kafka when they are loaded."""

from __future__ import annotations

import sys
from importlib import import_module

from hypothesis import given
from hypothesis import strategies as st

from stream.scale import address


def test_kafka_python_has_the_compiled_checksum():
    address.kafka_python()

    records = import_module("kafka.record.default_records")
    compiled = import_module("aiokafka.record._crecords.cutil")
    assert records.calc_crc32c is compiled.crc32c_cython


@given(st.binary(max_size=2000))
def test_it_is_the_checksum_of_kafka_python(data):
    compiled = import_module("aiokafka.record._crecords.cutil").crc32c_cython
    slow = import_module("kafka.record.util").calc_crc32c

    assert compiled(memoryview(bytearray(data))) == slow(memoryview(data))


def test_without_the_compiled_one_kafka_python_keeps_its_own(monkeypatch):
    records = import_module("kafka.record.default_records")
    slow = import_module("kafka.record.util").calc_crc32c
    monkeypatch.setattr(records, "calc_crc32c", slow)
    monkeypatch.setitem(sys.modules, "aiokafka.record._crecords.cutil", None)
    address._compiled_checksum.cache_clear()
    try:
        address.kafka_python()
        assert records.calc_crc32c is slow
    finally:
        address._compiled_checksum.cache_clear()
