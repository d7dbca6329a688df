"""The media stage beside the embedded host, fed from the subject logs, in its own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import structlog

from stream.hosting.unnamed import Recognising
from stream.records import LoggedMedia, PostGone, PostSeen, SubjectEvent
from stream.storage.sqlite_log import SqliteSubjectLog
from stream.storage.store import StorageFullError

PAUSE_S = 0.25
TROUBLE_S = 5.0
PATIENCE_S = 5.0
LEAVE_S = 1.0
"""Seconds that the end waits for a fetch; one that hangs ends with the process, undone."""
AT_ONCE = 1000

log = structlog.get_logger(__name__)


class Stage(Protocol):
    """What is needed of the media stage (``stream.media.stage.MediaStage``)."""

    @property
    def recogniser(self) -> Recognising: ...

    def take(self, events: Sequence[SubjectEvent], position: bytes, /) -> None: ...

    def position(self) -> bytes | None: ...

    def found(self, limit: int = ..., /) -> list[tuple[int, LoggedMedia]]: ...

    def logged(self, through: int, /) -> None: ...

    def idle(self) -> bool: ...

    def step(self) -> bool: ...

    def close(self) -> None: ...


class Beside:
    """Runs a media stage; ``forward`` and ``deliver`` are called by the host's thread.

    Args:
        patience_s: how long the end of a finite run waits for pictures; the next goes on.
    """

    def __init__(self, stage: Stage, *, patience_s: float = PATIENCE_S) -> None:
        self._stage = stage
        self.patience_s = patience_s
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="media", daemon=True)
        self._position: list[int] | None = None
        self._busy = False

    @property
    def recogniser(self) -> Recognising:
        """Looks at pictures of posts that name nobody."""
        return self._stage.recogniser

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def forward(self, subjects: SqliteSubjectLog) -> None:
        """Hand over what the subject logs have got since.

        Raises:
            StorageFullError: no space; the same is handed over again.
        """
        if self._position is None:
            self._position = self.position() or [0] * subjects.partitions
        while True:
            ahead = list(self._position)
            events: list[SubjectEvent] = []
            for partition, after in enumerate(self._position):
                entries = subjects.read(partition, after, AT_ONCE)
                if entries:
                    ahead[partition] = entries[-1][0]
                events += [e for _, e in entries if isinstance(e, PostSeen | PostGone)]
            if ahead == self._position:
                return
            self.take(events, ahead)

    def position(self) -> list[int]:
        """Up to where each partition was taken; nothing before the first time."""
        held = self._stage.position()
        return [] if held is None else msgspec.msgpack.decode(held, type=list[int])

    def take(self, events: Sequence[SubjectEvent], position: list[int]) -> None:
        """Hand events over, with the position behind them.

        Raises:
            StorageFullError: no space; the same is handed over again.
        """
        self._stage.take(events, msgspec.msgpack.encode(position))
        self._position = position
        self._wake.set()

    def deliver(self, take_in: Callable[[Sequence[LoggedMedia]], object]) -> bool:
        """Have what was found logged; False when there was nothing.

        Raises:
            StorageFullError: no space; the same is delivered again.
        """
        found = self._stage.found(200)
        if not found:
            return False
        take_in([one for _, one in found])
        self._stage.logged(found[-1][0])
        return True

    def idle(self) -> bool:
        """Whether everything that can be done now is done and delivered."""
        return not self._busy and self._stage.idle() and not self._stage.found(1)

    def close(self) -> None:
        """End the thread and the stage; what was not done is done by the next run."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(LEAVE_S)
        if not self._thread.is_alive():
            # Else it waits for a server, and ends with the process.
            self._stage.close()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._busy = True
            try:
                worked = self._stage.step()
            except StorageFullError as error:
                log.warning("disk_full", problem=str(error))
                self._busy = False
                self._stop.wait(TROUBLE_S)
                continue
            except Exception:
                # A picture must not end the watch over texts; it is tried again.
                log.exception("media_failed")
                self._busy = False
                self._stop.wait(TROUBLE_S)
                continue
            if not worked:
                self._busy = False
                self._wake.wait(PAUSE_S)
                self._wake.clear()
