"""How many accounts may post one text by chance, by a subject's own history.

The expected number grows with how much is being posted about the subject and
falls with the length of the text: short wishes repeat by themselves, sentences
do not. A factor learnt from the subject's own copies raises it where copying is
ordinary. Surprise is the Chernoff bound of a negative binomial tail (overdispersed
Poisson), as -log10: monotone, cheap, and never better than the exact tail.
"""

from __future__ import annotations

from math import exp, log

import msgspec

SHAPE = 4.0
"""Of the negative binomial: variance = mean + mean**2 / SHAPE."""
FLOOR = 0.3
SHORT = 2.0
DECAY = 15.0
"""Code points over which chance repetition falls to a third."""
SLOW_FACTOR = 2.0
CHANCE = (0.03, 0.01, 0.002)
"""Chance of another post to say the same, by class of length."""
CLASSES = (20, 50)
"""Class 0 is shorter than 20 code points, class 1 shorter than 50, class 2 the rest."""
WEIGHT = 0.05
STEP = 4.0
"""An observation counts at most this many times what was expected (winsorised)."""
LARGEST = 40.0


class Baseline(msgspec.Struct, array_like=True):
    """What a subject taught: by class of length the factor on the expected accounts."""

    factors: list[float]


def class_of(length: int) -> int:
    """Class of a text of that many code points."""
    return sum(length >= edge for edge in CLASSES)


def expected(baseline: Baseline, length: int, others: int, *, slow: bool) -> float:
    """Accounts to be expected on one text in a window.

    Args:
        baseline: of the subject.
        length: code points of the text.
        others: other posts about the subject in the window.
        slow: for the window of a day.
    """
    group = class_of(length)
    alone = FLOOR + SHORT * exp(-(length - 10) / DECAY)
    by_chance = alone * (SLOW_FACTOR if slow else 1.0) + CHANCE[group] * others
    return by_chance * baseline.factors[group]


def surprise(accounts: int, mean: float) -> float:
    """-log10 of the chance of that many accounts or more; 0 up to what is expected."""
    if accounts <= mean:
        return 0.0
    nats = accounts * log(accounts / mean) - (accounts + SHAPE) * log(
        (accounts + SHAPE) / (mean + SHAPE)
    )
    return nats / log(10)


def learn(baseline: Baseline, length: int, accounts: int, mean: float) -> None:
    """Take in what an ordinary text came to: ``accounts`` where ``mean`` were expected.

    Two accounts are what makes a cluster be seen at all, so only more than two
    says that copying is ordinary here.
    """
    group = class_of(length)
    factor = baseline.factors[group]
    seen = min(max(accounts - 2, 0) / mean, STEP) * factor
    baseline.factors[group] = min(LARGEST, max(1.0, factor + WEIGHT * (seen - factor)))
