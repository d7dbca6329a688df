"""Average precision and bootstrap intervals, with ties and absences treated alike for all."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import TypeVar

import msgspec

T = TypeVar("T")

RESAMPLES = 1000
_LOW, _HIGH = 0.025, 0.975
_Z = 1.959964


class Interval(msgspec.Struct, frozen=True):
    """A figure and where it lies in 95 of 100 cases; None where nothing was measured."""

    value: float | None
    low: float | None = None
    high: float | None = None


def average_precision(
    scores: Mapping[str, float], positives: Collection[str], everybody: int
) -> float:
    """Area under precision over recall, stepwise; equal scores count as one step.

    Args:
        scores: by account; whoever is missing ranks last, all together.
        positives: who should rank high; at least one.
        everybody: how many accounts there are.
    """
    wanted = set(positives)
    by_score: dict[float, tuple[int, int]] = {}
    for key, value in scores.items():
        good, seen = by_score.get(value, (0, 0))
        by_score[value] = good + (key in wanted), seen + 1
    steps = [by_score[value] for value in sorted(by_score, reverse=True)]
    absent = len(wanted) - sum(good for good, _ in steps)
    steps.append((absent, max(absent, everybody - len(scores))))
    area, hits, seen = 0.0, 0, 0
    for good, size in steps:
        hits, seen = hits + good, seen + size
        if good:
            area += good / len(wanted) * hits / seen
    return area


def bootstrap(
    streams: Sequence[T], figure: Callable[[Sequence[T]], float | None], *, seed: int = 7
) -> Interval:
    """The figure over the streams, with an interval from resampling whole streams."""
    value = figure(streams) if streams else None
    if value is None or len(streams) == 1:
        return Interval(value)
    rng = Random(seed)  # noqa: S311 - statistics, no secret
    found: list[float] = []
    for _ in range(RESAMPLES):
        one = figure(rng.choices(streams, k=len(streams)))
        if one is not None:
            found.append(one)
    found.sort()
    last = len(found) - 1
    return Interval(value, found[round(_LOW * last)], found[round(_HIGH * last)])


def wilson(hits: int, total: int) -> Interval:
    """A share of independent cases with its 95 % interval (Wilson 1927)."""
    if not total:
        return Interval(None)
    share = hits / total
    middle = share + _Z**2 / (2 * total)
    half = _Z * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    scale = 1 + _Z**2 / total
    return Interval(share, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))
