"""The gate before the disk: of what may be sexual, or show a minor, nothing stays but hashes.

It fails closed. Without a score nothing passes: no model, a picture that was not decoded, a
number that is none.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

Verdict = Literal["passed", "sexual", "minor", "not_scored"]


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """Whether more than hashes of a picture may be kept, and why not."""

    verdict: Verdict
    score: float | None = None

    @property
    def open(self) -> bool:
        """Whether pixels and local features may be kept."""
        return self.verdict == "passed"


def judge(score: float | None, *, sexual_from: float, minor: bool = False) -> Passage:
    """What may be kept of a picture.

    Args:
        score: of sexual content, None where there is none.
        sexual_from: the score from which nothing passes.
        minor: somebody shown may be under age, by birth date, flag or words; with any
            doubt about the content nothing is kept, so a lower score is enough.
    """
    if score is None or not math.isfinite(score):
        return Passage(verdict="not_scored")
    if minor and score >= min(sexual_from, MINOR_FROM):
        return Passage(verdict="minor", score=score)
    if score >= sexual_from:
        return Passage(verdict="sexual", score=score)
    return Passage(verdict="passed", score=score)


MINOR_FROM = 0.2
"""Score from which a picture that may show a minor is kept as hashes alone."""
