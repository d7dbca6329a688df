"""Bursts against the baseline, and lasting changes of the level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import median

import numpy as np

from stream.trends.baseline import HOUR_MS, Baseline
from stream.trends.tails import discoveries, ratio_interval, tail

FALSE_RATE = 0.01
LEAST_POSTS = 3
DAY_HOURS = 24
LEAST_DAYS = 3
PENALTY = 3.0
BLOCK_DAYS = 4
WHOLE_DAY = 0.5
SPIKE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """Hours on end with far more posts than usual; ``chance`` is that of the rarest hour."""

    since: int
    until: int
    posts: int
    expected: float
    chance: float

    @property
    def ratio(self) -> float:
        """Posts over what was to be expected."""
        return self.posts / self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From ``at`` on the level is ``ratio`` times that before (95 %: ``low`` to ``high``).

    ``before`` and ``after`` are posts a day, with the rhythm of the week taken out.
    """

    at: int
    before: float
    after: float
    ratio: float
    low: float
    high: float


def surges(
    since: int, counts: Sequence[int], masked: Sequence[bool], usual: Baseline
) -> list[Surge]:
    """Stretches of hours whose counts the baseline cannot explain.

    Tail probabilities of all hours that are whole, with false discoveries held to
    1 % (``stream/trends/tails.py``); at least three posts in the hour.
    """
    rates, shapes = usual.over(since, len(counts))
    seen = np.asarray(counts)
    # Two standard deviations are far more likely than anything that is believed.
    near = np.maximum(rates + 2 * np.sqrt(rates + rates * rates / shapes), LEAST_POSTS)
    whole = np.flatnonzero(~np.asarray(masked, dtype=bool)).tolist()
    rare = seen >= near
    chances = [
        tail(counts[i], float(rates[i]), float(shapes[i])) if rare[i] else 1.0 for i in whole
    ]
    found: list[Surge] = []
    believed = discoveries(chances, FALSE_RATE)
    for i, chance, real in zip(whole, chances, believed, strict=True):
        if not real:
            continue
        at, expected = since + i * HOUR_MS, float(rates[i])
        if found and found[-1].until == at:
            last = found.pop()
            found.append(
                Surge(
                    since=last.since,
                    until=at + HOUR_MS,
                    posts=last.posts + counts[i],
                    expected=last.expected + expected,
                    chance=min(last.chance, chance),
                )
            )
        else:
            found.append(
                Surge(
                    since=at,
                    until=at + HOUR_MS,
                    posts=counts[i],
                    expected=expected,
                    chance=chance,
                )
            )
    return found


def changes(
    since: int, counts: Sequence[int], masked: Sequence[bool], usual: Baseline
) -> list[Change]:
    """Lasting changes of the level, found day by day.

    Exact optimal partitioning (Jackson et al. 2005, "An algorithm for optimal
    partitioning of data on an interval") of Poisson levels over the rhythm of the
    week, the cost divided by the scatter of neighbouring days and of neighbouring stretches
    of four days, whichever is larger: days follow each other, and a good week is no
    change of level. A segment lasts three whole days or more; single loud days are put
    to their neighbourhood first.
    """
    days = _days(since, counts, masked, usual)
    if len(days) < 2 * LEAST_DAYS:
        return []
    scatter = _dispersion(days)
    days = _calm(days, scatter)
    cuts = [0, *_partition(days, scatter), len(days)]
    found: list[Change] = []
    for left, middle, right in zip(cuts, cuts[1:], cuts[2:], strict=False):
        before = sum(y for _, y, _ in days[left:middle])
        after = sum(y for _, y, _ in days[middle:right])
        weight = [
            sum(e for _, _, e in part) for part in (days[left:middle], days[middle:right])
        ]
        ratio, low, high = ratio_interval(
            after, before, exposure=weight[1] / weight[0], dispersion=scatter
        )
        daily = sum(usual.rates) / 7
        found.append(
            Change(
                at=days[middle][0],
                before=before / weight[0] * daily,
                after=after / weight[1] * daily,
                ratio=ratio,
                low=low,
                high=high,
            )
        )
    return found


def _days(
    since: int, counts: Sequence[int], masked: Sequence[bool], usual: Baseline
) -> list[tuple[int, float, float]]:
    """Start, posts and exposure of days that are at least half whole."""
    size = len(counts) // DAY_HOURS
    shape = (size, DAY_HOURS)
    rates, _ = usual.over(since, size * DAY_HOURS)
    whole = ~np.asarray(masked[: size * DAY_HOURS], dtype=bool).reshape(shape)
    posts = (np.asarray(counts[: size * DAY_HOURS]).reshape(shape) * whole).sum(axis=1)
    exposure = (rates.reshape(shape) * whole).sum(axis=1)
    enough = whole.sum(axis=1) >= DAY_HOURS * WHOLE_DAY
    return [
        (since + day * DAY_HOURS * HOUR_MS, float(posts[day]), float(exposure[day]))
        for day in np.flatnonzero(enough).tolist()
    ]


def _calm(
    days: Sequence[tuple[int, float, float]], scatter: float
) -> list[tuple[int, float, float]]:
    """Single loud days put to the median around them (Hampel 1974); shifts stay."""
    levels = [y / e for _, y, e in days]
    calm: list[tuple[int, float, float]] = []
    for i, (at, posts, exposure) in enumerate(days):
        around = median(levels[max(i - 2, 0) : i + 3]) * exposure
        loud = posts > around + SPIKE * sqrt(scatter * (around + 1))
        calm.append((at, around if loud else posts, exposure))
    return calm


def _dispersion(days: Sequence[tuple[int, float, float]]) -> float:
    """Scatter of days over that of Poisson, at least 1."""
    return max(1.0, _spread(days, 1), _spread(days, BLOCK_DAYS))


def _spread(days: Sequence[tuple[int, float, float]], size: int) -> float:
    """Steps between stretches of so many days over those of Poisson.

    The largest tenth is left out: changes of level are steps too.
    """
    if len(days) < 2 * size:
        return 0.0
    window = np.ones(size)
    y = np.convolve([posts for _, posts, _ in days], window, "valid")
    e = np.convolve([exposure for _, _, exposure in days], window, "valid")
    y0, y1, e0, e1 = y[:-size], y[size:], e[:-size], e[size:]
    steps = np.sort((y1 / e1 - y0 / e0) ** 2 / ((y0 + y1 + 1) / (e0 + e1) * (1 / e0 + 1 / e1)))
    return 1.4 * float(steps[: max(1, len(steps) * 9 // 10)].mean())


def _partition(days: Sequence[tuple[int, float, float]], scatter: float) -> list[int]:
    posts = np.cumsum([0.0, *(y for _, y, _ in days)])
    exposure = np.cumsum([0.0, *(e for _, _, e in days)])
    penalty = PENALTY * log(len(days))
    best = np.full(len(days) + 1, np.inf)
    best[0] = -penalty
    previous = [0] * (len(days) + 1)
    for end in range(LEAST_DAYS, len(days) + 1):
        # Where a segment may begin; nothing ends after one or two days, so that costs no end.
        starts = slice(0, end - LEAST_DAYS + 1)
        y, e = posts[end] - posts[starts], exposure[end] - exposure[starts]
        cost = 2 * (y - y * np.log(np.maximum(y, 1e-9) / e)) / scatter
        options = best[starts] + cost + penalty
        chosen = int(np.argmin(options))
        best[end], previous[end] = options[chosen], chosen
    cuts: list[int] = []
    at = previous[len(days)]
    while at:
        cuts.append(at)
        at = previous[at]
    return cuts[::-1]
