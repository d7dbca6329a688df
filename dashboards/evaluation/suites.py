"""The frozen streams on which methods are judged: seeds and sizes; a golden file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dashboards.simulator.plan import GrammarName, ScenarioName
from dashboards.simulator.world import STANDARD_POSTS, World

SuiteName = Literal["quick", "development", "final_small", "final"]

_SMALL_POSTS = 8_000
_SMALL: frozenset[SuiteName] = frozenset({"quick", "final_small"})
_SEEDS: Mapping[SuiteName, Mapping[ScenarioName, range]] = {
    "quick": {
        "mixed": range(1, 4),
        "fans_only": range(1, 3),
        "organic_only": range(1, 3),
    },
    "development": {
        "mixed": range(1, 7),
        "fans_only": range(1, 6),
        "organic_only": range(1, 6),
        "hostile_heavy": range(1, 3),
    },
    "final_small": {
        "mixed": range(201, 207),
        "fans_only": range(201, 205),
        "organic_only": range(201, 205),
    },
    "final": {
        "mixed": range(101, 107),
        "fans_only": range(101, 111),
        "organic_only": range(101, 111),
        "hostile_heavy": range(101, 103),
    },
}
GRAMMAR_OF: Mapping[SuiteName, GrammarName] = {
    "quick": "first",
    "development": "first",
    "final_small": "second",
    "final": "second",
}
"""Only final figures come from the second grammar; nothing is ever tuned on it."""


def suite(name: SuiteName, streams: int | None = None) -> tuple[World, ...]:
    """The worlds of a suite in order; of each scenario the first ``streams``, or all."""
    return tuple(
        World(
            grammar=GRAMMAR_OF[name],
            scenario=scenario,
            seed=seed,
            posts=_SMALL_POSTS if name in _SMALL else STANDARD_POSTS,
        )
        for scenario, seeds in _SEEDS[name].items()
        for seed in seeds[:streams]
    )
