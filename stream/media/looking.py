"""Looks at the bytes of one picture: caged, gated, compared, judged; keeps nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

import cv2
import msgspec
import numpy as np

from detect.media.cage import Cage
from detect.media.caged import HASHES, LARGEST, PIXELS, QUERY
from detect.media.examined import Examined, Frame, Look, Raster
from detect.media.forgeries import Forged, Shown, judged_by
from detect.media.forgery import ForgeryModel
from detect.media.gate import judge
from detect.media.pdq import GOOD_QUALITY, near_views
from detect.media.provenance import MACHINE_MADE, Provenance, read_provenance
from detect.media.signature import Signature
from detect.records import PictureMatch, SeenFace
from stream.banks import Match, Snapshot
from stream.media.records import Kept, Verdict

PIPELINE = "media/2"
"""Version of what is done with a picture: another one looks at it anew."""
FEATURES, FACES, FORGERY = "features", "faces", "forgery"
"""Steps that are left out, the dearest first, when there is too much to do."""
DEAREST = (FORGERY, FACES, FEATURES)
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
        judges: forgery models; the first that applies to a file speaks.
        trust: certificates (PEM) of whose signatures are trusted; None: signed claims are
            not read.
        enrolment: goes up whenever somebody is enrolled or deleted.
    """

    def __init__(
        self,
        *,
        scorer: Scorer | None,
        faces: Faces | None = None,
        sexual_from: float = 0.5,
        previews: bool = True,
        judges: Sequence[ForgeryModel] = (),
        trust: str | None = None,
        enrolment: Callable[[], int] = lambda: 0,
    ) -> None:
        self._cage = Cage(trust=trust)
        self._judges = tuple(judges)
        self._scorer = scorer
        self._faces = faces
        self.sexual_from = sexual_from
        self._previews = previews
        self.known = Snapshot([])
        self._enrolment = enrolment
        self.enrolled = enrolment()

    @property
    def version(self) -> str:
        """Of everything that a verdict rests on, the banks left aside."""
        scored = "none" if self._scorer is None else self._scorer.version
        judges = "".join(f" {one.version}" for one in self._judges)
        faces = f"faces@{self.enrolled}" if self._faces else "none"
        return f"{PIPELINE} {scored} {faces} {self.sexual_from}{judges}"

    @property
    def knows_faces(self) -> bool:
        """Whether faces are looked for and anybody was ever enrolled."""
        return self._faces is not None and self.enrolled > 0

    def refresh(self) -> bool:
        """Take note of who is enrolled now; whether that changed and faces are looked for."""
        before, self.enrolled = self.enrolled, self._enrolment()
        return self._faces is not None and self.enrolled != before

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
        shown = self._shown(seen, faces=FACES not in without)
        faces = None
        if self._faces is not None and rasters and FACES not in without:
            faces = tuple(face for one in shown for face in one.faces)[:MOST_FACES]
        forged = None
        if self._judges and FORGERY not in without:
            doubt = "the file is cut off" if seen.cut_off else ""
            forged = judged_by(self._judges, shown, clip=seen.clip is not None, doubt=doubt)
        claims = read_provenance(data)
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
            provenance=_said(claims, seen.signature),
            machine_made=_machine_made(claims, seen.signature),
            signature="" if seen.signature is None else seen.signature.state,
            partial=self._left(seen, without),
        )
        verdict = msgspec.structs.replace(verdict, matches=self._all_matches(verdict, seen))
        verdict = _with_forgery(verdict, forged)
        # What did not pass is compared now and forgotten.
        kept = self._kept(verdict, seen) if passage.open else Kept(verdict=verdict)
        return kept, seen.look

    def _kept(self, verdict: Verdict, seen: Examined) -> Kept:
        """What may be kept of a picture that passed the gate."""
        kept = Kept(verdict=verdict, preview=_preview(seen) if self._previews else None)
        if seen.clip is not None:
            looks = tuple(one.look for one in seen.clip.frames if one.look is not None)
            return msgspec.structs.replace(kept, looks=looks)
        if seen.look is None:
            return kept
        return msgspec.structs.replace(
            kept,
            features=seen.look.features,
            pixels=seen.look.pixels,
            size=(seen.look.width, seen.look.height),
        )

    def _shown(self, seen: Examined, *, faces: bool) -> list[Shown]:
        """What models are shown of a file, with its faces where they are looked for."""
        pictures = [(0, 0, seen.raster)]
        if seen.clip is not None:
            pictures = [(one.at_ms, one.until_ms, one.raster) for one in seen.clip.frames]
        look = self._faces if faces else None
        return [
            Shown(
                raster=raster,
                faces=() if look is None else look(raster),
                at_ms=at,
                until_ms=until,
            )
            for at, until, raster in pictures
            if raster is not None
        ]

    def _left(self, seen: Examined, without: Collection[str]) -> tuple[str, ...]:
        """The steps that were left out and are to be made good."""
        there = {
            FEATURES: seen.error is None,
            FACES: self._faces is not None,
            FORGERY: bool(self._judges),
        }
        return tuple(name for name, has in there.items() if has and name in without)

    def _all_matches(self, verdict: Verdict, seen: Examined) -> tuple[PictureMatch, ...]:
        if seen.clip is None:
            return self.matches(verdict, seen.look)
        return _once(
            one for frame in seen.clip.frames for one in self._in_frame(verdict, frame)
        )

    def matches_of_clip(
        self, verdict: Verdict, looks: Sequence[Look]
    ) -> tuple[PictureMatch, ...]:
        """Known pictures in a clip that was seen earlier, by what is kept of it.

        Turned and mirrored views of its frames are guessed from their hashes, a dozen bits
        off; what was found before stays found.
        """
        before = [one for one in verdict.matches if one.reference in self.known]
        size = (verdict.width or 1, verdict.height or 1)
        by_sight = (one for look in looks for one in self.known.found_in(look))
        by_hash = (
            one
            for digits in verdict.frames
            for one in self.known.matches(
                {name: bits.hex() for name, bits in near_views(bytes.fromhex(digits)).items()}
            )
        )
        found = (_told(one, size) for some in (by_sight, by_hash) for one in some)
        return _once((*before, *found))

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


def _once(found: Iterable[PictureMatch]) -> tuple[PictureMatch, ...]:
    """Each known picture of a clip once: as it lies in a frame rather than by a hash."""
    best: dict[str, PictureMatch] = {}
    for one in sorted(found, key=lambda one: (not one.region, -one.inliers)):
        best.setdefault(one.reference, one)
    return tuple(best.values())


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


def _said(claims: Provenance, signature: Signature | None) -> tuple[tuple[str, str], ...]:
    """What a file says of its origin, what is signed of it apart."""
    found: dict[str, str] = {}
    for name, value in msgspec.to_builtins(claims).items():
        found[name] = ", ".join(map(str, value)) if name == "generators" else str(value)
    if signature is not None and signature.state != "absent":
        found.pop("signed", None)
        found |= {
            "signature": signature.state,
            "signed_issuer": signature.issuer,
            "signed_tool": signature.tool,
            "signed_source_type": signature.source_type,
            "signature_problems": ", ".join(signature.problems),
        }
    return tuple((name, text[:300]) for name, text in found.items() if text)


def _machine_made(claims: Provenance, signature: Signature | None) -> bool:
    """Whether a file says that a machine made it: in words, by traces, or signed."""
    if claims.source_type in MACHINE_MADE or claims.generators:
        return True
    holds = signature is not None and signature.state in {"valid", "trusted"}
    return holds and signature is not None and signature.source_type in MACHINE_MADE


def _with_forgery(verdict: Verdict, forged: Forged | None) -> Verdict:
    if forged is None:
        return verdict
    return msgspec.structs.replace(
        verdict,
        forgery=forged.whole.score,
        forgery_band=forged.whole.band,
        forgery_model=forged.whole.model or "",
        forgery_reasons=forged.whole.reasons,
        forgery_parts=tuple((o.at_ms, o.until_ms, o.score) for o in forged.stretches),
    )


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
