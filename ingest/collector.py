"""Runs sources: a thread each, bounded queues, back-off, the gap ledger.

The host's one writer thread polls batches; a source that is ahead of it waits
behind its bounded queue. What a batch carries besides its items is the cursor
from which reading goes on once the batch is safely written.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec
import structlog

from ingest.records import Deletion, Gap, Malformed, Post, SourceState, SourceStatus
from ingest.source import (
    CursorLost,
    Item,
    RateLimited,
    Sighting,
    Source,
    SourceError,
    SourceMisconfigured,
)

log = structlog.get_logger(__name__)

LONGEST_PATIENCE_S = 24 * 3600.0
"""A platform, or a mistake, may ask for more; then it is asked again after that."""
GAP_MS = 60_000
"""Outages shorter than this are ordinary and not recorded."""
PUT_WAIT_S = 0.1
AT_ONCE = 8
"""Batches of one source polled at once, which bounds the host's transactions."""


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Exponential back-off with full jitter (AWS Architecture Blog, 2015), in seconds.

    After ``healthy`` seconds of reading the count of failures begins anew.
    """

    first: float = 1.0
    longest: float = 60.0
    healthy: float = 60.0

    def pause(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures in a row; ``chance`` is in [0, 1)."""
        ceiling = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return ceiling * chance


class Collected(msgspec.Struct):
    """Items of one source in order, and the cursor behind them (None: unchanged)."""

    source: str
    items: list[Item]
    cursor: str | None = None
    skipped: int = 0


class _Run:
    """One source in its thread."""

    def __init__(
        self,
        source: Source,
        cursor: str | None,
        *,
        batch: int,
        max_wait_s: float,
        queue_batches: int,
        backoff: Backoff,
        clock: Callable[[], int],
        rng: random.Random,
        ready: threading.Event,
    ) -> None:
        self._source = source
        self._cursor = cursor
        self._batch_size = batch
        self._max_wait_s = max_wait_s
        self._backoff = backoff
        self._clock = clock
        self._rng = rng
        self._ready = ready
        self.out: queue.Queue[Collected] = queue.Queue(queue_batches)
        self.stop = threading.Event()
        self.ended = threading.Event()
        self.thread = threading.Thread(
            target=self._main, name=f"source-{source.name}", daemon=True
        )
        self._lock = threading.Lock()
        self._handing_over = threading.Lock()
        self._batch = Collected(source=source.name, items=[])
        self._batch_began = time.monotonic()
        self._state: SourceState = "starting"
        self._problem: str | None = None
        self._changed_at = clock()
        self._read = self._malformed = self._skipped = 0
        self._last_item_at: int | None = None
        self._quiet_since: int | None = None

    def status(self) -> SourceStatus:
        """How it is doing right now."""
        return SourceStatus(
            source=self._source.name,
            state=self._state,
            changed_at=self._changed_at,
            last_item_at=self._last_item_at,
            read=self._read,
            malformed=self._malformed,
            skipped=self._skipped,
            problem=self._problem,
        )

    def hand_over_waiting(self) -> None:
        """Called by the poller: a batch of a source gone quiet need not wait for more."""
        # Taking a batch out and handing it over is one step, or a later batch could
        # come before it: a deletion before its post.
        if not self._handing_over.acquire(blocking=False):
            return
        try:
            waited = time.monotonic() - self._batch_began
            if self.out.empty() and waited >= self._max_wait_s:
                batch = self._swap()
                if batch is not None:
                    self.out.put_nowait(batch)
        finally:
            self._handing_over.release()

    def _main(self) -> None:
        failures = 0
        try:
            while not self.stop.is_set():
                began = time.monotonic()
                asked = self._attempt()
                if asked is None:
                    return
                lasted = time.monotonic() - began
                failures = 1 if lasted >= self._backoff.healthy else failures + 1
                pause = self._backoff.pause(failures, self._rng.random())
                # What is no number is not above 0.
                patience = min(asked, LONGEST_PATIENCE_S) if asked > 0 else 0.0
                self.stop.wait(max(patience, pause))
        finally:
            if self._state not in ("done", "failed") and not self.stop.is_set():
                self._become("failed", "its thread ended, which it never should")
            self._flush()
            self.ended.set()
            self._ready.set()

    def _attempt(self) -> float | None:
        """Read until it ends; seconds the platform asked to wait, None for no other try."""
        try:
            for sighting in self._source.read(self._cursor, self.stop):
                self._take(sighting)
                if self.stop.is_set():
                    return None
        except SourceMisconfigured as error:
            self._become("failed", str(error))
            return None
        except CursorLost as error:
            self._take(Sighting(error.gap))
            self._cursor = None
            self._become("waiting", str(error))
        except RateLimited as error:
            self._become("waiting", str(error))
            self._flush()
            return error.retry_after
        except SourceError as error:
            self._become("waiting", str(error))
        except Exception as error:  # noqa: BLE001 - one source never stops the others
            self._become("waiting", f"unexpected {type(error).__name__}; trying again")
        else:
            if not self.stop.is_set():
                self._become("done", None)
            return None
        self._flush()
        return 0.0

    def _take(self, sighting: Sighting) -> None:
        item = sighting.item
        now = self._clock()
        if self._state != "live":
            self._note_outage(now)
            self._become("live", None)
        if isinstance(item, Post | Deletion | Malformed):
            self._read += 1
            self._last_item_at = now
        self._malformed += isinstance(item, Malformed)
        self._skipped += sighting.skipped
        with self._lock:
            batch = self._batch
            if item is not None:
                batch.items.append(item)
            batch.skipped += sighting.skipped
            if sighting.cursor is not None:
                batch.cursor = self._cursor = sighting.cursor
            full = len(batch.items) >= self._batch_size
            waited = time.monotonic() - self._batch_began
        if full or waited >= self._max_wait_s:
            self._flush()

    def _note_outage(self, now: int) -> None:
        """Record an outage that no cursor covers, as the gap between the two."""
        since = self._quiet_since
        self._quiet_since = None
        if since is None or self._cursor is not None or now - since < GAP_MS:
            return
        gap = Gap(source=self._source.name, since=since, until=now, reason="source was away")
        with self._lock:
            self._batch.items.append(gap)

    def _become(self, state: SourceState, problem: str | None) -> None:
        if state == "waiting" and self._quiet_since is None:
            self._quiet_since = self._last_item_at
        if problem is not None and (state, problem) != (self._state, self._problem):
            # Once a problem: each try ends in another state in between only where it read.
            event = "source_failed" if state == "failed" else "source_waiting"
            log.warning(event, source=self._source.name, problem=problem)
        elif state == "live" and self._state == "waiting":
            log.info("source_live", source=self._source.name)
        self._problem = problem
        if state != self._state:
            self._state = state
            self._changed_at = self._clock()

    def _flush(self) -> None:
        """Hand the batch over; waits while the queue is full, gives up when stopped.

        A batch that is given up is read again from the last cursor written.
        """
        with self._handing_over:
            batch = self._swap()
            while batch is not None:
                with suppress(queue.Full):
                    self.out.put(batch, timeout=PUT_WAIT_S)
                    self._ready.set()
                    return
                if self.stop.is_set():
                    return

    def _swap(self) -> Collected | None:
        """Take the batch out and begin another; None when there is nothing in it."""
        with self._lock:
            batch = self._batch
            self._batch = Collected(source=self._source.name, items=[])
            self._batch_began = time.monotonic()
        filled = batch.items or batch.cursor is not None or batch.skipped
        return batch if filled else None


class Collector:
    """All sources of a host.

    Args:
        sources: each with a unique name.
        cursors: where each goes on; absent or None: from its own start.
        batch: most items handed over at once.
        max_wait_s: longest a batch waits for more items while any arrive.
        queue_batches: batches a source may be ahead of the host.
        clock: wall clock in ms.
        rng: for the jitter of the back-off.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        cursors: Mapping[str, str | None],
        *,
        batch: int = 500,
        max_wait_s: float = 0.25,
        queue_batches: int = 16,
        backoff: Backoff | None = None,
        clock: Callable[[], int] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        names = [source.name for source in sources]
        if len(set(names)) != len(names):
            raise SourceMisconfigured(f"sources: two have the same name: {sorted(names)}")
        self._ready = threading.Event()
        self._runs = [
            _Run(
                source,
                cursors.get(source.name),
                batch=batch,
                max_wait_s=max_wait_s,
                queue_batches=queue_batches,
                backoff=backoff or Backoff(),
                clock=clock or _now,
                rng=rng or random.Random(),  # noqa: S311 - jitter is no secret
                ready=self._ready,
            )
            for source in sources
        ]

    @property
    def finished(self) -> bool:
        """Whether every source has ended and all it brought was polled."""
        return all(run.ended.is_set() and run.out.empty() for run in self._runs)

    def start(self) -> None:
        """Start reading."""
        for run in self._runs:
            run.thread.start()

    def poll(self, timeout: float, /) -> list[Collected]:
        """Batches that have come, oldest first a source; waits up to ``timeout`` seconds.

        While catching up a source has several waiting: together they make one
        transaction of the host, which writes what changes often only once.
        """
        found = self._drain()
        if found or self.finished:
            return found
        self._ready.wait(timeout)
        self._ready.clear()
        return self._drain()

    def statuses(self) -> list[SourceStatus]:
        """How each source is doing."""
        return [run.status() for run in self._runs]

    def close(self, timeout: float = 2.0, /) -> None:
        """Ask all sources to stop; one that hangs is left behind after ``timeout`` seconds."""
        for run in self._runs:
            run.stop.set()
        deadline = time.monotonic() + timeout
        for run in self._runs:
            if run.thread.is_alive():
                run.thread.join(max(0.0, deadline - time.monotonic()))

    def _drain(self) -> list[Collected]:
        found: list[Collected] = []
        for run in self._runs:
            run.hand_over_waiting()
            # Nobody else takes anything out, so as many as are counted are there.
            waiting = min(AT_ONCE, run.out.qsize())
            found.extend(run.out.get_nowait() for _ in range(waiting))
        return found


def _now() -> int:
    return time.time_ns() // 1_000_000
