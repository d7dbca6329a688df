"""Whether a face or picture looks forged to a model: a band, never a verdict.

Such models are right about what they were trained on and little better than chance about
what they never saw. So a score only counts for pictures like those it was measured on, is
told as one of four bands, and never alarms alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import cv2
import msgspec
import numpy as np

from detect.media.registry import LEAST_AUC, Entry, Input, RegistryError, refusal
from detect.onnx import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

Band = Literal["likely", "inconclusive", "unlikely", "not_applicable"]

LEAST_SPREAD = 1e-3
"""Difference between the outputs for patterns below which a model is constant."""

_PROBES = 8
_NUMBERS = "tensor(float)"
_AXES = 4


class Forgery(msgspec.Struct, frozen=True, kw_only=True):
    """``score`` is calibrated, 0 to 1; None where nothing was scored. ``reasons`` say why a
    band is inconclusive or does not apply."""

    band: Band
    score: float | None = None
    model: str | None = None
    reasons: tuple[str, ...] = ()


class Box(msgspec.Struct, frozen=True):
    """A rectangle in pixels; may reach beyond its picture."""

    x: float
    y: float
    width: float
    height: float


class Traits(msgspec.Struct, frozen=True):
    """How a picture is, whatever it shows: means and spreads of its pixels (0 to 255)."""

    brightness: float
    contrast: float
    sharpness: float
    colour: float


def traits(image: Picture) -> Traits:
    """Traits of a picture (height x width x 3, blue, green, red), looked at with 128 pixels
    a side so that size alone changes little."""
    small = cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    plain = np.asarray(gray, np.float64)
    blue, green, red = (np.asarray(small[:, :, n], np.float64) for n in range(3))
    return Traits(
        brightness=float(plain.mean()),
        contrast=float(plain.std()),
        sharpness=float(np.asarray(cv2.Laplacian(gray, cv2.CV_64F)).var()),
        colour=float(np.hypot((red - green).std(), (0.5 * (red + green) - blue).std())),
    )


def cut_out(image: Picture, box: Box, margin: float) -> Picture:
    """A square around a box and its margin; beyond the picture its edge is repeated."""
    side = max(8, round(max(box.width, box.height) * (1 + 2 * margin)))
    left = round(box.x + box.width / 2 - side / 2)
    top = round(box.y + box.height / 2 - side / 2)
    height, width = image.shape[:2]
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    return np.ascontiguousarray(image[rows[:, None], columns])


def prepared(image: Picture, wanted: Input) -> NDArray[np.float32]:
    """One picture as a model reads it, without the axis of the batch."""
    shrinks = image.shape[0] >= wanted.height and image.shape[1] >= wanted.width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    sized = cv2.resize(image, (wanted.width, wanted.height), interpolation=way)
    if wanted.colour == "rgb":
        sized = cv2.cvtColor(sized, cv2.COLOR_BGR2RGB)
    # A byte has 256 values: looking each up is faster than arithmetic on every pixel.
    values = np.arange(256, dtype=np.float32)[:, None] * np.float32(wanted.scale)
    table = (values - np.array(wanted.mean, np.float32)) / np.array(wanted.std, np.float32)
    plain = cv2.LUT(sized, np.ascontiguousarray(table.reshape(1, 256, 3), np.float32))
    turned = plain.transpose(2, 0, 1) if wanted.layout == "nchw" else plain
    return np.ascontiguousarray(turned, np.float32)


class ForgeryModel:
    """A model of the registry, ready to run; may be shared between threads.

    Args:
        entry: what the registry says of it.
        raw: the bytes of its file.
        least_auc, measuring: see :func:`detect.media.registry.refusal`.

    Raises:
        RegistryError: it must not be used, or does not do what its entry says.
    """

    def __init__(
        self,
        entry: Entry,
        raw: bytes,
        *,
        least_auc: float = LEAST_AUC,
        measuring: bool = False,
    ) -> None:
        self.entry = entry
        problem = refusal(entry, raw, least_auc=least_auc, measuring=measuring)
        if problem is not None:
            raise RegistryError(f"model {entry.id!r} is not used: {problem}")
        self._session, problem = _opened(entry, raw)
        if problem is None:
            problem = self._constant()
        if problem is not None:
            raise RegistryError(f"model {entry.id!r} is not used: {problem}")

    @property
    def version(self) -> str:
        """Of the score: changes with the file and with how it is read."""
        return f"{self.entry.id}/{self.entry.sha256[:12]}"

    def scores(self, images: Sequence[Picture]) -> list[float]:
        """Calibrated probabilities, one for each picture or cut-out face."""
        chosen = self._raw([prepared(one, self.entry.input) for one in images])
        calibration = self.entry.calibration
        bounded = np.clip(chosen, 1e-6, 1 - 1e-6)
        logits = np.log(bounded / (1 - bounded)) * calibration.a + calibration.b
        return [round(float(one), 4) for one in 1 / (1 + np.exp(-np.clip(logits, -50, 50)))]

    def judge(self, image: Picture, face: Box | None = None, *, doubt: str = "") -> Forgery:
        """The band of a picture, or of a face in it.

        Args:
            image: height x width x 3 in the order blue, green, red.
            face: where it is; models of faces say nothing without one.
            doubt: why the picture itself is not to be trusted, such as that it is cut off.
        """
        entry = self.entry
        if entry.task == "face_forgery" and face is None:
            return Forgery(band="not_applicable", model=self.version, reasons=("no face",))
        shown = image if face is None else cut_out(image, face, entry.input.margin)
        (score,) = self.scores([shown])
        reasons = [*([doubt] if doubt else []), *outside(entry, shown, face)]
        return Forgery(
            band="inconclusive" if reasons else band(score, entry),
            score=score,
            model=self.version,
            reasons=tuple(reasons),
        )

    def _raw(self, batch: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        output = self.entry.output
        (found,) = self._session.run({self.entry.input.name: np.stack(batch)}, [output.name])
        rows = np.asarray(found, np.float64).reshape(len(batch), -1)
        if output.activation == "softmax":
            rows = np.exp(rows - rows.max(axis=1, keepdims=True))
            rows /= rows.sum(axis=1, keepdims=True)
        chosen = rows[:, output.index]
        if output.activation == "sigmoid":
            chosen = 1 / (1 + np.exp(-np.clip(chosen, -50, 50)))
        return np.asarray(np.nan_to_num(chosen, nan=0.5), np.float64)

    def _constant(self) -> str | None:
        """Whether patterns that differ in everything get the same number."""
        wanted = self.entry.input
        try:
            found = [float(self._raw([prepared(one, wanted)])[0]) for one in _patterns()]
        except (RuntimeError, ValueError, IndexError) as error:
            return f"it cannot be run: {error}"
        except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no other base
            return f"it cannot be run: {error}"
        if max(found) > 1 or min(found) < 0:
            return "what it gives is no probability: its activation must be told"
        if max(found) - min(found) < LEAST_SPREAD:
            return "it gives nearly the same number whatever it is shown"
        return None


class Stretch(msgspec.Struct, frozen=True):
    """Part of a clip that looks forged: begin and end in ms, and its highest score."""

    at_ms: int
    until_ms: int
    score: float


def over_time(
    seen: Sequence[tuple[int, int, Forgery]], entry: Entry
) -> tuple[Forgery, tuple[Stretch, ...]]:
    """The band of a clip from those of its pictures, and the parts that look forged.

    The score is the mean logit of the pictures that count, so that one odd picture decides
    nothing; pictures behind a gate do not count.

    Args:
        seen: begin and end in ms and the judgement of each picture, in the order of time.
        entry: of the model that judged.
    """
    counted = [one for one in seen if one[2].score is not None and not one[2].reasons]
    if not counted:
        applies = any(one.band != "not_applicable" for _, _, one in seen)
        reason = "no picture of it can be judged" if applies else "no face"
        return Forgery(
            band="inconclusive" if applies else "not_applicable", reasons=(reason,)
        ), ()
    scores = np.clip([one.score or 0.0 for _, _, one in counted], 1e-6, 1 - 1e-6)
    logit = float(np.log(scores / (1 - scores)).mean())
    score = round(1 / (1 + float(np.exp(-logit))), 4)
    stretches: list[Stretch] = []
    for at, until, one in counted:
        value = one.score or 0.0
        if value < entry.thresholds.likely:
            continue
        if stretches and stretches[-1].until_ms == at:
            last = stretches.pop()
            stretches.append(Stretch(last.at_ms, until, max(last.score, value)))
        else:
            stretches.append(Stretch(at, until, value))
    whole = Forgery(band=band(score, entry), score=score, model=counted[0][2].model)
    return whole, tuple(stretches)


def band(score: float, entry: Entry) -> Band:
    """The band of a calibrated score."""
    if score >= entry.thresholds.likely:
        return "likely"
    return "unlikely" if score <= entry.thresholds.unlikely else "inconclusive"


def outside(entry: Entry, shown: Picture, face: Box | None) -> list[str]:
    """In what a picture differs from all that the model was measured on."""
    domain = entry.domain
    reasons: list[str] = []
    if face is not None and min(face.width, face.height) < domain.face:
        reasons.append(f"the face is smaller than {domain.face} pixels")
    seen = traits(shown)
    for name in ("brightness", "contrast", "sharpness", "colour"):
        low, high = getattr(domain, name)
        if not low <= getattr(seen, name) <= high:
            reasons.append(f"{name} unlike the pictures that the model was measured on")
    return reasons


def _opened(entry: Entry, raw: bytes) -> tuple[Session, str | None]:
    try:
        session = Session(raw)
    except ValueError as error:
        raise RegistryError(f"model {entry.id!r} is not used: {error}") from None
    wanted, output = entry.input, entry.output
    takes, gives = session.inputs, session.outputs
    if set(takes) != {wanted.name}:
        return session, f"it takes {', '.join(sorted(takes))}, the entry says {wanted.name}"
    if output.name not in gives:
        return session, f"it gives {', '.join(sorted(gives))}, the entry says {output.name}"
    kind, shape = takes[wanted.name]
    size = (wanted.height, wanted.width)
    expected = (3, *size) if wanted.layout == "nchw" else (*size, 3)
    agrees = len(shape) == _AXES and all(
        not isinstance(has, int) or has == says
        for has, says in zip(shape[1:], expected, strict=True)
    )
    if kind != _NUMBERS or not agrees:
        return session, f"it takes {kind} of {shape}, the entry says {expected}"
    width = gives[output.name][1][-1] if gives[output.name][1] else 1
    if isinstance(width, int) and output.index >= width:
        return (
            session,
            f"its output has {width} numbers, the entry asks for number {output.index}",
        )
    return session, None


def _patterns() -> list[Picture]:
    """Pictures that share nothing: flat, sloping, striped, speckled, of all colours."""
    rng = np.random.default_rng(20_261_125)
    y, x = np.mgrid[0:160, 0:160]
    found: list[Picture] = []
    for number in range(_PROBES):
        base = rng.integers(0, 256, 3)
        wave = 127 * np.sin((x * (number % 3) + y * (number % 4)) * (0.02 + 0.08 * number))
        speckle = rng.normal(0, 12 * (number % 4), (160, 160, 3))
        found.append(np.clip(base + wave[:, :, None] + speckle, 0, 255).astype(np.uint8))
    return found
