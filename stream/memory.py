"""How the C library hands out memory to threads, for processes that live for months."""

from __future__ import annotations

import ctypes

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
