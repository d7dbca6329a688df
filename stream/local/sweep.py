"""Decides when a shard of the search folder is written again, and does it bit by bit.

tantivy only marks a removed document; its words stay in the file (``shards.py``). A
shard that lost a deleted post is written again within a minute. One that only lost
old versions of posts, or came to have many segments, waits for its turn every few hours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from tantivy import Document

from stream.local.shards import Fresh, Shards, shard_of

WAIT_S = 3.0
"""So long a deletion waits for others of the same shard."""
HURRY_AFTER_S = 15.0
STEP_S = 0.15
HURRY_STEP_S = 1.0
"""Seconds of work with one commit; there is one a second."""
CHUNK = 1000
SEGMENTS = 3
"""More of them in a shard that is full make facets slow: each reads its own dictionary."""

Documents = Callable[[int, int, int], Sequence[tuple[int, Document]]]
"""Documents of the rows after the first number up to the second, at most so many."""


class Sweep:
    """Which shards are to be written again.

    Args:
        every_s: least time between two looks for shards that can wait.
        clock: monotonic seconds.
        wait_s: how long a deletion waits for others.
    """

    def __init__(
        self, *, every_s: float, clock: Callable[[], float], wait_s: float = WAIT_S
    ) -> None:
        self._every_s = every_s
        self._clock = clock
        self._wait_s = wait_s
        self._urgent: dict[int, float] = {}
        self._patient: set[int] = set()
        self._looked_at = clock()
        self._since: float | None = None

    @property
    def urgent(self) -> bool:
        """Whether words of deleted posts are still in a file."""
        return bool(self._urgent) or self._since is not None

    def opened(self, shards: Shards) -> None:
        """After an opening nobody knows what was deleted and what only changed."""
        self._since = None
        self._urgent = dict.fromkeys(shards.marked(), self._clock())

    def removed(self, rows: Iterable[int], fresh: Fresh | None) -> None:
        """Posts of these rows were deleted."""
        moment = self._clock()
        for n in rows:
            number = shard_of(n)
            # What a shard that is being written has not reached never gets into it.
            if fresh is None or fresh.number != number or n <= fresh.reached:
                self._urgent.setdefault(number, moment)

    def step(self, shards: Shards, newest: int, documents: Documents, *, hurry: bool) -> bool:
        """Go on for a moment; True when a shard was replaced and must be committed."""
        fresh = shards.fresh or self._begin(shards, hurry=hurry)
        if fresh is None:
            return False
        until = time.process_time() + self._budget(hurry=hurry)
        end = fresh.end(newest)
        while fresh.reached < end:
            found = documents(fresh.reached, end, CHUNK)
            reached = found[-1][0] if len(found) == CHUNK else end
            shards.refill(fresh, (document for _, document in found), reached)
            if time.process_time() > until:
                break
        if fresh.reached < end:
            return False
        shards.replace(fresh)
        self._since = None
        return True

    def _begin(self, shards: Shards, *, hurry: bool) -> Fresh | None:
        moment = self._clock()
        if self._urgent:
            marked = shards.marked()
            # A merge may have done it already.
            self._urgent = {n: at for n, at in self._urgent.items() if n in marked}
        for number, since in self._urgent.items():
            if hurry or moment - since >= self._wait_s:
                del self._urgent[number]
                self._patient.discard(number)
                self._since = since
                return shards.rewrite(number)
        if moment - self._looked_at >= self._every_s:
            self._looked_at = moment
            self._patient = shards.marked() | shards.crowded(SEGMENTS)
        if self._patient and not hurry:
            return shards.rewrite(self._patient.pop())
        return None

    def _budget(self, *, hurry: bool) -> float:
        begun = [*self._urgent.values()]
        begun += [] if self._since is None else [self._since]
        late = bool(begun) and self._clock() - min(begun) > HURRY_AFTER_S
        return HURRY_STEP_S if hurry or late else STEP_S
