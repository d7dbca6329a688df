"""Which references a picture or clip is, or holds: by hash first, else by what is seen."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from detect.media.examined import Examined, Look
from detect.media.pdq import GOOD_QUALITY, MATCH
from stream.banks import Match, Snapshot


def matches_in(known: Snapshot, seen: Examined, bits: int = MATCH) -> list[Match]:
    """References found in a file; of a clip each once, where it is nearest, with its time."""
    if seen.clip is None:
        views = {} if seen.pdq is None else {"original": seen.pdq, **seen.views}
        return _matches(known, views, seen.quality, seen.look, bits)
    best: dict[str, Match] = {}
    for frame in seen.clip.frames:
        views = {"original": frame.pdq, **frame.views}
        for one in _matches(known, views, frame.quality, frame.look, bits):
            timed = msgspec.structs.replace(one, at_ms=frame.at_ms, until_ms=frame.until_ms)
            held = best.get(one.reference.reference_id)
            if held is None or _rank(timed) < _rank(held):
                best[one.reference.reference_id] = timed
    return sorted(best.values(), key=_rank)


def _matches(
    known: Snapshot, views: Mapping[str, str], quality: int, look: Look | None, bits: int
) -> list[Match]:
    found: list[Match] = []
    if views and quality >= GOOD_QUALITY:
        found = known.matches(views, bits=bits)
    if not found and look is not None:
        found = known.found_in(look)
    return found


def _rank(one: Match) -> tuple[int, int]:
    """Hashes before places, near before far, sure before less sure."""
    if one.distance is not None:
        return (0, one.distance)
    return (1, 0 if one.placement is None else -one.placement.inliers)
