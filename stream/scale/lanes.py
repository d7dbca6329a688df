"""Threads side by side, each of which does its jobs one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Lanes:
    """``count`` queues of jobs; what is given to one queue is done in that order."""

    def __init__(self, count: int, name: str) -> None:
        self._pools = [
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{name}-{number}")
            for number in range(count)
        ]

    def __len__(self) -> int:
        return len(self._pools)

    def of(self, key: str) -> int:
        """The lane of everything with that key."""
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        return int.from_bytes(digest, "big") % len(self._pools)

    def give(self, lane: int, job: Callable[[], T]) -> Future[T]:
        """Have a job done behind those that the lane was given before."""
        return self._pools[lane].submit(job)

    def close(self) -> None:
        """Wait for the jobs under way; those that have not begun are dropped."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools:
            pool.shutdown(wait=True)
