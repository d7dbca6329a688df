"""Tail of the negative binomial, false discovery control and ratios of counts."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, lgamma, log, log1p, sqrt

MAX_STEPS = 10_000
TINY = 1e-300
HALF = 0.5
LARGE = 1000.0
CLOSE = 1e-12
Z95 = 1.959964


def tail(count: int, mean: float, shape: float) -> float:
    """Chance of ``count`` or more when a negative binomial has this mean and shape.

    Variance is ``mean + mean**2 / shape``. Exact, as the regularised incomplete
    beta function I_p(count, shape) with p = mean / (mean + shape): Abramowitz and
    Stegun 26.5.26, by the continued fraction 26.5.8 in Lentz's form.
    """
    if count <= 0:
        return 1.0
    chance, rest = mean / (mean + shape), shape / (mean + shape)
    return _incomplete_beta(float(count), shape, chance, rest) if chance > 0 else 0.0


def discoveries(p_values: Sequence[float], rate: float) -> list[bool]:
    """Which to believe so that at most ``rate`` of them are false on average.

    Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    limit = 0.0
    for rank, p in enumerate(sorted(p_values), 1):
        if p <= rate * rank / len(p_values):
            limit = p
    return [p <= limit and limit > 0 for p in p_values]


def ratio_interval(
    now: float, before: float, *, exposure: float = 1.0, dispersion: float = 1.0
) -> tuple[float, float, float]:
    """How many times ``before`` the rate ``now`` is, with its 95 % interval.

    ``exposure`` is the length of now over that of before. Half a post is added to
    both counts (Haldane 1940, Anscombe 1956), so that none divides by nothing;
    ``dispersion`` widens the interval for counts that scatter more than Poisson.
    """
    value = (now + 0.5) / (before + 0.5) / exposure
    width = Z95 * sqrt(dispersion * (1 / (now + 0.5) + 1 / (before + 0.5)))
    return value, value * exp(-width), value * exp(min(width, 700.0))


def _incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b); ``y`` is 1 - x, which loses its digits when it is taken from x near 1."""
    if y <= 0.0:
        return 1.0
    log_front = _log_ratio(max(a, b), min(a, b)) - lgamma(min(a, b))
    log_front += a * (log(x) if x < HALF else log1p(-y)) + b * (
        log(y) if y < HALF else log1p(-x)
    )
    front = exp(log_front) if log_front > -inf else 0.0
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _fraction(a, b, x) / a)
    return max(0.0, 1.0 - front * _fraction(b, a, y) / b)


def _log_ratio(a: float, b: float) -> float:
    """lgamma(a + b) - lgamma(a), which are alike to many digits when ``a`` is large.

    By Stirling's series (Abramowitz and Stegun 6.1.41), whose large terms then cancel by hand.
    """
    if a < LARGE:
        return lgamma(a + b) - lgamma(a)
    return (a + b - 0.5) * log1p(b / a) + b * (log(a) - 1) + _stirling(a + b) - _stirling(a)


def _stirling(x: float) -> float:
    return (1 - 1 / (30 * x * x)) / (12 * x)


def _fraction(a: float, b: float, x: float) -> float:
    c = 1.0
    d = 1.0 / _away(1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, MAX_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            d = 1.0 / _away(1.0 + term * d)
            c = _away(1.0 + term / c)
            step = c * d
            value *= step
        if abs(step - 1.0) < CLOSE:
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > TINY else TINY
