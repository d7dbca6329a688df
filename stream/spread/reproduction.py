"""How many posts each post brought, over time: the reproduction number of a narrative.

After Wallinga and Teunis (2004). Where a post says what it passes on, that post brought
it. A copy without such a reference was brought by one of the earlier posts, by each with
a chance in proportion to the density of the generation time at the time between the two,
or began by itself, at a rate of one in ``OWN_BEGINNING_MS``. The generation time is a
mixture of exponentials of fixed scales; its weights come from the references that are
known, and from equal weights where few are. Because of that form everything is exact in
time proportional to the number of posts, without any pair of posts being looked at.
Posts of the last hours will bring more than they did so far: they are raised by the
share of their posts that can be here by now (Cauchemez et al. 2006), or left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

MINUTE_MS = 60_000
SCALES_MS = (
    MINUTE_MS,
    10 * MINUTE_MS,
    60 * MINUTE_MS,
    6 * 60 * MINUTE_MS,
    24 * 60 * MINUTE_MS,
)
"""Means of the exponentials that the generation time is mixed of."""
PRIOR = 4.0
"""References that each scale has before any is seen."""
ROUNDS = 30
MOST_LAGS = 20_000
OWN_BEGINNING_MS = 7 * 24 * 60 * MINUTE_MS
SEEN_ENOUGH = 0.5
"""Share of what posts bring that must be able to be here, for a number to be told."""

Floats = npt.NDArray[np.float64]


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """How long it takes from a post to the posts it brings.

    ``weights`` belong to ``SCALES_MS``; ``references`` is on how many known ones they rest.
    """

    weights: tuple[float, ...]
    references: int

    def arrived(self, passed_ms: Floats) -> Floats:
        """Share of what a post brings that is here after so many milliseconds."""
        ages = np.maximum(passed_ms, 0.0)[:, None] / np.array(SCALES_MS, dtype=np.float64)
        shares: Floats = (1 - np.exp(-ages)) @ np.array(self.weights)
        return shares

    @property
    def median_ms(self) -> int:
        """Half of what a post brings is here after so many milliseconds."""
        low, high = 0.0, 50.0 * SCALES_MS[-1]
        while high - low > 1:
            middle = (low + high) / 2
            if float(self.arrived(np.array([middle]))[0]) < 0.5:  # noqa: PLR2004 - half
                low = middle
            else:
                high = middle
        return round(high)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Posts from ``at`` until the next step, and how many each of them brought.

    ``number`` is None without posts, or while too little of it can be here.
    """

    at: int
    posts: int
    number: float | None


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What each post brought, in the order of the posts that were given.

    ``direct``: how many posts, those it is named by for sure and copies by their chance.
    ``own``: the chance that a post began by itself.
    """

    direct: Floats
    own: Floats


def generation_of(lags_ms: Sequence[int]) -> Generation:
    """The generation time, from the times between posts and what they refer to."""
    known = np.array([lag for lag in lags_ms if lag > 0][:MOST_LAGS], dtype=np.float64)
    scales = np.array(SCALES_MS, dtype=np.float64)
    weights = np.full(len(scales), 1 / len(scales))
    if len(known):
        density = np.exp(-known[:, None] / scales) / scales
        for _ in range(ROUNDS):
            parts = density * weights
            total = parts.sum(axis=1, keepdims=True)
            # Beyond every scale all densities are zero: such a time is of the longest one.
            parts = np.where(total > 0, parts / np.where(total > 0, total, 1), 0.0)
            parts[total[:, 0] <= 0, -1] = 1.0
            weights = parts.sum(axis=0) + PRIOR
            weights = weights / weights.sum()
    return Generation(weights=tuple(float(one) for one in weights), references=len(known))


def brought(
    times: Sequence[int], parents: Sequence[int | None], generation: Generation
) -> Brought:
    """How many posts each post brought.

    Args:
        times: event time of each post, milliseconds, in any order.
        parents: place of the post that it refers to, ``OUTSIDE`` where that is not
            among them, None for a copy without any reference.
        generation: from :func:`generation_of`.
    """
    at = np.array(times, dtype=np.int64)
    linked = np.array([one is not None for one in parents], dtype=bool)
    moments, which = np.unique(at, return_inverse=True)
    posts = np.bincount(which, minlength=len(moments)).astype(np.float64)
    copies = np.bincount(which[~linked], minlength=len(moments)).astype(np.float64)
    rates = np.array(generation.weights) / np.array(SCALES_MS, dtype=np.float64)
    fading = np.exp(-np.diff(moments)[:, None] / np.array(SCALES_MS, dtype=np.float64))
    pressure = 1 / OWN_BEGINNING_MS + _before(posts, fading) @ rates
    by_copies = _after(copies / pressure, fading) @ rates
    direct = by_copies[which]
    known = [one for one in parents if one is not None and one >= 0]
    direct += np.bincount(np.array(known, dtype=np.int64), minlength=len(at))
    own = np.where(linked, 0.0, (1 / OWN_BEGINNING_MS) / pressure[which])
    return Brought(direct=direct, own=own)


OUTSIDE = -1


def _before(counts: Floats, fading: Floats) -> Floats:
    """For each moment and scale, the posts of earlier moments, faded."""
    found = np.zeros((len(counts), len(SCALES_MS)))
    for i in range(1, len(counts)):
        found[i] = (found[i - 1] + counts[i - 1]) * fading[i - 1]
    return found


def _after(counts: Floats, fading: Floats) -> Floats:
    """For each moment and scale, what came at later moments, faded."""
    found = np.zeros((len(counts), len(SCALES_MS)))
    for i in range(len(counts) - 2, -1, -1):
        found[i] = (found[i + 1] + counts[i + 1]) * fading[i]
    return found


def over_time(
    times: Sequence[int],
    found: Brought,
    generation: Generation,
    *,
    since: int,
    until: int,
    step_ms: int,
    now: int,
) -> tuple[Step, ...]:
    """The mean of what posts brought, by the time they were posted.

    Args:
        now: event time up to which everything is here.
    """
    at = np.array(times, dtype=np.int64)
    steps = max(1, -(-(until - since) // step_ms))
    inside = (at >= since) & (at < until)
    place = (at[inside] - since) // step_ms
    posts = np.bincount(place, minlength=steps)
    direct = np.bincount(place, weights=found.direct[inside], minlength=steps)
    arrived = generation.arrived((now - at[inside]).astype(np.float64))
    able = np.bincount(place, weights=arrived, minlength=steps)
    return tuple(
        Step(
            at=since + i * step_ms,
            posts=int(posts[i]),
            number=_number(float(direct[i]), float(able[i]), int(posts[i])),
        )
        for i in range(steps)
    )


def _number(direct: float, able: float, posts: int) -> float | None:
    if not posts or able < SEEN_ENOUGH * posts:
        return None
    number = direct / able
    return round(number, 4) if math.isfinite(number) else None
