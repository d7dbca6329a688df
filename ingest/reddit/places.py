"""Which subreddits let us read them; the others are named, and asked again later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from ingest.records import Gap
from ingest.reddit.client import Client, Refused
from ingest.reddit.cursor import Memory
from ingest.source import Disconnected, Sighting

log = structlog.get_logger(__name__)

AGAIN_S: Final = 3600.0
"""Seconds after which a subreddit that refuses us is asked again."""
SUSPICIOUS: Final = 5
"""Subreddits refusing us in a row, none of them saying why: it is not them, it is us."""


class Places:
    """The subreddits of a source.

    Args:
        now: wall clock in ms.
    """

    def __init__(
        self,
        name: str,
        subreddits: tuple[str, ...],
        client: Client,
        memory: Memory,
        now: Callable[[], int],
    ) -> None:
        self._name = name
        self._subreddits = subreddits
        self._client = client
        self._refused = memory.refused
        for left in set(self._refused) - set(subreddits):
            del self._refused[left]
        self._why: dict[str, str] = {}
        self._now = now
        self._due = 0.0

    @property
    def open(self) -> list[str]:
        """Those that let us read them, as far as we know.

        Raises:
            Disconnected: none of them does.
        """
        found = [name for name in self._subreddits if name not in self._refused]
        if not found:
            reasons = (f"r/{name} {why}" for name, why in list(self._why.items())[:5])
            raise Disconnected(f"no subreddit can be read: {', '.join(reasons)}")
        return found

    def ask_again(self, kind: str) -> Iterator[Sighting]:
        """Ask those that refused us, when it is time; what was missed is a gap."""
        if not self._refused or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + AGAIN_S
        for name in list(self._refused):
            refusal = self._ask(name, kind)
            why = None if refusal is None else str(refusal)
            since, until = self._refused[name], self._now()
            reason = f"r/{name} {why or self._why.get(name, 'could not be read')}"
            if why is None:
                del self._refused[name]
                self._why.pop(name, None)
            else:
                self._refused[name] = until
                self._why[name] = why
            yield Sighting(
                Gap(source=self._name, since=since, until=max(since, until), reason=reason)
            )

    def sort_out(self, kind: str, asked: list[str], refused: Refused) -> None:
        """Find out which of the subreddits that were asked together refuses us.

        Raises:
            Disconnected: it is none of them, or rather all of us.
        """
        found = self._refusing(kind, asked, refused)
        if not found:
            raise Disconnected(f"the subreddits together: {refused}")
        if len(found) == len(asked) and not any(one.is_stated for one in found.values()):
            raise _everywhere(found)
        for name, refusal in found.items():
            why = str(refusal)
            self._refused[name] = self._now()
            self._why[name] = why
            log.warning("reddit_refused", subreddit=name, problem=f"r/{name} {why}")
        self._due = time.monotonic() + AGAIN_S

    def _refusing(self, kind: str, asked: list[str], refused: Refused) -> dict[str, Refused]:
        if len(asked) == 1:
            return {asked[0]: refused}
        found: dict[str, Refused] = {}
        for place, name in enumerate(asked, 1):
            if (refusal := self._ask(name, kind)) is not None:
                found[name] = refusal
            if place == len(found) == SUSPICIOUS and len(set(map(str, found.values()))) == 1:
                raise _everywhere(found)
        return found

    def _ask(self, name: str, kind: str) -> Refused | None:
        """The refusal of a subreddit, None when it lets us read it."""
        try:
            self._client.get(f"r/{name}/{kind}", {"limit": 1})
        except Refused as refused:
            return refused
        return None


def _everywhere(found: dict[str, Refused]) -> Disconnected:
    name, refusal = next(iter(found.items()))
    return Disconnected(f"Reddit refuses us everywhere: r/{name} {refusal}")
