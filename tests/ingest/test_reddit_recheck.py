"""What Reddit deletes, removes or edits after we read it is mirrored, and never guessed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ingest.clean import Context
from ingest.records import Deletion, Post
from ingest.reddit.limits import Limits
from ingest.reddit.listing import Page
from ingest.reddit.recheck import MOST, Recheck, RecheckState
from ingest.source import Sighting
from tests.ingest.reddit_server import RunningReddit, reddit
from tests.ingest.test_reddit import NOW_MS, ids, items, last_cursor, source

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


class Watch:
    """Reads while the clock is moved by hand."""

    def __init__(
        self, server: RunningReddit, cursor: str | None = None, **more: object
    ) -> None:
        self._source = source(server, **more)
        self._source._now = lambda: self.now
        self.now = NOW_MS
        # The clock of the quota runs along, so that days of polls fit into a second.
        self._source._limits = Limits(clock=lambda: float(self.now))
        self.cursor = cursor
        self._server = server
        self._reading = self._source.read(cursor, threading.Event())

    def read(self, *, rounds: int = 2) -> list[Sighting]:
        """What comes until the listings were read ``rounds`` times and nothing was due."""
        found: list[Sighting] = []
        quiet = 0
        while quiet < 2 * rounds + 1:
            sighting = next(self._reading)
            quiet = quiet + 1 if sighting.item is None else 0
            self.cursor = sighting.cursor or self.cursor
            found.append(sighting)
        return found

    def later(self, ms: int) -> list[Sighting]:
        self.now += ms
        return self.read()

    def restart(self) -> None:
        self._reading.close()
        self._reading = self._source.read(self.cursor, threading.Event())


def test_what_is_deleted_removed_or_vanishes_is_told_once(server):
    kept = server.submit("kept")
    deleted, removed, vanished = (server.submit(word) for word in ("a", "b", "c"))
    orphan = server.comment("its author left")
    watch = Watch(server)
    assert len(ids(watch.read())) == 5
    server.vanish(deleted, removed, vanished, orphan)
    server.change(deleted, author=None, selftext="[deleted]")
    server.change(removed, removed_by_category="moderator")
    server.gone_from_info.add(vanished)
    server.change(orphan, author="[deleted]", author_fullname=None)

    soon = watch.later(11 * MINUTE_MS)
    later = watch.later(2 * MINUTE_MS)
    rest = watch.later(DAY_MS) + watch.later(2 * DAY_MS)

    assert set(ids(soon)) == {f"reddit:{name}" for name in (deleted, removed, orphan)}
    assert all(isinstance(item, Deletion) for item in items(soon))
    assert [(d.id, d.deleted_at) for d in items(later, Deletion)] == [
        (f"reddit:{vanished}", watch.now - 3 * DAY_MS)
    ]
    assert ids(rest) == []
    assert kept in server.asked[-1][1].get("id", kept)


def test_an_edit_is_the_post_again_at_once_where_the_listing_still_shows_it(server):
    name = server.submit("서하늘", selftext="before")
    watch = Watch(server)
    watch.read()
    server.change(name, selftext="after", edited=1.0)

    [post] = items(watch.read(), Post)

    assert (post.id, post.text) == (f"reddit:{name}", "서하늘\n\nafter")
    assert items(watch.read()) == []


def test_an_edit_beyond_the_listing_and_new_counts_come_with_the_next_look(server):
    name = server.submit("old", score=1)
    watch = Watch(server)
    watch.read()
    server.vanish(name)
    server.change(name, score=900, num_comments=41)
    assert ids(watch.read()) == []

    [post] = items(watch.later(11 * MINUTE_MS), Post)

    assert post.metrics == {"score": 900, "num_comments": 41}
    assert ids(watch.later(60 * MINUTE_MS)) == []


def test_it_looks_again_at_growing_ages_and_then_no_more(server):
    server.submit("x")
    watch = Watch(server)
    watch.read()
    looks = []
    at = 0
    for minute in (5, 15, 50, 70, 300, 380, 1400, 1450, 2800, 2900, 9000):
        before = len(server.asked)
        watch.later((minute - at) * MINUTE_MS)
        at = minute
        looks += [minute] * any(path == "/api/info" for path, _ in server.asked[before:])

    assert looks == [15, 70, 380, 1450, 2900]


def test_one_answer_that_leaves_something_out_deletes_nothing(server):
    name = server.submit("x")
    server.submit("y")
    watch = Watch(server)
    watch.read()
    server.gone_from_info.add(name)
    watch.later(11 * MINUTE_MS)
    server.gone_from_info.clear()

    assert items(watch.later(2 * MINUTE_MS)) == []


def test_empty_answers_have_to_come_four_times(server):
    names = [server.submit(f"{n}") for n in range(3)]
    watch = Watch(server)
    watch.read()
    server.gone_from_info.update(names)

    rounds = [len(items(watch.later(11 * MINUTE_MS), Deletion)) for _ in range(5)]

    assert rounds == [0, 0, 0, 3, 0]


def test_a_restart_goes_on_looking(server):
    deleted = server.submit("x")
    doubtful = server.submit("y")
    server.submit("z")
    watch = Watch(server)
    watch.read()
    watch.restart()
    server.vanish(deleted, doubtful)
    server.change(deleted, removed_by_category="reddit")
    server.gone_from_info.add(doubtful)
    first = watch.later(11 * MINUTE_MS)
    watch.restart()
    second = watch.later(2 * MINUTE_MS)

    assert [d.id for d in items(first, Deletion)] == [f"reddit:{deleted}"]
    assert [d.id for d in items(second, Deletion)] == [f"reddit:{doubtful}"]


def test_after_a_restart_what_changed_is_told_at_once_and_nothing_else_comes_again(server):
    _, removed, edited = (server.submit(word) for word in ("a", "b", "c"))
    watch = Watch(server)
    watch.read()
    server.change(removed, removed_by_category="moderator")
    server.change(edited, selftext="edited")
    watch.restart()

    at_once = watch.read()

    assert ids(at_once) == [f"reddit:{removed}", f"reddit:{edited}"]
    assert [post.text for post in items(at_once, Post)] == ["c\n\nedited"]
    assert ids(watch.later(11 * MINUTE_MS)) == []


def test_what_cannot_be_looked_at_is_tried_again_and_new_posts_still_come(server):
    server.submit("x")
    watch = Watch(server)
    watch.read()
    real = server.answer
    server.answer = lambda path, query: (  # type: ignore[method-assign]
        (503, {}, b"") if path == "/api/info" else real(path, query)
    )
    new = server.submit("new")

    assert f"reddit:{new}" in ids(watch.later(11 * MINUTE_MS))


def test_switched_off_it_never_looks(server):
    server.submit("x")
    watch = Watch(server, recheck="off")
    watch.read()
    watch.later(3 * DAY_MS)

    assert "/api/info" not in {path for path, _ in server.asked}
    assert "names" not in str(watch.cursor)


def test_what_is_remembered_is_bounded_and_survives_being_written_down():
    recheck = Recheck(DAY_MS, RecheckState())
    for number in range(MOST + 5000):
        content = {"kind": "t3", "data": {"id": f"{number}"}}
        recheck.note(f"t3_{number}", content, NOW_MS + number * 100)

    state = recheck.state()
    entries = [entry for group in state.groups for entry in group.names.split()]
    names = [entry.partition("=")[0] for entry in entries]

    assert MOST - 100 <= len(names) <= MOST
    assert names[-1] == f"t3_{MOST + 4999}"
    again = Recheck(DAY_MS, state)
    assert again.state() == state
    assert again.due(NOW_MS) == recheck.due(NOW_MS)


def test_asking_is_done_by_the_hundred():
    recheck = Recheck(DAY_MS, RecheckState())
    for number in range(450):
        recheck.note(f"t3_{number}", {}, NOW_MS)
    asked: list[int] = []

    def ask(names: str) -> Page:
        asked.append(len(names.split(",")))
        return Page([], None)

    context = Context(source="reddit", now=NOW_MS + 11 * MINUTE_MS, live=True)
    assert list(recheck.look(ask, context)) == []
    assert len(asked) == 5
    assert max(asked) == 100


def test_the_cursor_of_a_reader_that_looks_again_is_read_back(server):
    server.submit("x")
    watch = Watch(server)
    sightings = watch.read()

    assert '"groups"' in (last_cursor(sightings) or "")
