"""What a trained model reaches, and its entry in the registry: calibration, bands, card."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from detect.media.measures import RESAMPLES, Measured, auc, calibration_error, hits_at, measured
from detect.media.registry import Calibration, Card, Domain, Entry, Thresholds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detect.media.forgery import Traits

    Numbers = NDArray[np.float64]

FALSE_ALARMS = 0.01
"""Share of real validation pictures that may be called likely forged."""

MISSED = 0.05
"""Share of forged validation pictures that may be called unlikely forged."""

LEAST_GROUPS = 10
"""People or scenes from which they are resampled, and not their photos."""

FACE = 80
"""Pixels of a face's shorter side below which nothing is learnt or said."""

_SEED = 20_261_126
_ROUNDS, _DONE = 60, 1e-9
_APART = 1e-4
_FAR = float(np.log((1 - 1e-6) / 1e-6))
"""Where logits end when a model is run."""

_TRIMMED = (0.002, 0.998)


class Span(msgspec.Struct, frozen=True):
    """A measured value and its interval of 95 %."""

    value: float
    low: float
    high: float


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on held-out pictures, one real and one forged of each photo.

    ``resampled`` says what the intervals were made of: groups of photos (people, scenes)
    where there are ten of them, else photos. ``false_alarms`` and ``found`` are shares of
    real and of forged pictures called likely, ``missed`` of forged ones called unlikely,
    ``open`` of all that are left inconclusive.
    """

    photos: int
    groups: int
    resampled: str
    auc: Span
    tpr_at_1_fpr: Span
    ece: Span
    false_alarms: Span
    found: Span
    missed: Span
    open: Span


def platt(logits: Sequence[float], forged: Sequence[bool]) -> Calibration:
    """Fit Platt's two numbers to a network's logits (Newton's method, his own targets).

    Raises:
        ValueError: there are none of one kind.
    """
    x = np.clip(np.array(logits, np.float64), -_FAR, _FAR)
    truth = np.array(forged, np.bool_)
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        raise ValueError("there must be real and forged pictures")
    # Never 0 or 1, or scores that part the kinds wholly would be made certain.
    target = np.where(truth, (positive + 1) / (positive + 2), 1 / (negative + 2))
    rows = np.stack([x, np.ones_like(x)])
    found = np.array([1.0, 0.0])
    for _ in range(_ROUNDS):
        now = 1 / (1 + np.exp(-np.clip(found @ rows, -50, 50)))
        slope = rows @ (now - target)
        bend = (rows * (now * (1 - now))) @ rows.T + 1e-6 * np.eye(2)
        step = np.clip(np.linalg.solve(bend, slope), -1.0, 1.0)
        found = found - step
        if float(np.abs(step).max()) < _DONE:
            break
    # A model that is worse than chance must not be turned round by its calibration.
    return Calibration(a=round(max(float(found[0]), 0.01), 6), b=round(float(found[1]), 6))


def calibrated(logits: Sequence[float], calibration: Calibration) -> list[float]:
    """Probabilities as :meth:`detect.media.forgery.ForgeryModel.scores` gives them."""
    bounded = np.clip(np.array(logits, np.float64), -_FAR, _FAR)
    moved = bounded * calibration.a + calibration.b
    return [round(float(one), 4) for one in 1 / (1 + np.exp(-np.clip(moved, -50, 50)))]


def thresholds(real: Sequence[float], forged: Sequence[float]) -> Thresholds:
    """Where the bands end, by calibrated scores of the validation set.

    ``likely`` begins above all but one in a hundred real pictures, ``unlikely`` ends below
    all but one in twenty forged ones; where these cross, the space between is inconclusive
    all the same. With fewer real pictures than a hundred, none may be above.
    """
    high = float(np.quantile(np.array(real), 1 - FALSE_ALARMS, method="higher")) + _APART
    low = float(np.quantile(np.array(forged), MISSED, method="lower")) - _APART
    low, high = min(low, high), max(low, high)
    likely = min(1.0, max(high, 2 * _APART))
    return Thresholds(
        unlikely=round(min(max(low, 0.0), likely - _APART), 4), likely=round(likely, 4)
    )


def domain(seen: Sequence[Traits]) -> Domain:
    """Ranges that nearly all pictures lie in which were learnt from and chosen by."""

    def span(name: str) -> tuple[float, float]:
        values = [float(getattr(one, name)) for one in seen]
        low, high = np.quantile(values, _TRIMMED)
        return round(float(low), 2), round(float(high), 2)

    return Domain(
        face=FACE,
        brightness=span("brightness"),
        contrast=span("contrast"),
        sharpness=span("sharpness"),
        colour=span("colour"),
    )


def reached(
    real: Sequence[float], forged: Sequence[float], groups: Sequence[int], bands: Thresholds
) -> tuple[Measured, Reached]:
    """Measure calibrated scores of held-out pictures.

    Args:
        real, forged: of each photo one, in the same order.
        groups: of which group each photo is.

    Raises:
        ValueError: there are none.
    """
    whole = measured(real, forged)
    a, b = np.array(real, np.float64), np.array(forged, np.float64)
    places = {group: np.flatnonzero(np.array(groups) == group) for group in sorted(set(groups))}
    by_group = len(places) >= LEAST_GROUPS
    each = np.arange(len(a)).reshape(-1, 1)
    units: list[NDArray[np.int64]] = list(places.values()) if by_group else list(each)
    rng = np.random.default_rng(_SEED)
    chosen = rng.integers(0, len(units), (RESAMPLES, len(units))).tolist()
    drawn = [_joined(units, row) for row in chosen]

    def span(measure: Callable[[Numbers, Numbers], float]) -> Span:
        value = measure(a, b)
        low, high = np.quantile([measure(a[one], b[one]) for one in drawn], [0.025, 0.975])
        ends = min(float(low), value), max(float(high), value)
        return Span(round(value, 4), round(ends[0], 4), round(ends[1], 4))

    def between(x: Numbers) -> NDArray[np.bool_]:
        return (x > bands.unlikely) & (x < bands.likely)

    found = Reached(
        photos=len(a),
        groups=len(places),
        resampled="groups" if by_group else "photos",
        auc=span(auc),
        tpr_at_1_fpr=span(lambda x, y: hits_at(x, y, 0.01)),
        ece=span(calibration_error),
        false_alarms=span(lambda x, _: float((x >= bands.likely).mean())),
        found=span(lambda _, y: float((y >= bands.likely).mean())),
        missed=span(lambda _, y: float((y <= bands.unlikely).mean())),
        open=span(lambda x, y: float(np.concatenate([between(x), between(y)]).mean())),
    )
    return whole, found


def _joined(units: Sequence[NDArray[np.int64]], row: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([units[one] for one in row])


def card(whole: Measured, found: Reached, data: str) -> Card:
    """The card of an entry; what its fields have no room for stands in ``limits``."""

    def told(one: Span) -> str:
        return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"

    return Card(
        data=data,
        real=whole.real,
        forged=whole.forged,
        auc=found.auc.value,
        auc_low=found.auc.low,
        auc_high=found.auc.high,
        tpr_at_1_fpr=found.tpr_at_1_fpr.value,
        ece=found.ece.value,
        limits=(
            f"Measured on self-blended images of {found.photos} held-out photos from "
            f"{found.groups} people or scenes, half of the pictures forged; on no forgery made "
            "in another way. Where forgeries are rarer, more of the alarms are false. "
            f"TPR at 1 % FPR {told(found.tpr_at_1_fpr)}; ECE {told(found.ece)}; called likely: "
            f"{told(found.false_alarms)} of the real and {told(found.found)} of the forged; "
            f"called unlikely: {told(found.missed)} of the forged; inconclusive: "
            f"{told(found.open)} of all. Intervals of 95 % over {found.resampled}."
        ),
    )


def as_toml(entry: Entry) -> str:
    """An entry as it stands in ``models.toml``."""
    plain = ("id", "task", "file", "sha256", "licence", "source")
    lines = ["[[models]]", *(f"{name} = {_value(getattr(entry, name))}" for name in plain)]
    for name in ("input", "output", "thresholds", "calibration", "domain"):
        fields = msgspec.structs.asdict(getattr(entry, name)).items()
        inside = ", ".join(f"{key} = {_value(value)}" for key, value in fields)
        lines.append(f"{name} = {{ {inside} }}")
    return "\n".join(lines) + "\n" + card_as_toml(entry.card)


def card_as_toml(made: Card) -> str:
    """A card as it stands at the end of an entry."""
    fields = msgspec.structs.asdict(made).items()
    lines = ["[models.card]", *(f"{key} = {_value(value)}" for key, value in fields)]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, str):
        # What JSON escapes, TOML reads alike; only DEL it leaves and TOML forbids.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(list(value)) if isinstance(value, tuple) else repr(value)  # pyright: ignore[reportUnknownArgumentType]
