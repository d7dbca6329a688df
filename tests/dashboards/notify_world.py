"""An index, a desk and sinks of changing mood for tests of delivery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dashboards.desk import Desk
from dashboards.notify import Notifier
from stream.local_index import LocalIndex
from stream.sink import Sink
from tests.dashboards.alert_world import Clock, MoodySink

HOUR = 60 * 60 * 1000


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


def work(notifier: Notifier, *sinks: MoodySink, tries: int = 50) -> None:
    """Look for alerts and deliver whatever is due now."""
    notifier.plan()
    for sink in sinks:
        for _ in range(tries):
            if notifier.deliver_next(sink.name) > 0:
                break


def sent(sink: MoodySink) -> list[tuple[str, str, str]]:
    return [(one.alert.alert_id, one.alert.severity, one.occasion) for one in sink.taken]
