"""The small model of harm: runs of letters in, calibrated probabilities out.

Texts of like length run together, padded to one of a few widths that depends on the text
alone: so a text gets the same sums in whatever batch it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from detect.harm.features import features, places
from detect.onnx import Session
from detect.records import HARM_CATEGORIES

WIDTHS = (64, 128, 256, 512, 1024, 2048, 4096, 11264)
"""Buckets of a text that one run holds; the last holds every text."""
_CELLS = 1 << 16
"""Buckets of a run, padding included: about 4 MB of numbers."""
_SHOWN = 3
FORMAT = "jikimi-harm/2"
"""Way of making numbers of texts; models of another one cannot be used."""
FILE = "harm.onnx"

Floats = NDArray[np.float32]


class Scores(msgspec.Struct, frozen=True):
    """Probabilities a text (rows): of the tones none, offensive, hate; of each category."""

    tone: Floats
    categories: Floats


class HarmModel:
    """A model file, ready to run.

    Args:
        raw: the bytes of the file, as :mod:`detect.harm.export` writes them.

    Raises:
        ValueError: the bytes are no such model.
    """

    def __init__(self, raw: bytes) -> None:
        self._session = Session(raw)
        self.metadata = self._session.metadata
        if self.metadata.get("format") != FORMAT:
            raise ValueError(f"not a model of harm: format {self.metadata.get('format')!r}")
        if self.metadata.get("categories") != ",".join(HARM_CATEGORIES):
            raise ValueError("a model of other categories; train it anew")
        self.version = sha256(raw).hexdigest()[:8]
        self.knows_tone = self.metadata.get("comments", "0") != "0"
        self.decision = np.array(
            [float(one) for one in self.metadata["decision"].split(",")], np.float32
        )

    def scores(self, texts: Sequence[str]) -> Scores:
        """Probabilities for plain texts, in their order."""
        tone = np.zeros((len(texts), 3), np.float32)
        categories = np.zeros((len(texts), len(HARM_CATEGORIES)), np.float32)
        for rows, ids in batches(texts):
            tone[rows], categories[rows] = self.run(ids, ("tone", "categories"))
        return Scores(tone, categories)

    def run(self, ids: NDArray[np.int32], outputs: Sequence[str]) -> list[NDArray[Any]]:
        """One padded batch through the model."""
        return self._session.run({"ids": ids}, outputs)

    def tones(self, tone: Floats) -> NDArray[np.int64]:
        """Which of none, offensive and hate to name where one has to be named."""
        named: NDArray[np.int64] = (np.log(tone + 1e-9) + self.decision).argmax(axis=1)
        return named

    def telling(self, text: str, column: int) -> list[tuple[int, int]]:
        """Where the runs stand that spoke most for an output, at most three.

        Args:
            column: 0 to 2 a tone, from 3 on a category.
        """
        [(_, ids)] = batches([text])
        [parts] = self.run(ids, ("parts",))
        weight = dict(zip(ids[0].tolist(), parts[0, :, column].tolist(), strict=True))
        ranked = sorted(
            {(weight.get(bucket, 0.0), start, end) for bucket, start, end in places(text)},
            key=lambda one: (-one[0], one[1], one[2]),
        )
        kept: list[tuple[int, int]] = []
        for value, start, end in ranked:
            if value <= 0 or len(kept) == _SHOWN:
                break
            if text[start:end].strip() and not any(start < e and end > s for s, e in kept):
                kept.append((start, end))
        return sorted(kept)


def batches(
    texts: Sequence[str],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """Texts as padded batches: which texts, and their buckets."""
    if not texts:
        return
    ids, starts = features(texts)
    lengths = np.diff(starts)
    fits = np.searchsorted(WIDTHS, lengths)
    for number, width in enumerate(WIDTHS):
        rows = np.flatnonzero(fits == number)
        step = max(1, _CELLS // width)
        for at in range(0, len(rows), step):
            some = rows[at : at + step]
            padded = np.zeros((len(some), width), np.int32)
            mask = np.arange(width) < lengths[some, None]
            padded[mask] = ids[(starts[some, None] + np.arange(width))[mask]]
            yield some, padded


def shipped() -> bytes | None:
    """The model file that comes with jikimi; None where none does."""
    place = files("detect.harm").joinpath(FILE)
    return place.read_bytes() if place.is_file() else None
