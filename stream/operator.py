"""The Operator protocol: a pure function of its input and its keyed state.

The host owns everything impure. It splits the subject log at ticks, hands each
operator of the pipeline the items in order together with what earlier
operators derived from them, and commits all effects with the applied offset in
one transaction. Given the same log, an operator must produce the same effects
whatever the batch size, the number of partitions, restarts or repeats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from stream.records import DeadLetter, Result, SubjectEvent


class Item(msgspec.Struct, frozen=True, gc=False):
    """One entry of the subject log on its way through the pipeline.

    ``watermark`` is the ``at`` of the last tick before it. ``derived`` holds
    what earlier operators emitted for this entry, in order. ``due`` holds this
    operator's own timers that have fallen due; only ticks carry any.
    """

    offset: int
    watermark: int
    event: SubjectEvent
    derived: tuple[Result, ...] = ()
    due: tuple[str, ...] = ()


class Put(msgspec.Struct, frozen=True, gc=False):
    """A state write; invisible once the watermark reaches ``expires_at``."""

    value: bytes
    expires_at: int


class Effects(msgspec.Struct):
    """All an operator may do. ``emit`` pairs the offset of the causing item with a result.

    A key that is both in ``put`` and in ``delete`` is a mistake. ``timers`` are
    (key, event time): the key comes back in ``Item.due`` of the first tick at
    or after that time.
    """

    emit: list[tuple[int, Result]] = []
    put: dict[str, Put] = {}
    delete: set[str] = set()
    timers: list[tuple[str, int]] = []
    dead: list[DeadLetter] = []


class State(Protocol):
    """Read access to this operator's committed keyed state, expired keys hidden."""

    def get(self, key: str, /) -> bytes | None: ...

    def scan(self, prefix: str, /) -> Iterator[tuple[str, bytes]]:
        """Keys with ``prefix`` in byte order."""
        ...


class Context(msgspec.Struct, frozen=True):
    """What is known besides the items: the partition and the last tick before them."""

    partition: int
    watermark: int


class Operator(Protocol):
    """A step of the pipeline with memory.

    An operator may keep an in-memory copy derived from its state to be fast;
    ``reset`` drops it. Hosts call it after any batch that was not committed.
    """

    @property
    def name(self) -> str:
        """Namespace of its state; stable for ever."""
        ...

    @property
    def version(self) -> str:
        """Stamped on every result."""
        ...

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        """Process items in order. A tick always comes alone in a call of its own."""
        ...

    def reset(self) -> None:
        """Forget anything held in memory; the state is the truth."""
        ...
