"""Which gaps matter to whom: a source that brings nothing of a subject leaves no gap in it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from dashboards import trends
from ingest.records import Gap, Post
from stream.index import IndexBatch
from stream.records import GapSeen, PostSeen
from tests.dashboards.web.memory_index import MemoryIndex
from tests.stream.index_world import cluster

HOUR = trends.HOUR_MS
DAY = trends.DAY_MS
NOW = 1_795_492_800_000
SINCE = NOW - 60 * DAY


@dataclass
class World:
    """Posts about one subject, source by source."""

    index: MemoryIndex

    def post(self, source: str, every: int, *, until: int = NOW, since: int = SINCE) -> None:
        """A post by a source every so many milliseconds."""
        made = [
            Post(
                id=f"{source}:{at}", source=source, platform=source, author_id="a",
                created_at=at, text="seoan",
            )
            for at in range(since, until, every)
        ]  # fmt: skip
        self.index.write(
            IndexBatch(
                checkpoint=source,
                posts=[PostSeen(subject="seoan", subjects=("seoan",), post=p) for p in made],
            )
        )

    def gap(self, source: str, since: int, until: int) -> None:
        """A stretch in which a source was away."""
        gap = Gap(source=source, since=since, until=until, reason="away")
        self.index.write(IndexBatch(checkpoint=f"{source}{since}", gaps=[GapSeen(gap=gap)]))

    def week(self, subject: str | None = "seoan") -> trends.Trend:
        """The newest week."""
        start = trends.data_start(self.index, NOW)
        return trends.trend(
            self.index, subject, since=NOW - trends.WEEK_MS, until=NOW, start=start
        )


@pytest.fixture
def world() -> World:
    return World(MemoryIndex())


def test_a_gap_of_the_only_source_masks_its_hours(world: World):
    world.post("bluesky", HOUR)
    world.gap("bluesky", NOW - 2 * DAY, NOW - DAY)

    found = world.week()

    assert found.masked_hours == 24
    assert [gap.source for gap in found.gaps] == ["bluesky"]


def test_a_gap_of_a_source_that_never_brought_the_subject_masks_nothing(world: World):
    world.post("bluesky", HOUR)
    world.gap("reddit", NOW - 2 * DAY, NOW - DAY)

    found = world.week()

    assert found.masked_hours == 0
    assert found.gaps == ()
    assert found.posts_whole == found.posts


def test_a_source_that_brings_next_to_nothing_masks_nothing_a_fiftieth_does(world: World):
    world.post("bluesky", HOUR)
    world.post("archive", 400 * HOUR)
    world.post("reddit", 50 * HOUR)
    world.gap("archive", NOW - 4 * DAY, NOW - 3 * DAY)
    assert world.week().masked_hours == 0

    world.gap("reddit", NOW - 2 * DAY, NOW - DAY)
    assert world.week().masked_hours == 24


def test_a_source_that_was_mostly_away_is_weighed_by_what_it_brings_when_it_is_there(
    world: World,
):
    world.post("bluesky", HOUR)
    world.post("reddit", 10 * HOUR, since=NOW - 4 * DAY, until=NOW - 2 * DAY)
    world.gap("reddit", SINCE - 30 * DAY, NOW - 4 * DAY)
    world.gap("reddit", NOW - 2 * DAY, NOW)

    assert world.week().masked_hours == 168 - 48


def test_while_nothing_was_posted_every_gap_counts(world: World):
    world.gap("reddit", NOW - 2 * DAY, NOW - DAY)

    assert world.week().masked_hours == 24


def test_silence_of_one_source_of_two_is_no_change_of_level_where_it_is_told(world: World):
    world.post("bluesky", HOUR)
    world.post("reddit", HOUR // 3, until=NOW - 3 * DAY)
    assert len(world.week().changes) == 1

    world.gap("reddit", NOW - 3 * DAY, NOW)
    assert world.week().changes == ()


@pytest.mark.parametrize("later", [0, 30, 600])
def test_texts_of_a_period_are_found_behind_larger_ones_that_began_after_it(
    world: World, later: int
):
    first = [cluster(f"cl_{n}", posts=5 + n, first_at=SINCE, last_at=NOW) for n in range(4)]
    after = [
        cluster(f"new_{n}", posts=900 + n, first_at=NOW - HOUR, last_at=NOW)
        for n in range(later)
    ]
    world.index.write(IndexBatch(checkpoint="texts", results=[*first, *after]))

    found = trends.texts(world.index, "arin", since=SINCE, until=NOW - DAY, limit=3)

    assert [one.cluster_id for one in found] == ["cl_3", "cl_2", "cl_1"]
