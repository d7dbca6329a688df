"""What a replay is to do, and the log that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import msgspec

from stream.records import Logged


class ReplayUnclearError(Exception):
    """It is not clear what a replay would have to do; nothing was changed."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The stretch by event time (ms), ``until`` outside; the log; where results go."""

    since: int
    until: int
    log: str
    into: str


class Piece(NamedTuple):
    """Entries of a partition in order, and the offset after the last one."""

    entries: list[Logged]
    next: int


class PastLog(Protocol):
    """A posts log as a replay reads it, beside whoever writes it."""

    @property
    def name(self) -> str:
        """Which log it is; the same after a restart."""
        ...

    @property
    def whole(self) -> bool:
        """Whether every revision is there, in the order in which they came.

        Else only the last one of a post is, where that came.
        """
        ...

    def ends(self) -> Mapping[int, int]:
        """The offset after the last entry that is there now, by partition."""
        ...

    def begins_at(self) -> int | None:
        """Time (ms) before which entries were taken out of it, None when none were."""
        ...

    def read(self, partition: int, start: int, end: int, /) -> Iterator[Piece]:
        """Entries from an offset to before another; what cannot be read is left out."""
        ...


def check(plan: Plan, log: PastLog, now: int) -> None:
    """Refuse a stretch that is none, that is not over, or that the log no longer holds.

    Raises:
        ReplayUnclearError: with what to write instead.
    """
    if plan.since >= plan.until:
        raise ReplayUnclearError("--from is not before --to: nothing lies between them")
    if plan.until > now:
        raise ReplayUnclearError(
            "--to lies in the future: what is still to come is judged by those at work"
        )
    begins = log.begins_at()
    if begins is not None and plan.since < begins:
        raise ReplayUnclearError(
            f"{log.name} begins at {day(begins)}; what came before has left it, and its "
            f"results would go without others in their place: begin there or later"
        )


def day(at: int) -> str:
    """A time for people, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
