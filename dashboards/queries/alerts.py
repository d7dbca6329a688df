"""Which alerts are in a state: what the index found, read together with what people decided.

The index knows nothing of decisions and the desk nothing of subjects, so the board holds
the few fields of every alert by which pages choose, count and sort: less than a kilobyte
an alert. It follows both by what changed since the last look.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from heapq import nsmallest
from typing import Final, NamedTuple

from dashboards.desk import OPEN, STATES, Desk
from stream.index import AlertPage, AlertQuery, Index
from stream.records import Alert, Severity

PART: Final = 5_000
MOST_KEPT: Final = 32
"""Answers kept until something changes."""
RANKS: Final[Mapping[Severity, int]] = {"critical": 0, "high": 1, "medium": 2, "low": 3}


class Entry(NamedTuple):
    """What the board holds of an alert; sorts gravest first, then newest."""

    rank: int
    older: int
    alert_id: str
    subject: str
    kind: str
    severity: Severity
    created_at: int


class Chosen(NamedTuple):
    """Alerts of one question, the gravest first, and how many there are of what."""

    entries: tuple[Entry, ...]
    severities: Mapping[str, int]
    subjects: Mapping[str, int]


class AlertBoard:
    """Every alert under the state that people brought it into; for many threads.

    Args:
        index: where alerts are.
        desk: what people decided.
        groups_of: groups of a subject; who asks for a group's alerts gets its members' too.
    """

    def __init__(
        self,
        index: Index,
        desk: Desk,
        groups_of: Callable[[str], tuple[str, ...]] = lambda _: (),
    ) -> None:
        self._index = index
        self._desk = desk
        self._groups_of = groups_of
        self._turn = threading.Lock()
        self._kept: dict[object, Chosen] = {}
        self._forget()

    def _forget(self) -> None:
        self._seq = self._decided = 0
        self._states: dict[str, str] = {}
        self._entries: dict[str, dict[str, Entry]] = {state: {} for state in STATES}
        self._kept.clear()

    def refresh(self) -> None:
        """Read what changed; all of it the first time."""
        with self._turn:
            self._follow()

    def totals(self) -> dict[str, int]:
        """How many alerts are in each state."""
        with self._turn:
            self._follow()
            return {state: len(found) for state, found in self._entries.items()}

    def choose(
        self,
        state: str,
        *,
        subject: str | None = None,
        kinds: Collection[str] = (),
        severities: Collection[str] = (),
        since: int | None = None,
    ) -> Chosen:
        """Alerts in ``state`` (anything but a state: in all of them)."""
        asked = (state, subject, frozenset(kinds), frozenset(severities), since)
        with self._turn:
            self._follow()
            if asked not in self._kept:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[asked] = self._choose(*asked)
            return self._kept[asked]

    def _choose(
        self,
        state: str,
        subject: str | None,
        kinds: Collection[str],
        severities: Collection[str],
        since: int | None,
    ) -> Chosen:
        groups = [self._entries[state]] if state in self._entries else self._entries.values()
        found = sorted(
            one
            for group in groups
            for one in group.values()
            if (subject is None or subject in (one.subject, *self._groups_of(one.subject)))
            and (not kinds or one.kind in kinds)
            and (not severities or one.severity in severities)
            and (since is None or one.created_at >= since)
        )
        return Chosen(
            tuple(found),
            Counter(one.severity for one in found),
            Counter(one.subject for one in found),
        )

    def _follow(self) -> None:
        seq, decided = self._index.alert_seq(), self._desk.newest()
        if seq < self._seq or decided < self._decided:
            self._forget()
        if decided != self._decided:
            self._follow_desk()
        if seq != self._seq:
            self._follow_index()
        held = sum(len(found) for found in self._entries.values())
        if self._index.alerts(AlertQuery(limit=0)).total < held:
            # Some were deleted, or the index was made anew without them.
            self._forget()
            self._follow_desk()
            self._follow_index()

    def _follow_desk(self) -> None:
        self._kept.clear()
        while made := self._desk.decisions_after(self._decided, limit=PART):
            for self._decided, one in made:
                before = self._states.get(one.alert_id, OPEN)
                self._states[one.alert_id] = one.state
                entry = self._entries[before].pop(one.alert_id, None)
                if entry is not None:
                    self._entries[one.state][one.alert_id] = entry

    def _follow_index(self) -> None:
        self._kept.clear()
        while found := self._index.alerts_after(self._seq, limit=PART):
            for self._seq, one in found:
                state = self._states.get(one.alert_id, OPEN)
                self._entries[state][one.alert_id] = _entry(one)


def _entry(one: Alert) -> Entry:
    return Entry(
        rank=RANKS[one.severity],
        older=-one.updated_at,
        alert_id=one.alert_id,
        subject=one.subject,
        kind=one.kind,
        severity=one.severity,
        created_at=one.created_at,
    )


def in_state(
    index: Index,
    board: AlertBoard,
    state: str,
    *,
    subject: str | None = None,
    kinds: Collection[str] = (),
    severities: Collection[str] = (),
    since: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> AlertPage:
    """Alerts in ``state`` (open, acknowledged, resolved; anything else: all), newest first."""
    found = board.choose(
        state, subject=subject, kinds=kinds, severities=severities, since=since
    ).entries
    newest = nsmallest(offset + limit, found, key=lambda one: (-one.created_at, one.alert_id))
    return AlertPage(total=len(found), alerts=tuple(bodies(index, newest[offset:])))


def bodies(index: Index, entries: Collection[Entry]) -> list[Alert]:
    """The alerts of entries in their order; one that has just gone is left out."""
    if not entries:
        return []
    ids = tuple(one.alert_id for one in entries)
    found = index.alerts(AlertQuery(ids=ids, limit=len(ids))).alerts
    by_id = {one.alert_id: one for one in found}
    return [by_id[one] for one in ids if one in by_id]
