"""Handles of Bluesky accounts, learnt from the stream and never asked for in the hot path."""

from __future__ import annotations

from collections import OrderedDict

MOST = 100_000
"""Accounts remembered; those seen longest ago are forgotten first."""


class Handles:
    """DID to handle, bounded; filled from identity events."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, str] = OrderedDict()

    def learn(self, did: str, handle: str | None) -> None:
        """Note an account's handle; None forgets it."""
        self._known.pop(did, None)
        if handle:
            self._known[did] = handle
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def of(self, did: str) -> str | None:
        """The handle, None when the stream has not told it."""
        return self._known.get(did)

    def __len__(self) -> int:
        return len(self._known)
