"""Pictures made of whole numbers alone, the same on every machine, and files of them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def waves(height: int, width: int, seed: int, layers: int = 4) -> Picture:
    """Triangular waves of several directions over each other, with colours."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    state = seed * 2_654_435_761 + 12_345
    planes = []
    for _ in range(3):
        plane = np.zeros((height, width), np.int64)
        for _ in range(layers):
            numbers = []
            for _ in range(4):
                state = (state * 1_103_515_245 + 12_345) % 2**31
                numbers.append(state >> 8)
            period = (height + width) // 8 + 8 + numbers[0] % (height + width)
            place = (x * (numbers[1] % 17 - 8) + y * (numbers[2] % 17 - 8)) // 8 + numbers[3]
            plane += abs(place % period - period // 2) * 255 // (period // 2 + 1)
        planes.append(abs(plane % 510 - 255))
    return np.stack(planes, axis=2).astype(np.uint8)


def noise(height: int, width: int, seed: int) -> Picture:
    """No pixel like its neighbour."""
    places = np.arange(height * width * 3, dtype=np.uint64) + np.uint64(seed * 7_919)
    mixed = (places * np.uint64(6_364_136_223_846_793_005)) ^ np.uint64(seed)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(1_442_695_040_888_963_407)
    return (mixed >> np.uint64(56)).astype(np.uint8).reshape(height, width, 3)


def scene(seed):
    """A picture with much to hold on to: waves and a few hundred shapes."""
    out = waves(480, 640, seed)
    rng = np.random.default_rng(seed)
    for _ in range(220):
        at = tuple(int(value) for value in rng.integers(0, (640, 480)))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            cv2.circle(out, at, int(rng.integers(4, 26)), colour, -1, cv2.LINE_AA)
        else:
            to = (at[0] + int(rng.integers(6, 50)), at[1] + int(rng.integers(6, 50)))
            cv2.rectangle(out, at, to, colour, -1)
    return out


def as_file(picture: Picture, ending: str = ".png", quality: int = 90) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if ending in {".jpg", ".jpeg"} else []
    done, data = cv2.imencode(ending, picture, options)
    assert done
    return data.tobytes()
