"""Stable identifiers: hashes of what a thing is, never of when we looked.

Things that grow (clusters, campaigns, alerts) hash kind, subject and founding
input. blake2b (RFC 7693) with a 10-byte digest: a collision among 10^9 things
has a chance below 10^-6.
"""

from __future__ import annotations

from hashlib import blake2b


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
    mask = 0xFFFFFFFF
    m, r = 0x5BD1E995, 24
    length = len(data)
    h = (0x9747B28C ^ length) & mask
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little")
        k = (k * m) & mask
        k ^= k >> r
        k = (k * m) & mask
        h = ((h * m) & mask) ^ k
    tail = data[whole:]
    if tail:
        h ^= int.from_bytes(tail, "little")
        h = (h * m) & mask
    h ^= h >> 13
    h = (h * m) & mask
    return h ^ (h >> 15)
