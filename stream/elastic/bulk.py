"""Sends writes in bulk: in chunks, again where the server is busy, with a result for each.

Safe to use from several threads. Writes of one document are sent in the order given.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, cast

import msgspec
import structlog
from elasticsearch import ApiError, Elasticsearch, TransportError

from stream.elastic.client import BUSY, IndexUnavailableError, problem_of, reason_of

CHUNK_BYTES = 8 * 2**20
CHUNK_ACTIONS = 2000
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
OK = 200
REDIRECTION = 300
BLOCKED = "cluster_block_exception"
"""Read-only, for example because the disk is full: it passes."""

Lines = tuple[bytes, ...]

log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode


class Action(msgspec.Struct, frozen=True):
    """One write; without a ``body`` the document is removed.

    ``version`` is an external one; ``seen`` is the sequence number and primary term of
    what was read, and the write fails when anybody wrote since. A repeat of an external
    version is refused, unless ``again``.
    """

    index: str
    id: str
    body: dict[str, Any] | None
    create: bool = False
    version: int | None = None
    again: bool = False
    seen: tuple[int, int] | None = None

    def lines(self) -> tuple[bytes, ...]:
        """The lines of the request: what to do, and the document."""
        meta: dict[str, Any] = {"_index": self.index, "_id": self.id}
        if self.version is not None:
            meta["version"] = self.version
            meta["version_type"] = "external_gte" if self.again else "external"
        if self.seen is not None:
            meta["if_seq_no"], meta["if_primary_term"] = self.seen
        if self.body is None:
            return (_encode({"delete": meta}),)
        return _encode({"create" if self.create else "index": meta}), _encode(self.body)


class Outcome(msgspec.Struct, frozen=True):
    """What became of one write; ``reason`` is empty when it was done."""

    status: int
    reason: str = ""

    @property
    def done(self) -> bool:
        return OK <= self.status < REDIRECTION


class Sender:
    """Sends actions and waits out what passes by itself.

    Args:
        client: of Elasticsearch.
        patience_s: how long to try again before giving up.
        pause: waits so many seconds; may raise to stop everything.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        client: Elasticsearch,
        *,
        patience_s: float = 60.0,
        pause: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._patience_s = patience_s
        self._pause = pause
        self._clock = clock
        self.retried = 0

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        """One outcome for each action, in their order.

        Raises:
            IndexUnavailableError: the server did not take them for too long; what was
                taken stands, and sending all again changes nothing.
        """
        found: list[Outcome | None] = [None] * len(actions)
        for numbers, lines in _chunks(actions):
            self._chunk(numbers, lines, found)
        return [outcome for outcome in found if outcome is not None]

    def _chunk(
        self, numbers: list[int], lines: list[Lines], found: list[Outcome | None]
    ) -> None:
        began, pause = self._clock(), FIRST_PAUSE_S
        while True:
            said = self._request(numbers, lines, found)
            if said is None:
                return
            numbers, lines, why = said
            if self._clock() - began > self._patience_s:
                raise IndexUnavailableError(f"Elasticsearch takes no writes at present: {why}")
            self.retried += len(numbers)
            log.warning("index_busy", writes=len(numbers), reason=why, pause_s=round(pause, 1))
            self._pause(pause * random.uniform(0.75, 1.25))  # noqa: S311 - spreads retries
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _request(
        self, numbers: list[int], lines: list[Lines], found: list[Outcome | None]
    ) -> tuple[list[int], list[Lines], str] | None:
        """Send once; what has to be sent again and why, None when nothing."""
        try:
            # The stubs know lists of mappings only; bytes are passed on as they are.
            answer = self._client.bulk(operations=cast("Any", list(chain(*lines))))
        except ApiError as error:
            if error.status_code in BUSY or BLOCKED in str(error.body):
                return numbers, lines, reason_of(error)
            raise IndexUnavailableError(problem_of(error)) from None
        except TransportError as error:
            return numbers, lines, problem_of(error)
        again: list[int] = []
        lines_again: list[Lines] = []
        why = ""
        for i, item in enumerate(answer["items"]):
            said = next(iter(item.values()))
            problem: dict[str, Any] = said.get("error") or {}
            if said["status"] in BUSY or problem.get("type") == BLOCKED:
                again.append(numbers[i])
                lines_again.append(lines[i])
                why = str(problem.get("reason", ""))[:300]
            else:
                found[numbers[i]] = Outcome(said["status"], _reason(problem))
        return (again, lines_again, why) if again else None


def _reason(error: dict[str, Any]) -> str:
    if not error:
        return ""
    cause: dict[str, Any] = error.get("caused_by") or {}
    parts = [str(error.get("reason", "")), str(cause.get("reason", ""))]
    return f"{error.get('type')}: {': '.join(filter(None, parts))}"[:500]


def _chunks(actions: Sequence[Action]) -> Iterator[tuple[list[int], list[Lines]]]:
    numbers: list[int] = []
    lines: list[Lines] = []
    places: set[tuple[str, str]] = set()
    size = 0
    for number, action in enumerate(actions):
        made = action.lines()
        length = sum(map(len, made)) + len(made)
        full = size + length > CHUNK_BYTES or len(numbers) >= CHUNK_ACTIONS
        place = (action.index, action.id)
        # What is tried again must not come after a later write of the same document.
        if numbers and (full or place in places):
            yield numbers, lines
            numbers, lines, size = [], [], 0
            places.clear()
        places.add(place)
        numbers.append(number)
        lines.append(made)
        size += length
    if numbers:
        yield numbers, lines
