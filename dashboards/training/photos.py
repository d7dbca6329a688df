"""Reads a folder of photographs through the cage: where a face is, and what has none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from detect.media.cage import Cage
from detect.media.caged import HASHES, LARGEST, PIXELS, RASTER_SIDE
from detect.media.forgery import Box
from detect.media.selfblended.card import FACE
from detect.media.selfblended.shape import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detect.media.examined import Examined
    from detect.media.faces import Faces

    Picture = NDArray[np.uint8]

Progress = Callable[[int, int], None]


class Photo(msgspec.Struct, frozen=True, eq=False):
    """A photo with a fit face, the largest in it: box and five points in pixels as the cage
    gives them. ``person`` is the sub-folder that it lies in."""

    file: Path
    person: str | None
    pdq: bytes
    box: Box
    points: NDArray[np.float64]


class LeftOut(msgspec.Struct, frozen=True):
    """A file that nothing was learnt from, relative to the folder, and why."""

    file: str
    reason: str


class Survey(msgspec.Struct, frozen=True):
    """What a folder holds."""

    photos: tuple[Photo, ...]
    left_out: tuple[LeftOut, ...]


def survey(folder: Path, cage: Cage, spotter: Faces, progress: Progress) -> Survey:
    """Look at every file below a folder but hidden ones.

    Raises:
        OSError: a file cannot be read.
    """
    files = sorted(
        one
        for one in folder.rglob("*")
        if one.is_file() and not any(part.startswith(".") for part in _inside(one, folder))
    )
    photos: list[Photo] = []
    left_out: list[LeftOut] = []
    for number, file in enumerate(files, 1):
        found = _looked_at(file, folder, cage, spotter)
        if isinstance(found, Photo):
            photos.append(found)
        else:
            left_out.append(LeftOut(file.relative_to(folder).as_posix(), found))
        progress(number, len(files))
    return Survey(tuple(photos), tuple(left_out))


def pixels(photo: Photo, cage: Cage) -> Picture:
    """The pixels of a photo that was surveyed, read once more.

    Raises:
        ValueError: it is no longer what it was.
        OSError: it cannot be read.
    """
    seen = _examined(photo.file, cage)
    image = _image(seen)
    if image is None or seen.pdq != photo.pdq.hex():
        raise ValueError(f"{photo.file} was changed while it was learnt from")
    return image


def _looked_at(file: Path, folder: Path, cage: Cage, spotter: Faces) -> Photo | str:
    """The photo, or why it is none."""
    seen = _examined(file, cage)
    image = _image(seen)
    if seen.clip is not None or seen.cut_off:
        return "a clip, not a photo" if seen.clip is not None else "the file is cut off"
    if image is None or seen.pdq is None:
        return seen.error or "not a picture"
    found = _face(image, spotter)
    if isinstance(found, str):
        return found
    inside = _inside(file, folder)
    return Photo(
        file=file,
        person=inside[0] if len(inside) > 1 else None,
        pdq=bytes.fromhex(seen.pdq),
        box=Box(*(float(one) for one in found[:4])),
        points=found[4:14].reshape(5, 2),
    )


def _face(image: Picture, spotter: Faces) -> NDArray[np.float64] | str:
    faces = spotter.spot(image)
    if not faces:
        return "no face is found in it"
    if faces[0].size < FACE:
        return f"its face is smaller than {FACE} pixels in a picture of {RASTER_SIDE}"
    row = faces[0].row.astype(np.float64)
    try:
        fitted(row[4:14])
    except ValueError as error:
        return str(error)
    return row


def _inside(file: Path, folder: Path) -> tuple[str, ...]:
    return file.relative_to(folder).parts


def _examined(file: Path, cage: Cage) -> Examined:
    with file.open("rb") as opened:
        return cage.examine(opened.read(LARGEST + 1), HASHES | PIXELS)


def _image(seen: Examined) -> Picture | None:
    if seen.raster is None:
        return None
    shape = (seen.raster.height, seen.raster.width, 3)
    return np.frombuffer(seen.raster.data, np.uint8).reshape(shape)
