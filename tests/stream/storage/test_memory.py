"""Threads that come and go leave no memory behind; garbage is collected, if seldom."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stream.storage.memory import few_arenas

WORK = """
import sys, threading
sys.path.insert(0, "")
from stream.storage.memory import few_arenas
if sys.argv[1] == "few":
    few_arenas()

def hold(gate):
    held = [bytes(2_000) for _ in range(2_000)]
    gate.wait()

gate = threading.Barrier(12)
threads = [threading.Thread(target=hold, args=(gate,)) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
maps = [line for line in open("/proc/self/maps") if "000000-" in line.split()[0]]
print(len(maps))
"""


@pytest.mark.skipif(not few_arenas(), reason="this C library is not glibc: it has no arenas")
def test_many_threads_share_few_arenas() -> None:
    arenas = {
        word: int(
            subprocess.run(
                [sys.executable, "-c", WORK, word], capture_output=True, check=True, text=True
            ).stdout
        )
        for word in ("few", "many")
    }

    assert arenas["few"] + 4 <= arenas["many"]


CYCLES = """
import gc, sys
sys.path.insert(0, "")
from stream.storage.memory import YOUNG, seldom_collect
seldom_collect()
looked = 0
def count(phase, info):
    global looked
    looked += phase == "start"
gc.callbacks.append(count)
class Knot:
    alive = 0
    def __init__(self):
        self.me = self
        Knot.alive += 1
    def __del__(self):
        Knot.alive -= 1
held = [(n,) for n in range(YOUNG - 5_000)]
quiet = looked
for _ in range(3 * YOUNG):
    Knot()
print(quiet, looked, Knot.alive < 1.1 * YOUNG)
"""


def test_a_batch_of_records_is_not_looked_through_and_knots_of_garbage_still_go() -> None:
    said = subprocess.run(
        [sys.executable, "-c", CYCLES], capture_output=True, check=True, text=True
    ).stdout.split()

    quiet, looked, gone = said
    assert int(quiet) == 0
    assert 2 <= int(looked) <= 8
    assert gone == "True"
