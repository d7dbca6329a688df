"""Figures for `make eval-harm`: macro-F1 with bootstrap intervals, calibration error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ROUNDS = 1000
BINS = 15


def macro_f1(truth: NDArray[np.int64], named: NDArray[np.int64], classes: int) -> float:
    """Mean F1 of the classes."""
    return float(np.mean([f1(truth == one, named == one) for one in range(classes)]))


def f1(truth: NDArray[np.bool_], named: NDArray[np.bool_]) -> float:
    """F1 of one class; 0 where it is nowhere."""
    both = int((truth & named).sum())
    total = int(truth.sum() + named.sum())
    return 2 * both / total if total else 0.0


def precision_recall(truth: NDArray[np.bool_], named: NDArray[np.bool_]) -> tuple[float, float]:
    """Precision and recall; 0 where nothing was named or nothing is there."""
    both = int((truth & named).sum())
    return both / max(int(named.sum()), 1), both / max(int(truth.sum()), 1)


def interval(figure, size: int, *, seed: int = 11) -> tuple[float, float]:
    """The middle 95 % of a figure over resampled rows; ``figure`` takes row numbers."""
    random = np.random.default_rng(seed)
    values = [figure(random.integers(0, size, size)) for _ in range(ROUNDS)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def calibration_error(said: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over equal bins (Naeini et al. 2015)."""
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    error = 0.0
    for one in range(BINS):
        here = place == one
        if here.any():
            error += here.mean() * abs(said[here].mean() - right[here].mean())
    return float(error)


def per_language(languages: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Row numbers by language."""
    return {
        language: np.array([i for i, one in enumerate(languages) if one == language])
        for language in dict.fromkeys(languages)
    }
