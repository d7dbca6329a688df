"""Ends a worker that is stuck, so that its supervisor starts it anew and others take over.

A consumer's heartbeats go on while our own work hangs in an endless wait or an endless
call; the brokers then never take the partitions away. So the process ends itself.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

from stream.config.secrets import mask_text

STUCK_S = 60.0
"""Seconds without a sign of life after which a worker is stuck."""
FAILURE = 1


def end_process(reason: str) -> None:
    """End at once: nothing that is not committed counts, and nothing else may be written."""
    print(f"jikimi: worker: {mask_text(reason)}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(FAILURE)


def reason_of(error: BaseException) -> str:
    """An error in one line: its kind, what it says, where it was."""
    notes: list[str] = getattr(error, "__notes__", [])
    return ", ".join([f"{type(error).__name__}: {error}", *notes])


class Watchdog:
    """Watches from a thread of its own whether ``beat`` is still called.

    Args:
        stuck_s: seconds without a beat that are too many.
        end: called then, with the reason.
    """

    def __init__(
        self, stuck_s: float = STUCK_S, end: Callable[[str], None] = end_process
    ) -> None:
        self._stuck_s = stuck_s
        self._end = end
        self._beaten_at = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch; the first beat may take as long as any other."""
        self.beat()
        self._thread.start()

    def beat(self) -> None:
        """A sign of life."""
        self._beaten_at = time.monotonic()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(min(1.0, self._stuck_s / 4)):
            silent = time.monotonic() - self._beaten_at
            if silent > self._stuck_s:
                self._end(f"stuck for {silent:.0f} s; it ends so that others take over")
                return
