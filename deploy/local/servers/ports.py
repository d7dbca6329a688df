"""Chooses ports that nobody listens on, and that stay free until a server takes them.

The system gives outgoing connections a port out of a range of its own. A port of that range
may be free when it is looked at and taken a moment later, also while a broker that was killed
is away: so ports are chosen below the range, or above it where there is no room below.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL = (32_768, 60_999)
LOWEST, HIGHEST = 10_000, 65_535
ROOM = 2_000
TRIES = 1_000
BROKERS = range(1, 6)
"""Beside its first port: what three brokers and their controllers need."""
NODE = (100,)
"""Beside its port: where a node of Elasticsearch talks to others."""


def free_port(others: range | tuple[int, ...] = ()) -> int:
    """A port that is free, as are the ones that stand ``others`` above it.

    Raises:
        OSError: none was found.
    """
    low, high = given_away()
    widest = max(others, default=0)
    first, last = (LOWEST, low - 1) if low - LOWEST >= ROOM else (high + 1, HIGHEST)
    if last - first < ROOM:
        first, last = LOWEST, HIGHEST
    for _ in range(TRIES):
        port = random.randint(first, last - widest)  # noqa: S311 - no secret
        if all(is_free(port + other) for other in (0, *others)):
            return port
    raise OSError(f"no free port was found between {first} and {last}")


def given_away() -> tuple[int, int]:
    """The range that the system takes ports of outgoing connections from."""
    try:
        low, high = GIVEN_AWAY.read_text(encoding="utf-8").split()
        return int(low), int(high)
    except (OSError, ValueError):
        return USUAL


def is_free(port: int) -> bool:
    """Whether the port can be listened on now."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
