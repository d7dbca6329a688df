"""Fetching for a thread: many URLs side by side, from a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ingest.media.addresses import RefusedError
from ingest.media.fetching import FailedError, Fetched, Fetcher

Outcome = Fetched | RefusedError | FailedError


class Together:
    """Owns an event loop; one thread at a time.

    Args:
        make: a fresh fetcher, made inside of the loop that it serves.
    """

    def __init__(self, make: Callable[[], Fetcher]) -> None:
        self._make = make

    def fetch_all(self, urls: Sequence[str], /) -> list[Outcome]:
        """What came of each URL, in their order; nothing is raised for one of them."""
        return asyncio.run(self._all(urls)) if urls else []

    async def _all(self, urls: Sequence[str]) -> list[Outcome]:
        async with self._make() as fetcher:
            return list(await asyncio.gather(*(_one(fetcher, url) for url in urls)))


async def _one(fetcher: Fetcher, url: str) -> Outcome:
    try:
        return await fetcher.fetch(url)
    except (RefusedError, FailedError) as error:
        return error
