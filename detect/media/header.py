"""What a file says it is: kind and size from its first bytes, before anything decodes it.

A few bytes can claim billions of pixels, and decoders differ in what they believe, so nothing
is decoded before its header was read here and found within bounds. Formats after JPEG (ITU
T.81), PNG (W3C), GIF89a, WebP (RFC 9649), BMP, and the box structure of ISO base media files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

MOST_PIXELS = 25_000_000
"""Pixels of a picture that is decoded; a larger one is named and left alone."""

Format = Literal["jpeg", "png", "gif", "webp", "bmp", "avif", "heif", "mp4", "webm", "unknown"]

DECODED: frozenset[Format] = frozenset({"jpeg", "png", "gif", "webp", "bmp"})
"""Formats of pictures that the cage decodes."""

MIME: dict[Format, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "avif": "image/avif",
    "heif": "image/heif",
    "mp4": "video/mp4",
    "webm": "video/webm",
}

_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG that begin a frame and tell its size."""

_FRAME_BYTES = 5
_START_OF_SCAN = 0xDA
_MARK = 0xFF
_LENGTH_BYTES = 2
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of JPEG without a length."""

_STILL_BRANDS: dict[bytes, Format] = {
    b"avif": "avif",
    b"avis": "avif",
    b"heic": "heif",
    b"heix": "heif",
    b"mif1": "heif",
    b"msf1": "heif",
}
_MOST_BOXES = 64
_BMP_HEADER = 40


class Header(msgspec.Struct, frozen=True):
    """``problem`` says why a picture must not be decoded; None where it may be.

    Width and height are pixels, 0 where the header does not tell them.
    """

    format: Format
    width: int = 0
    height: int = 0
    problem: str | None = None

    @property
    def mime(self) -> str | None:
        return MIME.get(self.format)


def read_header(data: bytes) -> Header:
    """The format and the size that ``data`` claims; never an exception."""
    try:
        return _checked(_read(data))
    except (struct.error, IndexError):
        return Header("unknown", problem="the file ends inside its header")


def is_cut_off(data: bytes, format_: Format) -> bool:
    """Whether a picture ends before its own end, so that decoders invent the rest."""
    match format_:
        case "jpeg":
            return b"\xff\xd9" not in data[-4096:]
        case "png":
            return not any(kind == b"IEND" for kind, _, _ in png_chunks(data))
        case "gif":
            return not data.rstrip(b"\0").endswith(b";")
        case "webp":
            return len(data) < 8 + int.from_bytes(data[4:8], "little")
        case "bmp":
            return len(data) < int.from_bytes(data[2:6], "little")
        case _:
            return False


def _read(data: bytes) -> Header:
    if not data:
        return Header("unknown", problem="the file is empty")
    for place, begins, read in _READERS:
        if data.startswith(begins, place):
            return read(data)
    return Header("unknown", problem="this is no picture or clip of a known format")


def _checked(header: Header) -> Header:
    if header.problem is not None or header.format not in DECODED:
        return header
    if header.width < 1 or header.height < 1:
        return msgspec.structs.replace(header, problem="the header claims no pixels")
    if header.width * header.height > MOST_PIXELS:
        claim = f"the header claims {header.width} x {header.height} pixels"
        return msgspec.structs.replace(
            header, problem=f"{claim}, more than {MOST_PIXELS // 1_000_000} million"
        )
    return header


def _jpeg(data: bytes) -> Header:
    size: tuple[int, int] | None = None
    for marker, start, length in jpeg_segments(data):
        if marker in _FRAMES:
            if length < _FRAME_BYTES:
                break
            height, width = struct.unpack_from(">HH", data, start + 1)
            if size is not None and size != (width, height):
                return Header("jpeg", *size, problem="two headers claim different sizes")
            size = (width, height)
    if size is None:
        return Header("jpeg", problem="there is no frame header before the picture")
    return Header("jpeg", *size)


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and length of the segments before the picture's own data."""
    place = 2
    while place + 1 < len(data):
        if data[place] != _MARK:
            return
        marker = data[place + 1]
        if marker == _MARK:
            place += 1
            continue
        if marker in _BARE:
            place += 2
            continue
        if marker == _START_OF_SCAN or place + 4 > len(data):
            return
        (length,) = struct.unpack_from(">H", data, place + 2)
        if length < _LENGTH_BYTES or place + 2 + length > len(data):
            return
        yield marker, place + 4, length - 2
        place += 2 + length


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        return Header("png", problem="the first chunk is not the header")
    width, height = struct.unpack_from(">II", data, 16)
    return Header("png", width, height)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and length of the chunks; ends where the file stops making sense."""
    place = len(_PNG)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if place + 12 + length > len(data):
            return
        yield kind, place + 8, length
        place += 12 + length


def _gif(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header("gif", width, height)


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L" and data[20:21] == b"/":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        width, height = width & 0x3FFF, height & 0x3FFF
    else:
        return Header("webp", problem="there is no picture inside")
    return Header("webp", width, height)


def _bmp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 14)
    if size < _BMP_HEADER:
        return Header("bmp", problem="a header of this age is not read")
    width, height = struct.unpack_from("<ii", data, 18)
    return Header("bmp", width, abs(height))


def _iso(data: bytes) -> Header:
    (length,) = struct.unpack_from(">I", data, 0)
    brands = [data[8:12]]
    brands += [data[at : at + 4] for at in range(16, min(length, 256, len(data)), 4)]
    for brand in brands:
        if (still := _STILL_BRANDS.get(brand)) is not None:
            return Header(still, *_extent(data))
    return Header("mp4")


def _extent(data: bytes) -> tuple[int, int]:
    """The largest picture that the properties of a still name (``ispe`` boxes)."""
    best, place = (0, 0), 0
    for _ in range(_MOST_BOXES):
        place = data.find(b"ispe", place)
        if place < 0 or place + 16 > len(data):
            break
        width, height = struct.unpack_from(">II", data, place + 8)
        best = max(best, (width, height), key=lambda size: size[0] * size[1])
        place += 4
    return best


def _riff(data: bytes) -> Header:
    if data[8:12] == b"WEBP":
        return _webp(data)
    return Header("unknown", problem="this is no picture or clip of a known format")


def _webm(data: bytes) -> Header:
    del data
    return Header("webm")


_READERS: tuple[tuple[int, bytes, Callable[[bytes], Header]], ...] = (
    (0, b"\xff\xd8", _jpeg),
    (0, _PNG, _png),
    (0, b"GIF87a", _gif),
    (0, b"GIF89a", _gif),
    (0, b"RIFF", _riff),
    (0, b"BM", _bmp),
    (4, b"ftyp", _iso),
    (0, b"\x1a\x45\xdf\xa3", _webm),
)
