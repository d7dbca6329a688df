"""Reddit live against a local server: polling, what is new, gaps, stopping, wrong options."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from ingest.collector import Backoff, Collector
from ingest.records import Deletion, Gap, Malformed, Post
from ingest.reddit import RedditSource
from ingest.secret import Secret
from ingest.source import Sighting, Source, SourceError, SourceMisconfigured
from tests.ingest.reddit_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    START_S,
    RunningReddit,
    reddit,
)

NOW_MS = (START_S + 3600) * 1000


def options(server: RunningReddit, **more: object) -> dict[str, object]:
    return {
        "client_id": CLIENT_ID,
        "client_secret": Secret(CLIENT_SECRET),
        "user_agent": "linux:org.example.jikimi.test:1 (by u/nobody)",
        "subreddits": ["kpop"],
        "oauth_url": server.url,
        "reddit_url": server.url,
    } | more


def source(
    server: RunningReddit, *, now: int = NOW_MS, poll_s: float = 0.02, **more: object
) -> RedditSource:
    made = RedditSource.from_settings("reddit", options(server, **more))
    made._now = lambda: now
    made._options = msgspec.structs.replace(made._options, poll_interval_s=poll_s)
    return made


def sweep(
    reader: RedditSource, after: str | None = None, *, rounds: int | None = None
) -> list[Sighting]:
    """Sightings until each listing was read ``rounds`` times (an empty one ends a reading)."""
    searches = len(reader._options.searches)
    expected = (rounds or 1) * (2 * bool(reader._options.subreddits) + searches)
    found: list[Sighting] = []
    stop = threading.Event()
    timer = threading.Timer(60, stop.set)
    timer.start()
    try:
        for sighting in reader.read(after, stop):
            found.append(sighting)
            expected -= sighting.item is None
            if not expected:
                break
    finally:
        timer.cancel()
    return found


def items(sightings: list[Sighting], kind: type = object) -> list[Any]:
    return [s.item for s in sightings if s.item is not None and isinstance(s.item, kind)]


def ids(sightings: list[Sighting]) -> list[str]:
    return [item.id for item in items(sightings) if isinstance(item, Post | Deletion)]


def last_cursor(sightings: list[Sighting]) -> str | None:
    return next((s.cursor for s in reversed(sightings) if s.cursor is not None), None)


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


def test_it_is_a_source_and_says_on_what_terms(server):
    assert isinstance(source(server), Source)
    assert "non-commercial" in RedditSource.terms.note
    assert "100" in RedditSource.terms.rate


def test_submissions_and_comments_come_oldest_first(server):
    first = server.submit("서하늘 컴백", selftext="드디어")
    second = server.submit("second")
    answer = server.comment("축하해", on=first)

    sightings = sweep(source(server))

    assert ids(sightings) == [f"reddit:{first}", f"reddit:{second}", f"reddit:{answer}"]
    post, _, comment = items(sightings, Post)
    assert post.text == "서하늘 컴백\n\n드디어"
    assert (post.source, post.platform, post.container) == ("reddit", "reddit", "reddit:kpop")
    assert (post.observed_at, post.author_id) == (NOW_MS, "t2_some")
    assert (comment.reply_to, comment.root) == (f"reddit:{first}", f"reddit:{first}")


@pytest.mark.parametrize("off_h", [-20, -5, 0, 5, 20])
def test_a_clock_that_is_hours_off_changes_no_event_time(server, off_h):
    server.submit("서하늘 컴백")

    sightings = sweep(source(server, now=NOW_MS + off_h * 3_600_000))

    [post] = items(sightings, Post)
    assert post.event_at == post.created_at


def test_it_logs_in_as_an_app_without_an_account(server):
    sweep(source(server))

    [login] = server.logins
    assert login == {"grant_type": "client_credentials"}
    assert all(agent.startswith("linux:org.example.jikimi.test:1") for agent in server.agents)


def test_all_subreddits_are_asked_for_together(server):
    server.submit("a", subreddit="kpop")
    server.submit("b", subreddit="kpopthoughts")

    sightings = sweep(source(server, subreddits=["kpop", "r/kpopthoughts", "KPOP"]))

    assert {path for path, _ in server.asked} == {
        "/r/kpop+kpopthoughts/new",
        "/r/kpop+kpopthoughts/comments",
    }
    assert len(items(sightings, Post)) == 2


def test_what_was_read_does_not_come_again(server):
    server.submit("one")
    before = sweep(source(server))
    new = server.submit("two")

    after = sweep(source(server), last_cursor(before))

    assert ids(after) == [f"reddit:{new}"]


def test_a_second_poll_of_the_same_run_brings_only_what_is_new(server):
    server.submit("one")
    reader = source(server)
    found: list[Sighting] = []
    stop = threading.Event()
    late: list[str] = []
    for sighting in reader.read(None, stop):
        found.append(sighting)
        if len(found) == 3:
            late.append(server.submit("two"))
        if len(found) == 6:
            break

    assert ids(found)[1:] == [f"reddit:{late[0]}"]
    assert [path for path, _ in server.asked] == ["/r/kpop/new", "/r/kpop/comments"] * 2


def test_reading_begins_with_the_newest_hundred(server):
    names = [server.submit(f"{n}") for n in range(250)]

    sightings = sweep(source(server))

    assert ids(sightings) == [f"reddit:{name}" for name in names[150:]]
    assert items(sightings, Gap) == []


def test_more_than_a_page_is_read_back_to_what_is_known(server):
    server.submit("known")
    cursor = last_cursor(sweep(source(server)))
    names = [server.submit(f"{n}") for n in range(730)]

    sightings = sweep(source(server), cursor)

    assert ids(sightings) == [f"reddit:{name}" for name in names]
    assert items(sightings, Gap) == []


def test_more_than_reddit_lists_is_a_gap_with_its_times(server):
    server.submit("known")
    cursor = last_cursor(sweep(source(server)))
    names = [server.submit(f"{n}") for n in range(1200)]

    sightings = sweep(source(server), cursor)

    assert ids(sightings) == [f"reddit:{name}" for name in names[200:]]
    [gap] = items(sightings, Gap)
    assert (gap.since, gap.until) == (START_S * 1000, (START_S + 201) * 1000)
    assert gap.reason == "submissions: more was posted than Reddit lists"
    assert items(sweep(source(server), last_cursor(sightings)), Gap) == []


def test_a_known_thing_that_vanished_is_still_a_place_to_go_on_from(server):
    older = server.submit("older")
    known = server.submit("known")
    cursor = last_cursor(sweep(source(server)))
    server.vanish(known)
    names = [server.submit(f"{n}") for n in range(120)]

    sightings = sweep(source(server), cursor)

    assert ids(sightings) == [f"reddit:{name}" for name in names]
    assert items(sightings, Gap) == []
    assert all("before" not in query for _, query in server.asked)
    assert older not in ids(sightings)


def test_the_thing_a_page_ends_with_may_vanish_before_the_next_page(server):
    server.submit("known")
    cursor = last_cursor(sweep(source(server)))
    names = [server.submit(f"{n}") for n in range(300)]
    anchors = []

    def take_away(path: str, query: dict[str, str]) -> None:
        anchors.append(query.get("after"))
        if len(anchors) in (2, 3, 5):
            server.vanish(query["after"])

    server.before_answer = take_away

    sightings = sweep(source(server), cursor)

    # What vanished was read on the page before, so that nothing is missing.
    assert ids(sightings) == [f"reddit:{name}" for name in names]
    assert items(sightings, Gap) == []


def test_a_page_that_stays_empty_whatever_is_tried_is_a_gap(server):
    server.submit("known")
    cursor = last_cursor(sweep(source(server)))
    names = [server.submit(f"{n}") for n in range(300)]
    server.depth = 100
    real = server._list

    def short(kind: str, query: dict[str, str], wanted: set[str] | None) -> dict[str, Any]:
        page = real(kind, query, wanted)
        if "after" not in query and len(page["data"]["children"]) == 100:
            page["data"]["after"] = page["data"]["children"][-1]["data"]["name"]
        return page

    server._list = short  # type: ignore[method-assign]

    sightings = sweep(source(server), cursor)

    assert ids(sightings) == [f"reddit:{name}" for name in names[200:]]
    assert len(items(sightings, Gap)) == 1


def test_what_becomes_visible_late_is_read_all_the_same(server):
    for n in range(20):
        server.submit(f"{n}")
    late = server.submit("held by a filter")
    server.vanish(late)
    server.submit("newest")
    cursor = last_cursor(sweep(source(server)))
    server.hidden.clear()

    assert ids(sweep(source(server), cursor)) == [f"reddit:{late}"]


def test_old_things_that_move_up_when_newer_ones_vanish_are_not_taken_for_new(server):
    names = [server.submit(f"{n}") for n in range(300)]
    cursor = last_cursor(sweep(source(server)))
    server.vanish(*names[250:])

    assert ids(sweep(source(server), cursor)) == []


def test_what_is_taken_away_is_a_deletion(server):
    removed = server.submit("x", removed_by_category="moderator")
    deleted = server.comment("[deleted]", author="[deleted]", author_fullname=None)
    orphan = server.comment("still there", author=None, author_fullname=None)

    sightings = sweep(source(server))

    assert {(d.id, d.deleted_at) for d in items(sightings, Deletion)} == {
        (f"reddit:{name}", NOW_MS) for name in (removed, deleted, orphan)
    }
    assert items(sightings, Post) == []


def test_old_posts_keep_their_time(server):
    server.submit("old", created_utc=START_S - 40 * 86_400.0)

    [post] = items(sweep(source(server)), Post)

    assert post.observed_at is None
    assert post.event_at == (START_S - 40 * 86_400) * 1000


@pytest.mark.parametrize("data", [{"title": None}, {"title": 5}, {"created_utc": "x"}, {"author_fullname": 1.5}, {"created_utc": None}])  # fmt: skip
def test_what_cannot_be_read_is_a_dead_letter_once(server, data):
    server.submit("good")
    server.change(server.submit("bad"), **data)

    first = sweep(source(server))
    second = sweep(source(server), last_cursor(first))

    assert len(items(first, Malformed)) == 1
    assert len(items(first, Post)) == 1
    assert items(second) == []


@pytest.mark.parametrize("content", [None, 5, "x", [], {}, {"kind": "t3"}, {"kind": "t3", "data": {"id": "Ü"}}, {"kind": "t3", "data": {"id": 7}}, {"kind": "t5", "data": {"id": "x"}}])  # fmt: skip
def test_things_without_an_id_are_dead_letters_and_stop_nothing(server, content):
    real = server._list

    def hostile(*asked: Any) -> dict[str, Any]:
        page = real(*asked)
        page["data"]["children"].insert(0, content)
        return page

    good = server.submit("good")
    server._list = hostile  # type: ignore[method-assign]

    sightings = sweep(source(server), rounds=2)

    assert ids(sightings) == [f"reddit:{good}"]
    # The same nonsense stands in both listings and both rounds.
    assert len(items(sightings, Malformed)) in (1, 2)


def test_it_stops_at_once_while_it_waits(server):
    stop = threading.Event()
    done = threading.Event()

    def wait() -> None:
        for _ in source(server, poll_s=3600).read(None, stop):
            pass
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.5)
    stop.set()

    assert done.wait(30)


def test_the_collector_stops_within_three_seconds_although_reddit_hangs(server):
    server.moods = ["hang"] * 5
    collector = Collector([source(server)], {})
    collector.start()
    while not server.asked:
        time.sleep(0.01)
    began = time.monotonic()

    collector.close()

    assert time.monotonic() - began < 3
    server.ended.set()


def test_it_runs_in_the_collector(server):
    server.submit("one")
    collector = Collector([source(server)], {}, backoff=Backoff(first=0.01))
    collector.start()
    deadline = time.monotonic() + 10
    found: list[object] = []
    while not found and time.monotonic() < deadline:
        for batch in collector.poll(0.1):
            found += batch.items
    [status] = collector.statuses()
    collector.close()

    assert [type(item) for item in found] == [Post]
    assert status.state == "live"


@pytest.mark.parametrize("cursor", ["", "abc", "{}", "1795000000", '{"reddit":2}', "[]", '{"reddit":1,"listings":5}', '{"reddit":1,"listings":{"new":{"seen":"Ü"}}}'])  # fmt: skip
def test_a_cursor_of_another_source_is_refused(server, cursor):
    with pytest.raises(SourceMisconfigured, match="cursor is not one of ours"):
        next(source(server).read(cursor, threading.Event()))


def test_a_closed_port_is_tried_again_later():
    with reddit() as server:
        reader = source(server)

    with pytest.raises(SourceError, match="connection failed"):
        list(reader.read(None, threading.Event()))
