"""The demo's worlds, generated once for all tests."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dashboards.demo.oracle import Oracle
from dashboards.demo.scenario import Scenario, generate, named
from dashboards.demo.writing import Staged
from ingest.records import Post

START = 1_795_478_400_000  # 2026-11-24 00:00 UTC


@pytest.fixture(scope="session")
def start() -> int:
    return START


@pytest.fixture(scope="session")
def mixed() -> Scenario:
    return named("mixed", start_ms=START)


@pytest.fixture(scope="session")
def world(mixed: Scenario) -> list[Staged]:
    return list(generate(mixed))


@pytest.fixture(scope="session")
def oracle(mixed: Scenario, world: list[Staged]) -> Oracle:
    return Oracle.watch(mixed, world)


@pytest.fixture(scope="session")
def first_seen(world: list[Staged]) -> dict[str, Staged]:
    """The first sighting of every post."""
    found: dict[str, Staged] = {}
    for staged in world:
        if isinstance(staged.item, Post):
            found.setdefault(staged.item.id, staged)
    return found


@pytest.fixture(scope="session")
def shingles() -> Callable[[str], frozenset[str]]:
    """Character 5-grams after links are removed, lower-cased, white space collapsed."""

    def of(text: str) -> frozenset[str]:
        plain = " ".join(re.sub(r"https?://\S+", "", text).lower().split())
        return frozenset(plain[i : i + 5] for i in range(max(1, len(plain) - 4)))

    return of


@pytest.fixture(scope="session")
def jaccard5(
    shingles: Callable[[str], frozenset[str]],
) -> Callable[[str, str], float]:
    def of(one: str, other: str) -> float:
        a, b = shingles(one), shingles(other)
        return len(a & b) / len(a | b)

    return of
