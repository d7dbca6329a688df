"""Examined: what is known of a picture after it was looked at in the cage."""

from __future__ import annotations

import msgspec

from detect.media.signature import Signature


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


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a clip shows from ``at_ms`` until ``until_ms``.

    ``pdq`` and ``views`` as in :class:`Examined`, but made in a faster way that may differ in
    a few bits: for use among ourselves, never to be exchanged. Some frames bring ``look`` and
    ``raster``, where they were asked for.
    """

    at_ms: int
    until_ms: int
    pdq: str
    quality: int
    views: dict[str, str] = {}
    look: Look | None = None
    raster: Raster | None = None


class Clip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clip: the length that it claims, and the pictures it shows in the order of time.

    ``complete`` is False where it goes on after the last of them.
    """

    duration_ms: int
    frames: tuple[Frame, ...] = ()
    complete: bool = True
    cut_off: bool = False


class Examined(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one file gave.

    ``pdq`` is the hash as exchanged (64 hexadecimal digits), ``views`` are hashes of the
    picture turned and mirrored, by name; both absent where ``error`` says why nothing was
    decoded. ``cut_off``: the file ends before its picture does; what was decoded of it, if
    anything, is partly the decoder's invention. Width and height are the pixels that the
    header claims. A clip has no hash of its own and brings ``clip``. ``look`` and ``raster``
    are there when they were asked for, ``signature`` where signed claims were looked for.
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
    clip: Clip | None = None
    signature: Signature | None = None
