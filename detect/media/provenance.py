"""What a file says about where it comes from: generator traces, EXIF, XMP, IPTC.

Anybody can write or remove these words, and most platforms strip them: what is found is a
claim of the file, and that nothing is found proves nothing. ``digitalSourceType`` after the
IPTC NewsCodes; keys of generators as their programs write them into PNG text and JPEG
comments.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Literal

import msgspec

from detect.media.header import jpeg_segments, png_chunks, read_header

MOST_TEXT = 1_000_000
"""Bytes of one piece of text that are looked at, also after decompression."""

Origin = Literal["machine", "composite", "camera", "other"]

_SOURCES: dict[str, Origin] = {
    "trainedAlgorithmicMedia": "machine",
    "algorithmicMedia": "machine",
    "compositeWithTrainedAlgorithmicMedia": "composite",
    "compositeSynthetic": "composite",
    "compositeCapture": "composite",
    "composite": "composite",
    "digitalCapture": "camera",
    "computationalCapture": "camera",
    "negativeFilm": "camera",
    "positiveFilm": "camera",
}
MACHINE_MADE = frozenset(
    {
        "trainedAlgorithmicMedia",
        "algorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
    }
)
"""Types of source by which a file says that a machine made it, or a part of it."""
_SOURCE = re.compile(rb"digitalsourcetype/([A-Za-z]{1,60})")
_TOOL = re.compile(rb"CreatorTool(?:>|=\")([^<\"]{1,200})")
_GENERATORS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("Stable Diffusion web UI", re.compile(rb"Negative prompt:|Steps: \d+, Sampler: ")),
    ("ComfyUI", re.compile(rb"\"class_type\"\s*:\s*\"")),
    ("NovelAI", re.compile(rb"NovelAI")),
    (
        "InvokeAI",
        re.compile(rb"invokeai_metadata|\"app_version\"\s*:\s*\"[^\"]*invoke", re.IGNORECASE),
    ),
    ("Midjourney", re.compile(rb"Job ID: [0-9a-f]{8}-")),
    ("DALL-E", re.compile(rb"DALL[-\xc2\xb7 ]?E\b")),
    ("Adobe Firefly", re.compile(rb"Adobe Firefly")),
    ("FaceFusion", re.compile(rb"facefusion", re.IGNORECASE)),
    ("DeepFaceLab", re.compile(rb"DeepFaceLab", re.IGNORECASE)),
)
_EXIF_TAGS = {0x010F: "make", 0x0110: "model", 0x0131: "software", 0x0132: "changed"}
_MOST_ENTRIES = 200
_EXIF = b"Exif\0\0"
_APP1 = 0xE1
_TEXT_MARKERS = frozenset({_APP1, 0xEB, 0xED, 0xFE})
"""XMP, C2PA, IPTC and comments of JPEG."""

_ASCII = 2
_INLINE = 4
"""Type of a text in TIFF, and bytes of a value that stands in its entry itself."""


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """The claims of a file; empty where it makes none.

    ``origin`` sums up ``source_type``: made by a machine, put together, taken by a camera.
    ``generators`` names programs whose traces were found, ``signed`` whether there is a
    C2PA manifest (its signature is not checked here).
    """

    origin: Origin | None = None
    source_type: str | None = None
    generators: tuple[str, ...] = ()
    tool: str | None = None
    make: str | None = None
    model: str | None = None
    software: str | None = None
    changed: str | None = None
    signed: bool = False


def read_provenance(data: bytes) -> Provenance:
    """The claims of a picture's bytes; bounded, and never an exception."""
    texts, exif = _parts(data)
    found: dict[str, str] = {}
    for part in exif:
        found = _exif(part) | found
    joined = b"\n".join(text[:MOST_TEXT] for text in texts)
    source = _SOURCE.search(joined)
    source_type = None if source is None else source.group(1).decode("ascii")
    tool = _TOOL.search(joined)
    everything = b"\n".join([joined, found.get("software", "").encode()])
    return Provenance(
        origin=None if source_type is None else _SOURCES.get(source_type, "other"),
        source_type=source_type,
        generators=tuple(name for name, trace in _GENERATORS if trace.search(everything)),
        tool=None if tool is None else _plain(tool.group(1)),
        make=found.get("make"),
        model=found.get("model"),
        software=found.get("software"),
        changed=found.get("changed"),
        signed=any(b"c2pa" in text[:4096] for text in texts),
    )


def _parts(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Pieces of text, and TIFF structures of EXIF."""
    split = _SPLITTERS.get(read_header(data).format)
    texts: list[bytes] = []
    exif: list[bytes] = []
    for is_exif, part in () if split is None else split(data):
        (exif if is_exif else texts).append(part)
    return texts, exif


def _jpeg_parts(data: bytes) -> Iterator[tuple[bool, bytes]]:
    for marker, start, length in jpeg_segments(data):
        part = data[start : start + length]
        if marker == _APP1 and part.startswith(_EXIF):
            yield True, part.removeprefix(_EXIF)
        elif marker in _TEXT_MARKERS:
            yield False, part


def _png_parts(data: bytes) -> Iterator[tuple[bool, bytes]]:
    for kind, start, length in png_chunks(data):
        part = data[start : start + length]
        if kind == b"eXIf":
            yield True, part
        elif kind in {b"tEXt", b"zTXt", b"iTXt", b"caBX"}:
            yield False, _png_text(kind, part)


def _webp_parts(data: bytes) -> Iterator[tuple[bool, bytes]]:
    for kind, part in _riff(data):
        if kind == b"EXIF":
            yield True, part.removeprefix(_EXIF)
        elif kind in {b"XMP ", b"C2PA"}:
            yield False, part


_SPLITTERS = {"jpeg": _jpeg_parts, "png": _png_parts, "webp": _webp_parts}


def _png_text(kind: bytes, part: bytes) -> bytes:
    key, _, rest = part.partition(b"\0")
    if kind == b"zTXt":
        return key + b"\n" + _inflated(rest[1:])
    if kind == b"iTXt" and rest[:1] == b"\1":
        return key + b"\n" + _inflated(rest[2:].split(b"\0", 2)[-1])
    return part


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MOST_TEXT)
    except zlib.error:
        return b""


def _riff(data: bytes) -> list[tuple[bytes, bytes]]:
    parts: list[tuple[bytes, bytes]] = []
    place = 12
    while place + 8 <= len(data) and len(parts) < _MOST_ENTRIES:
        kind, length = struct.unpack_from("<4sI", data, place)
        parts.append((kind, data[place + 8 : place + 8 + length]))
        place += 8 + length + (length & 1)
    return parts


def _exif(tiff: bytes) -> dict[str, str]:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return {}
    found: dict[str, str] = {}
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(count, _MOST_ENTRIES)):
            tag, kind, length, value = struct.unpack_from(
                f"{order}HHII", tiff, start + 2 + 12 * number
            )
            name = _EXIF_TAGS.get(tag)
            if name is None or kind != _ASCII:
                continue
            inside = start + 2 + 12 * number + 8
            place = inside if length <= _INLINE else value
            found[name] = _plain(tiff[place : place + min(length, 200)])
    except struct.error:
        pass  # the rest of a torn directory says nothing
    return {name: text for name, text in found.items() if text}


def _plain(raw: bytes) -> str:
    text = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable()).strip()[:200]
