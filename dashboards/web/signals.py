"""What measured signals mean, in words a press officer understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.web.words import Words, number
from stream.records import Evidence

Unit = Literal["count", "share", "factor", "minutes", "seconds", "days"]

SIGNALS: dict[str, tuple[str, Unit]] = {}

_PLAIN_UNIT: Unit = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBar:
    """One reason: the measured value as a bar, what was to be expected as a tick.

    ``fill`` and ``tick`` are between 0 and 100.
    """

    label: str
    value: str
    expected: str | None
    fill: float
    tick: float | None
    post_ids: tuple[str, ...]


def evidence_bars(evidence: Sequence[Evidence], words: Words) -> list[EvidenceBar]:
    """Reasons ready to be drawn, in the order in which they were given."""
    return [_bar(one, words) for one in evidence]


def _bar(evidence: Evidence, words: Words) -> EvidenceBar:
    label, unit = SIGNALS.get(
        evidence.signal, (evidence.signal.replace("_", " ").capitalize(), _PLAIN_UNIT)
    )
    expected = evidence.expected
    # Shares have a natural end; anything else is drawn against the larger of the two.
    top = 1.0 if unit == "share" else max(evidence.value, expected or 0.0)
    return EvidenceBar(
        label=words(label),
        value=_in_unit(evidence.value, unit, words),
        expected=None if expected is None else _in_unit(expected, unit, words),
        fill=_percent(evidence.value, top),
        tick=None if expected is None else _percent(expected, top),
        post_ids=evidence.post_ids,
    )


def _in_unit(value: float, unit: Unit, words: Words) -> str:
    if unit == "share":
        return f"{value * 100:.0f} %"
    if unit == "factor":
        return f"× {number(round(value, 1))}"
    if unit == "minutes":
        return words("{n} min", n=number(round(value, 1)))
    if unit == "seconds":
        return words("{n} s", n=number(round(value)))
    if unit == "days":
        return words("{n} days", n=number(round(value)))
    return number(round(value, 1))


def _percent(value: float, top: float) -> float:
    return round(100 * min(max(value / top, 0.0), 1.0), 1) if top > 0 else 0.0
