"""Examined: what is known of a picture after it was looked at in the cage."""

from __future__ import annotations

import msgspec


class Look(msgspec.Struct, frozen=True):
    """What a picture is compared by when hashes do not meet.

    ``features`` as :func:`detect.media.features.packed`, ``pixels`` grey, row by row,
    ``width`` x ``height`` of them.
    """

    features: bytes
    pixels: bytes
    width: int
    height: int


class Raster(msgspec.Struct, frozen=True):
    """Colours that models are shown: blue, green, red, row by row; made small before.

    It lives in memory alone, however harmless the picture.
    """

    data: bytes
    width: int
    height: int


class Examined(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one file gave.

    ``pdq`` is the hash as exchanged (64 hexadecimal digits), ``views`` are hashes of the
    picture turned and mirrored, by name; both absent where ``error`` says why nothing was
    decoded. ``cut_off``: the file ends before its picture does; what was decoded of it, if
    anything, is partly the decoder's invention. Width and height are the pixels that the
    header claims. ``look`` and ``raster`` are there when they were asked for.
    """

    format: str
    mime: str | None = None
    width: int = 0
    height: int = 0
    pdq: str | None = None
    quality: int = 0
    views: dict[str, str] = {}
    cut_off: bool = False
    error: str | None = None
    look: Look | None = None
    raster: Raster | None = None
