"""Elasticsearch keeps every promise of an index: the tests of the local one, run on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from stream.elastic_index import ElasticIndex
from tests.scale.elastic_world import Ground, elasticsearch
from tests.stream.local import test_deletion, test_posts, test_results, test_search

pytestmark = pytest.mark.slow

ROOMS = (test_deletion, test_posts, test_results, test_search)
OWN = {
    # Said of files, or too long for a server shared with everything else.
    "test_real_posts_in_many_languages_are_all_found_by_their_words",
    "test_real_korean_comments_are_found_by_any_two_syllables",
}
EMPTY_EACH = {"test_an_absurd_time_does_no_harm"}
"""Whose cases write the same post in different ways; the others repeat themselves."""


def promises() -> Iterator[tuple[str, Callable[..., None], dict[str, object]]]:
    """Every test of the local index that asks for nothing but an index."""
    tests = {name: test for room in ROOMS for name, test in vars(room).items()}
    for name, test in tests.items():
        if not name.startswith("test_") or name in OWN:
            continue
        choices = [
            [
                dict(zip(_names(mark.args[0]), _values(mark.args[0], one), strict=True))
                for one in mark.args[1]
            ]
            for mark in getattr(test, "pytestmark", [])
            if mark.name == "parametrize"
        ]
        wanted = set(inspect.signature(test).parameters)
        given = {key for choice in choices for key in choice[0]}
        if wanted != given | {"index"}:
            continue
        yield (
            name,
            test,
            [
                {k: v for part in chosen for k, v in part.items()}
                for chosen in product(*choices)
            ],
        )


def _names(said: str | tuple[str, ...]) -> tuple[str, ...]:
    return said if isinstance(said, tuple) else (said,)


def _values(said: str | tuple[str, ...], one: object) -> tuple[object, ...]:
    return one if isinstance(said, tuple) else (one,)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


@pytest.fixture
def index(ground: Ground) -> Iterator[ElasticIndex]:
    ground.empty()
    made = ground.index()
    yield made
    made.close()


CASES = list(promises())


@pytest.mark.parametrize(("name", "test", "choices"), CASES, ids=[name for name, _, _ in CASES])
def test_it_keeps_the_promise(name, test, choices, index, ground):
    for i, chosen in enumerate(choices):
        if i and name in EMPTY_EACH:
            ground.empty()
        test(index=index, **chosen)


def test_the_promises_are_many():
    assert len(CASES) > 30
