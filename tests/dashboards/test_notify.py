"""Delivery: what is sent, when, in which order, and what is done about sinks that fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.notify import MAX_REPEATS, RESCAN_MS
from tests.dashboards.alert_world import MoodySink, alert, graver, write
from tests.dashboards.notify_world import HOUR, World, sent, work


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


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
