"""Clips made of still scenes, each shown for a while."""

from __future__ import annotations

import cv2

from tests.detect.media.pictures import scene

RATE = 10


def clip(folder, seeds, *, seconds=3, ending=".mp4", size=(320, 240), change=None):
    """The bytes of a clip that shows a scene for each seed, a little moved all the time."""
    codec = {".mp4": "mp4v", ".webm": "VP80"}[ending]
    path = folder / f"clip{ending}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), RATE, size)
    assert writer.isOpened()
    for seed in seeds:
        picture = cv2.resize(scene(seed), size, interpolation=cv2.INTER_AREA)
        picture = picture if change is None else change(picture)
        for _ in range(seconds * RATE):
            writer.write(picture)
    writer.release()
    return path.read_bytes()
