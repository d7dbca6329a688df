"""The demo's source: complete, resumable, paced, and stopping when asked."""

from __future__ import annotations

import threading
import time
from itertools import islice

import pytest

from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from dashboards.demo.writing import Staged
from ingest.records import Malformed, Post
from ingest.source import Source, SourceMisconfigured


class NoWait:
    """A stop that is never set and remembers how long it was asked to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None, /) -> bool:
        self.waits.append(timeout or 0.0)
        return False


def test_it_is_a_source_with_a_terms_card(mixed: Scenario) -> None:
    source = DemoSource(mixed)
    assert isinstance(source, Source)
    assert source.name == "demo"
    assert "no key" in source.terms.access


def test_it_reports_the_whole_scenario_in_order(mixed: Scenario, world: list[Staged]) -> None:
    sightings = list(DemoSource(mixed).read(None, NoWait()))
    assert [s.item for s in sightings] == [staged.item for staged in world]
    assert [s.cursor for s in sightings] == [str(i + 1) for i in range(len(world))]
    assert any(isinstance(s.item, Malformed) for s in sightings)


@pytest.mark.parametrize("done", [0, 1, 777])
def test_it_goes_on_after_its_cursor(mixed: Scenario, world: list[Staged], done: int) -> None:
    after = next(islice(DemoSource(mixed).read(str(done), NoWait()), 0, 1))
    assert after.item == world[done].item
    assert after.cursor == str(done + 1)


def test_after_the_last_cursor_nothing_is_left(mixed: Scenario, world: list[Staged]) -> None:
    assert list(DemoSource(mixed).read(str(len(world)), NoWait())) == []
    assert list(DemoSource(mixed).read(str(len(world) * 9), NoWait())) == []


@pytest.mark.parametrize("cursor", ["", "-1", "1.5", "at://x", "٣", "9e9", " 4"])
def test_a_cursor_of_another_source_is_refused(mixed: Scenario, cursor: str) -> None:
    with pytest.raises(SourceMisconfigured, match="was not written by this source"):
        next(iter(DemoSource(mixed).read(cursor, NoWait())))


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(mixed: Scenario, speed: float) -> None:
    with pytest.raises(ValueError, match="speed: found"):
        DemoSource(mixed, speed=speed)


def test_it_is_observed_before_or_when_it_is_reported(mixed: Scenario) -> None:
    for sighting in islice(DemoSource(mixed).read(None, NoWait()), 500):
        if isinstance(sighting.item, Post):
            assert sighting.item.observed_at is not None


def test_accelerated_time_passes_at_the_speed_asked_for(
    mixed: Scenario, world: list[Staged]
) -> None:
    stop = NoWait()
    read = DemoSource(mixed, speed=60.0).read(None, stop)
    for _ in islice(read, 50):
        pass
    due = (world[49].at - world[0].at) / 1000 / 60
    assert max(stop.waits) == pytest.approx(due, rel=0.05, abs=0.2)
    assert stop.waits == sorted(stop.waits), "later posts wait longer from the same beginning"


def test_without_a_speed_it_never_waits(mixed: Scenario) -> None:
    stop = NoWait()
    for _ in islice(DemoSource(mixed).read(None, stop), 300):
        pass
    assert stop.waits == []


def test_it_stops_at_once_even_while_it_waits(mixed: Scenario) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    began = time.monotonic()
    list(DemoSource(mixed, speed=0.001).read(None, stop))
    timer.join()
    assert time.monotonic() - began < 20


def test_a_stop_that_is_set_ends_reading_before_the_first_item(mixed: Scenario) -> None:
    stop = threading.Event()
    stop.set()
    assert list(DemoSource(mixed).read(None, stop)) == []
