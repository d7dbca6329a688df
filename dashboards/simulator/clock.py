"""When people are awake: activity by hour of the day where they live."""

from __future__ import annotations

import math
from collections.abc import Callable

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
KOREA_MS = 9 * HOUR_MS

# fmt: off
_DAY = (
    7, 4, 2, 1.2, 1, 1.2, 2.5, 5, 7, 6.5, 6, 6.5,
    9, 8, 6.5, 6.5, 7, 9, 11, 13, 14, 14.5, 13.5, 10.5,
)
# fmt: on
_AWAKE = tuple(weight * len(_DAY) / sum(_DAY) for weight in _DAY)
_MANY = 30.0


def awake(at_ms: int, hours_from_utc: float, flat: float) -> float:
    """Activity at that moment, 1 on the average of a day; ``flat`` 1: the same all day."""
    hours = ((at_ms / HOUR_MS) + hours_from_utc) % 24
    hour = int(hours)
    part = hours - hour
    value = _AWAKE[hour] * (1 - part) + _AWAKE[(hour + 1) % 24] * part
    return flat + (1 - flat) * value


def next_korean_hour(after_ms: int, hour: int) -> int:
    """The first moment at or after ``after_ms`` at which it is ``hour`` o'clock in Korea."""
    return after_ms + (hour * HOUR_MS - (after_ms + KOREA_MS)) % DAY_MS


def poisson(mean: float, draw: Callable[[], float]) -> int:
    """How many, when ``mean`` are to be expected."""
    if mean > _MANY:
        # Box-Muller; exact enough where the mean is large.
        normal = math.sqrt(-2 * math.log(1 - draw())) * math.cos(2 * math.pi * draw())
        return max(0, round(mean + math.sqrt(mean) * normal))
    left, count = math.exp(-mean), 0
    product = draw()
    while product > left:
        count += 1
        product *= draw()
    return count
