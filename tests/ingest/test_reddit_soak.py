"""Reddit over many polls, restarts, kills and failures: nothing lost, nothing twice."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.records import Gap, Post
from ingest.source import Sighting, SourceError
from tests.ingest.reddit_server import START_S, RunningReddit, reddit
from tests.ingest.test_reddit import source

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(1, 240)),
        st.tuples(st.just("flood"), st.integers(900, 1300)),
        st.tuples(st.just("vanish"), st.integers(1, 130)),
        st.tuples(st.just("fail"), st.integers(1, 6)),
        st.tuples(st.just("expire"), st.just(0)),
        st.tuples(st.just("stop"), st.integers(1, 260)),
        st.tuples(st.just("kill"), st.integers(1, 260)),
        st.tuples(st.just("read"), st.just(0)),
    ),
    min_size=3,
    max_size=12,
)


@dataclass
class Run:
    """What a reader has of the stream, as the host would: items and the cursor behind them."""

    server: RunningReddit
    cursor: str | None = None
    read: list[Post] = field(default_factory=list[Post])
    gaps: list[Gap] = field(default_factory=list[Gap])
    posted: list[str] = field(default_factory=list[str])

    def go(self, limit: int | None = None, *, is_killed: bool = False) -> None:
        """Read until all is read, or up to ``limit`` sightings; a kill loses the cursor."""
        before = self.cursor
        quiet = 0
        for _ in range(40):
            try:
                for sighting in source(self.server).read(self.cursor, threading.Event()):
                    quiet = quiet + 1 if sighting.item is None else 0
                    self._take(sighting)
                    if limit is not None:
                        limit -= 1
                    if limit == 0 or quiet == 3:
                        break
                break
            except SourceError:
                continue
        if is_killed:
            self.cursor = before

    def _take(self, sighting: Sighting) -> None:
        if isinstance(sighting.item, Post):
            self.read.append(sighting.item)
        elif isinstance(sighting.item, Gap):
            self.gaps.append(sighting.item)
        self.cursor = sighting.cursor or self.cursor


def play(run: Run, what: str, size: int) -> None:
    server = run.server
    if what in ("post", "flood"):
        run.posted += [server.submit(f"post {n}") for n in range(size)]
    elif what == "vanish":
        server.vanish(*run.posted[-size:])
    elif what == "fail":
        server.moods = [(503, {}, b""), "reset", "truncate", (500, {}, b"")][:size]
    elif what == "expire":
        server.tokens.clear()
    elif what == "read":
        run.go()
    else:
        run.go(size, is_killed=what == "kill")


@given(steps=STEPS)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
def test_nothing_is_lost_and_nothing_comes_twice(steps: list[tuple[str, int]]) -> None:
    with reddit() as server:
        run = Run(server)
        run.posted.append(server.submit("the first"))
        run.go()
        for what, size in steps:
            play(run, what, size)
        server.moods = []
        run.go()

    ids = [post.id for post in run.read]
    was_killed = any(what == "kill" for what, _ in steps)
    assert was_killed or len(ids) == len(set(ids)), "a resumed reading repeats nothing"
    missing = {f"reddit:{name}" for name in run.posted} - set(ids)
    for place, name in enumerate(run.posted):
        at = (START_S + place) * 1000
        assert (
            f"reddit:{name}" not in missing
            or name in server.hidden
            or any(gap.since <= at <= gap.until for gap in run.gaps)
        ), f"{name} is missing without a gap"


def test_a_long_ordinary_day_has_no_gap_and_no_repeat() -> None:
    with reddit() as server:
        run = Run(server)
        run.posted.append(server.submit("the first"))
        run.go()
        for hour in range(40):
            run.posted += [server.submit(f"{n}") for n in range((hour * 37) % 140)]
            server.vanish(*run.posted[-(hour % 5) :][: hour % 3])
            run.go()

    ids = [post.id for post in run.read]
    assert run.gaps == []
    assert len(ids) == len(set(ids))
    assert set(ids) | {f"reddit:{name}" for name in server.hidden} == {
        f"reddit:{name}" for name in run.posted
    }
