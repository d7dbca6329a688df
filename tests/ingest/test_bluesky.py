"""Bluesky live against a local server that speaks Jetstream's protocol over a real WebSocket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from ingest.bluesky import OVERLAP_US, BlueskySource
from ingest.records import Deletion, Gap, Malformed, Post
from ingest.source import (
    Disconnected,
    RateLimited,
    Sighting,
    Source,
    SourceMisconfigured,
)
from tests.ingest.jetstream_server import Jetstream, jetstream, post_event, time_us
from tests.ingest.payloads import bluesky_lines, needs_payloads

NOW_MS = 1_795_000_000_000
NOW_US = NOW_MS * 1000
SECOND_US = 1_000_000


def source(server: Jetstream, **options: object) -> BlueskySource:
    return BlueskySource([server.url], now=lambda: NOW_MS, **options)  # type: ignore[arg-type]


def read(
    reader: BlueskySource, after: str | None, count: int, *, seconds: float = 10
) -> list[Sighting]:
    """The next sightings; fewer when the source ends or fails first."""
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    found: list[Sighting] = []
    try:
        for sighting in reader.read(after, stop):
            found.append(sighting)
            if len(found) >= count:
                break
    except Disconnected:
        pass
    finally:
        timer.cancel()
    return found


def posts_of(sightings: list[Sighting]) -> list[Post]:
    return [s.item for s in sightings if isinstance(s.item, Post)]


def ids_of(sightings: list[Sighting]) -> list[str]:
    return [s.item.id for s in sightings if isinstance(s.item, Post | Deletion)]


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


def test_a_message_nobody_can_take_in_is_passed_and_told(server):
    server.add(
        post_event("3a", "before", NOW_US - 60 * SECOND_US),
        post_event("3b", "x" * (5 << 20), NOW_US - 60 * SECOND_US + 1),
        post_event("3c", "after", NOW_US - 50 * SECOND_US),
    )
    reader = source(server)

    first = read(reader, None, 10, seconds=5)
    cursor = next(s.cursor for s in reversed(first) if s.cursor is not None)
    second = read(reader, cursor, 1, seconds=5)

    assert [p.text for p in posts_of(first)] == ["before"]
    [bad] = [s.item for s in first if isinstance(s.item, Malformed)]
    [gap] = [s.item for s in first if isinstance(s.item, Gap)]
    assert bad.reason == gap.reason == "a message of more than 4 MiB"
    assert gap.since == NOW_MS - 60_000
    assert [p.text for p in posts_of(second)] == ["after"]


@pytest.mark.parametrize(("told", "seconds"), [("17", 17.0), ("soon", None), ("", None)])
def test_a_server_that_asks_for_patience_gets_it(server, told, seconds):
    server.moods = [("refuse", 429)]
    server.refusal = {"Retry-After": told}

    with pytest.raises((RateLimited, Disconnected)) as refused:
        next(source(server).read(None, threading.Event()))

    assert str(refused.value) == "127.0.0.1: the server refused the connection (429)"
    assert getattr(refused.value, "retry_after", None) == seconds


def test_a_server_that_says_goodbye_is_quoted_by_its_code(server):
    server.moods = [("close", 0)]
    server.add(post_event("3a", "x", NOW_US))

    with pytest.raises(Disconnected, match=r"the connection closed \(1001\)"):
        next(source(server).read(None, threading.Event()))


def test_a_look_at_it_names_the_endpoint_that_sends_and_those_that_do_not(server):
    server.add(post_event("3a", "x", NOW_US))
    with jetstream() as gone:
        dead = gone.url

    both = BlueskySource([dead, server.url], now=lambda: NOW_MS).probe(threading.Event())

    assert both.found == "127.0.0.1 sends posts"
    assert len(both.problems) == 1
    with pytest.raises(Disconnected, match=r"127\.0\.0\.1: "):
        BlueskySource([dead], now=lambda: NOW_MS).probe(threading.Event())


@pytest.mark.parametrize("status", [400, 403, 429, 502, 503])
def test_a_refused_handshake_is_tried_again_later(server, status):
    server.moods = [("refuse", status)]

    with pytest.raises(Disconnected, match="refused"):
        next(source(server).read(None, threading.Event()))


def test_a_closed_port_is_tried_again_later():
    with jetstream() as server:
        reader = source(server)

    with pytest.raises(Disconnected):
        next(reader.read(None, threading.Event()))


def test_each_new_connection_takes_the_next_address(server):
    server.add(post_event("3a", "x", NOW_US))
    with jetstream([post_event("3b", "y", NOW_US)]) as other:
        reader = BlueskySource([server.url, other.url], now=lambda: NOW_MS)
        texts = [posts_of(read(reader, None, 1))[0].text for _ in range(2)]

    assert texts == ["x", "y"]


def test_it_stops_within_a_second_although_nothing_comes(server):
    stop = threading.Event()
    done = threading.Event()

    def wait() -> None:
        for _ in source(server).read(None, stop):
            pass
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.2)
    stop.set()

    assert done.wait(2)


@pytest.mark.parametrize("cursor", ["", "abc", "-1", "1.5", "９９", "1e9", "9" * 5000])
def test_a_cursor_of_another_source_is_refused(server, cursor):
    with pytest.raises(SourceMisconfigured, match="is no time in microseconds"):
        next(source(server).read(cursor, threading.Event()))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": []}, "sources.bs.options.url: unknown, allowed: urls, idle_timeout_s"),
        ({"urls": []}, "sources.bs.options.urls: found"),
        ({"urls": "wss://a.example"}, "allowed: a list of urls"),
        ({"urls": ["https://a.example"]}, "begin with wss://"),
        ({"urls": [5]}, "allowed: a list of urls"),
        ({"idle_timeout_s": 0}, "allowed: seconds above 0"),
        ({"idle_timeout_s": True}, "allowed: seconds above 0"),
    ],
)  # fmt: skip
def test_wrong_options_are_named_with_what_is_allowed(options, problem):
    with pytest.raises(SourceMisconfigured) as refused:
        BlueskySource.from_settings("bs", options)

    assert problem in str(refused.value)


def test_a_password_or_token_of_an_address_is_in_no_message():
    url = "https://me:sentinel-word@a.example/subscribe?token=sentinel-token"

    with pytest.raises(SourceMisconfigured) as refused:
        BlueskySource.from_settings("bs", {"urls": [url]})
    with pytest.raises(SourceMisconfigured) as later:
        next(BlueskySource(["ws://me:sentinel-word@/x?sentinel"]).read(None, threading.Event()))

    said = f"{refused.value} {later.value}"
    assert "a.example/subscribe" in said
    assert "sentinel" not in said


@needs_payloads
def test_every_real_line_comes_once_across_forced_reconnects():
    lines = sorted(bluesky_lines(), key=time_us)
    with jetstream(lines) as server:
        server.moods = [
            ("close", 3),
            ("reset", 11),
            ("hang", 5),
            ("refuse", 503),
            ("close", 0),
        ] * 6
        reader = BlueskySource(
            [server.url], now=lambda: time_us(lines[-1]) // 1000, idle_timeout_s=0.3
        )
        calm = BlueskySource([server.url], now=lambda: time_us(lines[-1]) // 1000)
        ids: list[str] = []
        cursor: str | None = None
        while server.moods:
            for sighting in read(reader, cursor, 1_000, seconds=0.7):
                cursor = sighting.cursor or cursor
                if isinstance(sighting.item, Post | Deletion):
                    ids.append(sighting.item.id)
        ids += ids_of(read(reader, cursor, 1_000, seconds=1.5))
        undisturbed = ids_of(read(calm, None, 1_000, seconds=1.5))

    assert len(server.asked) > 20
    assert len(undisturbed) > 20
    assert ids == undisturbed
