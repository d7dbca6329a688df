"""How often one host is asked: a few at a time, with a pause between two."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

MOST_HOSTS = 1000
"""Hosts that are remembered; one that is asked for at this moment is never forgotten."""


class _Host:
    def __init__(self, at_once: int) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self.users = 0
        self.free_at = 0.0


class Hosts:
    """Turns at hosts, for one event loop.

    Args:
        at_once: requests to one host at the same time.
        pause_s: seconds from the beginning of one request to that of the next.
    """

    def __init__(self, at_once: int, pause_s: float) -> None:
        self._at_once = at_once
        self._pause_s = pause_s
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def __len__(self) -> int:
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncGenerator[None]:
        """Wait until the host may be asked."""
        host = self._hosts.setdefault(name, _Host(self._at_once))
        self._hosts.move_to_end(name)
        host.users += 1
        try:
            async with host.slots:
                now = asyncio.get_running_loop().time()
                begin = max(now, host.free_at)
                host.free_at = begin + self._pause_s
                await asyncio.sleep(begin - now)
                yield
        finally:
            host.users -= 1
            self._forget()

    def _forget(self) -> None:
        if len(self._hosts) <= MOST_HOSTS:
            return
        idle = [name for name, host in self._hosts.items() if not host.users]
        for name in idle[: len(self._hosts) - MOST_HOSTS]:
            del self._hosts[name]
