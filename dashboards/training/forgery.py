"""Trains a forgery model on a folder of photos: self-blended images, network, card, files."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from dashboards.composing.media import faces
from dashboards.training.photos import LeftOut, Photo, pixels, survey
from detect.media.cage import Cage
from detect.media.forgery import ForgeryModel, prepared, traits
from detect.media.registry import Card, Entry, Thresholds, parse_registry, refusal
from detect.media.selfblended import card, export
from detect.media.selfblended.blend import pair
from detect.media.selfblended.net import CELLS, CHANNELS, Learnt, learn, logits
from detect.media.selfblended.split import Parts, grouped, split
from detect.onnx import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detect.media.forgery import Traits
    from stream.settings import Settings

    Picture = NDArray[np.uint8]
    Maps = NDArray[np.float16]

LEAST_PHOTOS = 24
"""Photos with a face below which nothing is trained at all."""

MOST_PAIRS, MOST_A_PHOTO = 12_000, 24
"""Pairs of a real and a forged face that are learnt from, in all and of one photo."""

CHOSEN_BY, MOST_CHOSEN_BY = 4, 4_000
"""Pairs of one photo of the validation set, and of all of them."""

_TRAIN, _VALIDATION, _HELD_OUT = 11, 12, 13
_NOT_YET = Card(
    data="none yet", real=0, forged=0, auc=0.5, auc_low=0.5, auc_high=0.5, tpr_at_1_fpr=0.0,
    ece=1.0,
)  # fmt: skip

Shows = Callable[[str, str], AbstractContextManager[Callable[[int, int], None]]]
"""Begins to show a progress: what is done and what is counted; gives what to tell it."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be trained. ``out`` is a folder that is not there yet."""

    photos: Path
    out: Path
    name: str
    licence: str
    source: str
    seed: int
    epochs: int


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; ``refused`` says why the registry will not take it, if so."""

    model: str
    file: str
    sha256: str
    photos: int
    groups: int
    train: int
    validation: int
    held_out: int
    pairs: int
    seed: int
    losses: tuple[float, ...]
    thresholds: Thresholds
    reached: card.Reached
    refused: str | None
    left_out: tuple[LeftOut, ...]


class _Lesson(msgspec.Struct, frozen=True, eq=False):
    """Maps and truth to learn from and to choose by, and how the real pictures are."""

    train: tuple[Maps, NDArray[np.float32]]
    validation: tuple[Maps, NDArray[np.float32]]
    seen: list[Traits]


def train_forgery(settings: Settings, wanted: Wanted, shows: Shows) -> Trained:
    """Train, measure, and write a folder with the model, its registry and a report.

    The folder appears whole or not at all.

    Raises:
        ValueError: the models of faces are missing, the photos are too few or show too few
            people, or the folder is there already.
        ImportError: ``onnx`` is not installed.
        OSError: a file cannot be read or written.
    """
    to_maps = Session(export.maps_onnx())
    if wanted.out.exists():
        raise ValueError(f"{wanted.out} is there already: nothing is written over")
    spotter = faces(settings)
    if spotter is None:
        raise ValueError("the models of faces are missing: jikimi models fetch")
    with Cage() as cage:
        with shows("looking for faces", "files") as told:
            found = survey(wanted.photos, cage, spotter, told)
        if len(found.photos) < LEAST_PHOTOS:
            raise ValueError(_too_few(len(found.photos), found.left_out))
        photos = found.photos
        groups = grouped([one.person for one in photos], [one.pdq for one in photos])
        parts = split(groups, wanted.seed)
        pairs = min(MOST_A_PHOTO, max(1, MOST_PAIRS // len(parts.train)))
        studio = _Studio(cage, photos, wanted.seed)
        lesson = _lesson(studio, to_maps, parts, pairs, shows)
        with shows("learning", "steps") as told:
            learnt = learn(
                *lesson.train, lesson.validation,
                seed=wanted.seed, epochs=wanted.epochs, progress=told,
            )  # fmt: skip
        raw, entry = _entry(learnt, lesson, wanted)
        entry, reached = _measured(studio, raw, entry, parts, groups, shows)
    trained = Trained(
        model=entry.id,
        file=entry.file,
        sha256=entry.sha256,
        photos=len(photos),
        groups=len(set(groups)),
        train=len(parts.train),
        validation=len(parts.validation),
        held_out=len(parts.held_out),
        pairs=pairs * len(parts.train),
        seed=wanted.seed,
        losses=tuple(round(one, 4) for one in learnt.losses),
        thresholds=entry.thresholds,
        reached=reached,
        refused=refusal(entry, raw),
        left_out=found.left_out,
    )
    _write(wanted.out, raw, entry, trained)
    return trained


class _Studio:
    """Makes pairs of faces of photos, the same for the same seed."""

    def __init__(self, cage: Cage, photos: Sequence[Photo], seed: int) -> None:
        self._cage, self._photos, self._seed = cage, photos, seed

    def pairs(
        self, places: Sequence[int], count: int, purpose: int
    ) -> Iterator[list[tuple[Picture, Picture]]]:
        """Of each photo so many pairs; only those that are learnt from are moved about."""
        for place in places:
            photo = self._photos[place]
            rng = np.random.default_rng([self._seed, purpose, place])
            image = pixels(photo, self._cage)
            yield [
                pair(
                    image, photo.box, photo.points, margin=export.MARGIN, rng=rng,
                    moves=purpose == _TRAIN,
                )
                for _ in range(count)
            ]  # fmt: skip


def _lesson(
    studio: _Studio, to_maps: Session, parts: Parts, pairs: int, shows: Shows
) -> _Lesson:
    seen: list[Traits] = []
    made: dict[int, tuple[Maps, NDArray[np.float32]]] = {}
    count, done = len(parts.train) + len(parts.validation), 0
    chosen_by = min(CHOSEN_BY, max(1, MOST_CHOSEN_BY // len(parts.validation)))
    with shows("making self-blended images", "photos") as told:
        for places, each, purpose in (
            (parts.train, pairs, _TRAIN),
            (parts.validation, chosen_by, _VALIDATION),
        ):
            maps = np.empty((2 * each * len(places), CELLS, CELLS, CHANNELS), np.float16)
            for number, some in enumerate(studio.pairs(places, each, purpose)):
                maps[2 * each * number :][: 2 * each] = _maps(to_maps, some)
                seen.extend(traits(real) for real, _ in some)
                done += 1
                told(done, count)
            truth = np.tile(np.array([0, 1], np.float32), each * len(places))
            made[purpose] = (maps, truth)
    return _Lesson(made[_TRAIN], made[_VALIDATION], seen)


def _maps(to_maps: Session, some: list[tuple[Picture, Picture]]) -> Maps:
    shown = np.stack([prepared(one, export.INPUT) for both in some for one in both])
    (found,) = to_maps.run({export.INPUT.name: shown}, [export.MAPS])
    return np.asarray(found.transpose(0, 2, 3, 1), np.float16)


def _entry(learnt: Learnt, lesson: _Lesson, wanted: Wanted) -> tuple[bytes, Entry]:
    """The file, and its entry with calibration and bands by the validation set."""
    about = {"made_by": "jikimi models train-forgery", "seed": str(wanted.seed)}
    raw = export.to_onnx(learnt, about)
    maps, truth = lesson.validation
    found = logits(learnt, maps)
    calibration = card.platt(found.tolist(), (truth > 0).tolist())
    real, forged = (
        card.calibrated(found[truth == kind].tolist(), calibration) for kind in (0, 1)
    )
    entry = Entry(
        id=wanted.name,
        task="face_forgery",
        file=f"{wanted.name}.onnx",
        sha256=hashlib.sha256(raw).hexdigest(),
        licence=wanted.licence,
        source=wanted.source,
        input=export.INPUT,
        output=export.OUTPUT,
        thresholds=card.thresholds(real, forged),
        card=_NOT_YET,
        calibration=calibration,
        domain=card.domain(lesson.seen),
    )
    return raw, entry


def _measured(
    studio: _Studio,
    raw: bytes,
    entry: Entry,
    parts: Parts,
    groups: Sequence[int],
    shows: Shows,
) -> tuple[Entry, card.Reached]:
    model = ForgeryModel(entry, raw, measuring=True)
    real: list[float] = []
    forged: list[float] = []
    count = len(parts.held_out)
    with shows("measuring", "photos") as told:
        for number, ((one, other),) in enumerate(studio.pairs(parts.held_out, 1, _HELD_OUT), 1):
            real += model.scores([one])
            forged += model.scores([other])
            told(number, count)
    of = [groups[place] for place in parts.held_out]
    whole, found = card.reached(real, forged, of, entry.thresholds)
    data = f"self-blended images of {count} own photos that were held out"
    return msgspec.structs.replace(entry, card=card.card(whole, found, data)), found


def _too_few(count: int, left_out: Sequence[LeftOut]) -> str:
    why: dict[str, int] = {}
    for one in left_out:
        why[one.reason] = why.get(one.reason, 0) + 1
    told = "; ".join(f"{number} files: {reason}" for reason, number in sorted(why.items()))
    return (
        f"{count} photos with a fit face are too few: {LEAST_PHOTOS} are needed to train, and "
        f"about 400 for a model that may be used" + (f" ({told})" if told else "")
    )


def _write(out: Path, raw: bytes, entry: Entry, trained: Trained) -> None:
    text = card.as_toml(entry)
    if parse_registry(text) != (entry,):
        raise RuntimeError("the entry that was written does not say what was measured")
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        (draft / entry.file).write_bytes(raw)
        (draft / "models.toml").write_text(text, "utf-8")
        report = msgspec.json.format(msgspec.json.encode(trained), indent=2)
        (draft / "report.json").write_bytes(report + b"\n")
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
