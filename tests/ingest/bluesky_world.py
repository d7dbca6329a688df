"""Reading a Jetstream server of the tests through the source."""

from __future__ import annotations

import threading

from ingest.bluesky import BlueskySource
from ingest.records import Post
from ingest.source import (
    Disconnected,
    Sighting,
)
from tests.ingest.jetstream_server import Jetstream

NOW_MS = 1_795_000_000_000
NOW_US = NOW_MS * 1000
SECOND_US = 1_000_000


def source(server: Jetstream, **options: object) -> BlueskySource:
    return BlueskySource([server.url], now=lambda: NOW_MS, **options)  # type: ignore[arg-type]


def read(
    reader: BlueskySource, after: str | None, count: int, *, seconds: float = 10
) -> list[Sighting]:
    """The next sightings; fewer when the source ends or fails first."""
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    found: list[Sighting] = []
    try:
        for sighting in reader.read(after, stop):
            found.append(sighting)
            if len(found) >= count:
                break
    except Disconnected:
        pass
    finally:
        timer.cancel()
    return found


def posts_of(sightings: list[Sighting]) -> list[Post]:
    return [s.item for s in sightings if isinstance(s.item, Post)]
