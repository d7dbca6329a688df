"""Reddit's past: backfill of listings, searches and threads, resumed, bounded, gaps told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.collector import Collector
from ingest.records import Gap, Post
from ingest.reddit import RedditSource
from ingest.reddit.limits import Limits
from ingest.source import Disconnected, Sighting
from tests.ingest.reddit_server import START_S, RunningReddit, listing, reddit
from tests.ingest.test_reddit import NOW_MS, ids, items, last_cursor, source, sweep

DAY_S = 86_400.0
NOW_S = NOW_MS // 1000


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


def unhurried(server: RunningReddit, **more: object) -> RedditSource:
    """A source whose quota is always fresh, and whose live polls are seldom."""
    made = source(server, poll_s=0.5, **more)
    made._limits = Limits(clock=iter(range(0, 10**9, 100)).__next__)
    return made


def whole(server: RunningReddit, after: str | None = None, **more: object) -> list[Sighting]:
    """All of a source that reads the past and ends."""
    stop = threading.Event()
    timer = threading.Timer(60, stop.set)
    timer.start()
    try:
        return list(unhurried(server, live=False, **more).read(after, stop))
    finally:
        timer.cancel()
        assert not stop.is_set(), "it did not end by itself"


def is_over(cursor: str | None) -> bool:
    """Whether nothing is left of the past."""
    past = json.loads(cursor or "{}").get("past", {})
    jobs = past.get("jobs", {}).values()
    return bool(jobs) and all(job.get("done") for job in jobs) and not past.get("threads")


def catch_up(server: RunningReddit, after: str | None = None, **more: object) -> list[Sighting]:
    """All of a source that also reads live, until the past is read."""
    stop = threading.Event()
    timer = threading.Timer(60, stop.set)
    timer.start()
    found: list[Sighting] = []
    polls = len(server.asked)
    for sighting in unhurried(server, **more).read(after, stop):
        found.append(sighting)
        polled = {path.rpartition("/")[2] for path, _ in server.asked[polls:]}
        if sighting.item is None and is_over(last_cursor(found)) and "comments" in polled:
            break
    timer.cancel()
    assert not stop.is_set(), "the past has no end"
    return found


def test_a_search_finds_submissions_everywhere_or_in_one_subreddit(server):
    here = server.submit("서하늘 사진", subreddit="kpop")
    there = server.submit("more of 서하늘", subreddit="elsewhere")
    server.submit("another", subreddit="kpop")
    both = [{"query": "서하늘"}, {"query": "서하늘", "subreddit": "r/elsewhere"}]

    sightings = sweep(source(server, subreddits=[], searches=both))

    assert sorted(ids(sightings)) == sorted(
        [f"reddit:{here}", f"reddit:{there}", f"reddit:{there}"]
    )
    assert [(path, q["q"], q["sort"]) for path, q in server.asked] == [
        ("/search", "서하늘", "new"),
        ("/r/elsewhere/search", "서하늘", "new"),
    ]
    assert server.asked[1][1]["restrict_sr"] == "1"


def test_a_search_goes_on_where_it_was_and_tells_gaps(server):
    server.submit("서하늘 0")
    cursor = last_cursor(sweep(source(server, subreddits=[], searches=["서하늘"])))
    server.depth = 250
    names = [server.submit(f"서하늘 {n}") for n in range(300)]

    sightings = sweep(source(server, subreddits=[], searches=["서하늘"]), cursor)

    assert ids(sightings) == [f"reddit:{name}" for name in names[50:]]
    [gap] = items(sightings, Gap)
    assert gap.reason == "search for '서하늘': more was posted than Reddit lists"


def test_a_backfill_reads_back_to_its_day_and_no_further(server):
    days = [server.submit(f"{n}", created_utc=NOW_S - n * DAY_S) for n in range(300, -1, -1)]

    sightings = whole(server, backfill="150d")

    assert ids(sightings) == [f"reddit:{name}" for name in days[150:]]
    assert items(sightings, Gap) == []
    posts = items(sightings, Post)
    assert posts[0].observed_at is None
    assert posts[0].event_at == (NOW_S - 150 * 86_400) * 1000


def test_a_backfill_of_dates_ends_where_it_should(server):
    for n in range(40, -1, -1):
        server.submit(f"{n}", created_utc=START_S - n * DAY_S)
    # START_S is 2026-11-18 10:40 UTC.
    sightings = whole(server, backfill="2026-11-01/2026-11-03")

    times = [post.created_at // 1000 for post in items(sightings, Post)]
    assert times == [START_S - n * 86_400 for n in (17, 16, 15)]


def test_what_reddit_no_longer_lists_is_a_gap_of_the_backfill(server):
    for n in range(1100, -1, -1):
        server.submit(f"{n}", created_utc=NOW_S - n * 3600.0)

    sightings = whole(server, backfill="100d")

    [gap] = items(sightings, Gap)
    assert gap.reason == "submissions of r/kpop: Reddit lists nothing older"
    assert (gap.since, gap.until) == (
        NOW_MS - 100 * 86_400_000,
        NOW_MS - 999 * 3_600_000,
    )
    assert len(ids(sightings)) == 1000


def test_a_small_subreddit_read_wholly_has_no_gap(server):
    server.submit("the only one")

    assert items(whole(server, backfill="365d"), Gap) == []


def test_comments_of_the_past_are_found_under_their_submissions_once(server):
    server.more_at = 3
    post = server.submit("x", num_comments=12)
    top = [server.comment(f"{n}", on=post) for n in range(4)]
    deep = server.comment("deep", on=post, to=top[0])
    deeper = server.comment("deeper", on=post, to=deep)
    elsewhere = server.comment("old", on=post, created_utc=NOW_S - 30 * DAY_S)
    server.vanish(*top, deep, deeper, elsewhere)
    top += [server.comment(f"still listed {n}", on=post) for n in range(4)]

    sightings = whole(server, backfill="7d")

    found = ids(sightings)
    assert sorted(found) == sorted(f"reddit:{name}" for name in (post, *top, deep, deeper))
    assert len(found) == len(set(found))
    [answer] = [p for p in items(sightings, Post) if p.id == f"reddit:{deeper}"]
    assert (answer.reply_to, answer.root) == (f"reddit:{deep}", f"reddit:{post}")


def test_a_branch_that_goes_on_elsewhere_is_followed_and_a_circle_ends(server):
    post = server.submit("x", num_comments=2)
    first = server.comment("first", on=post)
    further = server.comment("further", on=post, to=first)
    server.vanish(first, further)
    more = {"kind": "more", "data": {"children": [], "count": 0, "id": "_", "parent_id": first}}
    real = server.answer

    def thread(path: str, query: dict[str, str]) -> Any:
        if not path.startswith("/comments/"):
            return real(path, query)
        shown = [server.things[further if "comment" in query else first], more]
        return 200, {}, json.dumps([listing([]), listing(shown)]).encode()

    server.answer = thread  # type: ignore[method-assign]

    found = ids(whole(server, backfill="7d"))

    assert sorted(found) == sorted(f"reddit:{name}" for name in (post, first, further))
    assert len([1 for path, _ in server.asked if path.startswith("/comments/")]) == 2


def test_a_thread_without_end_is_cut_and_the_rest_is_a_gap(server, monkeypatch):
    monkeypatch.setattr("ingest.reddit.thread.MOST_REQUESTS", 3)
    server.more_at = 1
    post = server.submit("x", num_comments=400)
    comments = [server.comment(f"{n}", on=post) for n in range(400)]
    server.vanish(*comments)

    sightings = whole(server, backfill="7d")

    assert len(ids(sightings)) == 1 + 1 + 200
    [gap] = items(sightings, Gap)
    assert gap.reason == "comments of a long thread: not all could be read"


def test_a_thread_that_is_gone_or_fails_stops_nothing(server, monkeypatch):
    monkeypatch.setattr("ingest.reddit.past.AGAIN_S", 0.05)
    gone = server.submit("gone", num_comments=5)
    good = server.submit("good", num_comments=1)
    comment = server.comment("c", on=good)
    server.vanish(comment)
    real = server.answer
    failures = [(503, {}, b"")]

    def thread(path: str, query: dict[str, str]) -> Any:
        if path == f"/comments/{gone[3:]}":
            return 404, {}, b"{}"
        if path == f"/comments/{good[3:]}" and failures:
            return failures.pop()
        return real(path, query)

    server.answer = thread  # type: ignore[method-assign]

    assert f"reddit:{comment}" in ids(catch_up(server, backfill="7d"))
    assert failures == []


def test_trouble_while_only_the_past_is_read_is_told_and_nothing_is_lost(server):
    names = [server.submit(f"{n}") for n in range(120)]
    server.moods = ["well", (503, {}, b"")]
    stop = threading.Event()

    with pytest.raises(Disconnected, match="Reddit is in trouble"):
        list(source(server, live=False, backfill="7d").read(None, stop))

    assert ids(whole(server, backfill="7d")) == [f"reddit:{name}" for name in names]


def test_a_backfill_is_done_once_and_then_reading_is_live(server):
    old = [server.submit(f"{n}", created_utc=NOW_S - n * DAY_S) for n in range(200, 0, -1)]
    first = catch_up(server, backfill="300d")
    new = server.submit("new", created_utc=float(NOW_S))

    second = sweep(source(server, backfill="300d"), last_cursor(first))

    assert sorted(ids(first)) == [f"reddit:{name}" for name in old]
    assert ids(second) == [f"reddit:{new}"]


def test_live_reading_comes_first(server):
    old = [server.submit(f"{n}", created_utc=NOW_S - n * DAY_S) for n in range(200, 0, -1)]

    found = ids(catch_up(server, backfill="300d"))

    assert found == [f"reddit:{name}" for name in (*old[100:], *old[:100])]


@pytest.mark.parametrize("cut", [1, 60, 101, 170, 201])
def test_a_backfill_that_is_stopped_goes_on_without_loss_or_repeats(server, cut):
    names = [
        server.submit(f"{n}", created_utc=NOW_S - n * DAY_S, num_comments=n % 2)
        for n in range(200, 0, -1)
    ]
    comments = [server.comment(f"on {name}", on=name) for name in names[1::2]]
    server.vanish(*comments)
    reading = unhurried(server, backfill="300d").read(None, threading.Event())
    first = [next(reading) for _ in range(cut)]
    reading.close()

    second = catch_up(server, last_cursor(first), backfill="300d")

    # A cursor stands behind the last item that ends at a safe point.
    safe = max(n for n, s in enumerate(first) if s.cursor is not None)
    found = ids(first[: safe + 1]) + ids(second)
    assert len(found) == len(set(found))
    assert sorted(found) == sorted(f"reddit:{name}" for name in (*names, *comments))


def test_a_backfill_may_be_asked_for_later_and_repeats_nothing(server):
    old = [server.submit(f"{n}", created_utc=NOW_S - n * DAY_S) for n in range(150, 10, -1)]
    first = sweep(source(server))
    between = [server.submit(f"b{n}", created_utc=NOW_S - n * DAY_S) for n in range(9, 0, -1)]

    second = catch_up(server, last_cursor(first), backfill="3d")
    third = catch_up(server, last_cursor(second), backfill="100d")

    assert ids(first) == [f"reddit:{name}" for name in old[-100:]]
    assert ids(second) == [f"reddit:{name}" for name in between]
    assert ids(third) == []
    assert ids(catch_up(server, last_cursor(third), backfill="365d")) == [
        f"reddit:{name}" for name in old[:-100]
    ]


def test_a_subreddit_that_is_added_later_has_its_own_past(server):
    for n in range(20):
        server.submit(f"{n}")
    before = [server.submit("x", subreddit="late"), server.submit("y", subreddit="late")]
    server.submit("newest")
    first = catch_up(server, backfill="30d")
    since = server.submit("z", subreddit="late")

    both = ["kpop", "late"]
    second = catch_up(server, last_cursor(first), subreddits=both, backfill="30d")

    assert sorted(ids(second)) == sorted(f"reddit:{name}" for name in (*before, since))


def test_every_subreddit_has_its_own_thousand(server):
    for n in range(1500):
        server.submit(f"{n}", subreddit=("kpop", "quiet")[n % 15 == 0])

    sightings = whole(server, backfill="30d", subreddits=["kpop", "quiet"])

    assert len(ids(sightings)) == 1000 + 100
    assert len(set(ids(sightings))) == 1100


def test_a_place_that_refuses_us_is_a_gap_and_the_others_are_read(server):
    server.refusals["shy"] = 403, {}, b'{"reason": "private"}'
    mine = server.submit("readable")

    sightings = whole(server, backfill="2d", subreddits=["shy", "kpop"])

    assert ids(sightings) == [f"reddit:{mine}"]
    assert [(gap.since, gap.until, gap.reason) for gap in items(sightings, Gap)] == [
        (NOW_MS - 2 * 86_400_000, NOW_MS, "r/shy is private")
        for _ in ("submissions", "comments")
    ]


def test_the_past_leaves_half_of_the_quota_to_what_is_live(server):
    now = [0.0]
    limits = Limits(clock=lambda: now[0])
    assert limits.spare_in() == 0
    for _ in range(50):
        limits.sent()
    assert limits.spare_in() == 60
    assert limits.pause() == 0
    now[0] = 60
    assert limits.spare_in() == 0
    limits.heard({"x-ratelimit-remaining": "59", "x-ratelimit-reset": "200"})
    assert limits.spare_in() == 200
    limits.heard({"x-ratelimit-remaining": "600", "x-ratelimit-reset": "200"})
    assert limits.spare_in() == 0


def test_more_threads_than_are_read_are_a_gap(server, monkeypatch):
    monkeypatch.setattr("ingest.reddit.past.MOST_THREADS", 2)
    for n in range(4):
        server.comment("c", on=server.submit(f"{n}", num_comments=1))

    [gap] = items(whole(server, backfill="7d"), Gap)

    assert gap.reason == "comments: more threads than are read"


def test_a_past_that_was_read_asks_for_nothing_any_more(server):
    server.comment("c", on=server.submit("x", num_comments=1))
    first = whole(server, backfill="7d")
    asked, logins = len(server.asked), len(server.logins)

    assert whole(server, last_cursor(first), backfill="7d") == []
    assert (len(server.asked), len(server.logins)) == (asked, logins)


def test_the_past_alone_ends_as_done_in_the_collector(server):
    server.submit("x")
    collector = Collector([source(server, live=False, backfill="7d")], {})
    collector.start()
    found: list[object] = []
    for _ in range(100):
        for batch in collector.poll(0.1):
            found += batch.items
        if collector.finished:
            break
    [status] = collector.statuses()
    collector.close()

    assert status.state == "done"
    assert [type(item) for item in found] == [Post]
