"""How hard what is: tactics by strength, fixed before any detector existed, and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Tactic = Literal[
    "copy_paste", "light_edits", "paraphrase", "link_push", "media_push", "reply_brigade",
    "hijack", "cross_platform", "slow_drip", "camouflage", "return", "handover", "in_wave",
]  # fmt: skip
Strength = Literal["strong", "medium", "weak"]
Legit = Literal[
    "vote_drive", "streaming_party", "hashtag_push", "birthday", "report_appeal", "giveaway",
    "fan_protest", "news", "meme", "quote_train", "criticism", "chart_bot", "merch_spam",
    "lone_hater",
]  # fmt: skip
ScenarioName = Literal["mixed", "fans_only", "organic_only", "hostile_heavy"]
GrammarName = Literal["first", "second"]

TACTICS: tuple[Tactic, ...] = get_args(Tactic)
STRENGTHS: tuple[Strength, ...] = get_args(Strength)


class Dose(msgspec.Struct, frozen=True):
    """How much of a tactic.

    Attributes:
        accounts: members of the ring.
        waves: how often it strikes, each time with another text.
        minutes: how long a strike lasts.
        edits: how far posts differ; edits a text, share of free wording, bits
            flipped in a picture, or share of links in disguise, by tactic.
        camouflage: share of ordinary posts among all posts of its accounts.
        young: share of accounts registered within six weeks.
        days: from the first to the last strike, in a stream of 14 days.
    """

    accounts: int
    waves: int
    minutes: int
    edits: float
    camouflage: float
    young: float
    days: float


DOSES: Mapping[Tactic, tuple[Dose, Dose, Dose]] = {
    "copy_paste": (
        Dose(24, 3, 15, 0.0, 0.20, 0.7, 2.0),
        Dose(14, 3, 90, 0.0, 0.35, 0.5, 3.0),
        Dose(8, 3, 360, 0.0, 0.50, 0.3, 4.0),
    ),
    "light_edits": (
        Dose(24, 3, 30, 1.0, 0.20, 0.7, 2.0),
        Dose(14, 3, 120, 2.0, 0.35, 0.5, 3.0),
        Dose(9, 3, 480, 3.0, 0.50, 0.3, 4.0),
    ),
    "paraphrase": (
        Dose(24, 4, 60, 0.2, 0.20, 0.6, 2.0),
        Dose(16, 3, 240, 0.5, 0.35, 0.4, 3.0),
        Dose(10, 3, 720, 1.0, 0.50, 0.2, 4.0),
    ),
    "link_push": (
        Dose(20, 3, 60, 0.2, 0.20, 0.6, 2.0),
        Dose(14, 3, 300, 0.5, 0.35, 0.4, 3.0),
        Dose(9, 3, 1080, 0.8, 0.50, 0.2, 4.0),
    ),
    "media_push": (
        Dose(20, 3, 60, 2.0, 0.20, 0.6, 2.0),
        Dose(14, 3, 300, 6.0, 0.35, 0.4, 3.0),
        Dose(9, 3, 1080, 14.0, 0.50, 0.2, 4.0),
    ),
    "reply_brigade": (
        Dose(24, 4, 45, 0.3, 0.20, 0.6, 2.0),
        Dose(14, 3, 180, 0.6, 0.35, 0.4, 3.0),
        Dose(9, 3, 600, 1.0, 0.50, 0.2, 4.0),
    ),
    "hijack": (
        Dose(22, 3, 60, 1.0, 0.25, 0.6, 2.0),
        Dose(14, 3, 180, 2.0, 0.40, 0.4, 3.0),
        Dose(9, 3, 480, 3.0, 0.55, 0.2, 4.0),
    ),
    "cross_platform": (
        Dose(22, 3, 120, 1.0, 0.20, 0.6, 2.0),
        Dose(14, 3, 360, 2.0, 0.35, 0.4, 3.0),
        Dose(9, 3, 1080, 3.0, 0.50, 0.2, 4.0),
    ),
    "slow_drip": (
        Dose(20, 4, 2520, 1.0, 0.40, 0.3, 7.0),
        Dose(20, 3, 3360, 2.0, 0.50, 0.2, 7.0),
        Dose(20, 2, 5040, 3.0, 0.60, 0.1, 7.0),
    ),
    "camouflage": (
        Dose(20, 4, 60, 1.0, 0.70, 0.3, 4.0),
        Dose(16, 3, 180, 2.0, 0.80, 0.2, 5.0),
        Dose(12, 3, 480, 2.0, 0.90, 0.1, 6.0),
    ),
    "return": (
        Dose(20, 4, 60, 1.0, 0.30, 0.5, 8.0),
        Dose(14, 4, 240, 2.0, 0.40, 0.3, 8.0),
        Dose(10, 4, 720, 3.0, 0.50, 0.2, 8.0),
    ),
    "handover": (
        Dose(36, 4, 60, 1.0, 0.30, 0.6, 8.0),
        Dose(26, 4, 240, 2.0, 0.40, 0.4, 8.0),
        Dose(18, 4, 720, 3.0, 0.50, 0.2, 8.0),
    ),
    "in_wave": (
        Dose(22, 3, 120, 1.0, 0.25, 0.5, 0.6),
        Dose(15, 3, 240, 2.0, 0.40, 0.3, 0.8),
        Dose(10, 3, 480, 3.0, 0.55, 0.2, 1.0),
    ),
}
"""Strong, medium, weak. ``handover`` counts the accounts of both halves together."""

TAKING_PART: Mapping[Strength, float] = {"strong": 0.85, "medium": 0.75, "weak": 0.65}
"""Share of its accounts that a ring uses in a strike: partners rotate."""

_HARD_WHEN_STRONG: frozenset[Tactic] = frozenset({"slow_drip", "in_wave"})
_EASY_WHEN_MEDIUM: frozenset[Tactic] = frozenset(
    {
        "copy_paste", "light_edits", "link_push", "media_push", "reply_brigade", "hijack",
        "cross_platform", "return",
    }
)  # fmt: skip
_EASY: tuple[tuple[Tactic, Strength], ...] = (
    *((tactic, "strong") for tactic in TACTICS if tactic not in _HARD_WHEN_STRONG),
    *((tactic, "medium") for tactic in TACTICS if tactic in _EASY_WHEN_MEDIUM),
)
EASY: frozenset[tuple[Tactic, Strength]] = frozenset(_EASY)
"""The easy half: 19 of the 39 pairs of tactic and strength."""


def dose(tactic: Tactic, strength: Strength) -> Dose:
    """How much is planted."""
    return DOSES[tactic][STRENGTHS.index(strength)]


_FANS: tuple[tuple[Legit, float], ...] = (
    ("vote_drive", 0.012), ("streaming_party", 0.014), ("hashtag_push", 0.012),
    ("birthday", 0.011), ("report_appeal", 0.007), ("giveaway", 0.012),
    ("fan_protest", 0.010), ("vote_drive", 0.008), ("streaming_party", 0.008),
    ("hashtag_push", 0.009), ("report_appeal", 0.005),
)  # fmt: skip
_SHARED: tuple[tuple[Legit, float], ...] = (
    ("news", 0.020), ("meme", 0.010), ("quote_train", 0.009), ("news", 0.008),
    ("meme", 0.006), ("quote_train", 0.005), ("news", 0.004),
)  # fmt: skip
_MACHINES: tuple[tuple[Legit, float], ...] = (("chart_bot", 0.004), ("merch_spam", 0.004))
_ANGER: tuple[tuple[Legit, float], ...] = (
    ("criticism", 0.018), ("criticism", 0.008), ("lone_hater", 0.0008),
)  # fmt: skip
_PERSONS_ANGER: tuple[tuple[Legit, float], ...] = (
    ("criticism", 0.024), ("criticism", 0.012), ("criticism", 0.006), ("lone_hater", 0.0012),
)  # fmt: skip

EVENTS: Mapping[ScenarioName, tuple[tuple[Legit, float], ...]] = {
    "mixed": (*_FANS, *_SHARED, *_MACHINES, *_ANGER),
    "fans_only": (*_FANS, *_FANS[:7], *_SHARED[:4], *_MACHINES),
    "organic_only": (*_SHARED, *_SHARED, *_PERSONS_ANGER),
    "hostile_heavy": (*_FANS[:7], *_SHARED, *_MACHINES, *_PERSONS_ANGER),
}
"""What happens besides ordinary days: kind, and participants as a share of all posts."""

ORDINARY: Mapping[ScenarioName, float] = {
    "mixed": 0.70, "fans_only": 0.63, "organic_only": 0.78, "hostile_heavy": 0.70,
}  # fmt: skip
"""Share of the posts that are ordinary days; the rest are events and campaigns."""


def planted(scenario: ScenarioName, seed: int) -> tuple[tuple[Tactic, Strength], ...]:
    """The campaigns of a stream.

    ``mixed`` plants every tactic once; over three seeds in a row each tactic
    comes in each strength. ``hostile_heavy`` plants every pair.
    """
    if scenario == "mixed":
        return tuple(
            (tactic, STRENGTHS[(place + seed) % len(STRENGTHS)])
            for place, tactic in enumerate(TACTICS)
        )
    if scenario == "hostile_heavy":
        return tuple((tactic, strength) for tactic in TACTICS for strength in STRENGTHS)
    return ()
