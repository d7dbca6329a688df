"""Where reading goes on: for each listing the newest id, and the ids read lately.

Ids of Reddit are numbers in base 36 that grow with time, so the newest one read
is a place to go on from even when the thing itself is gone. A thing may become
visible late, below the newest; the ids read lately tell it from what was read.
"""

from __future__ import annotations

import re
from bisect import insort
from typing import Literal

import msgspec

REMEMBERED = 500
"""Ids a listing remembers: five pages."""
_ID = re.compile(r"[0-9a-z]{1,12}", re.ASCII)


def number_of(native: object) -> int | None:
    """An id of Reddit (``abc``, ``t3_abc``) as a number, None if it is none."""
    if not isinstance(native, str):
        return None
    bare = native[3:] if native[:1] == "t" and native[2:3] == "_" else native
    return int(bare, 36) if _ID.fullmatch(bare) else None


class KnownState(msgspec.Struct, omit_defaults=True):
    """:class:`Known` as it is written down."""

    head: int = 0
    at: int = 0
    floor: int = 0
    seen: str = ""


class Known:
    """What was read of a listing.

    ``head`` is the highest id read and ``at`` when that was posted, in ms. Below
    ``floor`` everything counts as read; between the two, what is remembered.
    """

    def __init__(self, state: KnownState | None = None) -> None:
        state = state or KnownState()
        self.head = state.head
        self.at = state.at
        self.floor = state.floor
        self._order = [(int(text, 36), text) for text in state.seen.split()]
        self._seen = {number for number, _ in self._order}

    def is_new(self, number: int) -> bool:
        """Whether a thing has not been read."""
        return number > self.floor and number not in self._seen

    def has(self, number: int) -> bool:
        """Whether it is among what is remembered."""
        return number in self._seen

    def add(self, number: int, native: str, at: int | None) -> None:
        """A thing has been read."""
        if not self.is_new(number):
            return
        insort(self._order, (number, native))
        self._seen.add(number)
        if len(self._order) > REMEMBERED:
            self.floor, _ = self._order.pop(0)
            self._seen.discard(self.floor)
        if number > self.head:
            self.head = number
            self.at = at or self.at

    def state(self) -> KnownState:
        """As it is written down."""
        seen = " ".join(text for _, text in self._order)
        return KnownState(head=self.head, at=self.at, floor=self.floor, seen=seen)


class JobState(msgspec.Struct, omit_defaults=True):
    """How far a listing of the past was read.

    ``read`` is the highest id read, ``listed`` the lowest that Reddit listed;
    ``done`` says that nothing is left.
    """

    read: int = 0
    listed: int = 0
    done: bool = False


class PastState(msgspec.Struct, omit_defaults=True):
    """A backfill: what was asked for, since when (ms), its listings by key.

    ``threads`` are ids of submissions whose comments are still wanted.
    """

    asked: str = ""
    since: int = 0
    jobs: dict[str, JobState] = {}
    threads: list[str] = []


class CursorState(msgspec.Struct, omit_defaults=True):
    """The whole cursor.

    Listings by key, since when (ms) a subreddit refuses us, what is to be looked
    at again, the id with which live reading of a place began, and the backfill.
    """

    reddit: Literal[1]
    listings: dict[str, KnownState] = {}
    refused: dict[str, int] = {}
    recheck: msgspec.Raw = msgspec.Raw(b"{}")
    began: dict[str, int] = {}
    past: PastState = msgspec.field(default_factory=PastState)


class Memory:
    """The cursor while it is in use."""

    def __init__(self, cursor: str | None = None) -> None:
        """Read a cursor; None begins anew.

        Raises:
            ValueError: it is none of ours.
        """
        try:
            state = (
                CursorState(reddit=1)
                if cursor is None
                else msgspec.json.decode(cursor, type=CursorState)
            )
        except (msgspec.DecodeError, ValueError):
            raise ValueError("not a cursor of Reddit") from None
        self.known = {key: Known(kept) for key, kept in state.listings.items()}
        self.refused = dict(state.refused)
        self.recheck = msgspec.Raw(bytes(state.recheck))
        self.began = dict(state.began)
        self.past = state.past
        self._kept = dict(state.listings)

    def of(self, key: str) -> Known:
        """What was read of the listing ``key``."""
        return self.known.setdefault(key, Known())

    def cursor(self, changed: str | None = None) -> str:
        """The cursor now; ``changed`` is the listing that moved since the last time."""
        if changed is not None:
            self._kept[changed] = self.known[changed].state()
        state = CursorState(
            reddit=1,
            listings=self._kept,
            refused=self.refused,
            recheck=self.recheck,
            began=self.began,
            past=self.past,
        )
        return msgspec.json.encode(state).decode()
