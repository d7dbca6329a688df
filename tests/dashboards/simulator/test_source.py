"""A simulated world feeds the embedded host like any source, and goes on where it was."""

from __future__ import annotations

import threading

import pytest

from dashboards.simulator.scene import SOURCE
from dashboards.simulator.source import SimulatedSource
from dashboards.simulator.world import Play, World
from ingest.records import Post
from ingest.source import SourceMisconfigured

WORLD = World(posts=400, days=2, seed=8)


def test_it_reports_the_posts_of_the_world():
    items = [s.item for s in SimulatedSource(WORLD).read(None, threading.Event())]

    assert items == [made.post for made in Play(WORLD).posts()]
    assert all(isinstance(item, Post) and item.source == SOURCE for item in items)


def test_it_goes_on_after_a_cursor():
    source = SimulatedSource(WORLD)
    whole = list(source.read(None, threading.Event()))

    assert list(source.read(whole[99].cursor, threading.Event())) == whole[100:]


def test_it_stops_when_asked():
    stop = threading.Event()
    reading = SimulatedSource(WORLD, speed=3600.0).read(None, stop)
    next(reading)
    stop.set()

    assert list(reading) == []


@pytest.mark.parametrize("cursor", ["", "later", "-1", "١٢"])
def test_a_cursor_of_another_source_is_refused(cursor):
    with pytest.raises(SourceMisconfigured, match="was not written by this source"):
        next(SimulatedSource(WORLD).read(cursor, threading.Event()))


def test_a_speed_must_be_above_zero():
    with pytest.raises(ValueError, match="speed: found 0"):
        SimulatedSource(WORLD, speed=0)


def test_it_says_on_what_terms_it_may_be_read():
    assert "invented" in SimulatedSource(WORLD).terms.retention
