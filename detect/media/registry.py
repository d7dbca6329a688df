"""The registry of forgery models (``models.toml``): what must be known of one before it runs.

Anybody's ONNX file may be named here, and none is believed for its name: the entry says which
file exactly, whose, under which licence, how pixels go in and a number comes out, and what
was measured of it on labelled pictures. What is missing or too weak is refused.
"""

from __future__ import annotations

import hashlib
import tomllib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Task = Literal["face_forgery", "ai_image"]
"""``face_forgery`` looks at one face, ``ai_image`` at the whole picture."""

LEAST_AUC = 0.7
"""Lower end of the measured interval of the AUC below which a model says too little."""

LEAST_LABELLED = 100
"""Labelled pictures of each kind below which nothing counts as measured."""

_Share = Annotated[float, Meta(ge=0.0, le=1.0)]
_Side = Annotated[int, Meta(ge=16, le=1024)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Three = tuple[float, float, float]


_NO_LICENCE = frozenset({"", "unknown", "none", "?"})


class RegistryError(Exception):
    """A model must not be used; the message says which and why."""


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How pixels go in: (value x ``scale`` - ``mean``) / ``std``, channel by channel.

    ``margin`` is how much of a face's box is added on each side before it is cut out.
    """

    name: _Name
    width: _Side
    height: _Side
    layout: Literal["nchw", "nhwc"] = "nchw"
    colour: Literal["rgb", "bgr"] = "rgb"
    scale: float = 1 / 255
    mean: _Three = (0.0, 0.0, 0.0)
    std: _Three = (1.0, 1.0, 1.0)
    margin: Annotated[float, Meta(ge=0.0, le=2.0)] = 0.3


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which number says "forged", and what makes a probability of it."""

    name: _Name
    index: Annotated[int, Meta(ge=0, le=1000)] = 0
    activation: Literal["none", "sigmoid", "softmax"] = "none"


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Platt's: the logit of the raw probability times ``a`` plus ``b``."""

    a: float = 1.0
    b: float = 0.0


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calibrated scores up to which a forgery is unlikely, and from which it is likely."""

    unlikely: _Share
    likely: _Share


class Domain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the model was measured on: outside of it, it says nothing.

    ``face`` is the least pixels of a face's shorter side; the others are lowest and highest
    values of :func:`detect.media.forgery.traits`.
    """

    face: Annotated[int, Meta(ge=0, le=1024)] = 80
    brightness: tuple[float, float] = (0.0, 255.0)
    contrast: tuple[float, float] = (0.0, 255.0)
    sharpness: tuple[float, float] = (0.0, 1e9)
    colour: tuple[float, float] = (0.0, 255.0)


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was measured, and on what: ``jikimi models eval`` writes it."""

    data: _Name
    real: Annotated[int, Meta(ge=0)]
    forged: Annotated[int, Meta(ge=0)]
    auc: _Share
    auc_low: _Share
    auc_high: _Share
    tpr_at_1_fpr: _Share
    ece: _Share
    limits: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model. ``file`` is relative to the registry."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    task: Task
    file: _Name
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    licence: _Name
    source: _Name
    input: Input
    output: Output
    thresholds: Thresholds
    card: Card
    calibration: Calibration = Calibration()
    domain: Domain = Domain()


class _Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[Entry, ...] = ()


def parse_registry(text: str) -> tuple[Entry, ...]:
    """The entries of a registry; whether they may be used is told by :func:`refusal`.

    Raises:
        RegistryError: this is no registry, or an entry lacks something or has too much.
    """
    try:
        tree = tomllib.loads(text)
        found = msgspec.convert(tree, _Registry)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RegistryError(f"models.toml: {error}") from None
    names = [one.id for one in found.models]
    for name in names:
        if names.count(name) > 1:
            raise RegistryError(f"models.toml: two models have the id {name!r}")
    return found.models


def is_licence(text: str) -> bool:
    """Whether this says under which licence something is, and not that nobody knows."""
    return text.strip().lower() not in _NO_LICENCE


def refusal(
    entry: Entry, raw: bytes, *, least_auc: float = LEAST_AUC, measuring: bool = False
) -> str | None:
    """Why a model must not be used by what its entry says of it; None if it may.

    Args:
        raw: the bytes of its file.
        least_auc: what the lower end of the measured AUC's interval must reach.
        measuring: whether its card is only now to be written, and not looked at.
    """
    card, given = entry.card, hashlib.sha256(raw).hexdigest()
    checks = (
        (given != entry.sha256, f"{entry.file} has another SHA-256 than its entry says"),
        (not is_licence(entry.licence), "its licence is not known"),
        (
            entry.thresholds.unlikely >= entry.thresholds.likely,
            "its threshold for unlikely is not below the one for likely",
        ),
        (
            min(card.real, card.forged) < LEAST_LABELLED,
            f"its card counts fewer than {LEAST_LABELLED} real or forged pictures",
        ),
        (
            not card.auc_low <= card.auc <= card.auc_high,
            "its card's AUC lies outside of its own interval",
        ),
        (
            card.auc_low < least_auc,
            f"its measured AUC may be {card.auc_low:.2f}, below the {least_auc:.2f} asked for",
        ),
    )
    asked = checks[:3] if measuring else checks
    return next((problem for wrong, problem in asked if wrong), None)
