"""Ctrl-C at any moment: also one that a library swallows while it is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

SWALLOWED = """
import os, signal, threading
from dashboards.terminal.interrupts import interrupted, remember_interrupts, stop_on_signals

remember_interrupts()
stop = threading.Event()
if {sent}:
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        pass
with stop_on_signals(stop):
    print(stop.is_set(), interrupted())
    os.kill(os.getpid(), signal.SIGINT)
    print(stop.is_set())
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        print("at once")
"""


@pytest.mark.parametrize(
    ("sent", "told"),
    [(False, "False False\nTrue\nat once\n"), (True, "True True\n")],
    ids=["none before", "one was swallowed"],
)
def test_the_first_asks_to_stop_and_the_second_ends_at_once(sent, told):
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED.format(sent=sent)],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.stdout.startswith(told), done.stderr
