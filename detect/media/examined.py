"""Examined: what is known of a picture after it was looked at in the cage."""

from __future__ import annotations

import msgspec


class Examined(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one file gave.

    ``pdq`` is the hash as exchanged (64 hexadecimal digits), ``views`` are hashes of the
    picture turned and mirrored, by name; both absent where ``error`` says why nothing was
    decoded. ``cut_off``: the file ends before its picture does; what was decoded of it, if
    anything, is partly the decoder's invention. Width and height are the pixels that the
    header claims.
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
