"""The watchdog: quiet while there are signs of life, deadly when there are none."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from stream.scale.watchdog import Watchdog

STUCK = """
import time
from stream.scale.watchdog import Watchdog
Watchdog(0.5).start()
{work}
"""


def test_signs_of_life_keep_it_quiet_and_silence_does_not():
    said: list[str] = []
    dog = Watchdog(0.4, said.append)
    dog.start()
    for _ in range(10):
        time.sleep(0.1)
        dog.beat()
    assert said == []

    time.sleep(1.0)

    assert len(said) == 1
    assert said[0].startswith("stuck for")


def test_after_its_end_it_watches_no_longer():
    said: list[str] = []
    dog = Watchdog(0.2, said.append)
    dog.start()
    dog.stop()

    time.sleep(0.6)

    assert said == []


@pytest.mark.parametrize(
    "work", ["while True: pass", "import asyncio; asyncio.run(asyncio.Event().wait())"]
)
def test_a_process_that_hangs_ends_by_itself_and_says_so(work):
    done = subprocess.run(
        [sys.executable, "-c", STUCK.format(work=work)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "jikimi: worker: stuck for" in done.stderr
