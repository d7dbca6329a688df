"""Looks at the bytes of one picture: caged, gated, compared, judged; keeps nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Protocol

import cv2
import msgspec
import numpy as np

from detect.media.cage import Cage
from detect.media.caged import HASHES, LARGEST, PIXELS, QUERY
from detect.media.examined import Examined, Frame, Look, Raster
from detect.media.gate import judge
from detect.media.pdq import GOOD_QUALITY
from detect.media.provenance import Provenance, read_provenance
from detect.records import PictureMatch, SeenFace
from stream.banks import Match, Snapshot
from stream.media.records import Kept, Verdict

PIPELINE = "media/1"
"""Version of what is done with a picture: another one looks at it anew."""
FEATURES, FACES = "features", "faces"
"""Steps that are left out, the dearest first, when there is too much to do."""
DEAREST = (FACES, FEATURES)
MOST_FRAMES, MOST_FACES = 200, 64
"""Hashes and faces that are kept of one clip."""
PREVIEW_SIDE = 320
PREVIEW_QUALITY = 78

Faces = Callable[[Raster], tuple[SeenFace, ...]]


class Scorer(Protocol):
    """How sexual a picture is."""

    version: str

    def score(self, raster: Raster, /) -> float: ...


class Looker:
    """Everything that a picture is shown to; one thread.

    Args:
        scorer: None where there is no model; then the gate lets nothing pass.
        faces: finds faces, and enrolled people among them; None where nobody does.
        sexual_from: score from which nothing but hashes is kept.
        previews: whether a small picture is kept of what passes.
    """

    def __init__(
        self,
        *,
        scorer: Scorer | None,
        faces: Faces | None = None,
        sexual_from: float = 0.5,
        previews: bool = True,
    ) -> None:
        self._cage = Cage()
        self._scorer = scorer
        self._faces = faces
        self.sexual_from = sexual_from
        self._previews = previews
        self.known = Snapshot([])

    @property
    def version(self) -> str:
        """Of everything that a verdict rests on, the banks left aside."""
        scored = "none" if self._scorer is None else self._scorer.version
        return f"{PIPELINE} {scored} {'faces' if self._faces else 'none'} {self.sexual_from}"

    def close(self) -> None:
        """End the process that decodes."""
        self._cage.close()

    def look(
        self, data: bytes, *, minor: bool = False, without: Collection[str] = ()
    ) -> tuple[Kept, Look | None]:
        """What a file is, and what it may be compared with later.

        Args:
            minor: somebody shown may be under age.
            without: steps to leave out for now.
        """
        wanted = (HASHES if FEATURES in without else QUERY) | PIXELS
        seen = self._cage.examine(data[: LARGEST + 1], wanted)
        rasters = _rasters(seen)
        score = None
        if self._scorer is not None and rasters:
            # Of a clip its worst picture counts.
            score = max(self._scorer.score(one) for one in rasters)
        passage = judge(score, sexual_from=self.sexual_from, minor=minor)
        faces = None
        if self._faces is not None and rasters and FACES not in without:
            faces = tuple(face for one in rasters for face in self._faces(one))[:MOST_FACES]
        claims = read_provenance(data)
        left = [FEATURES] if FEATURES in without and seen.error is None else []
        left += [FACES] if FACES in without and self._faces is not None else []
        verdict = Verdict(
            sha256=hashlib.sha256(data).hexdigest(),
            version=self.version,
            format=seen.format,
            width=seen.width,
            height=seen.height,
            pdq=seen.pdq or "",
            quality=seen.quality,
            views=seen.views,
            frames=_frames(seen),
            problem="the file ends before its picture does" if seen.cut_off else seen.error,
            score=score,
            gate=passage.verdict,
            matches=(),
            faces=faces,
            provenance=_said(claims),
            machine_made=claims.origin == "machine",
            partial=tuple(left),
        )
        verdict = msgspec.structs.replace(verdict, matches=self._all_matches(verdict, seen))
        kept = Kept(verdict=verdict)
        if passage.open and seen.look is not None:
            kept = msgspec.structs.replace(
                kept,
                features=seen.look.features,
                pixels=seen.look.pixels,
                size=(seen.look.width, seen.look.height),
            )
        if passage.open and self._previews:
            kept = msgspec.structs.replace(kept, preview=_preview(seen))
        # What did not pass is compared now and forgotten.
        return kept, seen.look

    def _all_matches(self, verdict: Verdict, seen: Examined) -> tuple[PictureMatch, ...]:
        if seen.clip is None:
            return self.matches(verdict, seen.look)
        found = [one for frame in seen.clip.frames for one in self._in_frame(verdict, frame)]
        best: dict[str, PictureMatch] = {}
        for one in sorted(found, key=lambda one: (not one.region, -one.inliers)):
            best.setdefault(one.reference, one)
        return tuple(best.values())

    def _in_frame(self, verdict: Verdict, frame: Frame) -> tuple[PictureMatch, ...]:
        alone = msgspec.structs.replace(
            verdict, pdq=frame.pdq, quality=frame.quality, views=frame.views, frames=()
        )
        return self.matches(alone, frame.look)

    def matches(self, verdict: Verdict, look: Look | None) -> tuple[PictureMatch, ...]:
        """Known pictures that one is or holds: by hash, and by what can be seen.

        Official pictures are looked for by sight too when the hash meets: only that tells
        what was changed.
        """
        by_hash: list[Match] = []
        if verdict.pdq and verdict.quality >= GOOD_QUALITY:
            by_hash = self.known.matches({"original": verdict.pdq, **verdict.views})
        by_sight = self.known.found_in(look) if look is not None else []
        sighted = {one.reference.reference_id for one in by_sight}
        rest = [one for one in by_hash if one.reference.reference_id not in sighted]
        size = (verdict.width or 1, verdict.height or 1)
        return tuple(_told(one, size) for one in (*by_sight, *rest))


def _rasters(seen: Examined) -> list[Raster]:
    if seen.clip is None:
        return [] if seen.raster is None else [seen.raster]
    return [one.raster for one in seen.clip.frames if one.raster is not None]


def _frames(seen: Examined) -> tuple[str, ...]:
    if seen.clip is None:
        return ()
    good = [one.pdq for one in seen.clip.frames if one.quality >= GOOD_QUALITY]
    return tuple(dict.fromkeys(good))[:MOST_FRAMES]


def _told(one: Match, size: tuple[int, int]) -> PictureMatch:
    placed = one.placement
    made = PictureMatch(
        reference=one.reference.reference_id,
        bank=one.reference.bank,
        kind=one.reference.kind,
        label=one.reference.label,
        distance=one.distance,
        view=one.view,
    )
    if placed is None:
        return made
    return msgspec.structs.replace(
        made,
        region=tuple((round(x / size[0], 4), round(y / size[1], 4)) for x, y in placed.region),
        inliers=placed.inliers,
        agreeing=round(placed.agreeing, 3),
        changed=tuple(
            (round(x, 4), round(y, 4), round(wide, 4), round(high, 4))
            for x, y, wide, high in placed.changed
        ),
    )


def _said(claims: Provenance) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name, value in msgspec.to_builtins(claims).items():
        text = ", ".join(map(str, value)) if name == "generators" else str(value)
        if text:
            found.append((name, text[:300]))
    return tuple(found)


def _preview(seen: Examined) -> bytes | None:
    """A small picture of our own making: none of the bytes that somebody sent."""
    rasters = _rasters(seen)
    if not rasters:
        return None
    raster = rasters[len(rasters) // 2]
    image = np.frombuffer(raster.data, np.uint8).reshape(raster.height, raster.width, 3)
    shrunk = min(1.0, PREVIEW_SIDE / max(raster.height, raster.width))
    size = (max(1, round(raster.width * shrunk)), max(1, round(raster.height * shrunk)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    done, packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY])
    return packed.tobytes() if done else None
