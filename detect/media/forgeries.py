"""What forgery models make of one file: a picture by one of its faces, a clip over time."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from detect.media.examined import Raster
from detect.media.forgery import Box, Forgery, ForgeryModel, Stretch, over_time
from detect.records import SeenFace


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of a file: its colours, its faces, and in a clip from when until when."""

    raster: Raster
    faces: Sequence[SeenFace] = ()
    at_ms: int = 0
    until_ms: int = 0


class Forged(msgspec.Struct, frozen=True, kw_only=True):
    """The band of a file, and of a clip the parts that look forged."""

    whole: Forgery
    stretches: tuple[Stretch, ...] = ()


def judged_by(
    judges: Sequence[ForgeryModel], shown: Sequence[Shown], *, clip: bool, doubt: str = ""
) -> Forged:
    """What the first model says that applies to the file.

    Args:
        clip: whether the pictures are those of a clip.
        doubt: why the file itself is not to be trusted, such as that it is cut off.
    """
    found = Forged(whole=Forgery(band="not_applicable"))
    for judge in judges:
        each = [(one.at_ms, one.until_ms, _judged(judge, one, doubt)) for one in shown]
        if clip:
            whole, stretches = over_time(each, judge.entry)
            found = Forged(whole=whole, stretches=stretches)
        elif each:
            found = Forged(whole=each[0][2])
        else:
            found = Forged(
                whole=Forgery(band="not_applicable", reasons=("nothing was decoded",))
            )
        if found.whole.band != "not_applicable":
            break
    return found


def _judged(judge: ForgeryModel, shown: Shown, doubt: str) -> Forgery:
    raster = shown.raster
    image = np.frombuffer(raster.data, np.uint8).reshape(raster.height, raster.width, 3)
    face = None if judge.entry.task == "ai_image" else _telling(shown.faces)
    if face is None:
        return judge.judge(image, doubt=doubt)
    x, y, width, height = face.box
    box = Box(x * raster.width, y * raster.height, width * raster.width, height * raster.height)
    return judge.judge(image, box, doubt=doubt)


def _telling(faces: Sequence[SeenFace]) -> SeenFace | None:
    """The face that counts: an enrolled person's before others, then the largest."""
    return max(faces, key=lambda one: (one.sure, one.box[2] * one.box[3]), default=None)
