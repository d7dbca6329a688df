"""Posts a minute of the last hour, counted by Faust: an app of its own, and approximate.

This is what Faust's tables and agents are good for: a number on a screen that may be off by
a few. They count in the minute in which the router wrote a post, count again what is read
again after a crash, and lose what an exception interrupts, so nothing else rests on them:
what pages, alerts and exports say comes from the index.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, cast

import faust
from faust.contrib.asgi import serve_asgi
from faust.windows import TumblingWindow

from stream.records import PostSeen
from stream.scale.address import KafkaAddress
from stream.scale.faust_app import credentials, work
from stream.topics import LARGEST_VALUE, Topics, UnreadableRecordError, read_subjects

# Faust's own types are partial.
# pyright: reportUnknownMemberType=false

MINUTE_S = 60
MINUTES = 60
"""How far the view reaches back."""
KEPT_S = (MINUTES + 5) * MINUTE_S
TABLE = "minutes"


class LiveCounts:
    """New posts by subject and minute, as far as this process has counted them."""

    def __init__(self, table: Any, window: TumblingWindow) -> None:
        self._table = table
        self._window = window

    def add(self, subject: str) -> None:
        """One more, in the minute of the message that is being looked at."""
        self._table[subject] += 1

    def minutes(self, subject: str, now_s: float) -> list[int]:
        """Posts of each of the last ``MINUTES`` minutes, oldest first; the last goes on."""
        ranges = (
            self._window.current(now_s - MINUTE_S * back) for back in reversed(range(MINUTES))
        )
        return [int(self._table[subject][one]) for one in ranges]


class LiveApp(faust.App):
    """A Faust app that counts; ``counts`` is what it has."""

    counts: LiveCounts


def changelog_of(group: str) -> str:
    """The topic in which Faust keeps the table of the group, for its next start."""
    return f"{group}-{TABLE}-changelog"


def build_live(
    address: KafkaAddress,
    topics: Topics,
    *,
    group: str,
    folder: Path,
    replication: int,
) -> LiveApp:
    """The app over the subjects topic; ``folder`` is for Faust's own files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("faust", "mode", "stream.scale.live", "aiokafka", "uvicorn", "abc"):
        # They tell every service that starts and stops (the one of the pages as "abc").
        logging.getLogger(name).setLevel(logging.WARNING)
    # Faust's services bind to the loop there is when they are made.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = LiveApp(
        group,
        loop=loop,
        broker=[f"kafka://{server}" for server in address.servers()],
        broker_credentials=credentials(address),
        consumer_max_fetch_size=LARGEST_VALUE,
        # Nobody misses the past here: the first start counts from now on.
        consumer_auto_offset_reset="latest",
        store="memory://",
        table_standby_replicas=0,
        topic_replication_factor=replication,
        topic_disable_leader=True,
        web_enabled=True,
        web_tables_enabled=False,
        worker_redirect_stdouts=False,
        datadir=folder,
    )
    window = TumblingWindow(MINUTE_S, expires=KEPT_S)
    make = cast("Any", app).Table
    table = make(TABLE, default=int, partitions=topics.subjects.partitions)
    app.counts = LiveCounts(table.using_window(window).relative_to_stream(), window)
    source: Any = app.topic(
        topics.subjects.name, key_serializer="raw", value_serializer="raw", value_type=bytes
    )
    _count(app, source)
    return app


def _count(app: LiveApp, source: Any) -> None:
    reader = read_subjects()

    async def count(stream: Any) -> None:
        async for value in stream:
            try:
                event = reader.read(value)
            except UnreadableRecordError:
                continue  # The worker has buried it.
            if isinstance(event, PostSeen) and event.change == "new":
                app.counts.add(event.subject)

    app.agent(source, name="count")(count)


def run_live(app: LiveApp, pages: Any, *, host: str, port: int) -> None:
    """Count and serve an ASGI application until SIGINT or SIGTERM."""
    serve_asgi(app, pages, host=host, port=port, lifespan="off", access_log=False, ws="none")
    work(app)
