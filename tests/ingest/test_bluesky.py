"""Bluesky live against a local server that speaks Jetstream's protocol over a real WebSocket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from ingest.bluesky import OVERLAP_US, BlueskySource
from ingest.records import Deletion, Gap, Malformed, Post
from ingest.source import (
    Disconnected,
    Source,
)
from tests.ingest.bluesky_world import NOW_MS, NOW_US, SECOND_US, posts_of, read, source
from tests.ingest.jetstream_server import Jetstream, jetstream, post_event


@pytest.fixture
def server() -> Iterator[Jetstream]:
    with jetstream() as running:
        yield running


def test_it_is_a_source_that_needs_no_key():
    assert isinstance(BlueskySource(), Source)
    assert "no key" in BlueskySource.terms.access


def test_a_post_comes_with_the_cursor_behind_it(server):
    server.add(post_event("3a", "서하늘 무대", NOW_US))

    [sighting] = read(source(server), None, 1)

    assert isinstance(sighting.item, Post)
    assert sighting.item.id == "bluesky:at://did:plc:seo/app.bsky.feed.post/3a"
    assert sighting.item.text == "서하늘 무대"
    assert sighting.item.observed_at == NOW_MS
    assert sighting.cursor == str(NOW_US)


def test_only_posts_and_reposts_are_asked_for(server):
    server.add(post_event("3a", "x", NOW_US))
    read(source(server), None, 1)

    assert set(server.asked[0]["wantedCollections"]) == {
        "app.bsky.feed.post",
        "app.bsky.feed.repost",
    }
    assert "cursor" not in server.asked[0]


def test_reading_resumes_a_little_before_the_cursor(server):
    server.add(post_event("3a", "x", NOW_US))
    read(source(server), str(NOW_US), 1)

    assert server.asked[0]["cursor"] == [str(NOW_US - OVERLAP_US)]


def test_what_the_overlap_repeats_comes_once(server):
    lines = [post_event(f"3{n}", f"post {n}", NOW_US + n * SECOND_US) for n in range(20)]
    server.add(*lines)
    server.moods = [("close", 7), ("reset", 6), ("close", 9)]
    reader = source(server)

    # 20 posts, and what the overlap of three reconnects brings again as nothing new.
    found: list[Post] = []
    cursor = None
    while len(found) < 20:
        for sighting in read(reader, cursor, 40, seconds=1):
            cursor = sighting.cursor or cursor
            found += [sighting.item] if isinstance(sighting.item, Post) else []

    assert [post.text for post in found] == [f"post {n}" for n in range(20)]


def test_an_edit_is_the_post_again_and_a_deletion_names_it(server):
    server.add(
        post_event("3a", "before", NOW_US),
        post_event("3a", "after", NOW_US + 1, operation="update"),
        post_event("3a", "", NOW_US + 2, operation="delete"),
    )

    first, second, third = (s.item for s in read(source(server), None, 3))

    assert isinstance(first, Post)
    assert isinstance(second, Post)
    assert (first.id, first.text, second.text) == (second.id, "before", "after")
    assert isinstance(third, Deletion)
    assert (third.id, third.scope) == (first.id, "post")


@pytest.mark.parametrize(("status", "gone"), [("deleted", True), ("takendown", True), ("deactivated", False), ("suspended", False)])  # fmt: skip
def test_an_account_that_is_gone_takes_its_posts_along(server, status, gone):
    event = {
        "did": "did:plc:seo", "time_us": NOW_US, "kind": "account",
        "account": {"active": False, "status": status, "did": "did:plc:seo", "seq": 7},
    }  # fmt: skip
    server.add(json.dumps(event).encode(), post_event("3a", "x", NOW_US + 1))

    items = [s.item for s in read(source(server), None, 2)]

    deletions = [item for item in items if isinstance(item, Deletion)]
    assert [(d.id, d.scope) for d in deletions] == [("bluesky:did:plc:seo", "account")] * gone


def test_a_handle_is_known_once_the_stream_has_told_it(server):
    identity = {
        "did": "did:plc:seo", "time_us": NOW_US, "kind": "identity",
        "identity": {"did": "did:plc:seo", "handle": "haneul.example", "seq": 1},
    }  # fmt: skip
    server.add(
        post_event("3a", "unknown yet", NOW_US - 1),
        json.dumps(identity).encode(),
        post_event("3b", "known now", NOW_US + 1),
    )

    before, after = posts_of(read(source(server), None, 3))

    assert before.author is None
    assert after.author is not None
    assert after.author.handle == "haneul.example"


def test_pictures_are_references_and_never_bytes(server):
    cid = "bafkreiaxf7tgbfydx3465sckitq6v564thxe2wwydbi7cwxbxvgssje3em"
    embed = {
        "$type": "app.bsky.embed.images",
        "images": [{"alt": "on stage", "image": {"ref": {"$link": cid}, "mimeType": "image/jpeg"}}],
    }  # fmt: skip
    server.add(post_event("3a", "look", NOW_US, embed=embed))

    [post] = posts_of(read(source(server), None, 1))

    [medium] = post.media
    assert medium.url.startswith("https://cdn.bsky.app/")
    assert cid in medium.url
    assert (medium.alt, medium.mime, medium.sha256) == ("on stage", "image/jpeg", None)


@pytest.mark.parametrize("hostile", [b"", b"{", b"[]", b"null", b'{"did":"x"}', b'"' + b"a" * 99, b'{"did":5,"kind":"commit","time_us":"x"}'])  # fmt: skip
def test_a_line_that_is_no_event_is_a_dead_letter_and_reading_goes_on(
    server, hostile, monkeypatch
):
    monkeypatch.setattr("tests.ingest.jetstream_server.time_us", lambda _: 1)
    monkeypatch.setattr("tests.ingest.jetstream_server._is_wanted", lambda *_: True)
    server.add(hostile, post_event("3a", "still here", NOW_US))

    bad, good = read(source(server), None, 2)

    assert isinstance(bad.item, Malformed)
    assert bad.item.raw == hostile
    assert bad.cursor is None, "a broken line is no safe point"
    assert isinstance(good.item, Post)


def test_a_cursor_the_server_lost_is_a_gap(server):
    server.kept_from_us = NOW_US - 60 * SECOND_US
    server.add(post_event("3a", "x", NOW_US - 30 * SECOND_US))
    cursor = NOW_US - 3600 * SECOND_US

    gap, post = (s.item for s in read(source(server), str(cursor), 2))

    assert isinstance(gap, Gap)
    assert (gap.since, gap.until) == (cursor // 1000, NOW_MS - 30_000)
    assert isinstance(post, Post)


def test_a_server_that_lies_about_time_moves_no_cursor(server):
    ahead = NOW_US + 40 * 86_400 * SECOND_US
    server.add(
        post_event("3a", "true", NOW_US),
        post_event("3b", "from the future", ahead),
        post_event("3c", "backwards", NOW_US - 9 * SECOND_US),
        post_event("3d", "no time at all", 0),
    )

    sightings = read(source(server), None, 4)

    assert len(posts_of(sightings)) == 4, "no lie about time loses a post"
    assert [s.cursor for s in sightings] == [str(NOW_US)] * 4


def test_a_silent_connection_is_given_up(server):
    server.add(post_event("3a", "x", NOW_US), post_event("3b", "never", NOW_US + 1))
    server.moods = [("hang", 1)]
    stop = threading.Event()
    reading = source(server, idle_timeout_s=0.2).read(None, stop)
    next(reading)

    with pytest.raises(Disconnected, match=r"nothing came for 0\.2 s"):
        next(reading)


def test_a_clock_some_hours_ahead_moves_no_cursor_either(server):
    server.add(
        post_event("3a", "true", NOW_US),
        post_event("3b", "three hours ahead", NOW_US + 3 * 3600 * SECOND_US),
        post_event("3c", "true again", NOW_US + SECOND_US),
    )

    cursors = [s.cursor for s in read(source(server), None, 3)]

    assert cursors == [str(NOW_US), str(NOW_US), str(NOW_US + SECOND_US)]


def test_when_all_say_so_it_is_our_clock_that_is_hours_behind(server):
    hours = 5 * 3600 * SECOND_US
    events = [post_event(f"3{n}", "x", NOW_US + hours + n * SECOND_US) for n in range(30)]
    server.add(*events)

    sightings = read(source(server), None, 30)

    assert [post.event_at for post in posts_of(sightings)] == [
        NOW_MS + (hours // SECOND_US + n) * 1000 for n in range(30)
    ], "event time is the network's"
    assert sightings[-1].cursor == str(NOW_US + hours + 29 * SECOND_US)
    assert sightings[0].cursor is None


@pytest.mark.parametrize("lie", [0, -5, NOW_US * 3])
def test_a_first_event_that_lies_about_its_time_hides_no_gap(server, lie, monkeypatch):
    monkeypatch.setattr("tests.ingest.jetstream_server.time_us", lambda _: NOW_US)
    server.add(post_event("3a", "lies", lie), post_event("3b", "true", NOW_US))
    cursor = NOW_US - 3600 * SECOND_US

    items = [s.item for s in read(source(server), str(cursor), 3)]

    [gap] = [item for item in items if isinstance(item, Gap)]
    assert (gap.since, gap.until) == (cursor // 1000, NOW_MS)


def test_two_edits_without_a_revision_are_two_edits(server):
    edits = [
        json.loads(post_event("3a", text, NOW_US + n, operation="update"))
        for n, text in enumerate(("before", "after"))
    ]
    for edit in edits:
        del edit["commit"]["rev"]
    server.add(*(json.dumps(edit).encode() for edit in edits))

    assert [p.text for p in posts_of(read(source(server), None, 2))] == ["before", "after"]
