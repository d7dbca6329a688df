"""The logs: what collectors append, and the subject logs that operators read.

``PostsLog`` is keyed by post id and holds what sources brought in; ``SubjectLog``
is keyed by subject, split into partitions as Kafka would split it, and is all
that stateful operators read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from ingest.records import Record
from stream.ids import partition_of
from stream.records import EVERYONE, Logged, SubjectEvent


class Seen(Record, frozen=True, kw_only=True, tag="seen/1"):
    """What the router remembers of a post id.

    ``named`` are the subjects its mentions name, ``subjects`` the logs it went to
    (groups included). ``offsets`` are its places in the posts log, so that a
    deletion can reach them. ``past`` says that it came too late to be judged.
    ``media`` says that its pictures were looked at. ``observed`` is when the source saw
    it last, ``older`` are digests of the sightings
    before. A tombstone keeps only ``deleted``: the post never comes back.
    """

    digest: int = 0
    metrics: int = 0
    revision: int = 0
    named: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    offsets: tuple[int, ...] = ()
    deleted: bool = False
    past: bool = False
    media: bool = False
    observed: int = 0
    older: tuple[int, ...] = ()


class Routed(Record, frozen=True, kw_only=True, tag="routed/1"):
    """An event for the subject log and the place of its post in the posts log."""

    event: SubjectEvent
    post_offset: int | None = None


class PostsLog(Protocol):
    """Append-only but for deletions; offsets start at 1."""

    def append(self, entries: Sequence[Logged], /) -> None: ...

    def read(self, after: int, limit: int, /) -> list[tuple[int, Logged]]: ...

    def seen(self, post_ids: Collection[str], /) -> Mapping[str, Seen]: ...

    def posts_of(self, account: str, /) -> list[str]:
        """Ids of the posts of an account that are still there."""
        ...


class SubjectLog(Protocol):
    """Partitioned by subject; offsets start at 1 in each partition."""

    @property
    def partitions(self) -> int: ...

    def append(self, routed: Sequence[Routed], /) -> None: ...

    def read(
        self, partition: int, after: int, limit: int, /
    ) -> list[tuple[int, SubjectEvent]]: ...


def partitions_for(event: SubjectEvent, partitions: int) -> range:
    """Partitions an event goes to: its subject's, or all of them."""
    if event.subject == EVERYONE:
        return range(partitions)
    return _place_of(event.subject, partitions)


@lru_cache(maxsize=4096)
def _place_of(subject: str, partitions: int) -> range:
    """The one partition of a subject; the subjects of a watchlist are few."""
    place = partition_of(subject, partitions)
    return range(place, place + 1)
