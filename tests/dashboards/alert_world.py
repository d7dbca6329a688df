"""Alerts, an index that holds them, and a sink with moods, for tests of delivery."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from stream.index import IndexBatch
from stream.local_index import LocalIndex
from stream.records import Alert
from stream.sink import Delivery

NOW = 1_790_000_000_000
SECRET = "an invented secret of tests"


def alert(number: int = 1, severity: str = "medium", **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "alert_id": f"al_{number:04d}",
        "subject": "seo-haneul",
        "kind": "copy_burst",
        "severity": severity,
        "title": f"{number + 5} accounts posted one text · 서하늘",
        "created_at": NOW + number,
        "updated_at": NOW + number,
        "revision": 1,
        "operator_version": "alerts/1",
    }
    return Alert(**(fields | changes))


def graver(one: Alert, severity: str) -> Alert:
    return msgspec.structs.replace(one, severity=severity, revision=one.revision + 1)


def delivery(number: int = 1, **changes: Any) -> Delivery:
    return Delivery(
        delivery_id=f"de_{number:020d}",
        alert=alert(number, **changes),
        link=f"https://pages.example/alerts/al_{number:04d}",
    )


def write(index: LocalIndex, alerts: Iterable[Alert]) -> None:
    """As the pipeline does it: a batch with the next checkpoint."""
    checkpoint = int(index.checkpoint() or 0) + 1
    index.write(IndexBatch(checkpoint=f"{checkpoint:06d}", results=list(alerts)))


class Clock:
    """A wall clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class MoodySink:
    """Keeps what it takes; ``moods`` are errors for the next tries, None for taking it."""

    def __init__(self, name: str = "team") -> None:
        self.name = name
        self.moods: list[Exception | None] = []
        self.tried: list[Delivery] = []
        self.taken: list[Delivery] = []

    def deliver(self, delivery: Delivery, /) -> None:
        self.tried.append(delivery)
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise mood
        self.taken.append(delivery)
