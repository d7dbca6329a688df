"""Bluesky: connections that fail, options, and every real line once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from ingest.bluesky import BlueskySource
from ingest.records import Deletion, Gap, Malformed, Post
from ingest.source import (
    Disconnected,
    RateLimited,
    Sighting,
    SourceMisconfigured,
)
from tests.ingest.bluesky_world import NOW_MS, NOW_US, SECOND_US, posts_of, read, source
from tests.ingest.jetstream_server import Jetstream, jetstream, post_event, time_us
from tests.ingest.payloads import bluesky_lines, needs_payloads


def ids_of(sightings: list[Sighting]) -> list[str]:
    return [s.item.id for s in sightings if isinstance(s.item, Post | Deletion)]


@pytest.fixture
def server() -> Iterator[Jetstream]:
    with jetstream() as running:
        yield running


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


def test_it_stops_although_nothing_comes(server):
    stop = threading.Event()
    done = threading.Event()

    def wait() -> None:
        for _ in source(server).read(None, stop):
            pass
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.2)
    stop.set()

    assert done.wait(30)


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
