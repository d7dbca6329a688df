"""Which script the letters of a text belong to, and which languages each script stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

_RANGES: dict[str, tuple[tuple[int, int], ...]] = {
    "latin": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0xFF21, 0xFF5A)),
    "hangul": ((0x1100, 0x11FF), (0xAC00, 0xD7A3)),
    "jamo": ((0x3131, 0x318E),),
    "kana": ((0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF),
             (0xFF66, 0xFF9D)),
    "han": ((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)),
    "cyrillic": ((0x400, 0x52F),),
    "arabic": ((0x620, 0x64A), (0x66E, 0x6D3), (0x6FA, 0x6FF), (0x750, 0x77F)),
    "devanagari": ((0x904, 0x939), (0x958, 0x961), (0x971, 0x97F)),
    "th": ((0xE01, 0xE30), (0xE32, 0xE33), (0xE40, 0xE46)),
    "lo": ((0xE81, 0xEB0), (0xEC0, 0xEC6)),
    "km": ((0x1780, 0x17B3),),
    "my": ((0x1000, 0x102A), (0x103F, 0x1055)),
    "he": ((0x5D0, 0x5EA),),
    "el": ((0x370, 0x3FF), (0x1F00, 0x1FFF)),
    "hy": ((0x531, 0x587),),
    "ka": ((0x10A0, 0x10FF),),
    "bn": ((0x985, 0x9B9),),
    "pa": ((0xA05, 0xA39),),
    "gu": ((0xA85, 0xAB9),),
    "or": ((0xB05, 0xB39),),
    "ta": ((0xB83, 0xBB9),),
    "te": ((0xC05, 0xC39),),
    "kn": ((0xC85, 0xCB9),),
    "ml": ((0xD05, 0xD3A),),
    "si": ((0xD85, 0xDC6),),
    "am": ((0x1200, 0x137F),),
    "bo": ((0xF40, 0xF6C),),
    "mn": ((0x1820, 0x1878),),
}  # fmt: skip
SCRIPTS = ("", *_RANGES)
FAMILY_SCRIPTS = ("latin", "cyrillic", "arabic", "devanagari")
"""Scripts of several languages; a language's own script is named by its code."""

_WEIGHTS = {"hangul": 3.5, "kana": 2.0, "han": 3.0}
"""How many Latin letters say as much: a syllable is worth several, or English words that
stand in Korean posts would outvote the sentence around them."""
_KANA_IN_CHINESE = 8
"""Chinese posts write の for 的; one kana for so many Han makes no Japanese."""


def _places() -> Any:
    table = np.zeros(0x10000, np.uint8)
    for number, ranges in enumerate(_RANGES.values(), 1):
        for first, last in ranges:
            table[first : last + 1] = number
    return table


_TABLE = _places()


def weigh(text: str) -> dict[str, float]:
    """How much of a text each script has, keyed by script or by the one language of it."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    counts = np.bincount(_TABLE[units], minlength=len(SCRIPTS))
    found: dict[str, float] = {}
    for number in np.flatnonzero(counts[1:]) + 1:
        name = SCRIPTS[number]
        found[name] = float(counts[number]) * _WEIGHTS.get(name, 1.0)
    return _named(found, counts)


def _named(found: dict[str, float], counts: Any) -> dict[str, float]:
    """Hangul as ko; kana and Han as ja or zh."""
    hangul = found.pop("hangul", 0.0) + found.pop("jamo", 0.0)
    if hangul:
        found["ko"] = hangul
    kana, han = found.pop("kana", 0.0), found.pop("han", 0.0)
    if kana or han:
        kanas, hans = counts[SCRIPTS.index("kana")], counts[SCRIPTS.index("han")]
        japanese = kanas * _KANA_IN_CHINESE > hans
        found["ja" if japanese else "zh"] = kana + han
    return found
