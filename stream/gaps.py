"""Gaps of the sources as stretches and masks: where a count may be too low."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from ingest.records import Gap


def masks(gaps: Iterable[Gap], since: int, step_ms: int, steps: int) -> list[bool]:
    """Which of so many steps from ``since`` on any gap touches; linear in both."""
    change = [0] * (steps + 1)
    for gap in gaps:
        first = min(max((gap.since - since) // step_ms, 0), steps)
        last = min(max(-((since - gap.until) // step_ms), first), steps)
        change[first] += 1
        change[last] -= 1
    return [n > 0 for n in accumulate(change)][:steps]


def stretches(
    gaps: Sequence[Gap], since: int, until: int, *, near_ms: int = 0
) -> list[tuple[int, int]]:
    """Gaps of all sources as stretches that neither touch nor leave ``since`` to ``until``.

    Those at most ``near_ms`` apart become one, so that few are left to draw.
    """
    found: list[tuple[int, int]] = []
    for gap in sorted(gaps, key=lambda one: (one.since, one.until)):
        begin, end = max(gap.since, since), min(gap.until, until)
        if begin >= end:
            continue
        if found and begin <= found[-1][1] + near_ms:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found
