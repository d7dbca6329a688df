"""Runs operators in memory as a host does: ticks alone, timers, expiry, rebuilds on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from ingest.records import Author, Post
from stream.operator import Context, Effects, Item, Operator, Put
from stream.records import PostGone, PostSeen, Result, SubjectEvent, Tick

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_571_200_000
"""2026-01-05 00:00 UTC, a whole minute."""


class MemoryState:
    """Keyed state of one operator with expiry and timers."""

    def __init__(self) -> None:
        self.rows: dict[str, Put] = {}
        self.timers: dict[str, set[int]] = {}
        self.watermark = 0
        self.writes = 0

    def get(self, key: str, /) -> bytes | None:
        put = self.rows.get(key)
        return None if put is None or put.expires_at <= self.watermark else put.value

    def scan(self, prefix: str, /) -> Iterator[tuple[str, bytes]]:
        for key in sorted(self.rows):
            if key.startswith(prefix) and self.rows[key].expires_at > self.watermark:
                yield key, self.rows[key].value

    def stage(self, effects: Effects) -> None:
        assert not effects.delete & effects.put.keys()
        for key in effects.delete:
            self.rows.pop(key, None)
        self.rows.update(effects.put)
        self.writes += len(effects.put)
        for key, at in effects.timers:
            self.timers.setdefault(key, set()).add(at)

    def due(self, at: int) -> tuple[str, ...]:
        """Timers up to ``at``, by time then key."""
        found = sorted((t, k) for k, times in self.timers.items() for t in times if t <= at)
        for time, key in found:
            self.timers[key].discard(time)
            if not self.timers[key]:
                del self.timers[key]
        return tuple(dict.fromkeys(key for _, key in found))

    def expire(self) -> None:
        """Drop what no reader sees any more."""
        self.rows = {k: p for k, p in self.rows.items() if p.expires_at > self.watermark}


@dataclass
class Harness:
    """Operators in order over one partition of a subject log."""

    operators: Sequence[Operator]
    partition: int = 0
    emitted: list[Result] = field(default_factory=list)
    watermark: int = 0

    def __post_init__(self) -> None:
        self.states = [MemoryState() for _ in self.operators]
        self._offsets = count(1)

    def run(
        self, events: Sequence[SubjectEvent], *, batch: int = 500, reset: bool = False
    ) -> list[Result]:
        """Feed events in batches; with ``reset`` everything in memory is dropped between."""
        before = len(self.emitted)
        segment: list[tuple[int, SubjectEvent]] = []
        for event in events:
            entry = (next(self._offsets), event)
            if isinstance(event, Tick):
                self._apply(segment, reset=reset)
                segment = []
                self._apply([entry], reset=reset)
                self.watermark = max(self.watermark, event.at)
                continue
            segment.append(entry)
            if len(segment) == batch:
                self._apply(segment, reset=reset)
                segment = []
        self._apply(segment, reset=reset)
        return self.emitted[before:]

    def _apply(self, segment: list[tuple[int, SubjectEvent]], *, reset: bool) -> None:
        if not segment:
            return
        derived: dict[int, tuple[Result, ...]] = {}
        last = segment[-1][1]
        context = Context(partition=self.partition, watermark=self.watermark)
        for operator, state in zip(self.operators, self.states, strict=True):
            state.watermark = self.watermark
            due = state.due(last.at) if isinstance(last, Tick) else ()
            items = [Item(o, self.watermark, e, derived.get(o, ()), due) for o, e in segment]
            effects = operator.apply(state, items, context)
            state.stage(effects)
            for offset, result in effects.emit:
                derived[offset] = (*derived.get(offset, ()), result)
                self.emitted.append(result)
            if reset:
                operator.reset()


def by_kind(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Results of each kind in order: batches only change how kinds are interleaved."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(type(result).__name__, []).append(result)
    return found


def seen(
    native: str,
    text: str,
    *,
    at: int = START,
    author: str | None = None,
    subject: str = "arin",
    platform: str = "bluesky",
    change: str = "new",
    revision: int = 1,
    account_created: int | None = None,
    **more: object,
) -> PostSeen:
    """A post about ``subject``; ``more`` are fields of Post."""
    post = Post(
        id=f"{platform}:{native}",
        source=platform,
        platform=platform,
        author_id=author or f"by-{native}",
        created_at=at,
        text=text,
        author=Author(created_at=account_created) if account_created is not None else None,
        **more,  # type: ignore[arg-type]
    )
    return PostSeen(
        subject=subject,
        subjects=(subject,),
        post=post,
        change=change,  # type: ignore[arg-type]
        revision=revision,
    )


def gone(native: str, *, at: int = START, subject: str = "arin") -> PostGone:
    """The post was deleted."""
    return PostGone(subject=subject, post_id=f"bluesky:{native}", deleted_at=at)


def with_ticks(
    events: Sequence[SubjectEvent], *, until: int | None = None
) -> list[SubjectEvent]:
    """The events in order with a tick for each minute that passes."""
    out: list[SubjectEvent] = []
    clock: int | None = None
    for event in events:
        at = event.post.event_at if isinstance(event, PostSeen) else 0
        minute = at // MINUTE * MINUTE
        if clock is None and minute:
            clock = minute
        while clock is not None and clock < minute:
            step = MINUTE if minute - clock <= 2 * HOUR else (minute - clock) // MINUTE * MINUTE
            clock += step
            out.append(Tick(at=clock, minutes=step // MINUTE))
        out.append(event)
    if until is not None and clock is not None:
        while clock < until:
            clock += MINUTE
            out.append(Tick(at=clock))
    return out
