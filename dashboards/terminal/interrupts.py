"""What ends a command: Ctrl-C and SIGTERM, a time, or the end of the process that began it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from types import FrameType

_interrupted = threading.Event()


def remember_interrupts() -> None:
    """From now on no Ctrl-C is lost: one that comes while modules are imported can be.

    Code in C that looks for something and takes every exception for "not there" swallows the
    ``KeyboardInterrupt`` that a signal raises just then.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        _interrupted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)


@contextmanager
def stop_on_signals(stop: threading.Event) -> Generator[None]:
    """Set ``stop`` on the first signal; a second Ctrl-C interrupts at once.

    Set at once where an interrupt came before and was swallowed.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    if _interrupted.is_set():
        stop.set()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def with_stop(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command an event ``stop`` that Ctrl-C and SIGTERM set from its first line on.

    So none of them comes as an exception into the middle of its imports.
    """

    @wraps(command)
    def stoppable(*given: object, **options: object) -> int:
        stop = threading.Event()
        with stop_on_signals(stop):
            return command(*given, stop=stop, **options)

    return stoppable


def interrupted() -> bool:
    """Whether a Ctrl-C came since ``remember_interrupts``, whatever became of it."""
    return _interrupted.is_set()


@contextmanager
def stop_after(stop: threading.Event, seconds: float | None) -> Generator[None]:
    """Set ``stop`` after so many seconds; None: never."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def ask_to_end() -> None:
    """End this process as SIGTERM from outside would."""
    os.kill(os.getpid(), signal.SIGTERM)


def end_with_parent(end: Callable[[], None] = ask_to_end) -> None:
    """Call ``end`` when standard input closes: its other end is held by the parent only."""

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        end()

    threading.Thread(target=wait, name="parent", daemon=True).start()
