"""Which photos are learnt from, chosen by, and held out: never two of one person or scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARES = (0.55, 0.20, 0.25)
"""Of the photos: learnt from, for validation, held out."""

NEAR = 31
"""Differing bits of 256 up to which two photos are one, as everywhere in jikimi."""

_BLOCK = 1024


class Parts(msgspec.Struct, frozen=True):
    """Places of photos, in rising order."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    held_out: tuple[int, ...]


def grouped(people: Sequence[str | None], hashes: Sequence[bytes]) -> list[int]:
    """A number for each photo, the same for photos of one person and for near copies.

    Args:
        people: whose photo each is, where that is known.
        hashes: PDQ, 32 bytes each.
    """
    leads = list(range(len(people)))

    def lead(place: int) -> int:
        while leads[place] != place:
            leads[place] = leads[leads[place]]
            place = leads[place]
        return place

    def join(one: int, other: int) -> None:
        low, high = sorted((lead(one), lead(other)))
        leads[high] = low

    first: dict[str, int] = {}
    for place, person in enumerate(people):
        if person is not None:
            join(first.setdefault(person, place), place)
    for one, other in _near(hashes):
        join(one, other)
    return [lead(place) for place in range(len(people))]


def split(groups: Sequence[int], seed: int) -> Parts:
    """Groups go whole into the part that lacks most, the largest first.

    Raises:
        ValueError: there are fewer than three groups, so that a part would be empty.
    """
    places: dict[int, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    if len(places) < len(SHARES):
        raise ValueError(
            f"the photos show {len(places)} different people or scenes: to learn, choose and "
            "measure on different ones takes at least three"
        )
    ordered = sorted(places)
    np.random.default_rng([seed, 5]).shuffle(ordered)
    ordered.sort(key=lambda one: -len(places[one]))
    wanted = [share * len(groups) for share in SHARES]
    parts: tuple[list[int], ...] = ([], [], [])
    for number, group in enumerate(ordered):
        empty = [place for place, part in enumerate(parts) if not part]
        few = len(ordered) - number <= len(empty)
        lacking = empty if few else range(len(parts))
        chosen = max(lacking, key=lambda one: wanted[one] - len(parts[one]))
        parts[chosen].extend(places[group])
    train, validation, held_out = (tuple(sorted(part)) for part in parts)
    return Parts(train, validation, held_out)


def _near(hashes: Sequence[bytes]) -> list[tuple[int, int]]:
    if not hashes:
        return []
    bits = np.unpackbits(np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), -1), 1)
    signs: NDArray[np.float32] = bits.astype(np.float32) * 2 - 1
    least = signs.shape[1] - 2 * NEAR
    found: list[tuple[int, int]] = []
    for at in range(0, len(signs), _BLOCK):
        rows, columns = np.nonzero(signs[at : at + _BLOCK] @ signs.T >= least)
        later = columns > rows + at
        found += zip((rows + at)[later].tolist(), columns[later].tolist(), strict=True)
    return found
