"""The terms under which a post's judgement is found, the same in every index."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from detect.records import Judgement
from stream.search.tree import Term

SCALE = 1000
"""Scores are compared in thousandths: as fractions they could not be told apart for sure."""
WORST = "harm"
"""Name of the highest score among those that may alarm; every judged post has it."""


class JudgementTerms(msgspec.Struct, frozen=True):
    """Terms by field; a post without judgement has none.

    ``found`` are the categories that are said for sure. ``scores`` are thousandths by
    category, and the worst of them under ``harm``.
    """

    language: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    scores: Mapping[str, int] = {}


NONE = JudgementTerms()


def judgement_terms(judgement: Judgement | None) -> JudgementTerms:
    """The terms of what was said of a post."""
    if judgement is None:
        return NONE
    scores: dict[str, int] = {one.category: _thousandths(one.score) for one in judgement.harm}
    return JudgementTerms(
        language=(judgement.language,),
        target=(judgement.target,),
        found=judgement.found,
        scores={WORST: _thousandths(judgement.worst), **scores},
    )


def score_name(term: Term) -> str:
    """Which score a condition is about: ``harm``, or a category."""
    return term.field.partition(".")[2] or WORST


def score_bounds(term: Term) -> tuple[int, int] | None:
    """The thousandths, both inclusive, for which a condition holds; None when for none.

    A category that was not scored counts as 0.
    """
    number = round((term.number or 0.0) * SCALE, 3)
    least, most = 0, SCALE
    if term.op == "=":
        if number != int(number):
            return None
        least = most = int(number)
    elif term.op == ">=":
        least = -int(-number // 1)
    elif term.op == ">":
        least = int(number // 1) + 1
    elif term.op == "<=":
        most = int(number // 1)
    else:
        most = -int(-number // 1) - 1
    return (least, min(most, SCALE)) if least <= min(most, SCALE) else None


def _thousandths(score: float) -> int:
    return max(0, min(SCALE, round(score * SCALE)))
