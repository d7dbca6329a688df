"""What the media stage keeps of posts that wait and of pictures that were looked at."""

from __future__ import annotations

import msgspec

from detect.media.examined import Look
from detect.records import PictureMatch, SeenFace
from ingest.records import Part

MOST_PICTURES = 8
"""Pictures of one post that are looked at."""


class Errand(Part, frozen=True, kw_only=True):
    """A post whose pictures are to be looked at."""

    post_id: str
    account: str
    platform: str
    at: int
    urls: tuple[str, ...]
    reach: int = 0
    minor: bool = False


class Verdict(Part, frozen=True, kw_only=True):
    """What is known of one file, whoever posts it. ``views`` are PDQ hashes by name.

    ``frames`` are hashes of what a clip shows, for comparing among ourselves.
    """

    sha256: str
    version: str
    format: str
    width: int = 0
    height: int = 0
    pdq: str = ""
    quality: int = 0
    views: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    frames: tuple[str, ...] = ()
    problem: str | None = None
    score: float | None = None
    gate: str = "not_scored"
    matches: tuple[PictureMatch, ...] = ()
    faces: tuple[SeenFace, ...] | None = None
    provenance: tuple[tuple[str, str], ...] = ()
    machine_made: bool = False
    signature: str = ""
    forgery: float | None = None
    forgery_band: str = ""
    forgery_model: str = ""
    forgery_reasons: tuple[str, ...] = ()
    forgery_parts: tuple[tuple[int, int, float], ...] = ()
    family: str = ""
    found_by: str = ""
    partial: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A picture on its way into the file: with what may be kept because the gate let it.

    ``looks`` are those of pictures of a clip.
    """

    verdict: Verdict
    features: bytes | None = None
    pixels: bytes | None = None
    size: tuple[int, int] = (0, 0)
    preview: bytes | None = None
    looks: tuple[Look, ...] = ()
