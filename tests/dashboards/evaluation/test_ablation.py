"""Leaving signs out: every variant sees the same stream, and what is left out has no effect."""

from __future__ import annotations

import array

import pytest

from dashboards.evaluation.ablation import LEFT_OUT, WHOLE, ablation_lines, run_ablation
from dashboards.simulator.world import World
from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.objects import COLUMNS, FAMILY, LINK, Seen
from stream.coordination.signs import SIGNS, leave_out
from stream.settings import Settings

WORLD = World(grammar="first", scenario="mixed", seed=5, posts=200, days=2)


def shown() -> Seen:
    return Seen(
        keys=list(range(1, COLUMNS + 1)), stems=b"stem", age=3, open=40, flags=0b1111111,
        harm=70, picture=b"p" * 32,
    )  # fmt: skip


@pytest.mark.parametrize(
    "sign", [one for one in SIGNS if one not in {"bursts", "trust", "circles"}]
)
def test_each_sign_that_is_left_out_is_gone_from_the_post(sign: str) -> None:
    before, after = shown(), shown()

    leave_out(after, frozenset({sign}))  # type: ignore[arg-type]

    assert after != before


def test_nothing_else_goes_with_it() -> None:
    found = shown()

    leave_out(found, frozenset({"links", "age"}))

    assert found.keys[LINK] == 0
    assert found.keys[FAMILY] == FAMILY + 1
    assert found.age == UNKNOWN_AGE
    assert (found.harm, found.stems, found.open) == (70, b"stem", 40)
    assert array.array("Q", found.keys)


def test_all_variants_are_scored_on_the_same_stream(tmp_path) -> None:
    said: list[str] = []

    found = run_ablation([WORLD], tmp_path, Settings(), said.append)

    assert list(found) == list(LEFT_OUT)
    assert len({one.hostile["mixed"].planted for one in found.values()}) == 1
    assert said
    table = "\n".join(ablation_lines(found))
    assert WHOLE in table
    assert all(sign in table for sign in SIGNS)
