"""Which family the text or picture of a new post belongs to, among those held.

A text is known exactly, or by the cluster of near-duplicates it joined, or by
enough stems in common with one that is held. A family bears the number of the
text with which it began, and lives as long as somebody adds to it.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from detect.wording.stems import alike
from stream.coordination.objects import CLUSTER, FAMILY, MEDIA, STEM_KEYS, STEMS, TEXT, Seen
from stream.coordination.table import Table

ALIKE = 0.4
"""Share of stems in common from which two texts are one family."""
SAME_PICTURE = 31
"""Bits of a PDQ hash in which two encodings of one picture may differ."""
PICTURES = 2_048
"""Newest pictures compared with a new one."""
PER_KEY = 8
COMPARED = 6
"""Texts compared with a new one, those with the most keys in common."""
_APART = 0x5851F42D4C957F2D
"""Keeps the number of a family apart from that of the text it began with."""


def assign(table: Table, found: Seen) -> None:
    """Fill in the families of a post's text and picture; copies need no stems of their own."""
    if found.picture:
        found.keys[MEDIA] = _by_looks(table, found.picture) or found.keys[MEDIA]
    text = found.keys[TEXT]
    if not text:
        return
    for row in table.newest(text, 1):
        found.keys[FAMILY] = table.value(row, FAMILY)
        found.keys[STEMS : STEMS + STEM_KEYS] = [0] * STEM_KEYS
        found.stems = b""
        return
    found.keys[FAMILY] = _by_cluster(table, found) or _by_stems(table, found) or text ^ _APART


def _by_looks(table: Table, picture: bytes) -> int:
    """The family of a picture that looks the same: at most 31 of 256 bits differ."""
    if not table.pictures:
        return 0
    newest = list(islice(reversed(table.pictures), PICTURES))
    held = np.frombuffer(b"".join(table.pictures[row] for row in newest), dtype=np.uint64)
    own = np.frombuffer(picture, dtype=np.uint64)
    apart = np.bitwise_count(held.reshape(-1, len(own)) ^ own).sum(axis=1)
    near = int(apart.argmin())
    return table.value(newest[near], MEDIA) if apart[near] <= SAME_PICTURE else 0


def _by_cluster(table: Table, found: Seen) -> int:
    cluster = found.keys[CLUSTER]
    if cluster:
        for row in table.newest(cluster, 1):
            return table.value(row, FAMILY)
    return 0


def _by_stems(table: Table, found: Seen) -> int:
    if not found.stems:
        return 0
    near: dict[int, int] = {}
    for key in found.keys[STEMS : STEMS + STEM_KEYS]:
        if key:
            for row in table.newest(key, PER_KEY):
                near[row] = near.get(row, 0) + 1
    if not near:
        return 0
    best, family = ALIKE, 0
    ranked = sorted(near.items(), key=lambda one: (-one[1], -one[0]))
    for row, _ in ranked[:COMPARED]:
        similar = alike(found.stems, table.stems[row - table.base])
        if similar > best or (similar == best and not family):
            best, family = similar, table.value(row, FAMILY)
    return family
