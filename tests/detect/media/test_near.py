"""Exact search: the same answers by pieces as by comparing with everything."""

from __future__ import annotations

import numpy as np
import pytest

from detect.media import near
from detect.media.near import HashTable
from detect.media.pdq import distance


def changed(raw, bits, rng):
    flat = np.unpackbits(np.frombuffer(raw, np.uint8))
    flat[rng.choice(256, bits, replace=False)] ^= 1
    return np.packbits(flat).tobytes()


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(3)
    return rng, [one.tobytes() for one in rng.integers(0, 256, (6_000, 32)).astype(np.uint8)]


@pytest.fixture
def indexed(monkeypatch):
    monkeypatch.setattr(near, "_INDEXED_FROM", 100)


def by_comparing(hashes, query, bits):
    apart = [(place, distance(one, query)) for place, one in enumerate(hashes)]
    return sorted((one for one in apart if one[1] <= bits), key=lambda one: (one[1], one[0]))


@pytest.mark.parametrize("bits", [0, 1, 15, 30, 31])
def test_whatever_is_within_reach_is_found(indexed, world, bits):
    rng, hashes = world
    table = HashTable(hashes)
    for place in range(0, len(hashes), 400):
        query = changed(hashes[place], bits, rng)
        assert table.within(query) == by_comparing(hashes, query, 31)
        assert table.within(query)[0] == (place, bits)


def test_one_bit_further_is_not_found(indexed, world):
    rng, hashes = world
    assert HashTable(hashes).within(changed(hashes[5], 32, rng)) == []


def test_a_wider_search_compares_with_everything(indexed, world):
    rng, hashes = world
    query = changed(hashes[7], 60, rng)
    assert HashTable(hashes).within(query, 64) == by_comparing(hashes, query, 64)


def test_crowds_of_hashes_that_are_alike_are_all_found(indexed, world):
    rng, hashes = world
    crowd = [changed(hashes[0], int(rng.integers(0, 20)), rng) for _ in range(900)]
    table = HashTable([*crowd, *hashes[:300]])

    assert table.within(hashes[0]) == by_comparing([*crowd, *hashes[:300]], hashes[0], 31)
    assert len(table.within(hashes[0])) >= 900
