"""Delivers alerts to sinks by wall clock: once each, in order, across crashes.

Each delivery is a row in the desk's file before the first try. A try is noted
before it begins and its outcome after it ended, so a process that is killed in
between knows on its return that it does not know the outcome: it sends again
under the same delivery id, and the receiver recognises it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Protocol
from urllib.parse import quote

import msgspec
import structlog

from dashboards.deliveries import Deliveries, SinkReport, Waiting
from dashboards.desk import OPEN, Desk
from stream.config.secrets import mask_text
from stream.records import Alert
from stream.sink import Delivery, DeliveryError, DeliveryRefused, Sink
from stream.storage.store import StorageFullError

log = structlog.get_logger(__name__)

PAGE: Final = 500
RESCAN_MS: Final = 10 * 60 * 1000
"""How often all alerts are looked at again: an index made anew counts from one."""
STUMBLE_S: Final = 5.0
MAX_PROBLEM: Final = 300
MAX_READ: Final = 2_000
"""Characters of an error that are looked at; the rest is of no use to anybody."""
MAX_REPEATS: Final = 6


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """When to try again: doubling from ``first_ms`` to ``longest_ms``, half of it random.

    The defaults give a sink about eight hours to come back.
    """

    first_ms: int = 5_000
    longest_ms: int = 30 * 60 * 1000
    tries: int = 24

    def pause(self, tries: int, chance: float, asked_s: float | None = None) -> int:
        """Milliseconds after the try number ``tries``; ``chance`` is from 0 to 1."""
        doubled = min(self.longest_ms, self.first_ms * 2 ** min(tries - 1, 40))
        pause = int(doubled * (0.5 + chance / 2))
        return max(pause, min(int((asked_s or 0) * 1000), self.longest_ms))


class Alerts(Protocol):
    """What is needed of an index."""

    def alert(self, alert_id: str, /) -> Alert | None: ...

    def alerts_after(self, seq: int, /, *, limit: int = 100) -> list[tuple[int, Alert]]: ...


class Notifier:
    """Tails the alerts of an index and hands them to sinks.

    What is sent: a new alert once; once more for each higher severity it reaches
    while it is open; and, if ``repeat_ms`` is set, again after that time while
    nobody has acknowledged or resolved it. One sink never waits for another.

    Args:
        public_url: address of the pages, for the link in each message.
        clock: wall clock in milliseconds.
        repeat_ms: None for no repeats.
        poll_s: seconds between looks at the index and the queue.

    Raises:
        ValueError: two sinks of one name.
    """

    def __init__(
        self,
        index: Alerts,
        desk: Desk,
        sinks: Sequence[Sink],
        *,
        public_url: str,
        clock: Callable[[], int],
        backoff: Backoff | None = None,
        repeat_ms: int | None = None,
        poll_s: float = 0.5,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._sinks = {sink.name: sink for sink in sinks}
        if len(self._sinks) != len(sinks):
            raise ValueError("two sinks have one name")
        self._index = index
        self._desk = desk
        self.deliveries = Deliveries(desk.file)
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._repeat_ms = repeat_ms
        self._poll_s = poll_s
        self._chance = chance
        self._cursor = 0
        self._scanned_at: int | None = None
        self._registered = False
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Work in threads of their own until :meth:`close`."""
        work: dict[str, Callable[[], float]] = {"notify-plan": self._plan_and_pause}
        for name in self._sinks:
            work[f"notify-{name}"] = partial(self.deliver_next, name)
        for name, step in work.items():
            thread = threading.Thread(target=self._loop, args=(step,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop; a try that is under way may go on until the time is over.

        Such a try counts as of unknown outcome and is made again at the next start.
        """
        self._stop.set()
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def report(self) -> list[SinkReport]:
        """How each sink is doing."""
        return self.deliveries.report(list(self._sinks))

    def plan(self) -> int:
        """Look for alerts to deliver; returns how many deliveries were queued."""
        now = self._clock()
        names = list(self._sinks)
        if not self._registered:
            self.deliveries.register(names, self._every_alert, now)
            self._registered = True
        self._turn_back(now)
        queued = 0
        while page := self._index.alerts_after(self._cursor, limit=PAGE):
            # What a replay of the past made is shown and calls nobody.
            alerts = [alert for _, alert in page if not alert.replayed]
            closed = self._closed([alert.alert_id for alert in alerts])
            queued += self.deliveries.take_in(alerts, names, closed, now)
            self._cursor = page[-1][0]
        if self._repeat_ms is not None:
            before = now - self._repeat_ms
            queued += self.deliveries.take_in_repeats(
                names, self._closed, before, MAX_REPEATS, now
            )
        return queued

    def deliver_next(self, name: str) -> float:
        """Make the next try of a sink; returns the seconds to wait before another."""
        waiting = self.deliveries.next(name)
        if waiting is None:
            return self._poll_s
        now = self._clock()
        # A wait longer than the longest pause means that the clock was set back.
        ahead = waiting.next_try_at - now
        if 0 < ahead <= self._backoff.longest_ms:
            return min(self._poll_s, ahead / 1000)
        alert = self._index.alert(waiting.alert_id)
        if alert is None or self._no_longer_wanted(waiting):
            self.deliveries.withdraw(waiting.delivery_id)
            return 0.0
        self.deliveries.begin(waiting.delivery_id, now)
        self._try(self._sinks[name], waiting, alert)
        return 0.0

    def _try(self, sink: Sink, waiting: Waiting, alert: Alert) -> None:
        message = Delivery(
            delivery_id=waiting.delivery_id,
            alert=alert,
            link=f"{self._public_url}/alerts/{quote(alert.alert_id, safe='')}",
            occasion=waiting.occasion,
        )
        try:
            sink.deliver(message)
        except DeliveryRefused as error:
            self._give_up(waiting, _problem(error))
        except DeliveryError as error:
            self._put_off(waiting, _problem(error), error.retry_after)
        except Exception as error:  # noqa: BLE001 - a sink of others may raise anything
            self._put_off(waiting, f"{type(error).__name__}: {_problem(error)}", None)
        else:
            self._record(lambda: self.deliveries.done(waiting.delivery_id, self._clock()))

    def _put_off(self, waiting: Waiting, problem: str, asked_s: float | None) -> None:
        tries = waiting.tries + 1
        if tries >= self._backoff.tries:
            self._give_up(waiting, problem)
            return
        now = self._clock()
        at = now + self._backoff.pause(tries, self._chance(), asked_s)
        self._record(lambda: self.deliveries.again(waiting.delivery_id, at, problem, now))
        log.warning(
            "delivery_put_off",
            sink=waiting.sink,
            delivery=waiting.delivery_id,
            tries=tries,
            problem=problem,
        )

    def _give_up(self, waiting: Waiting, problem: str) -> None:
        now = self._clock()
        self._record(lambda: self.deliveries.failed(waiting.delivery_id, problem, now))
        log.error(
            "delivery_failed", sink=waiting.sink, delivery=waiting.delivery_id, problem=problem
        )

    def _record(self, outcome: Callable[[], None]) -> None:
        # The sink may have taken it: forgetting that would send it twice.
        while True:
            try:
                outcome()
            except StorageFullError as error:
                log.warning("disk_full", problem=str(error))
                if self._stop.wait(STUMBLE_S):
                    return
            else:
                return

    def _no_longer_wanted(self, waiting: Waiting) -> bool:
        if waiting.occasion == "new" or waiting.tries:
            return False
        return bool(self._closed([waiting.alert_id]))

    def _closed(self, alert_ids: list[str]) -> set[str]:
        found = self._desk.decisions(alert_ids)
        return {alert_id for alert_id, one in found.items() if one.state != OPEN}

    def _turn_back(self, now: int) -> None:
        last = self._scanned_at
        due = last is None or not last <= now < last + RESCAN_MS
        # The newest alert only ever moves forward, unless the index was made anew.
        if due or not self._index.alerts_after(self._cursor - 1, limit=1):
            self._cursor = 0
            self._scanned_at = now

    def _every_alert(self) -> Iterator[Alert]:
        cursor = 0
        while page := self._index.alerts_after(cursor, limit=PAGE):
            yield from (alert for _, alert in page)
            cursor = page[-1][0]

    def _plan_and_pause(self) -> float:
        self.plan()
        return self._poll_s

    def _loop(self, step: Callable[[], float]) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                pause = step()
            except Exception as error:  # noqa: BLE001 - the index or the disk may come back
                log.warning("delivery_stumbled", problem=_problem(error))
                pause = STUMBLE_S


def _problem(error: BaseException) -> str:
    text = str(error)
    if len(text) > MAX_READ:
        # Half an address could no longer be told for one and masked.
        text = text[:MAX_READ].rpartition(" ")[0]
    text = mask_text(text) or type(error).__name__
    return text if len(text) <= MAX_PROBLEM else f"{text[:MAX_PROBLEM]}…"
