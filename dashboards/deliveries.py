"""What was sent where: the queue of alerts to deliver, kept in the desk's file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

import msgspec

from dashboards.desk_file import DeskFile
from stream.ids import derive_id
from stream.records import Alert
from stream.sink import Occasion

SEVERITIES: Final = ("low", "medium", "high", "critical")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is not done yet; ``tries`` counts those begun."""

    delivery_id: str
    sink: str
    alert_id: str
    occasion: Occasion
    tries: int
    next_try_at: int


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as people see it: pending, sending, done, failed or skipped."""

    delivery_id: str
    sink: str
    alert_id: str
    occasion: str
    severity: str
    state: str
    tries: int
    next_try_at: int
    changed_at: int
    problem: str


class SinkReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a sink is doing. ``problem`` belongs to what is tried or failed last."""

    sink: str
    waiting: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    problem: str = ""
    next_try_at: int | None = None


_WAITING = "state IN ('pending', 'sending')"
_INSERT = (
    "INSERT INTO deliveries"
    " (delivery_id, sink, alert_id, occasion, severity, round, state, changed_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (delivery_id) DO NOTHING"
)
_ROW = (
    "delivery_id, sink, alert_id, occasion, severity, state, tries, next_try_at,"
    " changed_at, problem"
)


class Deliveries:
    """The queue, one row for each alert, sink and occasion; rows of a sink keep their order."""

    def __init__(self, file: DeskFile) -> None:
        self._file = file

    def register(
        self, sinks: Sequence[str], old: Callable[[], Iterable[Alert]], now: int
    ) -> None:
        """Make new sinks known. What ``old`` yields is not news for them any more.

        Only the very first call of a desk delivers what is there already.
        """
        known = {row[0] for row in self._file.rows("SELECT name FROM sinks")}
        fresh = [name for name in sinks if name not in known]
        started = self._file.rows("SELECT value FROM meta WHERE key = 'started'")
        if started and not fresh:
            return
        with self._file.transaction() as db:
            if started:
                for alert in old():
                    db.executemany(
                        _INSERT,
                        [_row(alert, name, "new", "skipped", now) for name in fresh],
                    )
            db.execute("INSERT OR IGNORE INTO meta VALUES ('started', ?)", (now,))
            db.executemany("INSERT INTO sinks VALUES (?)", [(name,) for name in fresh])

    def take_in(
        self, alerts: Sequence[Alert], sinks: Sequence[str], closed: Iterable[str], now: int
    ) -> int:
        """Queue what is new or has become graver; returns how many rows that made.

        ``closed`` alerts are those acknowledged or resolved: they get no update.
        """
        at_rest = set(closed)
        known = self._highest([alert.alert_id for alert in alerts])
        wanted: list[tuple[Alert, str, Occasion]] = []
        for alert in alerts:
            for sink in sinks:
                highest = known.get((alert.alert_id, sink))
                if highest is None:
                    wanted.append((alert, sink, "new"))
                elif _rank(alert) > highest and alert.alert_id not in at_rest:
                    wanted.append((alert, sink, "update"))
        if not wanted:
            return 0
        with self._file.transaction() as db:
            return sum(_enqueue(db, *one, now) for one in wanted)

    def take_in_repeats(
        self, sinks: Sequence[str], closed: Callable[[list[str]], set[str]], before: int,
        limit: int, now: int,
    ) -> int:  # fmt: skip
        """Queue again what was last sent before the time ``before`` and is still open.

        No alert is repeated more than ``limit`` times.
        """
        due = self._file.rows(
            "SELECT alert_id, sink, max(severity), max(round) FROM deliveries"
            " WHERE sink IN (SELECT value FROM json_each(?)) GROUP BY alert_id, sink"
            " HAVING min(state) = 'done' AND max(state) = 'done' AND max(changed_at) <= ?"
            " AND max(round) < ? ORDER BY max(changed_at), alert_id",
            (json.dumps(list(sinks)), before, limit),
        )
        at_rest = closed([row[0] for row in due])
        rows: list[tuple[object, ...]] = []
        for alert_id, sink, severity, number in due:
            if alert_id not in at_rest:
                made = _id(alert_id, severity, sink, number + 1)
                rows.append(
                    (made, sink, alert_id, "repeat", severity, number + 1, "pending", now)
                )
        if rows:
            with self._file.transaction() as db:
                db.executemany(_INSERT, rows)
        return len(rows)

    def next(self, sink: str) -> Waiting | None:
        """The delivery whose turn it is."""
        rows = self._file.rows(
            "SELECT delivery_id, sink, alert_id, occasion, tries, next_try_at FROM deliveries"
            f" WHERE sink = ? AND {_WAITING} ORDER BY seq LIMIT 1",
            (sink,),
        )
        fields = Waiting.__struct_fields__
        return Waiting(**dict(zip(fields, rows[0], strict=True))) if rows else None

    def begin(self, delivery_id: str, now: int) -> None:
        """Note that a try begins; after a crash it is known that the outcome is not."""
        self._change(
            "state = 'sending', tries = tries + 1, next_try_at = 0", delivery_id, now, ()
        )

    def done(self, delivery_id: str, now: int) -> None:
        """The sink took it."""
        self._change("state = 'done', problem = '', next_try_at = 0", delivery_id, now, ())

    def again(self, delivery_id: str, at: int, problem: str, now: int) -> None:
        """To be tried again at the time ``at``."""
        values = (at, problem)
        self._change(
            "state = 'pending', next_try_at = ?, problem = ?", delivery_id, now, values
        )

    def failed(self, delivery_id: str, problem: str, now: int) -> None:
        """Given up; it stays visible until a person tries it again."""
        self._change("state = 'failed', problem = ?", delivery_id, now, (problem,))

    def withdraw(self, delivery_id: str) -> None:
        """Forget a delivery, as if its alert had not been seen yet."""
        with self._file.transaction() as db:
            db.execute("DELETE FROM deliveries WHERE delivery_id = ?", (delivery_id,))

    def retry_failed(self, sink: str, now: int) -> int:
        """Try what was given up once more; returns how many deliveries that concerns."""
        with self._file.transaction() as db:
            return db.execute(
                "UPDATE deliveries SET state = 'pending', tries = 0, next_try_at = 0,"
                " changed_at = ? WHERE sink = ? AND state = 'failed'",
                (now, sink),
            ).rowcount

    def of_alert(self, alert_id: str) -> list[DeliveryRow]:
        """Everything sent or to be sent about an alert, in order."""
        rows = self._file.rows(
            f"SELECT {_ROW} FROM deliveries WHERE alert_id = ? ORDER BY seq", (alert_id,)
        )
        return [_seen(row) for row in rows]

    def failures(self, limit: int = 100) -> list[DeliveryRow]:
        """What was given up, the last one first."""
        rows = self._file.rows(
            f"SELECT {_ROW} FROM deliveries WHERE state = 'failed'"
            " ORDER BY changed_at DESC, seq DESC LIMIT ?",
            (limit,),
        )
        return [_seen(row) for row in rows]

    def totals(self) -> dict[tuple[str, str], int]:
        """How many deliveries of each sink ended how, or wait (pending, sending)."""
        rows = self._file.rows(
            "SELECT sink, state, count(*) FROM deliveries GROUP BY sink, state"
        )
        return {(str(sink), str(state)): int(n) for sink, state, n in rows}

    def report(self, sinks: Sequence[str]) -> list[SinkReport]:
        """How each of the sinks is doing."""
        return [self._report(sink) for sink in sinks]

    def _report(self, sink: str) -> SinkReport:
        counted = self._file.rows(
            "SELECT state, count(*) FROM deliveries WHERE sink = ? GROUP BY state", (sink,)
        )
        counts: dict[str, int] = {str(state): int(n) for state, n in counted}
        head = self._file.rows(
            f"SELECT problem, next_try_at FROM deliveries WHERE sink = ? AND {_WAITING}"
            " ORDER BY seq LIMIT 1",
            (sink,),
        )
        problem, next_try_at = head[0] if head else ("", 0)
        if not head and counts.get("failed"):
            problem = self._file.rows(
                "SELECT problem FROM deliveries WHERE sink = ? AND state = 'failed'"
                " ORDER BY changed_at DESC LIMIT 1",
                (sink,),
            )[0][0]
        return SinkReport(
            sink=sink,
            waiting=counts.get("pending", 0) + counts.get("sending", 0),
            done=counts.get("done", 0),
            failed=counts.get("failed", 0),
            skipped=counts.get("skipped", 0),
            problem=problem,
            next_try_at=next_try_at or None,
        )

    def _highest(self, alert_ids: Sequence[str]) -> dict[tuple[str, str], int]:
        rows = self._file.rows(
            "SELECT alert_id, sink, max(severity) FROM deliveries"
            " WHERE alert_id IN (SELECT value FROM json_each(?)) GROUP BY alert_id, sink",
            (json.dumps(list(alert_ids)),),
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def _change(
        self, what: str, delivery_id: str, now: int, values: tuple[object, ...]
    ) -> None:
        with self._file.transaction() as db:
            db.execute(
                f"UPDATE deliveries SET {what}, changed_at = ? WHERE delivery_id = ?",
                (*values, now, delivery_id),
            )


def _enqueue(
    db: sqlite3.Connection, alert: Alert, sink: str, occasion: Occasion, now: int
) -> int:
    row = _row(alert, sink, occasion, "pending", now)
    if occasion == "update":
        # A message nobody was told of yet simply becomes the graver one.
        changed = db.execute(
            "UPDATE deliveries SET delivery_id = ?, severity = ?"
            " WHERE alert_id = ? AND sink = ?"
            " AND state = 'pending' AND tries = 0 AND round = 0",
            (row[0], _rank(alert), alert.alert_id, sink),
        ).rowcount
        if changed:
            return 0
    return db.execute(_INSERT, row).rowcount


def _row(
    alert: Alert, sink: str, occasion: Occasion, state: str, now: int
) -> tuple[object, ...]:
    rank = _rank(alert)
    made = _id(alert.alert_id, rank, sink, 0)
    return (made, sink, alert.alert_id, occasion, rank, 0, state, now)


def _id(alert_id: str, rank: int, sink: str, number: int) -> str:
    repeated = (str(number),) if number else ()
    return derive_id("de", alert_id, SEVERITIES[rank], sink, *repeated)


def _rank(alert: Alert) -> int:
    return SEVERITIES.index(alert.severity)


def _seen(row: Sequence[object]) -> DeliveryRow:
    fields = dict(zip(DeliveryRow.__struct_fields__, row, strict=True))
    fields["severity"] = SEVERITIES[cast("int", fields["severity"])]
    return msgspec.convert(fields, DeliveryRow)
