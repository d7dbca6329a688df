"""The stream of events on bad days: torn indices, slow and too many listeners."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import httpx
import pytest

from dashboards.composing.compose import INDEX_FOLDER
from dashboards.keys import Keys
from stream.local_index import LocalIndex
from tests.dashboards.alert_world import alert, write
from tests.dashboards.commands.test_web import running, url_of
from tests.dashboards.web.api.event_world import Listening, listening, past
from tests.dashboards.web.api.test_problems import problem
from tests.dashboards.web.world import NOW, fill


@pytest.fixture
def live(ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The API beside a pipeline that writes."""
    monkeypatch.setattr("dashboards.web.api.feed.POLL_S", 0.05)
    monkeypatch.setattr("dashboards.web.api.feed.COUNT_EVERY_S", 0.0)
    monkeypatch.setattr("stream.local_index.LOOK_EVERY_S", 0.0)
    writer = LocalIndex(tmp_path / "data" / INDEX_FOLDER)
    fill(writer)
    yield ask(tmp_path / "data"), writer
    writer.close()


def test_a_mistake_of_our_own_ends_the_streams_and_the_next_one_begins(live, monkeypatch):
    api, _ = live
    counting = api.index.alert_seq
    with listening(api) as who:
        who.begun()
        monkeypatch.setattr(api.index, "alert_seq", lambda: {}[0])

        assert who.ended.wait(30)
    monkeypatch.setattr(api.index, "alert_seq", counting)
    with listening(api) as who:
        assert who.begun()[-1].name == "place"


def test_an_index_torn_while_the_past_is_read_ends_the_stream_in_order(live, monkeypatch):
    api, _ = live

    def torn(*_: object, **__: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    assert api.client.get("/api/counts").status_code == 200
    monkeypatch.setattr(api.index, "alerts_after", torn)

    answer = api.client.get("/api/events?since=0-0&follow=false")

    assert answer.status_code == 200
    assert "event: place" not in answer.text


def test_more_listeners_than_can_be_served_are_sent_away_until_one_leaves(live, monkeypatch):
    api, _ = live
    monkeypatch.setattr("dashboards.web.api.feed.MAX_LISTENERS", 2)
    with listening(api) as first, listening(api) as second:
        first.begun()
        second.begun()

        answer = api.client.get("/api/events")
        found = problem(answer, 503)
        assert found["type"].endswith("too-many-listeners")
        assert answer.headers["retry-after"]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with listening(api) as third:
            third.ended.wait(0.3)
            if third.status == 200:
                break
    assert third.status == 200
    third.begun()


def test_who_does_not_keep_up_is_cut_off_and_loses_nothing(live, monkeypatch):
    api, writer = live
    monkeypatch.setattr("dashboards.web.api.feed.BUFFER", 3)
    with listening(api) as quick:
        last = quick.begun()[-1].id
        with api.visitor().stream("GET", "/api/events") as slow:
            raw = slow.iter_raw()
            next(raw)
            deadline = time.monotonic() + 30
            n = 0
            text = "x" * 20_000
            while time.monotonic() < deadline:
                write(writer, [alert(n + i, title=text) for i in range(100)])
                n += 100
                quick.until(lambda event: event.data.get("alert_id") == f"al_{n - 1:04d}")  # noqa: B023
                scrape = api.client.get("/metrics").text
                if "jikimi_sse_dropped_total 1.0" in scrape:
                    break
            assert "jikimi_sse_dropped_total 1.0" in scrape
            assert "jikimi_sse_listeners 1.0" in scrape
    alerts = [event for event in past(api, last) if event.name == "alert"]
    assert len(alerts) == n


def test_an_index_that_is_gone_for_a_while_does_not_end_the_stream(live, tmp_path):
    api, writer = live
    folder = tmp_path / "data" / INDEX_FOLDER
    with listening(api) as who:
        who.begun()
        folder.rename(tmp_path / "away")
        time.sleep(0.3)
        (tmp_path / "away").rename(folder)
        write(writer, [alert(1)])

        heard = who.until(lambda event: event.name == "alert")

    assert heard[-1].data["alert_id"] == "al_0001"


def test_the_stream_ends_when_the_key_is_revoked(ask, monkeypatch):
    monkeypatch.setattr("dashboards.web.api.events.HEARTBEAT_S", 0.1)
    api = ask(password="a long enough password")
    keys = Keys(api.desk.file)
    _, text = keys.create("bot", ["read"], NOW)
    with listening(api, headers={"authorization": f"Bearer {text.reveal()}"}) as who:
        who.begun()
        assert not who.ended.wait(0.5)
        keys.revoke("bot", NOW)

        assert who.ended.wait(30)


def test_a_heartbeat_shows_that_the_line_is_open(api, monkeypatch):
    monkeypatch.setattr("dashboards.web.api.events.HEARTBEAT_S", 0.1)
    with api.visitor().stream("GET", "/api/events") as answer:
        text = ""
        for piece in answer.iter_text():
            text += piece
            if text.count("\n\n: \n\n") or text.count(": \n\n") > 2:
                break

    assert text.startswith(": jikimi\nretry: 3000\n\n")
    assert answer.headers["cache-control"] == "no-store"


def test_without_listeners_nothing_is_asked(live):
    api, _ = live
    with listening(api) as who:
        who.begun()
    deadline = time.monotonic() + 10
    while "jikimi_sse_listeners 0.0" not in api.client.get("/metrics").text:
        assert time.monotonic() < deadline
    assert "feed" not in {thread.name for thread in threading.enumerate()}


def test_streams_end_within_three_seconds_when_the_pages_stop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    LocalIndex(tmp_path / "data" / INDEX_FOLDER).close()

    # A machine that is busy with other tests may be slow once, hardly three times.
    assert any(seconds_to_end(tmp_path / "data") < 3 for _ in range(3))


def seconds_to_end(folder):
    with running(folder) as child:
        url = url_of(child)
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            who = Listening(client)
            who.begun()
            begun = time.monotonic()
            os.kill(child.pid, signal.SIGTERM)

            assert who.ended.wait(60)
            took = time.monotonic() - begun
            child.wait(60)
            assert child.stderr
            assert "graceful" not in child.stderr.read()
    return took
