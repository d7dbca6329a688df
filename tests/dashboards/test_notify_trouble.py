"""Delivery of alerts when sinks fail, clocks jump and disks are full; threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.notify import Backoff
from stream.sink import DeliveryError, DeliveryRefused
from stream.storage.store import StorageFullError
from tests.dashboards.alert_world import NOW, MoodySink, alert, write
from tests.dashboards.notify_world import HOUR, World, sent, work

SEVERITIES = ("low", "medium", "high", "critical")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


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

    assert time.monotonic() - begun < 20
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

    assert time.monotonic() - begun < 15
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
