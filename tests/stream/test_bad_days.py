"""Bad days cost bounded work: a post late in a flood is no dearer than one at its beginning."""

from __future__ import annotations

import pytest

from stream.coordination import keeping
from stream.coordination.operator import Coordination
from stream.coordination.table import FOLLOWED
from stream.records import PostSeen, SubjectEvent
from tests.stream.bad_days import WORLDS, one_text
from tests.stream.coordination.worlds import line
from tests.stream.effort import lines_run
from tests.stream.harness import Harness, gone

POSTS = 1_500
PART = 200
CAP = 512
"""Posts of a subject held here, so that a small flood fills it."""


def effort(harness: Harness, events: list[SubjectEvent]) -> float:
    """Lines of ours that run for an event, ticks included."""
    return lines_run(lambda: harness.run(events)) / len(events)


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_a_flood_makes_posts_no_dearer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_ROWS", CAP)
    events = list(WORLDS[name](POSTS))
    harness = Harness(line())

    harness.run(events[: len(events) // 3 - PART])
    early = effort(harness, events[len(events) // 3 - PART : len(events) // 3])
    harness.run(events[len(events) // 3 : -PART])
    late = effort(harness, events[-PART:])

    assert late < 1.3 * early
    coordination = harness.operators[2]
    assert isinstance(coordination, Coordination)
    [memory] = coordination.memories()
    assert len(memory.table) <= CAP
    assert max((len(rows) for rows in memory.table.hot.values()), default=0) <= FOLLOWED


def test_a_flood_that_is_deleted_post_by_post_costs_a_post_the_same_at_any_size() -> None:
    def deleted(posts: int) -> float:
        harness = Harness(line())
        events = list(one_text(posts))
        harness.run(events)
        ids = [e.post.id.partition(":")[2] for e in events if isinstance(e, PostSeen)]
        return effort(harness, [gone(one) for one in ids[:PART:2] + ids[-PART::2]])

    assert deleted(2_000) < 1.3 * deleted(1_100)
