"""How well scores tell forged from real: AUC, hits at few false alarms, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BINS = 15
RESAMPLES = 1_000
COVERAGES = (1.0, 0.9, 0.8, 0.6, 0.4, 0.2)
_SEED = 20_261_125


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on labelled pictures; intervals are 95 %, by resampling both kinds.

    ``coverage_risk`` holds pairs: the share of pictures judged, the surest first, and the
    share of errors among them at a score of one half.
    """

    real: int
    forged: int
    auc: float
    auc_low: float
    auc_high: float
    tpr_at_1_fpr: float
    ece: float
    coverage_risk: tuple[tuple[float, float], ...]


def measured(real: Sequence[float], forged: Sequence[float]) -> Measured:
    """Measure the scores of real and of forged pictures.

    Raises:
        ValueError: there are none of one kind.
    """
    if not real or not forged:
        raise ValueError("there must be real and forged pictures")
    a, b = np.array(real, np.float64), np.array(forged, np.float64)
    rng = np.random.default_rng(_SEED)
    values = [auc(rng.choice(a, len(a)), rng.choice(b, len(b))) for _ in range(RESAMPLES)]
    low, high = np.quantile(values, [0.025, 0.975])
    found = auc(a, b)
    return Measured(
        real=len(a),
        forged=len(b),
        auc=round(found, 4),
        auc_low=round(min(float(low), found), 4),
        auc_high=round(max(float(high), found), 4),
        tpr_at_1_fpr=round(hits_at(a, b, 0.01), 4),
        ece=round(calibration_error(a, b), 4),
        coverage_risk=_coverage_risk(a, b),
    )


def auc(real: Numbers, forged: Numbers) -> float:
    """How often a forged picture has the higher score, ties counted half."""
    ordered = np.sort(real)
    below = np.searchsorted(ordered, forged, side="left")
    upto = np.searchsorted(ordered, forged, side="right")
    return float((below + upto).sum() / (2 * len(real) * len(forged)))


def hits_at(real: Numbers, forged: Numbers, share: float) -> float:
    """Share of forged pictures above the score that this share of real ones may pass."""
    return float((forged > np.quantile(real, 1 - share, method="higher")).mean())


def calibration_error(real: Numbers, forged: Numbers) -> float:
    """Mean distance of score and truth over bins of equally many pictures."""
    scores, truth = _joined(real, forged)
    # Equal scores in no order, or their kinds would fall into different bins.
    mixed = np.random.default_rng(_SEED).permutation(len(scores))
    order = mixed[np.argsort(scores[mixed], kind="stable")]
    parts = [one for one in np.array_split(order, BINS) if len(one)]
    apart = [abs(scores[one].mean() - truth[one].mean()) * len(one) for one in parts]
    return float(sum(apart) / len(scores))


def _coverage_risk(real: Numbers, forged: Numbers) -> tuple[tuple[float, float], ...]:
    scores, truth = _joined(real, forged)
    surest = np.argsort(-np.abs(scores - 0.5), kind="stable")
    wrong = ((scores >= 0.5) != (truth > 0))[surest]  # noqa: PLR2004 - one half
    counts = [max(1, round(share * len(scores))) for share in COVERAGES]
    return tuple(
        (share, round(float(wrong[:count].mean()), 4))
        for share, count in zip(COVERAGES, counts, strict=True)
    )


def _joined(real: Numbers, forged: Numbers) -> tuple[Numbers, Numbers]:
    return (
        np.concatenate([real, forged]),
        np.concatenate([np.zeros(len(real)), np.ones(len(forged))]),
    )
