"""What is usual for a subject by hour of the week, from as little as five posts a month.

Not the baseline of ``stream/bursts/baseline.py``: that one expects *accounts on one
text* inside the pipeline and learns post by post; this one expects *posts of a
subject in an hour* and is made from counts when somebody looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

HOUR_MS = 3_600_000
WEEK = 168
KST_HOURS = 9
EPOCH_WEEKDAY_HOURS = 72
"""1970-01-01 was a Thursday; the week here begins on Monday 00:00 in Seoul."""
CELL_PRIOR = 4.0
MARGIN_PRIOR = 12.0
PHI_PRIOR = 0.25
PHI_WEIGHT = 5.0
PHI_MOST = 2.0
TRIM_SD = 4.0
PASSES = 3
FIRST_CAP = 4.0
LEAST_CAP = 4.0
LEAST_WEEKS = 3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Expected posts by hour of the week (Monday 00:00 KST first), and their scatter.

    ``shapes`` are those of negative binomials: variance = rate + rate**2 / shape.
    ``hours`` is on how many whole hours it rests, ``posts`` on how many posts.
    """

    rates: tuple[float, ...]
    shapes: tuple[float, ...]
    hours: int
    posts: float

    def at(self, when: int) -> tuple[float, float]:
        """Rate and shape of the hour that holds this time (milliseconds UTC)."""
        cell = cell_of(when)
        return self.rates[cell], self.shapes[cell]

    def over(self, since: int, hours: int) -> tuple[Floats, Floats]:
        """Rates and shapes of so many hours, the first of which holds ``since``."""
        cells = (np.arange(hours) + cell_of(since)) % WEEK
        return np.asarray(self.rates)[cells], np.asarray(self.shapes)[cells]


def cell_of(when: int) -> int:
    """Hour of the week in Seoul, 0 to 167; Seoul keeps no summer time."""
    return (when // HOUR_MS + KST_HOURS + EPOCH_WEEKDAY_HOURS) % WEEK


def fit(since: int, counts: Sequence[int], masked: Sequence[bool]) -> Baseline:
    """The baseline that hourly ``counts`` from ``since`` (a whole hour) on teach.

    Hours that are ``masked`` say nothing. A cell is a Gamma-Poisson mean (Gelman
    et al., "Bayesian Data Analysis", 2.6) drawn towards weekday times hour of day
    times the overall rate, each shrunk in the same way, so that a subject with five
    posts a month gets its plain average and one with a million its own rhythm.
    Earlier bursts are winsorised at four standard deviations and the fit is made
    again. The scatter is that of moments (Bliss and Fisher 1953) with a prior, plus
    how uncertain the cell itself is.
    """
    keep = ~np.asarray(masked, dtype=bool)
    seen: Floats = np.asarray(counts, dtype=np.float64)[keep]
    cells = (np.arange(len(counts)) + cell_of(since))[keep] % WEEK
    trimmed = np.minimum(seen, _first_cap(seen, cells))
    rates: Floats = np.full(WEEK, 0.5 / max(len(seen), 1))
    phi = PHI_PRIOR
    weights: Floats = np.full(WEEK, CELL_PRIOR)
    hours = np.bincount(cells, minlength=WEEK)
    for _ in range(PASSES if len(seen) else 0):
        rates, weights = _rates(trimmed, cells)
        expected = rates[cells]
        weighed = CELL_PRIOR / rates + hours
        phi = _scatter(trimmed, expected, (hours >= LEAST_WEEKS)[cells] / weighed[cells])
        cap = expected + TRIM_SD * np.sqrt(expected + phi * expected**2) + 1.0
        trimmed = np.minimum(seen, cap)
    shapes = 1.0 / (phi + 1.0 / weights + phi / (hours + 1.0))
    return Baseline(
        rates=tuple(float(one) for one in rates),
        shapes=tuple(float(one) for one in shapes),
        hours=len(seen),
        posts=float(seen.sum()),
    )


def _first_cap(counts: Floats, cells: npt.NDArray[Any]) -> Floats:
    """A generous limit from medians, which a few bursts do not move."""
    hours = np.bincount(cells, minlength=WEEK)
    # One or two weeks cannot tell a burst from a rhythm; the hours of other days can.
    daily = np.tile(_medians(counts, cells % 24, 24), WEEK // 24)
    middle = np.where(hours < LEAST_WEEKS, daily, _medians(counts, cells, WEEK))
    cap: Floats = FIRST_CAP * np.maximum(middle, middle.mean())[cells] + LEAST_CAP
    return cap


def _medians(counts: Floats, group: npt.NDArray[Any], groups: int) -> Floats:
    """The median of each group, 0 for one without any."""
    ordered = np.append(counts[np.lexsort((counts, group))], 0.0)
    size = np.bincount(group, minlength=groups)
    first = np.cumsum(size) - size
    low, high = first + np.maximum(size - 1, 0) // 2, first + size // 2
    return np.where(size > 0, (ordered[low] + ordered[high]) / 2, 0.0)


def _rates(counts: Floats, cells: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    overall = (counts.sum() + 0.5) / (len(counts) + 1.0)
    base: Floats = np.full(WEEK, overall)
    for group in (np.arange(WEEK) % 24, np.arange(WEEK) // 24):
        size = int(group.max()) + 1
        seen = np.bincount(group[cells], counts, size)
        expected = np.bincount(group[cells], base[cells], size)
        base = base * ((seen + MARGIN_PRIOR) / (expected + MARGIN_PRIOR))[group]
    total = np.bincount(cells, counts, WEEK)
    hours = np.bincount(cells, minlength=WEEK)
    # A cell seen once or twice would take what it is judged by for its own habit.
    known = hours >= LEAST_WEEKS
    total, hours = total * known, hours * known
    weights: Floats = CELL_PRIOR + total.astype(np.float64)
    rates: Floats = weights / (CELL_PRIOR / base + hours)
    return rates, weights


def _scatter(counts: Floats, expected: Floats, own: Floats) -> float:
    """Squares over those of Poisson; ``own`` is an hour's weight in what is expected of it.

    Without it, counts would seem to scatter less than they do: each draws its own
    expectation towards itself, by an eighth where eight weeks teach.
    """
    squares = (counts - expected) ** 2 / (1.0 - own)
    excess = float((squares - expected).sum()) + PHI_WEIGHT * PHI_PRIOR
    phi = excess / (float((expected**2).sum()) + PHI_WEIGHT)
    return min(max(phi, 0.002), PHI_MOST)
