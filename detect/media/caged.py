"""The inside of the cage: a process that decodes pictures and can do nothing else.

Started by :mod:`detect.media.cage` with pipes as its only files. Once its libraries are
loaded it gives up, for good, the means to open files or sockets (no descriptor is left), to
write files, to start programs with more rights, and to take more memory or time than it was
given. A decoder that is taken over finds nothing to reach.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
from typing import TYPE_CHECKING, BinaryIO

import cv2
import msgspec
import numpy as np

from detect.media.clips import CLIPS, is_torn, looked_through
from detect.media.examined import Examined, Look, Raster
from detect.media.features import (
    QUERY_POINTS,
    QUERY_SIDE,
    REFERENCE_POINTS,
    REFERENCE_SIDE,
    features_of,
    fitted,
    packed,
)
from detect.media.header import DECODED, Format, is_cut_off, read_header
from detect.media.pdq import pdq_dihedral
from detect.media.signature import Signatures, can_read

MEMORY = 1_500_000_000
"""Bytes of address space, the libraries included."""

SECONDS = 8
CLIP_SECONDS = 24
"""Processor time for one picture, and for one clip."""

HASHES, QUERY, REFERENCE = range(3)
"""What is wanted of a picture: hashes alone, or also what it is looked at with."""

PIXELS = 4
"""Added to one of these: also small colours, for models."""

RASTER_SIDE = 640
"""Longest side of those colours."""

CLIP_LOOKS = 4
"""Pictures of a clip whose local features are taken."""

PREVIEW_SIDE = 320
"""Longest side of the pixels that are kept of a reference."""

TRUST = "JIKIMI_TRUSTED_SIGNERS"
"""Variable with the certificates of whose signatures are trusted; unset: none is read."""

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is looked at."""

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NO_NEW_PRIVILEGES = 38
_DIE_WITH_PARENT = 1
_NOT_DUMPABLE = 4


def examine(data: bytes, wanted: int = HASHES) -> Examined:
    """Look at one picture or clip; whatever goes wrong is told in ``error``."""
    header = read_header(data)
    found = Examined(
        format=header.format, mime=header.mime, width=header.width, height=header.height
    )
    if header.problem is not None:
        return msgspec.structs.replace(found, error=header.problem)
    if header.format in CLIPS:
        return _clip(data, header.format, found, wanted)
    if header.format not in DECODED:
        error = f"files of the format {header.format} are not decoded yet"
        return msgspec.structs.replace(found, error=error)
    found = msgspec.structs.replace(found, cut_off=is_cut_off(data, header.format))
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except (cv2.error, MemoryError):
        image = None
    if image is None:
        return msgspec.structs.replace(found, error="the picture cannot be decoded")
    if image.shape[:2] != (header.height, header.width):
        claim = f"{header.width} x {header.height}"
        seen = f"{image.shape[1]} x {image.shape[0]}"
        return msgspec.structs.replace(
            found, error=f"the header claims {claim} pixels and the picture has {seen}"
        )
    pixels = np.ascontiguousarray(image, np.uint8)
    hashes = pdq_dihedral(pixels)
    first = hashes.pop("original")
    return msgspec.structs.replace(
        found,
        pdq=first.hex,
        quality=first.quality,
        views={name: view.hex for name, view in hashes.items()},
        look=None if wanted & ~PIXELS == HASHES else _looked(pixels, wanted & ~PIXELS),
        raster=_raster(pixels) if wanted & PIXELS else None,
    )


def _clip(data: bytes, format_: Format, found: Examined, wanted: int) -> Examined:
    try:
        clip, (width, height), scenes = looked_through(data, format_, closely=wanted != HASHES)
    except ValueError as error:
        return msgspec.structs.replace(found, error=str(error), cut_off=is_torn(data, format_))
    frames = list(clip.frames)
    looks = {scene.number for scene in scenes[:: max(1, -(-len(scenes) // CLIP_LOOKS))]}
    for scene in scenes:
        wants_look = wanted & ~PIXELS != HASHES and scene.number in looks
        frames[scene.number] = msgspec.structs.replace(
            frames[scene.number],
            look=_looked(scene.image, wanted & ~PIXELS) if wants_look else None,
            raster=_raster(scene.image) if wanted & PIXELS else None,
        )
    return msgspec.structs.replace(
        found,
        width=width,
        height=height,
        cut_off=clip.cut_off,
        clip=msgspec.structs.replace(clip, frames=tuple(frames)),
    )


def _raster(image: NDArray[np.uint8]) -> Raster:
    height, width = image.shape[:2]
    shrunk = min(1.0, RASTER_SIDE / max(height, width))
    size = (max(1, round(width * shrunk)), max(1, round(height * shrunk)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrunk < 1 else image
    return Raster(np.ascontiguousarray(small).tobytes(), size[0], size[1])


def _looked(image: NDArray[np.uint8], wanted: int) -> Look:
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    if wanted == REFERENCE:
        features = features_of(gray, side=REFERENCE_SIDE, points=REFERENCE_POINTS)
        kept, _ = fitted(gray, PREVIEW_SIDE)
    else:
        features = features_of(gray, side=QUERY_SIDE, points=QUERY_POINTS)
        kept, _ = fitted(gray, QUERY_SIDE)
    height, width = kept.shape[:2]
    return Look(packed(features), kept.tobytes(), width, height)


def give_up_rights() -> None:
    """Leave this process nothing but memory, time and the pipes it has."""
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_DIE_WITH_PARENT, 9, 0, 0, 0)
    library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    library.prctl(_NOT_DUMPABLE, 0, 0, 0, 0)
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        # Descriptors 0 to 2 are in use, so none can be opened: no file, no socket, no pipe.
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(limit, (value, value))


def _signatures() -> Signatures | None:
    """What reads signed claims, used once so that it opens nothing later."""
    anchors = os.environ.get(TRUST)
    if anchors is None or not can_read():
        return None
    signatures = Signatures(anchors)
    signatures.read(b"\xff\xd8\xff\xd9", "image/jpeg")
    return signatures


def _grant_time(data: bytes) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = CLIP_SECONDS if read_header(data).format in CLIPS else SECONDS
    until = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def _taken(source: BinaryIO, length: int) -> bytes:
    data = source.read(length)
    if len(data) < length:
        raise EOFError
    return data


def main() -> None:
    """Answer files on standard input with :class:`Examined` on standard output."""
    cv2.setNumThreads(1)
    # Libraries read files when they are first used; after this nothing can be read.
    for ending in (".png", ".jpg"):
        examine(
            cv2.imencode(ending, np.zeros((64, 64, 3), np.uint8))[1].tobytes(), QUERY | PIXELS
        )
    signatures = _signatures()
    examine(b"\0\0\0\x10ftypisom\0\0\0\0", QUERY)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.closerange(3, 65_536)
    give_up_rights()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    encoder = msgspec.msgpack.Encoder()
    while True:
        try:
            length, wanted = struct.unpack(">IB", _taken(source, 5))
            data = _taken(source, length)
        except EOFError:
            return
        _grant_time(data)
        found = examine(data, wanted)
        if signatures is not None and found.mime is not None:
            signature = signatures.read(data, found.mime)
            found = msgspec.structs.replace(found, signature=signature)
        reply = encoder.encode(found)
        sink.write(struct.pack(">I", len(reply)) + reply)
        sink.flush()


if __name__ == "__main__":
    main()
