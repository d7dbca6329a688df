"""What `jikimi models train-forgery` reaches on faces that nobody has, and beyond them.

    python -m tests.eval.forgery WORK [PHOTOGRAPH…]

Draws photos of invented people, trains on them, and measures the model on people whom
neither training nor card has seen: on self-blended images, on kinds of forgery that it was
not trained on, and on harmless changes that must not alarm. Of real photographs there are
only the four of MesoNet in the shared data and those that are named: their bands are printed
one by one. One JSON object a line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np

from detect.media.faces import Faces, Spotted
from detect.media.forgery import Box, Forgery, ForgeryModel
from detect.media.measures import measured
from detect.media.registry import parse_registry
from detect.media.selfblended.blend import as_jpeg, pair
from detect.media.selfblended.export import MARGIN
from detect.media.selfblended.shape import fitted, soft_mask
from detect.media.weights import SFACE, YUNET
from tests.detect.media import drawn_faces, face_models

PEOPLE, PHOTOS = 160, 4
NEW_PEOPLE = 200
"""Whom nothing was learnt from; their numbers begin where those of the others end."""

Picture = np.ndarray
Face = Spotted


def box(face: Face) -> Box:
    return Box(*(float(one) for one in face.row[:4]))


def points(face: Face) -> np.ndarray:
    return face.row[4:14].reshape(5, 2).astype(np.float64)


def another(image: Picture, face: Face, other: Picture, theirs: Face) -> tuple[Picture, ...]:
    """Another person's photo laid over a face, point on point, and where it shows."""
    one, two = (np.vstack([fitted(points(each)), [0, 0, 1]]) for each in (face, theirs))
    onto = (one @ np.linalg.inv(two))[:2]
    size = image.shape[1::-1]
    laid = cv2.warpAffine(
        other, onto, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    rng = np.random.default_rng(int(face.row[0] * 1000) % 2**31)
    mask = soft_mask(*image.shape[:2], points(face), rng)
    return laid, mask / max(float(mask.max()), 1e-6)


def pasted(image: Picture, face: Face, other: Picture, theirs: Face) -> Picture:
    """Swapped with soft edges and the colours of the other photo."""
    laid, mask = another(image, face, other, theirs)
    return (laid * mask[..., None] + image * (1 - mask[..., None])).round().astype(np.uint8)


def swapped(image: Picture, face: Face, other: Picture, theirs: Face) -> Picture:
    """Swapped and matched in colour by Poisson blending (Pérez et al. 2003)."""
    laid, mask = another(image, face, other, theirs)
    hard = (mask > 0.5).astype(np.uint8) * 255
    x, y, width, height = cv2.boundingRect(hard)
    middle = (x + width // 2, y + height // 2)
    return cv2.seamlessClone(laid, image, hard, middle, cv2.NORMAL_CLONE)


def filled(image: Picture, face: Face, other: Picture, theirs: Face) -> Picture:
    """The mouth painted over from its surroundings (Telea 2004): no second picture."""
    del other, theirs
    given = points(face)
    unit = float(np.linalg.norm(given[0] - given[1]))
    mask = np.zeros(image.shape[:2], np.uint8)
    middle = tuple(int(one) for one in given[3:].mean(axis=0))
    cv2.ellipse(mask, middle, (int(0.6 * unit), int(0.3 * unit)), 0, 0, 360, 255, -1)
    return cv2.inpaint(image, mask, 5, cv2.INPAINT_TELEA)


def warped(image: Picture, face: Face, other: Picture, theirs: Face) -> Picture:
    """Cheeks and chin pushed inwards, as apps for slimming do: nothing is blended."""
    del other, theirs
    given = points(face)
    unit, middle = float(np.linalg.norm(given[0] - given[1])), given.mean(axis=0)
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    apart = np.hypot(columns - middle[0], rows - middle[1]) / (1.6 * unit)
    push = 1 + 0.15 * np.clip(1 - apart, 0, 1) * np.clip(apart * 3, 0, 1)
    across = (middle[0] + (columns - middle[0]) * push).astype(np.float32)
    return cv2.remap(image, across, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


FORGED = {"swapped": swapped, "pasted": pasted, "filled": filled, "warped": warped}

HARMLESS: dict[str, Callable[[Picture], Picture]] = {
    "untouched": lambda image: image,
    "JPEG 50": lambda image: as_jpeg(image, 50),
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "smoothed all over": lambda image: cv2.bilateralFilter(image, 9, 40, 9),
    "cleared of noise": lambda image: cv2.fastNlMeansDenoisingColored(image, None, 6, 6, 5, 11),
    "sharpened all over": lambda image: cv2.addWeighted(
        image, 1.8, cv2.GaussianBlur(image, (0, 0), 1.2), -0.8, 0
    ),
    "a warm filter": lambda image: cv2.convertScaleAbs(image * np.array([0.8, 1.0, 1.15])),
}  # fmt: skip


def drawn(work: Path) -> Path:
    folder = work / "photos"
    for number in range(PEOPLE * PHOTOS):
        file = folder / f"person-{number // PHOTOS:03}" / f"{number % PHOTOS}.jpg"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            image = drawn_faces.photo(drawn_faces.person(number // PHOTOS), number)
            cv2.imwrite(str(file), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return folder


def new_photos(spotter: Faces) -> Iterator[tuple[Picture, Face]]:
    for number in range(NEW_PEOPLE):
        who = drawn_faces.person(PEOPLE + number)
        image = as_jpeg(drawn_faces.photo(who, 10_000 + number), 92)
        found = spotter.spot(image)
        if found and found[0].size >= 80:
            yield image, found[0]


def told(model: ForgeryModel, spotter: Faces, image: Picture) -> tuple[float | None, Forgery]:
    """The score whatever the domain, and the judgement that a finding would hold."""
    found = spotter.spot(image)
    if not found:
        return None, Forgery(band="not_applicable")
    judged = model.judge(image, box(found[0]))
    return judged.score, judged


def line(kind: str, real: list[float], judged: list[Forgery]) -> None:
    scores = [one.score for one in judged if one.score is not None]
    bands = Counter(one.band for one in judged)
    row = {"kind": kind, "pictures": len(judged), **{name: bands[name] for name in bands}}
    if real:
        found = measured(real, scores)
        row |= {
            "auc": [found.auc, found.auc_low, found.auc_high],
            "tpr_at_1_fpr": found.tpr_at_1_fpr,
        }
    print(json.dumps(row), flush=True)


def photographs(given: list[Path]) -> Iterator[tuple[str, Path]]:
    for path in sorted(face_models.PHOTOS.rglob("*.jpg")):
        yield f"MesoNet {path.parent.name}", path
    for path in given:
        yield "given", path


def main(work: Path, given: list[Path]) -> None:
    models = face_models.folder()
    trained = work / "trained"
    if not trained.exists():
        command = [Path(sys.executable).with_name("jikimi"), "models", "train-forgery"]
        command += [drawn(work), "--out", trained, "--licence", "Apache-2.0, drawn by code"]
        env = {**os.environ, "JIKIMI__MEDIA__MODELS": str(models)}
        subprocess.run(command, env=env, check=False)
    (entry,) = parse_registry((trained / "models.toml").read_text("utf-8"))
    print(json.dumps({"card": msgspec.to_builtins(entry.card)}))
    model = ForgeryModel(entry, (trained / entry.file).read_bytes(), measuring=True)
    spotter = Faces((models / YUNET.file).read_bytes(), (models / SFACE.file).read_bytes())
    photos = list(new_photos(spotter))
    real: list[float] = []
    for name, change in HARMLESS.items():
        judged = [told(model, spotter, change(image))[1] for image, _ in photos]
        line(f"real, {name}", [], judged)
        real = real or [one.score for one in judged if one.score is not None]
    for name, forge in FORGED.items():
        judged = []
        for (image, face), (other, theirs) in zip(photos, photos[1:] + photos[:1], strict=True):
            judged.append(
                told(model, spotter, as_jpeg(forge(image, face, other, theirs), 92))[1]
            )
        line(f"forged, {name}", real, judged)
    for name, path in photographs(given):
        image = cv2.imread(str(path))
        score, judged = told(model, spotter, image)
        row = {"photograph": name, "file": path.name, "score": score, "band": judged.band}
        print(json.dumps({**row, "reasons": judged.reasons}))
    of_real_photos(model, spotter, given)


def of_real_photos(model: ForgeryModel, spotter: Faces, given: list[Path]) -> None:
    """Forty pairs of each real photograph: whether what was learnt carries over to cameras."""
    for name, path in photographs(given):
        image = cv2.imread(str(path))
        found = spotter.spot(image)
        if "df" in name or not found:
            continue
        rng = np.random.default_rng(1)
        pairs = [
            pair(image, box(found[0]), points(found[0]), margin=MARGIN, rng=rng, moves=False)
            for _ in range(40)
        ]
        one, other = (model.scores([both[place] for both in pairs]) for place in (0, 1))
        row = {"pairs_of": name, "file": path.name, "auc": measured(one, other).auc}
        print(json.dumps(row))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]])
