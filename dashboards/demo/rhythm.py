"""When the people of the demo are awake: activity by hour of the day in Korea, per language."""

from __future__ import annotations

from collections.abc import Mapping

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
KST_OFFSET_MS = 9 * HOUR_MS

SHARE: Mapping[str, float] = {"ko": 0.5, "en": 0.33, "ja": 0.17}
"""Share of all ordinary posts by language."""

# fmt: off
_EAST = (
    7, 4, 2, 1.2, 1, 1.2, 2.5, 5, 7, 6.5, 6, 6.5,
    9, 8, 6.5, 6.5, 7, 9, 11, 13, 14, 14.5, 13.5, 10.5,
)
# English speakers of the scene live from Manila to Seattle: a flatter day.
_WORLD = (
    8, 8, 7.5, 7, 6.5, 6, 6, 6.5, 7, 8, 9, 9.5,
    9, 8, 7, 7, 7.5, 8, 8.5, 9, 9.5, 9.5, 9, 8.5,
)
# fmt: on
_HOURLY: Mapping[str, tuple[float, ...]] = {
    lang: tuple(weight * share / sum(curve) for weight in curve)
    for lang, share, curve in (
        ("ko", SHARE["ko"], _EAST),
        ("en", SHARE["en"], _WORLD),
        ("ja", SHARE["ja"], _EAST),
    )
}


def activity(at_ms: int) -> tuple[float, float, float]:
    """Relative rate of posts at that moment in Korean, English and Japanese."""
    hours = ((at_ms + KST_OFFSET_MS) % DAY_MS) / HOUR_MS
    hour = int(hours)
    part = hours - hour
    ko, en, ja = (
        curve[hour] * (1 - part) + curve[(hour + 1) % 24] * part for curve in _HOURLY.values()
    )
    return ko, en, ja


def next_kst_hour(after_ms: int, hour: int) -> int:
    """The first moment at or after ``after_ms`` at which it is ``hour`` o'clock in Korea."""
    into_day = (after_ms + KST_OFFSET_MS) % DAY_MS
    return after_ms + (hour * HOUR_MS - into_day) % DAY_MS
