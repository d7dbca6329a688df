"""The stream of what is new: nothing lost, nothing twice, bounded, and it ends in time."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from pathlib import Path

import pytest

from dashboards.composing.compose import INDEX_FOLDER
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from tests.dashboards.alert_world import alert, graver, write
from tests.dashboards.web.api.event_world import Event, events_of, listening, past
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


def is_open(event: Event) -> bool:
    """Whether the totals count an open alert."""
    return event.name == "counts" and event.data["open_alerts"] > 0


def test_a_new_alert_a_decision_and_the_totals_arrive(live):
    api, writer = live
    with listening(api) as who:
        who.begun()
        write(writer, [alert(1)])
        heard = who.until(lambda event: event.name == "alert")
        assert heard[-1].data.items() <= api.client.get("/api/alerts/al_0001").json().items()
        assert heard[-1].data["alert_id"] == "al_0001"

        if not any(map(is_open, heard)):  # The totals come before or after the alert.
            who.until(is_open)

        made = api.desk.decide("al_0001", "resolved", reason="handled", who="m", at_ms=NOW)
        heard = who.until(lambda event: event.name == "decision")
        assert heard[-1].data["decision_id"] == made.decision_id

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
