"""Every bad day of Reddit through PRAW: what each answer leads to, and that no secret shows."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator

import pytest

from ingest.records import Post
from ingest.reddit.limits import Limits
from ingest.source import (
    Disconnected,
    RateLimited,
)
from tests.ingest.reddit_server import (
    RunningReddit,
    reddit,
)
from tests.ingest.reddit_world import TROUBLE, failure
from tests.ingest.test_reddit import ids, source, sweep


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


@pytest.mark.parametrize("what", TROUBLE)
def test_an_answer_that_cannot_be_read_means_try_again_later(server, what):
    server.submit("never lost")
    error = failure(server, TROUBLE[what])

    assert isinstance(error, Disconnected), error
    assert "Reddit" in str(error)
    server.moods = []
    assert len(ids(sweep(source(server)))) == 1


def test_silence_is_given_up_after_the_time_limit(server):
    error = failure(server, "hang", timeout_s=0.2)

    assert str(error).endswith("no answer in time")
    server.ended.set()


def test_an_endless_answer_is_cut_off(server, monkeypatch):
    monkeypatch.setattr("ingest.reddit.client.LARGEST_ANSWER", 1000)
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")

    assert "endless" in str(failure(server, (200, {"Content-Encoding": "gzip"}, bomb)))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"retry-after": "2.5"}, 2.5),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "1e30"}, 3600),
        ({"Retry-After": "nan", "X-Ratelimit-Reset": "99"}, 99),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "-5"}, 60),
        ({"X-Ratelimit-Reset": "240"}, 240),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 1),
        ({}, 60),
    ],
)
def test_too_many_requests_says_how_long_to_wait(server, headers, seconds):
    error = failure(server, (429, headers, b"slow down"))

    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_a_used_up_quota_is_waited_for_by_the_collector_and_not_in_silence(server):
    server.submit("x")
    server.headers = {
        "X-Ratelimit-Remaining": "0.0", "X-Ratelimit-Used": "1000", "X-Ratelimit-Reset": "321",
    }  # fmt: skip
    reader = source(server).read(None, threading.Event())

    first = next(reader)
    with pytest.raises(RateLimited, match="quota is used up") as raised:
        list(reader)

    assert isinstance(first.item, Post)
    assert 319 < raised.value.retry_after <= 321


@pytest.mark.parametrize("value", ["", "x", "-1", "nan", "1e999", "5.5"])
def test_odd_headers_of_the_quota_break_nothing(server, value):
    server.submit("x")
    server.headers = {"X-Ratelimit-Remaining": "500", "X-Ratelimit-Reset": value}
    odd = sweep(source(server))
    server.headers = {"X-Ratelimit-Remaining": value, "X-Ratelimit-Used": value, "X-Ratelimit-Reset": "5"}  # fmt: skip

    assert len(ids(odd)) == len(ids(sweep(source(server)))) == 1


def test_never_more_than_a_hundred_requests_a_minute():
    now = [0.0]
    limits = Limits(clock=lambda: now[0])
    sent: list[float] = []
    for _ in range(350):
        now[0] += limits.pause()
        limits.sent()
        sent.append(now[0])
        now[0] += 0.01

    for place in range(len(sent) - 100):
        assert sent[place + 100] - sent[place] > 59.99


def test_what_is_left_of_the_quota_is_spread_over_what_is_left_of_the_window():
    now = [0.0]
    limits = Limits(clock=lambda: now[0])

    limits.heard({"x-ratelimit-remaining": "400", "x-ratelimit-reset": "300"})
    assert limits.pause() == 0
    limits.heard({"x-ratelimit-remaining": "30", "x-ratelimit-reset": "300"})
    assert limits.pause() == 10
    limits.heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"})
    assert limits.pause() == 1
    now[0] += 1
    assert limits.pause() == 0
