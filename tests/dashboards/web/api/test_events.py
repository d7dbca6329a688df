"""The stream of what is new: nothing lost, nothing twice, bounded, and it ends in time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from dashboards.composing.compose import INDEX_FOLDER
from dashboards.keys import Keys
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from tests.dashboards.alert_world import alert, graver, write
from tests.dashboards.commands.test_web import running, url_of
from tests.dashboards.web.api.test_problems import problem
from tests.dashboards.web.world import NOW, fill


class Event(NamedTuple):
    name: str
    id: str | None
    data: dict


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    """Events of a stream, after the rules of the HTML standard."""
    name, place, data = "", None, []
    for line in lines:
        if not line:
            if data:
                yield Event(name, place, json.loads("\n".join(data)))
            name, data = "", []
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            place = value


class Listening:
    """Somebody who listens in a thread of their own."""

    def __init__(self, client: httpx.Client, since: str | None = None) -> None:
        self.found: queue.Queue[Event] = queue.Queue()
        self.status = 0
        self.ended = threading.Event()
        self._client = client
        self._headers = {"last-event-id": since} if since else {}
        self._line: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._client.stream("GET", "/api/events", headers=self._headers) as answer:
                self.status = answer.status_code
                self._line = answer.extensions["network_stream"]
                for event in events_of(answer.iter_lines()):
                    self.found.put(event)
        except (httpx.TransportError, httpx.StreamError):
            pass
        self.ended.set()

    def hang_up(self) -> None:
        """Go away, as a browser does whose tab is closed."""
        if self._line is not None and not self.ended.is_set():
            with contextlib.suppress(OSError):
                self._line.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def until(self, wanted: Callable[[Event], bool], timeout_s: float = 20) -> list[Event]:
        """Everything up to the event that is waited for."""
        seen: list[Event] = []
        deadline = time.monotonic() + timeout_s
        while True:
            seen.append(self.found.get(timeout=max(0.01, deadline - time.monotonic())))
            if wanted(seen[-1]):
                return seen

    def begun(self) -> list[Event]:
        """Everything up to where the news begins."""
        return self.until(lambda event: event.name == "place")


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


@contextmanager
def listening(api, since: str | None = None, **options) -> Iterator[Listening]:
    with httpx.Client(
        base_url=api.served.url, timeout=30, trust_env=False, **options
    ) as client:
        who = Listening(client, since)
        yield who
        who.hang_up()


def past(api, since: str) -> list[Event]:
    """What was missed, without waiting for what is new."""
    answer = api.client.get(
        "/api/events", params={"follow": "false"}, headers={"last-event-id": since}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    return list(events_of(iter(answer.text.split("\n"))))


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def test_who_comes_is_told_how_things_stand(live):
    api, _ = live
    with listening(api) as who:
        begun = who.begun()

    sources = [event.data["source"] for event in begun if event.name == "source"]
    assert sources == [one.source for one in api.index.statuses()]
    (counts,) = [event.data for event in begun if event.name == "counts"]
    assert counts == api.client.get("/api/counts").json()
    assert begun[-1].id == f"{api.index.alert_seq()}-{api.desk.newest()}"
    assert "alert" not in names(begun)


def test_a_new_alert_a_decision_and_the_totals_arrive(live):
    api, writer = live
    with listening(api) as who:
        who.begun()
        write(writer, [alert(1)])
        heard = who.until(lambda event: event.name == "alert")
        assert heard[-1].data.items() <= api.client.get("/api/alerts/al_0001").json().items()
        assert heard[-1].data["alert_id"] == "al_0001"

        made = api.desk.decide("al_0001", "resolved", reason="handled", who="m", at_ms=NOW)
        heard = who.until(lambda event: event.name == "decision")
        assert heard[-1].data["decision_id"] == made.decision_id

        who.until(lambda event: event.name == "counts" and event.data["open_alerts"] > 0)
        write(writer, [graver(alert(1), "critical")])
        again = who.until(lambda event: event.name == "alert")[-1]
        assert (again.data["severity"], again.data["state"]) == ("critical", "resolved")


def test_a_source_that_changes_is_told_and_one_that_does_not_is_not(live):
    api, writer = live
    (first, *_) = api.index.statuses()
    changed = type(first)(source=first.source, state="failed", changed_at=NOW, problem="gone")
    with listening(api) as who:
        who.begun()
        writer.write(IndexBatch(checkpoint="900", statuses=[changed]))
        write(writer, [alert(1)])
        heard = who.until(lambda event: event.name == "source")

    assert heard[-1].data["state"] == "failed"
    assert names(heard).count("source") == 1


def test_who_comes_back_gets_exactly_what_was_missed_in_order(live):
    api, writer = live
    with listening(api) as who:
        last = who.begun()[-1].id
    write(writer, [alert(n) for n in range(450)])
    api.desk.decide("al_0003", "acknowledged", reason="", who="minji", at_ms=NOW)
    write(writer, [graver(alert(7), "critical"), alert(450)])

    missed = past(api, last)

    alerts = [event.data["alert_id"] for event in missed if event.name == "alert"]
    every = [f"al_{n:04d}" for n in range(450) if n != 7]
    assert alerts == [*every, "al_0007", "al_0450"]
    assert [e.data["alert_id"] for e in missed if e.name == "decision"] == ["al_0003"]
    # From any event on, the rest is the same: that is what an id is for.
    told = [event for event in missed if event.name in {"alert", "decision"}]
    for cut in (0, 1, 199, 200, 201, 399, len(told) - 2, len(told) - 1):
        rest = [e for e in past(api, told[cut].id) if e.name in {"alert", "decision"}]
        assert rest == told[cut + 1 :], cut


def test_nothing_is_lost_between_what_was_missed_and_what_is_new(live):
    api, writer = live
    with listening(api) as who:
        last = who.begun()[-1].id
    stop = threading.Event()
    written: list[str] = []

    def go_on() -> None:
        while not stop.is_set() and len(written) < 400:
            n = len(written)
            write(writer, [alert(n)])
            written.append(f"al_{n:04d}")
            time.sleep(0.002)

    pipeline = threading.Thread(target=go_on)
    pipeline.start()
    heard: list[str] = []
    for _ in range(6):
        # Come, listen for a moment, break off at any point, come back.
        with listening(api, last) as who:
            while len(heard) < 400:
                try:
                    event = who.found.get(timeout=0.3)
                except queue.Empty:
                    break
                last = event.id or last
                if event.name == "alert":
                    heard.append(event.data["alert_id"])
                    if len(heard) % 37 == 0:
                        break
    stop.set()
    pipeline.join()
    heard += [event.data["alert_id"] for event in past(api, last) if event.name == "alert"]

    assert heard == written
    assert len(written) > 100


@pytest.mark.parametrize(
    "sent",
    ["0-0", "0", "5-0", "abc", "-1", "1-2-3", "", "9" * 19, "1" * 99, "\u0661", "1-", "0;x"],
)
def test_a_place_that_is_none_is_as_if_none_were_named(live, sent):
    api, _ = live
    alerts = (
        [event for event in past(api, sent) if event.name == "alert"] if sent.isascii() else []
    )

    every = api.client.get("/api/alerts?state=all&limit=200").json()["total"]
    assert len(alerts) in ({every} if sent in {"0-0", "0", "5-0"} else {0})


def test_a_place_ahead_of_a_new_index_is_told_to_begin_anew(live):
    api, _ = live

    heard = past(api, f"{10**17}-0")

    assert heard[0].name == "reset"
    assert heard[-1].id == f"{api.index.alert_seq()}-{api.desk.newest()}"


def test_who_cannot_set_headers_says_since_in_the_address(live):
    api, writer = live
    place = f"{api.index.alert_seq()}-{api.desk.newest()}"
    write(writer, [alert(1)])
    both = {"since": "0-0", "follow": "false"}

    by_address = api.client.get("/api/events", params={"since": place, "follow": "false"})
    by_header = api.client.get("/api/events", params=both, headers={"last-event-id": place})

    heard = names(list(events_of(iter(by_address.text.split("\n")))))
    assert heard.count("alert") == 1
    assert names(list(events_of(iter(by_header.text.split("\n"))))) == heard


def test_the_index_is_asked_once_for_all_who_listen(live, monkeypatch):
    api, writer = live
    asked: list[int] = []
    look = api.index.alert_seq

    def counting() -> int:
        asked.append(threading.get_ident())
        return look()

    monkeypatch.setattr(api.index, "alert_seq", counting)
    monkeypatch.setattr("dashboards.web.api.feed.POLL_S", 0.2)
    with contextlib.ExitStack() as stack:
        everybody = [stack.enter_context(listening(api)) for _ in range(20)]
        for who in everybody:
            who.begun()
        asked.clear()
        begun = time.monotonic()
        time.sleep(1.2)
        rounds = (time.monotonic() - begun) / 0.2
        # Once for what is new and once for the totals, however many listen.
        assert 1 <= len(asked) <= 2 * (rounds + 2)
        write(writer, [alert(1)])
        for who in everybody:
            who.until(lambda event: event.name == "alert")


def test_a_mistake_of_our_own_ends_the_streams_and_the_next_one_begins(live, monkeypatch):
    api, _ = live
    counting = api.index.alert_seq
    with listening(api) as who:
        who.begun()
        monkeypatch.setattr(api.index, "alert_seq", lambda: {}[0])

        assert who.ended.wait(5)
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

        assert who.ended.wait(5)


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
    with running(tmp_path / "data") as child:
        url = url_of(child)
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            who = Listening(client)
            who.begun()
            begun = time.monotonic()
            os.kill(child.pid, signal.SIGTERM)

            assert who.ended.wait(10)
            assert time.monotonic() - begun < 3
            child.wait(10)
            assert time.monotonic() - begun < 4
            assert child.stderr
            assert "graceful" not in child.stderr.read()
