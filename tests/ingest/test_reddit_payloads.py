"""Every recorded answer of Reddit, served by a local server and read through PRAW."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import praw
import prawcore
import pytest

from ingest.clean import Context
from ingest.formats import pushshift
from ingest.formats import reddit as decoder
from ingest.records import Deletion, Malformed, Post
from ingest.reddit.client import Client, Refused
from ingest.reddit.limits import Limits
from ingest.reddit.listing import thing_of
from ingest.reddit.options import read_options
from ingest.reddit.thread import Thread
from ingest.source import Disconnected, RateLimited, SourceError
from tests.ingest.payloads import PAYLOADS, needs_payloads
from tests.ingest.reddit_server import CLIENT_ID, CLIENT_SECRET, Answer, RunningReddit, reddit
from tests.ingest.test_reddit import ids, items, last_cursor, options, source, sweep

pytestmark = needs_payloads
LISTINGS = (
    "TestMultiredditStreams.test_comments__with_pause",
    "TestSubreddit.test_search",
    "TestSubredditListings.test_hot",
    "TestSubredditListings.test_new",
    "TestSubredditListings.test_top",
    "TestSubredditStreams.test_comments",
    "TestSubredditStreams.test_comments__with_continue_after_id",
    "TestSubredditStreams.test_submissions",
)
THREADS = (
    "TestCommentForest.test_replace__all",
    "TestMore.test_comments",
    "TestPollData.test_get_attrs",
)
CROSSPOST = "TestSubmission.test_crosspost"
ERRORS = (
    "TestSession.test_request__bad_gateway",
    "TestSession.test_request__cloudflare_unknown_error",
    "TestSession.test_request__gateway_timeout",
    "TestSession.test_request__internal_server_error",
    "TestSession.test_request__service_unavailable",
)
EVERYTHING = (*LISTINGS, *THREADS, CROSSPOST)
CONTEXT = Context(source="reddit", now=1_795_000_000_000, live=True)


def interactions(name: str) -> Any:
    folder = "reddit_prawcore" if name in ERRORS else "reddit_praw"
    return json.loads((PAYLOADS / folder / f"{name}.json").read_text())["interactions"]


def answers(name: str) -> list[bytes]:
    """What Reddit answered in a recording, logins left out."""
    recorded = interactions(name)
    return [
        entry["response"]["body"]["string"].encode()
        for entry in recorded
        if "access_token" not in entry["request"]["uri"]
    ]


def listings(name: str) -> list[bytes]:
    return [body for body in answers(name) if body.startswith(b'{"kind": "Listing"')]


def is_gone(data: dict[str, Any]) -> bool:
    text = data.get("body", data.get("selftext"))
    return data["author"] == "[deleted]" or text in ("[deleted]", "[removed]")


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


def client(server: RunningReddit) -> Client:
    limits = Limits(clock=iter(range(0, 10**9, 100)).__next__)
    given = read_options("reddit", options(server))
    return Client("reddit", given, limits, threading.Event(), threading.Event())


@pytest.mark.parametrize(
    ("folder", "tested"), [("reddit_praw", EVERYTHING), ("reddit_prawcore", ERRORS)]
)
def test_every_recording_that_there_is_has_its_tests(folder, tested):
    found = {path.name for path in (PAYLOADS / folder).iterdir()}

    assert found == {f"{name}.json" for name in tested}


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_thing_of_every_answer_becomes_a_post_or_a_deletion(server, name):
    asking = client(server)
    read = 0
    for body in answers(name):
        server.moods = [(200, {"Content-Type": "application/json"}, body)]
        for thing in decoder.flatten(asking.get("r/x/new")):
            if decoder.kind_of(thing) == "more":
                continue
            data = thing["data"]  # type: ignore[index]
            item = decoder.decode(thing, CONTEXT)
            assert not isinstance(item, Malformed), item
            assert isinstance(item, Deletion) == is_gone(data)
            assert item.id == f"reddit:{data['name']}"
            if isinstance(item, Post):
                assert item.created_at == int(data["created_utc"] * 1000)
                assert (data.get("body") or data.get("title")) in item.text
                assert item.container == f"reddit:{data['subreddit']}"
                assert item.reply_to == (
                    f"reddit:{data['parent_id']}" if "body" in data else None
                )
            read += 1
    asking.close()

    assert read > 0


@pytest.mark.parametrize("name", LISTINGS)
def test_recorded_listings_in_order_are_polls_without_loss_or_repeats(server, name):
    cursor: str | None = None
    found: list[str] = []
    posted: dict[str, None] = {}
    oldest = 0
    for body in listings(name):
        things = [thing_of(child) for child in json.loads(body)["data"]["children"]]
        numbers = {thing.native: thing.number for thing in things if thing is not None}
        oldest = oldest or min(numbers.values(), default=0)
        # What is older than where reading began is not ours.
        kind = "t1" if b'"body"' in body else "t3"
        posted |= {
            f"reddit:{kind}_{native}": None
            for native, number in numbers.items()
            if number >= oldest
        }
        ended = json.loads(body) | {}
        ended["data"]["after"] = None
        answer = (200, {}, json.dumps(ended).encode())
        server.moods = [answer] if kind == "t3" else [(200, {}, EMPTY), answer]
        sightings = sweep(source(server), cursor)
        cursor = last_cursor(sightings)
        assert items(sightings, Malformed) == []
        found += ids(sightings)

    assert len(found) == len(set(found))
    assert set(found) == set(posted)


EMPTY = json.dumps({"kind": "Listing", "data": {"after": None, "children": []}}).encode()


@pytest.mark.parametrize("name", LISTINGS)
def test_we_read_the_same_as_praws_own_objects(server, name):
    theirs = praw.Reddit(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, user_agent="jikimi test 1",
        oauth_url=server.url, reddit_url=server.url, check_for_updates=False,
    )  # fmt: skip
    body = listings(name)[0]
    server.moods = [(200, {}, body)]
    objects = {thing.fullname: thing for thing in theirs.get("r/x/new")}
    for thing in decoder.flatten(json.loads(body)):
        item = decoder.decode(thing, CONTEXT)
        theirs_too = objects[item.id.removeprefix("reddit:")]  # type: ignore[union-attr]
        if theirs_too.author is None:
            assert isinstance(item, Deletion)
        elif isinstance(item, Post):
            assert item.author is not None
            assert item.author.handle == theirs_too.author.name
            assert item.metrics["score"] == theirs_too.score
            # Recordings of comments are older than their permalinks.
            if (link := vars(theirs_too).get("permalink")) is not None:
                assert item.url == f"https://www.reddit.com{link}"
    theirs._core.requestor.close()


@pytest.mark.parametrize("name", THREADS)
def test_recorded_threads_are_read_with_what_they_fold_away(server, name):
    recorded = answers(name)
    tree = next(body for body in recorded if body.startswith(b"["))
    more = [body for body in recorded if body.startswith(b'{"json"')]
    server.moods = [(200, {}, tree), *((200, {}, body) for body in more)]
    asking = client(server)

    things = Thread(asking, "3hahrw").read()

    asking.close()
    shown = [t for t in decoder.flatten(json.loads(tree)) if decoder.kind_of(t) == "t1"]
    assert len(things) >= len(shown) > 100
    assert len({thing.number for thing in things}) == len(things)
    items_read = [decoder.decode(thing.content, CONTEXT) for thing in things]
    assert not any(isinstance(item, Malformed) for item in items_read)
    if more:
        assert len(things) > len(shown)


def test_a_recorded_crosspost_is_a_repost():
    things = [
        thing for body in answers(CROSSPOST) for thing in decoder.flatten(json.loads(body))
    ]
    posts = [
        item for thing in things if isinstance(item := decoder.decode(thing, CONTEXT), Post)
    ]

    assert [post.repost_of for post in posts] == [None, "reddit:t3_6vx01b"]


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_dump_of_the_same_things_gives_the_same_posts(name):
    archive = Context(source="reddit", now=CONTEXT.now)
    for body in answers(name):
        for thing in decoder.flatten(json.loads(body)):
            live = decoder.decode(thing, CONTEXT)
            if not isinstance(live, Post) or "&" in json.dumps(thing):
                continue  # Dumps escape what the API does not.
            [dumped] = pushshift.decode(thing["data"], archive)  # type: ignore[index]
            assert dumped == live


@pytest.mark.parametrize("name", ERRORS)
def test_every_recorded_error_means_try_again_later(server, name):
    answers: list[Answer] = [
        (
            entry["response"]["status"]["code"],
            {"Content-Type": "application/json; charset=UTF-8"},
            entry["response"]["body"]["string"].encode(),
        )
        for entry in interactions(name)
        if "oauth.reddit.com" in entry["request"]["uri"]
    ]
    server.submit("never lost")
    server.moods = [*answers]
    assert {status for status, _, _ in answers} <= {500, 502, 503, 504, 520}

    # Two listings fail, which ends the first attempt; one fails in the second.
    with pytest.raises(Disconnected, match="Reddit is in trouble"):
        sweep(source(server))
    sightings = sweep(source(server), rounds=2)

    assert len(ids(sightings)) == 1
    assert server.moods == []


@pytest.mark.parametrize("status", sorted(prawcore.Session.STATUS_EXCEPTIONS))
@pytest.mark.parametrize("body", [b"", b"{}", b"<html>no</html>"])
def test_every_status_that_praw_knows_is_one_of_our_errors(server, status, body):
    asking = client(server)
    server.moods = [(status, {"Location": "/"}, body)] * 3

    with pytest.raises((SourceError, Refused)) as raised:
        asking.get("r/x/new")

    asking.close()
    assert (status == 429) == isinstance(raised.value, RateLimited)
    assert status < 500 or isinstance(raised.value, Disconnected)
