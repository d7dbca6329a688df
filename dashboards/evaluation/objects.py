"""Reads posts and names what each shares: its text, its text family, its links."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from dashboards.evaluation.results import milliseconds
from detect.links import canonical_url
from detect.neardup import Sketch, Text, estimate, prepare, sketches

SHORTEST = 25
"""Code points that a text needs, without links and the retweet mark, to be an object."""
LOOSE = 0.3
_ROWS = 2
_GZIP = b"\x1f\x8b"
_LINK, _RETWEET = re.compile(r"https?://\S+"), re.compile(r"^\s*RT\s+@\w+:?\s*")


class Line(msgspec.Struct):
    """What the baselines look at in a post of the exchange format."""

    id: str
    author_id: str
    created_at: str
    text: str
    platform: str | None = None
    urls: list[str] | None = None
    reply_to: str | None = None
    repost_of: str | None = None

    @property
    def key(self) -> str:
        """The account."""
        return f"{self.platform or 'archive'}:{self.author_id}"

    @property
    def at(self) -> int:
        """When it was posted, in ms."""
        return milliseconds(self.created_at)


def read_posts(path: Path) -> Iterator[Line]:
    """The posts of a file, plain or gzip, in its order."""
    decode = msgspec.json.Decoder(Line).decode
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    with gzip.open(path) if packed else path.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield decode(line)


def exact_text(line: Line) -> str | None:
    """The text that copies have in common; None for reposts and short texts."""
    if line.repost_of:
        return None
    text = " ".join(_LINK.sub(" ", _RETWEET.sub("", line.text)).lower().split())
    return text if len(text) >= SHORTEST else None


def links(line: Line) -> tuple[str, ...]:
    """The canonical links of a post that is no repost."""
    if line.repost_of:
        return ()
    return tuple(dict.fromkeys(url for url in map(canonical_url, line.urls or ()) if url))


class Families:
    """Loose text families: each text joins the founder it most resembles, at .3 or more.

    Resemblance is estimated from MinHash values of the text without links, tags,
    handles and signs; candidates share one of 32 bands of two values.
    """

    def __init__(self) -> None:
        self._exact: dict[str, int] = {}
        self._bands: dict[tuple[int, int], int] = {}
        self._founders: list[Sketch] = []

    def of(self, text: str) -> int | None:
        """The number of the family; None for a text that says too little."""
        prepared = prepare(text)
        if prepared is None or len(prepared.body) < SHORTEST // 2:
            return None
        known = self._exact.get(prepared.body)
        if known is None:
            known = self._exact[prepared.body] = self._place(prepared)
        return known

    def _place(self, text: Text) -> int:
        sketch = sketches([text])[0]
        pairs = np.ascontiguousarray(sketch).view(np.dtype(f"<u{_ROWS}"))
        bands: list[tuple[int, int]] = [(n, int(pair)) for n, pair in enumerate(pairs)]
        near = {self._bands[band] for band in bands if band in self._bands}
        best = max(
            ((estimate(self._founders[one], sketch), -one) for one in near), default=(0.0, 0)
        )
        if best[0] >= LOOSE:
            family = -best[1]
        else:
            family = len(self._founders)
            self._founders.append(sketch)
        for band in bands:
            self._bands.setdefault(band, family)
        return family
