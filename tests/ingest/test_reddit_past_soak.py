"""A backfill beside live reading over stops, kills and failures: nothing lost, nothing twice."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.records import Gap, Post
from ingest.reddit.limits import Limits
from ingest.source import Sighting, SourceError
from tests.ingest.reddit_server import RunningReddit, reddit
from tests.ingest.test_reddit import NOW_MS, source
from tests.ingest.test_reddit_past import is_over

HOUR_S = 3600.0
PLACES = ["kpop", "kpopthoughts"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(1, 130)),
        st.tuples(st.just("comment"), st.integers(1, 130)),
        st.tuples(st.just("fail"), st.integers(1, 6)),
        st.tuples(st.just("stop"), st.integers(1, 400)),
        st.tuples(st.just("kill"), st.integers(1, 400)),
    ),
    max_size=8,
)


class Run:
    """What a host has of the source: ids in order, gaps, and the cursor that was written."""

    def __init__(self, server: RunningReddit) -> None:
        self.server = server
        self.cursor: str | None = None
        self.ids: list[str] = []
        self.gaps: list[Gap] = []

    def go(self, limit: int | None = None, *, is_killed: bool = False) -> None:
        """Read until the past is read and a poll was quiet, or up to ``limit`` sightings."""
        before = self.cursor
        for _ in range(60):
            reader = source(
                self.server, poll_s=0.05, subreddits=PLACES, searches=["rumour"], backfill="60d"
            )
            reader._limits = Limits(clock=iter(range(0, 10**9, 100)).__next__)
            try:
                if self._read(reader.read(self.cursor, threading.Event()), limit):
                    break
            except SourceError:
                continue
        if is_killed:
            self.cursor = before

    def _read(self, reading: object, limit: int | None) -> bool:
        quiet = 0
        unsafe: list[Sighting] = []
        until = time.monotonic() + 120
        for sighting in reading:  # type: ignore[attr-defined]
            assert time.monotonic() < until, "the past has no end"
            unsafe.append(sighting)
            if sighting.cursor is not None:
                # The host writes items and cursor together; what has no cursor yet waits.
                self.ids += [s.item.id for s in unsafe if isinstance(s.item, Post)]
                self.gaps += [s.item for s in unsafe if isinstance(s.item, Gap)]
                self.cursor = sighting.cursor
                unsafe = []
            quiet = quiet + 1 if sighting.item is None else 0
            if limit is not None:
                limit -= 1
            if limit == 0 or (quiet >= 4 and is_over(self.cursor)):
                return True
        return True


@given(
    past=st.integers(0, 320),
    answers=st.integers(0, 200),
    steps=STEPS,
)
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_a_backfill_beside_live_reading_loses_and_repeats_nothing(
    past: int, answers: int, steps: list[tuple[str, int]]
) -> None:
    now = NOW_MS / 1000
    with reddit() as server, pytest.MonkeyPatch.context() as patch:
        # What failed is tried again at once.
        patch.setattr("ingest.reddit.past.AGAIN_S", 0.02)
        patch.setattr("ingest.reddit.reader.RECHECK_AGAIN_S", 0.02)
        posted: list[str] = []
        for n in range(past, -1, -1):
            title = "a rumour" if n % 7 == 0 else "a song"
            posted.append(
                server.submit(
                    title,
                    subreddit=PLACES[n % 3 == 0],
                    created_utc=now - HOUR_S * (n + 1),
                    num_comments=n % 2,
                )
            )
        posted += [
            server.comment("so it is", on=posted[n % len(posted)], created_utc=now - HOUR_S)
            for n in range(answers)
        ]
        run = Run(server)
        for what, size in steps:
            if what == "post":
                posted += [server.submit("new", created_utc=now) for _ in range(size)]
            elif what == "comment":
                posted += [
                    server.comment("new", on=posted[0], created_utc=now) for _ in range(size)
                ]
            elif what == "fail":
                server.moods = [(503, {}, b""), "reset", "truncate", (500, {}, b"")][:size]
            else:
                run.go(size, is_killed=what == "kill")
        server.moods = []
        run.go()

    rumours = {f"reddit:{n}" for n in posted if "rumour" in str(server.things[n]["data"])}
    assert set(run.ids) == {f"reddit:{name}" for name in posted}
    if not any(what == "kill" for what, _ in steps):
        once = [name for name in run.ids if name not in rumours]
        assert len(once) == len(set(once))
        assert all(run.ids.count(name) <= 2 for name in rumours), "a search and a subreddit"
    assert run.gaps == []
