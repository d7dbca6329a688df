"""How sexual a picture is, by Yahoo's open_nsfw: a number for caution, never evidence.

It was trained on photographs. Drawings, edited pictures and people it saw little of are
judged worse, and the number says nothing about who is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from detect.media.weights import NSFW
from detect.onnx import Session

if TYPE_CHECKING:
    from detect.media.examined import Raster

VERSION = "open-nsfw/1"
_INPUT, _OUTPUT = "input:0", "outputs"
_WHOLE, _CROP = 256, 224
_MEAN_BGR = np.array([104, 117, 123], np.float32)


class SexualContent:
    """The model; may be shared between threads.

    Args:
        raw: the very file of :data:`detect.media.weights.NSFW`.

    Raises:
        ValueError: it is another file, or cannot be run.
    """

    version = VERSION

    def __init__(self, raw: bytes) -> None:
        problem = NSFW.problem(raw)
        if problem is not None:
            raise ValueError(problem)
        self._session = Session(raw)

    def score(self, raster: Raster) -> float:
        """0 to 1, rounded to three decimals."""
        (found,) = self._session.run({_INPUT: _prepared(raster)[None]}, [_OUTPUT])
        return round(float(found[0][1]), 3)


def _prepared(raster: Raster) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """As the model was trained: 256 x 256, the middle of it, through a JPEG once."""
    image = np.frombuffer(raster.data, np.uint8).reshape(raster.height, raster.width, 3)
    whole = cv2.resize(image, (_WHOLE, _WHOLE), interpolation=cv2.INTER_AREA)
    edge = (_WHOLE - _CROP) // 2
    middle = np.ascontiguousarray(whole[edge : edge + _CROP, edge : edge + _CROP])
    _, packed = cv2.imencode(".jpg", middle, [cv2.IMWRITE_JPEG_QUALITY, 75])
    again = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    if again is None:
        raise ValueError("our own JPEG cannot be read")
    return np.asarray(again, np.float32) - _MEAN_BGR
