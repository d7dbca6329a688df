"""Bytes and lines of files, plain or compressed (told by content), in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import zstandard

CHUNK = 1 << 16
ZSTD_CHUNK = 1 << 11
"""Compressed bytes fed at once: even a bomb then unfolds to no more than 64 MiB."""
ZSTD_WINDOW = 1 << 31
"""Pushshift's dumps are made with the largest window there is."""

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

Told = Callable[[int], None]
"""Called with the number of bytes of the file that have been read."""


class DamagedFile(Exception):
    """The compressed data end early or are corrupt; what came before is good."""


class TooLong(bytes):
    """The beginning of a line that is longer than allowed."""

    __slots__ = ()


def chunks(path: Path, told: Told) -> Iterator[bytes]:
    """The content of a file, decompressed.

    Raises:
        DamagedFile: after everything that could be read was yielded.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head.startswith(GZIP_MAGIC):
            yield from _gzip(iter(lambda: file.read(CHUNK), b""), lambda: told(file.tell()))
        elif head == ZSTD_MAGIC:
            yield from _zstd(
                iter(lambda: file.read(ZSTD_CHUNK), b""), lambda: told(file.tell())
            )
        else:
            while chunk := file.read(CHUNK):
                told(file.tell())
                yield chunk


def _gzip(raw: Iterable[bytes], told: Callable[[], None]) -> Iterator[bytes]:
    """All members of a gzip file (RFC 1952)."""
    member = zlib.decompressobj(wbits=31)
    begun = False
    try:
        for piece in raw:
            told()
            data = piece
            while data:
                begun = True
                out = member.decompress(data, CHUNK)
                if out:
                    yield out
                data = member.unconsumed_tail
                if member.eof:
                    data = member.unused_data
                    member = zlib.decompressobj(wbits=31)
                    begun = False
    except zlib.error as error:
        raise DamagedFile(f"the gzip data are corrupt: {error}") from None
    if begun:
        raise DamagedFile("the gzip data end early")


def _zstd(raw: Iterable[bytes], told: Callable[[], None]) -> Iterator[bytes]:
    """All frames of a Zstandard file (RFC 8878)."""
    context = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    frame = context.decompressobj()
    begun = False
    try:
        for piece in raw:
            told()
            data = piece
            while data:
                begun = True
                out = frame.decompress(data)
                if out:
                    yield out
                if not frame.eof:
                    break
                data = frame.unused_data
                frame = context.decompressobj()
                begun = False
    except zstandard.ZstdError as error:
        raise DamagedFile(f"the zstd data are corrupt: {error}") from None
    if begun:
        raise DamagedFile("the zstd data end early")


def lines(source: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Lines without their ends; one over ``longest`` bytes comes as :class:`TooLong`.

    What ``source`` raises comes after the last whole or cut line before it.
    """
    rest = bytearray()
    skipping = False
    problem: DamagedFile | None = None
    pieces = iter(source)
    while True:
        try:
            piece = next(pieces)
        except StopIteration:
            break
        except DamagedFile as error:
            problem = error
            break
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            rest += piece[start:end]
            if not skipping:
                yield bytes(rest) if len(rest) <= longest else TooLong(rest[:longest])
            rest.clear()
            skipping = False
            start = end + 1
        rest += piece[start:]
        if skipping:
            rest.clear()
        elif len(rest) > longest:
            yield TooLong(rest[:longest])
            rest.clear()
            skipping = True
    if rest and not skipping:
        yield bytes(rest)
    if problem is not None:
        raise problem
