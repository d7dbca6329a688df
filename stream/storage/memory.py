"""How memory is handed out and collected, for processes that live for months."""

from __future__ import annotations

import ctypes
import gc

ARENAS = 2
_M_ARENA_MAX = -8
"""Of glibc's ``malloc.h``."""


def few_arenas() -> bool:
    """Let all threads share two memory arenas; whether the C library could do so.

    glibc gives each new thread an arena of its own, up to eight a processor, and keeps it
    when the thread ends. The search writer starts threads for every shard: after half a
    million posts thirteen arenas held 200 MB that nobody used.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, ARENAS))


YOUNG = 50_000
"""New objects after which Python looks for cycles among them; its own number is 700."""


def seldom_collect() -> None:
    """Look for cycles of garbage less often, and never among what was there at the start.

    A batch of records is thousands of objects without a cycle, and they all live until the
    batch is done: looking through them again and again cost a worker a fifth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
