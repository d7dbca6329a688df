"""A process that delivers alerts until it is killed; see test_notify_crash.py.

Usage: FOLDER URL IDLE DIE. With IDLE "idle" it ends once nothing is left to do. DIE
names a step at which the process kills itself, and the how manyth time.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dashboards.desk import Desk
from dashboards.notify import Backoff, Notifier
from dashboards.sinks.log import LogSink
from dashboards.sinks.webhook import WebhookSink
from stream.local_index import LocalIndex
from tests.dashboards.alert_world import SECRET


def dying(work: Callable[..., Any], times: int, *, after: bool) -> Callable[..., Any]:
    # Each sink has a thread: whoever draws the number dies, however they interleave.
    turns = itertools.count(1)

    def step(*arguments: Any) -> Any:
        mine = next(turns) == times
        if mine and not after:
            os.kill(os.getpid(), 9)
        result = work(*arguments)
        if mine:
            os.kill(os.getpid(), 9)
        return result

    return step


def main(folder: Path, url: str, idle: str, die: str = "") -> None:
    desk = Desk(folder / "desk.db")
    log = LogSink("file", path=folder / "alerts.ndjson")
    hook = WebhookSink.from_settings("team", {"url": url, "secret": SECRET, "timeout": 5})
    index = LocalIndex(folder / "index", read_only=True)
    notifier = Notifier(
        index, desk, [log, hook],
        public_url="https://pages.example", clock=lambda: time.time_ns() // 1_000_000,
        backoff=Backoff(first_ms=20, longest_ms=100, tries=1000), poll_s=0.01,
    )  # fmt: skip
    if die:
        when, step, times = die.split(":")
        places: dict[str, Any] = {
            "file": log, "team": hook, "take_in": notifier.deliveries,
            "begin": notifier.deliveries, "done": notifier.deliveries,
        }  # fmt: skip
        owner = places[step]
        name = "deliver" if step in ("file", "team") else step
        setattr(owner, name, dying(getattr(owner, name), int(times), after=when == "after"))
    print("ready", flush=True)
    notifier.start()
    calm = 0
    while calm < 3 or idle != "idle":
        time.sleep(0.02)
        index.refresh()
        waiting = sum(one.waiting for one in notifier.report())
        seen = {one.done for one in notifier.report()}
        total = sum(1 for _ in index.alerts_after(0, limit=10_000))
        calm = calm + 1 if not waiting and min(seen) >= total else 0
    notifier.close()
    desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
