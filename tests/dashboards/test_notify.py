"""Delivery: what is sent, when, in which order, and what is done about sinks that fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.desk import Desk
from dashboards.notify import MAX_REPEATS, RESCAN_MS, Backoff, Notifier
from stream.local_index import LocalIndex
from stream.sink import DeliveryError, DeliveryRefused, Sink
from stream.storage.store import StorageFullError
from tests.dashboards.alert_world import NOW, Clock, MoodySink, alert, graver, write

HOUR = 60 * 60 * 1000
SEVERITIES = ("low", "medium", "high", "critical")


class World:
    """A desk, an index and a clock; notifiers come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.desk = Desk(folder / "desk.db")
        self.index = LocalIndex(folder / "index")

    def notifier(self, *sinks: Sink, **options: Any) -> Notifier:
        options = {"public_url": "https://pages.example/", "chance": lambda: 1.0} | options
        return Notifier(self.index, self.desk, sinks, clock=self.clock, **options)

    def decide(self, alert_id: str, state: str) -> None:
        self.desk.decide(alert_id, state, reason="", who="minji", at_ms=self.clock.now)

    def rebuild_index(self) -> None:
        """An index made anew from the log: the same alerts, counted from one."""
        self.index.close()
        self.folder = self.folder / "anew"
        self.index = LocalIndex(self.folder / "index")

    def close(self) -> None:
        self.index.close()
        self.desk.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def work(notifier: Notifier, *sinks: MoodySink, tries: int = 50) -> None:
    """Look for alerts and deliver whatever is due now."""
    notifier.plan()
    for sink in sinks:
        for _ in range(tries):
            if notifier.deliver_next(sink.name) > 0:
                break


def sent(sink: MoodySink) -> list[tuple[str, str, str]]:
    return [(one.alert.alert_id, one.alert.severity, one.occasion) for one in sink.taken]


# --- what is sent ---------------------------------------------------------------------


def test_a_new_alert_goes_to_every_sink_once_with_a_link_to_its_page(world):
    team, file = MoodySink("team"), MoodySink("file")
    notifier = world.notifier(team, file)
    write(world.index, [alert(1)])
    for _ in range(3):
        work(notifier, team, file)

    assert sent(team) == sent(file) == [("al_0001", "medium", "new")]
    assert team.taken[0].link == "https://pages.example/alerts/al_0001"
    assert team.taken[0].delivery_id != file.taken[0].delivery_id


def test_alerts_arrive_in_the_order_in_which_they_were_raised(world):
    team = MoodySink()
    notifier = world.notifier(team)
    for first in (1, 4, 7):
        write(world.index, [alert(number) for number in range(first, first + 3)])
        work(notifier, team)

    assert [one.alert.alert_id for one in team.taken] == [f"al_{n:04d}" for n in range(1, 10)]


def test_what_a_replay_of_the_past_found_calls_nobody_until_it_grows_live(world):
    team = MoodySink()
    notifier = world.notifier(team, repeat_ms=HOUR)
    write(world.index, [alert(1, replayed=True), alert(2)])
    work(notifier, team)
    world.clock.now += RESCAN_MS + 1
    work(notifier, team)
    assert [one.alert.alert_id for one in team.taken] == ["al_0002"]

    write(world.index, [alert(1, revision=2, posts=9)])
    work(notifier, team)
    assert [one.alert.alert_id for one in team.taken] == ["al_0002", "al_0001"]


def test_growth_without_a_higher_severity_is_no_news(world):
    team = MoodySink()
    notifier = world.notifier(team)
    for revision in range(1, 5):
        write(world.index, [alert(1, revision=revision, posts=revision * 10)])
        work(notifier, team)

    assert len(team.taken) == 1


def test_each_higher_severity_is_one_update_and_a_lower_one_none(world):
    team = MoodySink()
    notifier = world.notifier(team)
    for revision, severity in enumerate(("low", "high", "medium", "high", "critical"), 1):
        write(world.index, [alert(1, severity, revision=revision)])
        work(notifier, team)

    assert sent(team) == [
        ("al_0001", "low", "new"),
        ("al_0001", "high", "update"),
        ("al_0001", "critical", "update"),
    ]
    assert len({one.delivery_id for one in team.taken}) == 3


def test_an_alert_that_grows_before_it_is_sent_is_sent_once(world):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1, "low")])
    notifier.plan()
    write(world.index, [graver(alert(1), "critical")])
    work(notifier, team)

    assert sent(team) == [("al_0001", "critical", "new")]


@pytest.mark.parametrize("state", ["acknowledged", "resolved"])
def test_what_people_took_care_of_gets_no_update(world, state):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    work(notifier, team)
    world.decide("al_0001", state)
    write(world.index, [graver(alert(1), "critical")])
    work(notifier, team)

    assert len(team.taken) == 1


def test_an_update_that_waits_is_dropped_when_somebody_takes_care(world):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    work(notifier, team)
    write(world.index, [graver(alert(1), "critical")])
    notifier.plan()
    world.decide("al_0001", "acknowledged")
    work(notifier, team)

    assert len(team.taken) == 1
    assert notifier.report()[0].waiting == 0


def test_an_alert_opened_again_gets_its_update_after_all(world):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    work(notifier, team)
    world.decide("al_0001", "resolved")
    write(world.index, [graver(alert(1), "critical")])
    work(notifier, team)
    world.decide("al_0001", "open")
    world.clock.now += RESCAN_MS
    work(notifier, team)

    assert sent(team)[1:] == [("al_0001", "critical", "update")]


def test_nothing_is_repeated_unless_asked_for(world):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    for _ in range(5):
        work(notifier, team)
        world.clock.now += 24 * HOUR

    assert len(team.taken) == 1


def test_an_open_alert_is_repeated_after_hours_but_not_for_ever(world):
    team = MoodySink()
    notifier = world.notifier(team, repeat_ms=4 * HOUR)
    write(world.index, [alert(1)])
    counts = []
    for _ in range(12):
        work(notifier, team)
        counts.append(len(team.taken))
        world.clock.now += 2 * HOUR

    assert counts[:6] == [1, 1, 2, 2, 3, 3]
    for _ in range(30):
        world.clock.now += 4 * HOUR
        work(notifier, team)
    assert [one.occasion for one in team.taken] == ["new"] + ["repeat"] * MAX_REPEATS
    assert len({one.delivery_id for one in team.taken}) == 1 + MAX_REPEATS


def test_what_people_took_care_of_is_not_repeated(world):
    team = MoodySink()
    notifier = world.notifier(team, repeat_ms=4 * HOUR)
    write(world.index, [alert(1), alert(2)])
    work(notifier, team)
    world.decide("al_0001", "acknowledged")
    world.clock.now += 5 * HOUR
    work(notifier, team)

    assert sent(team)[2:] == [("al_0002", "medium", "repeat")]


def test_an_alert_id_cannot_leave_its_place_in_the_link(world):
    team = MoodySink()
    write(world.index, [alert(1, alert_id="a/../../x?y#z")])
    work(world.notifier(team), team)

    assert team.taken[0].link == "https://pages.example/alerts/a%2F..%2F..%2Fx%3Fy%23z"


# --- starting, restarting, a rebuilt index ------------------------------------------------


def test_what_was_raised_while_nobody_delivered_is_delivered_at_the_start(world):
    write(world.index, [alert(number) for number in range(1, 4)])
    team = MoodySink()
    work(world.notifier(team), team)

    assert len(team.taken) == 3


def test_a_sink_that_is_added_later_gets_no_old_alerts_only_what_follows(world):
    team, late = MoodySink("team"), MoodySink("late")
    write(world.index, [alert(1), alert(2)])
    work(world.notifier(team), team)
    notifier = world.notifier(team, late)
    work(notifier, team, late)
    write(world.index, [alert(3), graver(alert(2), "high")])
    work(notifier, team, late)

    assert sent(late) == [("al_0003", "medium", "new"), ("al_0002", "high", "update")]
    assert {one.sink: one.skipped for one in notifier.report()} == {"team": 0, "late": 2}


def test_without_sinks_alerts_are_counted_as_old(world):
    write(world.index, [alert(1)])
    world.notifier().plan()
    team = MoodySink()
    work(world.notifier(team), team)

    assert team.tried == []


def test_a_restart_sends_nothing_again(world):
    team = MoodySink()
    write(world.index, [alert(number) for number in range(1, 700)])
    work(world.notifier(team), team, tries=1000)
    for _ in range(3):
        work(world.notifier(team), team)

    assert len(team.tried) == 699


@pytest.mark.parametrize("more", [0, 1, 5])
def test_an_index_made_anew_neither_repeats_nor_swallows_alerts(world, more):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1), alert(2), alert(3)])
    work(notifier, team)
    world.rebuild_index()
    notifier._index = world.index
    write(world.index, [alert(number) for number in range(1, 4 + more)])
    world.clock.now += RESCAN_MS
    work(notifier, team)

    assert [one.alert.alert_id for one in team.tried] == [
        f"al_{n:04d}" for n in range(1, 4 + more)
    ]


def test_an_index_that_is_behind_is_noticed_at_once(world):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1), alert(2), alert(3)])
    work(notifier, team)
    world.rebuild_index()
    notifier._index = world.index
    write(world.index, [alert(9)])
    work(notifier, team)

    assert len(team.taken) == 4


def test_an_alert_missing_from_the_index_waits_until_it_is_back(world):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    notifier.plan()
    world.rebuild_index()
    notifier._index = world.index
    work(notifier, team)
    assert team.tried == []
    write(world.index, [alert(1)])
    world.clock.now += RESCAN_MS
    work(notifier, team)

    assert sent(team) == [("al_0001", "medium", "new")]


# --- sinks that fail ---------------------------------------------------------------------


def test_a_try_that_failed_is_made_again_later_under_the_same_id(world):
    team = MoodySink()
    team.moods = [DeliveryError("not now"), DeliveryError("not now either")]
    notifier = world.notifier(team, backoff=Backoff(first_ms=1_000))
    write(world.index, [alert(1)])
    tries = []
    for _ in range(5):
        work(notifier, team)
        tries.append(len(team.tried))
        world.clock.now += 999
        work(notifier, team)
        tries.append(len(team.tried))
        world.clock.now += 1

    assert tries == [1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    assert len({one.delivery_id for one in team.tried}) == 1


def test_while_one_waits_those_behind_it_wait_too(world):
    team = MoodySink()
    team.moods = [DeliveryError("not now")]
    notifier = world.notifier(team)
    write(world.index, [alert(1), alert(2), alert(3)])
    work(notifier, team)
    assert [one.alert.alert_id for one in team.tried] == ["al_0001"]
    world.clock.now += HOUR
    work(notifier, team)

    assert [one.alert.alert_id for one in team.taken] == ["al_0001", "al_0002", "al_0003"]


def test_one_sink_that_fails_does_not_hold_up_another(world):
    team, file = MoodySink("team"), MoodySink("file")
    team.moods = [DeliveryError("not now")]
    notifier = world.notifier(team, file)
    write(world.index, [alert(1), alert(2)])
    work(notifier, team, file)

    assert (len(team.taken), len(file.taken)) == (0, 2)


def test_after_too_many_tries_it_is_given_up_visibly_and_the_next_has_its_turn(world):
    team = MoodySink()
    team.moods = [DeliveryError("the door is closed")] * 3
    notifier = world.notifier(team, backoff=Backoff(tries=3))
    write(world.index, [alert(1), alert(2)])
    for _ in range(4):
        work(notifier, team)
        world.clock.now += HOUR

    assert [one.alert.alert_id for one in team.taken] == ["al_0002"]
    (failure,) = notifier.deliveries.failures()
    assert (failure.alert_id, failure.state, failure.tries) == ("al_0001", "failed", 3)
    assert failure.problem == "the door is closed"
    (report,) = notifier.report()
    assert (report.done, report.failed, report.problem) == (1, 1, "the door is closed")


def test_a_person_can_have_what_was_given_up_tried_again(world):
    team = MoodySink()
    team.moods = [DeliveryRefused("answered 422")]
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    work(notifier, team)
    assert team.taken == []
    assert notifier.deliveries.retry_failed("team", NOW) == 1
    work(notifier, team)

    assert sent(team) == [("al_0001", "medium", "new")]
    assert [one.state for one in notifier.deliveries.of_alert("al_0001")] == ["done"]


def test_a_message_that_is_refused_does_not_hold_up_the_next(world):
    team = MoodySink()
    team.moods = [DeliveryRefused("answered 422")]
    notifier = world.notifier(team)
    write(world.index, [alert(1), alert(2)])
    work(notifier, team)

    assert [one.alert.alert_id for one in team.taken] == ["al_0002"]
    assert notifier.report()[0].failed == 1


def test_a_sink_may_ask_for_patience(world):
    team = MoodySink()
    team.moods = [DeliveryError("answered 429", retry_after=600)]
    notifier = world.notifier(team, backoff=Backoff(first_ms=1_000))
    write(world.index, [alert(1)])
    work(notifier, team)
    world.clock.now += 599_000
    work(notifier, team)
    assert len(team.tried) == 1
    world.clock.now += 1_000
    work(notifier, team)

    assert len(team.taken) == 1


def test_a_broken_sink_of_somebody_else_is_only_a_failed_try(world):
    team = MoodySink()
    team.moods = [ZeroDivisionError("https://user:password1@a.example/?token=abc")]
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    work(notifier, team)

    problem = notifier.report()[0].problem
    assert problem == "ZeroDivisionError: https://***@a.example/?***"
    world.clock.now += HOUR
    work(notifier, team)
    assert len(team.taken) == 1


@pytest.mark.parametrize("word", ["x", "word ", "https://u:password1@a.example/?token=abc "])
def test_a_long_complaint_is_cut_in_no_time_and_shows_no_secret(world, word):
    team = MoodySink()
    team.moods = [DeliveryError(word * 100_000)]
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    begun = time.monotonic()
    work(notifier, team)

    assert time.monotonic() - begun < 2
    problem = notifier.report()[0].problem
    assert 0 < len(problem) <= 301
    assert "password1" not in problem


def test_a_clock_that_is_set_back_does_not_stop_delivery(world):
    team = MoodySink()
    team.moods = [DeliveryError("not now")]
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    work(notifier, team)
    world.clock.now -= 365 * 24 * HOUR
    work(notifier, team)

    assert len(team.taken) == 1


def test_a_disk_that_is_full_after_sending_does_not_send_twice(world, monkeypatch):
    team = MoodySink()
    notifier = world.notifier(team)
    write(world.index, [alert(1)])
    done = notifier.deliveries.done
    full = [True, True]

    def refuse_at_first(delivery_id: str, now: int) -> None:
        if full:
            full.pop()
            raise StorageFullError("no space left")
        done(delivery_id, now)

    monkeypatch.setattr(notifier.deliveries, "done", refuse_at_first)
    monkeypatch.setattr("dashboards.notify.STUMBLE_S", 0.01)
    work(notifier, team)
    work(notifier, team)

    assert len(team.tried) == 1
    assert notifier.report()[0].done == 1


def test_two_sinks_of_one_name_are_refused(world):
    with pytest.raises(ValueError, match="two sinks have one name"):
        world.notifier(MoodySink("team"), MoodySink("team"))


@given(
    tries=st.integers(1, 10_000),
    chance=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1e9),
)
def test_pauses_grow_and_stay_within_bounds(tries, chance, asked):
    backoff = Backoff()
    pause = backoff.pause(tries, chance, asked)

    assert backoff.first_ms // 2 <= pause <= backoff.longest_ms
    assert backoff.pause(tries, chance) <= backoff.pause(tries + 1, chance)
    assert (
        backoff.pause(tries, 0.0) <= backoff.pause(tries, chance) <= backoff.pause(tries, 1.0)
    )


Event = st.tuples(
    st.sampled_from(["raise", "decide", "fail", "work", "restart", "later"]),
    st.integers(1, 3),
    st.sampled_from(SEVERITIES),
)


@given(events=st.lists(Event, max_size=30))
def test_whatever_happens_each_message_is_taken_once_and_severities_only_rise(
    tmp_path_factory, events
):
    world = World(tmp_path_factory.mktemp("world"))
    world.desk.file.rows("PRAGMA synchronous=OFF")
    team = MoodySink()
    notifier = world.notifier(team)
    highest: dict[str, int] = {}
    for revision, (what, number, severity) in enumerate(events, 1):
        one = alert(number, severity, revision=revision)
        if what == "raise":
            write(world.index, [one])
            rank = SEVERITIES.index(severity)
            highest[one.alert_id] = max(highest.get(one.alert_id, 0), rank)
        elif what == "decide":
            world.decide(one.alert_id, "resolved" if number > 1 else "open")
        elif what == "fail":
            team.moods = [DeliveryError("not now")]
        elif what == "restart":
            notifier = world.notifier(team)
        elif what == "later":
            world.clock.now += HOUR
        else:
            work(notifier, team)
    for _ in range(3):
        world.clock.now += HOUR
        work(notifier, team)

    assert len({one.delivery_id for one in team.taken}) == len(team.taken)
    assert {one.alert.alert_id for one in team.taken} == set(highest)
    for alert_id in highest:
        occasions = [one.occasion for one in team.taken if one.alert.alert_id == alert_id]
        assert occasions == ["new"] + ["update"] * (len(occasions) - 1)
    assert notifier.report()[0].waiting == 0
    world.close()


# --- in threads ----------------------------------------------------------------------------


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def test_in_threads_alerts_are_delivered_while_more_are_raised(world):
    team, file = MoodySink("team"), MoodySink("file")
    notifier = world.notifier(team, file, poll_s=0.01)
    notifier.start()
    for number in range(1, 31):
        write(world.index, [alert(number)])
    wait_until(lambda: len(team.taken) == len(file.taken) == 30)
    notifier.close()

    assert [one.alert.alert_id for one in team.taken] == [f"al_{n:04d}" for n in range(1, 31)]


def test_a_sink_that_hangs_holds_up_neither_the_others_nor_the_end(world):
    hang, file = threading.Event(), MoodySink("file")

    class Hanging(MoodySink):
        def deliver(self, delivery, /):
            hang.wait(30)

    notifier = world.notifier(Hanging("team"), file, poll_s=0.01)
    write(world.index, [alert(1), alert(2)])
    notifier.start()
    wait_until(lambda: len(file.taken) == 2)
    begun = time.monotonic()
    notifier.close(0.2)

    assert time.monotonic() - begun < 1.5
    hang.set()
    notifier.close(5)


def test_an_index_that_breaks_is_asked_again(world, monkeypatch):
    monkeypatch.setattr("dashboards.notify.STUMBLE_S", 0.01)
    team = MoodySink()
    write(world.index, [alert(1)])

    class Shaky:
        failures = 3

        def alert(self, alert_id, /):
            return world.index.alert(alert_id)

        def alerts_after(self, seq, /, *, limit=100):
            if self.failures:
                self.failures -= 1
                raise OSError("the index is being made anew")
            return world.index.alerts_after(seq, limit=limit)

    notifier = world.notifier(team, poll_s=0.01)
    notifier._index = Shaky()
    notifier.start()
    wait_until(lambda: len(team.taken) == 1)
    notifier.close()
