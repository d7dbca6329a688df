"""Ids never change, never collide by concatenation, and partitions are those of Kafka."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its own reading of resources
    from kafka.partitioner.default import murmur2 as kafkas

from stream.ids import derive_id, murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_murmur2_agrees_with_the_vectors_of_apache_kafka(key, hashed):
    signed = murmur2(key.encode())
    signed -= 2**32 if signed >= 2**31 else 0

    assert signed == hashed


@given(key=st.text(st.characters(exclude_categories=["Cs"])), partitions=st.integers(1, 512))
def test_partitions_are_those_of_kafkas_own_client(key, partitions):
    expected = (kafkas(key.encode()) & 0x7FFFFFFF) % partitions

    assert partition_of(key, partitions) == expected
    assert 0 <= partition_of(key, partitions) < partitions


def test_subjects_spread_over_the_partitions():
    counts = [0] * 8
    for number in range(8_000):
        counts[partition_of(f"subject-{number}", 8)] += 1

    assert min(counts) > 800


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("al", "copy_burst", "seo-haneul"), "al_836c2431aec277cccc78"),
        (
            ("cl", "서하늘", "bluesky:at://did:plc:a/app.bsky.feed.post/3k"),
            "cl_59c3d11bfb6aa634329a",
        ),
    ],
)
def test_ids_stay_as_they_were_first_given_out(parts, expected):
    assert derive_id(*parts) == expected


Parts = st.lists(st.text(max_size=6), max_size=4)


@given(one=Parts, other=Parts)
def test_different_parts_never_share_an_id(one, other):
    assert (derive_id("al", *one) == derive_id("al", *other)) == (one == other)


@given(parts=st.lists(st.text(st.characters(codec=None), max_size=20), max_size=4))
def test_any_text_gives_a_plain_id_also_lone_surrogates(parts):
    assert re.fullmatch(r"al_[0-9a-f]{20}", derive_id("al", *parts, "\ud800"))


def test_no_collision_among_a_hundred_thousand():
    assert len({derive_id("de", str(number)) for number in range(100_000)}) == 100_000
