"""Stable identifiers: hashes of what a thing is, never of when we looked.

Things that grow (clusters, campaigns, alerts) hash kind, subject and founding
input. blake2b (RFC 7693) with a 10-byte digest: a collision among 10^9 things
has a chance below 10^-6.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import unpack_from


def derive_id(prefix: str, *parts: str) -> str:
    """``prefix_`` and 20 hex digits of the parts; parts are length-prefixed."""
    digest = blake2b(digest_size=10)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    return f"{prefix}_{digest.hexdigest()}"


def partition_of(key: str, partitions: int) -> int:
    """Partition of a key exactly as Kafka's default partitioner does it (murmur2)."""
    return (murmur2(key.encode("utf-8")) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Austin Appleby's MurmurHash2, 32 bit, with Kafka's seed 0x9747b28c."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    length = len(data)
    whole = length & ~3
    h = 0x9747B28C ^ length
    for word in unpack_from(f"<{whole >> 2}I", data):
        k = (word * m) & mask
        h = (h * m ^ (k ^ k >> 24) * m) & mask
    if whole < length:
        h = ((h ^ int.from_bytes(data[whole:], "little")) * m) & mask
    h = ((h ^ h >> 13) * m) & mask
    return h ^ h >> 15
