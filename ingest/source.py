"""The Source protocol, Sighting (an item and the cursor after it), the error tree.

SourceError             try again later, from the last cursor
├── Disconnected        the connection closed or went silent
├── RateLimited         the platform asked for patience (``retry_after`` seconds)
└── CursorLost          the platform no longer has our cursor: a gap is recorded
SourceMisconfigured     a person must act; trying again does not help
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import msgspec

from ingest.records import Deletion, Gap, Malformed, Post


class SourceError(Exception):
    """The source failed for now; the collector backs off and resumes."""


class Disconnected(SourceError):
    """The connection closed, was refused, or went silent."""


class RateLimited(SourceError):
    """The platform asked us to wait."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CursorLost(SourceError):
    """The platform cannot resume at our cursor; ``gap`` says what is missing."""

    def __init__(self, message: str, *, gap: Gap) -> None:
        super().__init__(message)
        self.gap = gap


class SourceMisconfigured(Exception):
    """Wrong or missing settings or credentials; the message names the key."""


Item = Post | Deletion | Gap | Malformed | None
"""What a source may report. None moves the cursor past records of no interest."""


class Sighting(msgspec.Struct, frozen=True):
    """An item and the cursor from which reading goes on after it.

    ``cursor`` None means: this item ends at no safe point, keep the last one.
    ``skipped`` counts upstream records of no interest that the cursor passes.
    """

    item: Item
    cursor: str | None = None
    skipped: int = 0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms card of a source, shown by ``jikimi sources``."""

    access: str
    rate: str
    retention: str
    deletion: str
    note: str = ""


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a source found, and what of its settings does not work."""

    found: str
    problems: tuple[str, ...] = ()


class Stop(Protocol):
    """A request to end; ``threading.Event`` satisfies it."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None, /) -> bool: ...


@runtime_checkable
class Source(Protocol):
    """A place posts come from. Reading blocks; one thread runs one source."""

    @property
    def name(self) -> str:
        """Unique name of this configured source; cursors are kept under it."""
        ...

    @property
    def terms(self) -> Terms:
        """What the platform allows and demands."""
        ...

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Yield sightings after the cursor ``after`` (None: from the default start).

        Ends when the source is exhausted (archives) or soon after ``stop`` is
        set. A source may repeat items after a resume; it may not leave any out
        silently: what it could not read is a Malformed or a Gap.

        Raises:
            SourceError: try again later from the last cursor.
            SourceMisconfigured: a person must act.
        """
        ...


@runtime_checkable
class Probing(Protocol):
    """A source that can be tried once without reading, for ``jikimi doctor --online``."""

    def probe(self, stop: Stop, /) -> Probed:
        """Look whether it could be read now.

        Raises:
            SourceError: not for now.
            SourceMisconfigured: a person must act.
        """
        ...
