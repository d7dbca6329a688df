"""Measures a forgery model on folders of labelled pictures, whoever made the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from dashboards.composing.media import faces
from detect.media.cage import Cage
from detect.media.caged import HASHES, LARGEST, PIXELS
from detect.media.forgery import Box, ForgeryModel, cut_out
from detect.media.measures import Measured, measured
from detect.media.registry import RegistryError, parse_registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detect.media.faces import Faces
    from stream.settings import Settings

KINDS = ("real", "forged")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All pictures together, and each slice that has both kinds; ``unread`` files gave no
    score: not decoded, or without a face where the model wants one."""

    model: str
    whole: Measured
    slices: dict[str, Measured]
    unread: int


def evaluate(settings: Settings, folder: Path, registry: Path, name: str) -> Report:
    """Score every picture below ``real`` and ``forged`` of a folder.

    Raises:
        RegistryError: there is no such model, or it cannot be run.
        ValueError: pictures of one kind are missing, or the models of faces are.
        OSError: a file cannot be read.
    """
    entry = next(
        (one for one in parse_registry(registry.read_text("utf-8")) if one.id == name), None
    )
    if entry is None:
        raise RegistryError(f"{registry} names no model {name!r}")
    model = ForgeryModel(entry, (registry.parent / entry.file).read_bytes(), measuring=True)
    spotter = faces(settings) if entry.task == "face_forgery" else None
    if entry.task == "face_forgery" and spotter is None:
        raise ValueError("the models of faces are missing: jikimi models fetch")
    scores: dict[str, dict[str, list[float]]] = {}
    unread = 0
    with Cage() as cage:
        for kind in KINDS:
            for file in sorted(one for one in (folder / kind).rglob("*") if one.is_file()):
                score = _score(file, cage, model, spotter)
                if score is None:
                    unread += 1
                    continue
                place = file.relative_to(folder / kind).parent.as_posix()
                scores.setdefault(place, {one: [] for one in KINDS})[kind].append(score)
    every = {kind: [one for part in scores.values() for one in part[kind]] for kind in KINDS}
    return Report(
        model=model.version,
        whole=measured(every["real"], every["forged"]),
        slices={
            place: measured(part["real"], part["forged"])
            for place, part in sorted(scores.items())
            if place != "." and part["real"] and part["forged"]
        },
        unread=unread,
    )


def _score(file: Path, cage: Cage, model: ForgeryModel, spotter: Faces | None) -> float | None:
    with file.open("rb") as opened:
        raster = cage.examine(opened.read(LARGEST + 1), HASHES | PIXELS).raster
    if raster is None:
        return None
    image: NDArray[np.uint8] = np.frombuffer(raster.data, np.uint8).reshape(
        raster.height, raster.width, 3
    )
    if spotter is not None:
        found = spotter.spot(image)
        if not found:
            return None
        x, y, width, height = (float(value) for value in found[0].row[:4])
        image = cut_out(image, Box(x, y, width, height), model.entry.input.margin)
    (score,) = model.scores([image])
    return score
