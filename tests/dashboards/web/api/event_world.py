"""Listening to the stream of events as a client does."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx


class Event(NamedTuple):
    name: str
    id: str | None
    data: dict


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    """Events of a stream, after the rules of the HTML standard."""
    name, place, data = "", None, []
    for line in lines:
        if not line:
            if data:
                yield Event(name, place, json.loads("\n".join(data)))
            name, data = "", []
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            place = value


class Listening:
    """Somebody who listens in a thread of their own."""

    def __init__(self, client: httpx.Client, since: str | None = None) -> None:
        self.found: queue.Queue[Event] = queue.Queue()
        self.status = 0
        self.ended = threading.Event()
        self._client = client
        self._headers = {"last-event-id": since} if since else {}
        self._line: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._client.stream("GET", "/api/events", headers=self._headers) as answer:
                self.status = answer.status_code
                self._line = answer.extensions["network_stream"]
                for event in events_of(answer.iter_lines()):
                    self.found.put(event)
        except (httpx.TransportError, httpx.StreamError):
            pass
        self.ended.set()

    def hang_up(self) -> None:
        """Go away, as a browser does whose tab is closed."""
        if self._line is not None and not self.ended.is_set():
            with contextlib.suppress(OSError):
                self._line.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def until(self, wanted: Callable[[Event], bool], timeout_s: float = 20) -> list[Event]:
        """Everything up to the event that is waited for."""
        seen: list[Event] = []
        deadline = time.monotonic() + timeout_s
        while True:
            seen.append(self.found.get(timeout=max(0.01, deadline - time.monotonic())))
            if wanted(seen[-1]):
                return seen

    def begun(self) -> list[Event]:
        """Everything up to where the news begins."""
        return self.until(lambda event: event.name == "place")


@contextmanager
def listening(api, since: str | None = None, **options) -> Iterator[Listening]:
    with httpx.Client(
        base_url=api.served.url, timeout=30, trust_env=False, **options
    ) as client:
        who = Listening(client, since)
        yield who
        who.hang_up()


def past(api, since: str) -> list[Event]:
    """What was missed, without waiting for what is new."""
    answer = api.client.get(
        "/api/events", params={"follow": "false"}, headers={"last-event-id": since}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    return list(events_of(iter(answer.text.split("\n"))))
