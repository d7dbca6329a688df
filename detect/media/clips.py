"""Clips: which pictures they show and when, and whether two of them share any.

Only whole pictures of a clip (keyframes) are decoded as long as there are enough of them: it
costs a tenth of decoding everything. FFmpeg as it comes with OpenCV does it, under the LGPL,
from memory, limited to a few containers and codecs, inside of the cage.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import msgspec
import numpy as np

from detect.media.examined import Clip, Frame
from detect.media.features import QUERY_SIDE
from detect.media.header import MOST_PIXELS, Format
from detect.media.pdq import GOOD_QUALITY, MATCH, distance, local_dihedral

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

CLIPS: frozenset[Format] = frozenset({"mp4", "webm"})
"""Formats that are decoded as clips."""

MOST_FRAMES = 400
"""Pictures of one clip that are looked at; what comes later is not, and that is told."""

MOST_SCENES = 16
"""Pictures of one clip that are kept for a closer look, spread over it."""

SAME_SCENE = 24
"""Differing bits up to which consecutive pictures are one range of time."""

SPARSE_MS = 5_000
DENSE_MS = 500
MOST_DENSE_MS = 60_000
"""Mean time between keyframes from which a clip is decoded wholly, one picture kept every half
second, if it is no longer than a minute."""

_GRAY_SIDE = 512
_CONTAINERS = "mov,matroska"
_CODECS = "h264,hevc,vp8,vp9,av1,libaom-av1,mpeg4,mjpeg"


class Scene(msgspec.Struct, eq=False):
    """One picture of a clip, with the number of its frame among all."""

    number: int
    image: Picture


def looked_through(
    data: bytes, format_: Format, *, closely: bool = True
) -> tuple[Clip, tuple[int, int], list[Scene]]:
    """What a clip shows, its size in pixels, and some of its pictures to look at closely.

    Args:
        data: the file.
        format_: what its header says it is.
        closely: False if no pictures are needed.

    Raises:
        ValueError: nothing of it can be decoded; the message says why.
    """
    keyframes = _Watched(closely=closely)
    size, claimed = _watch(data, keyframes, key_only=True)
    count = keyframes.seen
    if claimed <= MOST_DENSE_MS and (not count or claimed / count > SPARSE_MS):
        dense = _Watched(step=DENSE_MS, closely=closely)
        _watch(data, dense, key_only=False)
        keyframes = max((keyframes, dense), key=lambda one: one.seen)
    if not keyframes.seen:
        raise ValueError("no picture of the clip can be decoded")
    last = keyframes.last_ms
    short = claimed > 4 * MOST_DENSE_MS and last < claimed / 2 and not keyframes.full
    clip = Clip(
        duration_ms=claimed,
        frames=tuple(keyframes.frames(max(claimed, last))),
        complete=not keyframes.full,
        cut_off=is_torn(data, format_) or short,
    )
    return clip, size, keyframes.scenes


def _watch(data: bytes, watched: _Watched, *, key_only: bool) -> tuple[tuple[int, int], int]:
    """Show every picture to ``watched``; the size and the claimed length in ms."""
    discard = "avdiscard;nonkey|" if key_only else "avdiscard;noref|"
    # What FFmpeg may open: nothing but these bytes, as nothing but these formats.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
        f"{discard}threads;1|protocol_whitelist;none"
        f"|format_whitelist;{_CONTAINERS}|codec_whitelist;{_CODECS}"
    )
    source: Any = io.BytesIO(data)
    capture = cv2.VideoCapture()
    try:
        opened = capture.open(source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not opened:
            raise ValueError("the clip cannot be decoded")
        size = (
            max(0, int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))),
            max(0, int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))),
        )
        if not 0 < size[0] * size[1] <= MOST_PIXELS:
            raise ValueError(f"the clip claims {size[0]} x {size[1]} pixels")
        for at, image in _pictures(capture, watched):
            watched.take(at, image)
        return size, _claimed(capture)
    except (cv2.error, MemoryError):
        raise ValueError("the clip cannot be decoded") from None
    finally:
        capture.release()


def _pictures(capture: cv2.VideoCapture, watched: _Watched) -> Iterator[tuple[int, Picture]]:
    while not watched.full and capture.grab():
        at = capture.get(cv2.CAP_PROP_POS_MSEC)
        if not np.isfinite(at) or not watched.wants(int(at)):
            continue
        done, image = capture.retrieve()
        if done:
            yield int(at), np.asarray(image, np.uint8)


def _small_gray(image: Picture) -> Picture:
    """Grey, shrunk by a whole number, which is several times faster than by another."""
    height, width = image.shape[:2]
    by = max(1, min(max(height, width) // _GRAY_SIDE, height, width))
    if by > 1:
        size = (width // by, height // by)
        cut = image[: size[1] * by, : size[0] * by]
        image = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def _claimed(capture: cv2.VideoCapture) -> int:
    rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    if not (np.isfinite(rate) and np.isfinite(count)) or rate <= 0 or count <= 0:
        return 0
    return int(min(count / rate * 1000, 2**40))


class _Watched:
    """Hashes of the pictures of a clip as they pass, and a few of the pictures themselves."""

    def __init__(self, step: int = 0, *, closely: bool) -> None:
        self.seen = 0
        self.last_ms = 0
        self.scenes: list[Scene] = []
        self._step = step
        self._closely = closely
        self._every = 1
        self._found: list[tuple[int, Frame]] = []

    @property
    def full(self) -> bool:
        return self.seen >= MOST_FRAMES

    def wants(self, at: int) -> bool:
        """Whether the picture at this time is looked at."""
        return not self.seen or at >= self.last_ms + self._step

    def take(self, at: int, image: Picture) -> None:
        self.seen += 1
        self.last_ms = max(at, self.last_ms)
        hashes = local_dihedral(_small_gray(image))
        first = hashes.pop("original")
        if self._found:
            began, head = self._found[-1]
            if distance(bytes.fromhex(head.pdq), first.bits) <= SAME_SCENE:
                self._found[-1] = (began, msgspec.structs.replace(head, until_ms=at))
                return
        views = {name: view.hex for name, view in hashes.items()}
        frame = Frame(at_ms=at, until_ms=at, pdq=first.hex, quality=first.quality, views=views)
        self._found.append((at, frame))
        self._keep(len(self._found) - 1, image)

    def frames(self, end: int) -> Iterator[Frame]:
        """Ranges of time, each until the next one begins."""
        ends = [began for began, _ in self._found[1:]]
        for (_, frame), until in zip(self._found, [*ends, end], strict=True):
            yield msgspec.structs.replace(frame, until_ms=max(frame.at_ms, until))

    def _keep(self, number: int, image: Picture) -> None:
        if not self._closely or number % self._every:
            return
        height, width = image.shape[:2]
        shrunk = max(1.0, max(height, width) / QUERY_SIDE)
        size = (max(1, round(width / shrunk)), max(1, round(height / shrunk)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrunk > 1 else image
        self.scenes.append(Scene(number, np.ascontiguousarray(small, np.uint8)))
        if len(self.scenes) > MOST_SCENES:
            self.scenes = self.scenes[::2]
            self._every *= 2


def is_torn(data: bytes, format_: Format) -> bool:
    """Whether a clip ends before the parts do that it is made of."""
    if format_ == "mp4":
        return _torn_boxes(data)
    # Segments of unknown length, as live recordings have them, have no end to miss.
    place = data.find(b"\x18\x53\x80\x67", 0, 4096)
    if place < 0 or place + 12 > len(data):
        return True
    first = data[place + 4]
    width = 9 - first.bit_length()
    raw = int.from_bytes(data[place + 4 : place + 4 + width], "big")
    length = raw & ((1 << 7 * width) - 1)
    unknown = length == (1 << 7 * width) - 1
    return not unknown and place + 4 + width + length > len(data)


def _torn_boxes(data: bytes) -> bool:
    place, kinds = 0, set[bytes]()
    while place + 8 <= len(data):
        length, kind = (
            int.from_bytes(data[place : place + 4], "big"),
            data[place + 4 : place + 8],
        )
        if length == 1:
            length = int.from_bytes(data[place + 8 : place + 16], "big")
        elif length == 0:
            length = len(data) - place
        if length < 8 or place + length > len(data):  # noqa: PLR2004 - a box's own header
            return True
        kinds.add(kind)
        place += length
    return not {b"moov", b"mdat"} <= kinds and b"moof" not in kinds


class Shared(msgspec.Struct, frozen=True):
    """What two clips have in common.

    ``ranges`` are begin and end in ms in the one and begin in ms in the other; the shares are
    of the pictures of each that the other shows too.
    """

    ranges: tuple[tuple[int, int, int], ...]
    of_one: float
    of_other: float


LEAST_SHARED = 0.6
"""Share of the pictures of the shorter clip that must be in both for one to hold the other."""


def shared(one: Sequence[Frame], other: Sequence[Frame], bits: int = MATCH) -> Shared:
    """The pictures that two clips share, also mirrored; flat ones are not compared."""
    ours = [frame for frame in one if frame.quality >= GOOD_QUALITY]
    theirs = [frame for frame in other if frame.quality >= GOOD_QUALITY]
    if not ours or not theirs:
        return Shared((), 0.0, 0.0)
    apart = np.minimum(
        _apart([frame.pdq for frame in ours], theirs),
        _apart([frame.views.get("flip_y", frame.pdq) for frame in ours], theirs),
    )
    near = apart <= bits
    ranges = tuple(
        (frame.at_ms, frame.until_ms, theirs[int(apart[row].argmin())].at_ms)
        for row, frame in enumerate(ours)
        if near[row].any()
    )
    return Shared(ranges, float(near.any(axis=1).mean()), float(near.any(axis=0).mean()))


def is_same_clip(found: Shared) -> bool:
    """Whether one clip is a copy of the other or a part of it."""
    return max(found.of_one, found.of_other) >= LEAST_SHARED


def _apart(hashes: list[str], frames: list[Frame]) -> NDArray[np.int64]:
    ours = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint64).reshape(-1, 1, 4)
    theirs = np.frombuffer(bytes.fromhex("".join(one.pdq for one in frames)), np.uint64)
    apart = np.bitwise_count(ours ^ theirs.reshape(1, -1, 4)).sum(axis=2)
    return np.asarray(apart, np.int64)
