"""Pictures as fingerprints: what re-encoding does to sha256 (all) and PDQ (a few bits)."""

from __future__ import annotations

from random import Random

from ingest.records import Media

BITS = 256
HOST = "https://img.example/"


def new_pdq(rng: Random) -> int:
    """The PDQ of a picture nobody has seen before."""
    return rng.getrandbits(BITS)


def picture(rng: Random, pdq: int, flips: int = 0) -> tuple[Media, ...]:
    """The picture with that PDQ as a platform serves it, up to ``flips`` bits apart."""
    for _ in range(flips):
        pdq ^= 1 << int(rng.random() * BITS)
    return (
        Media(
            url=f"{HOST}{rng.getrandbits(48):012x}.jpg",
            mime="image/jpeg",
            sha256=f"{rng.getrandbits(BITS):064x}",
            pdq=f"{pdq:064x}",
        ),
    )
