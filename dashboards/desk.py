"""People's decisions about alerts: acknowledged, resolved, opened again, undone.

The pipeline never touches them. History is only ever appended to, and each row's
digest covers the row before it, so that a changed or missing row is noticed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from dashboards.desk_file import DeskFile, DeskInUseError
from stream.ids import derive_id

__all__ = ["DecidedMeanwhile", "Decision", "Desk", "DeskCheck", "DeskInUseError"]

OPEN: Final = "open"
STATES: Final = (OPEN, "acknowledged", "resolved")
UNDO_MS: Final = 10 * 60 * 1000
LIMITS: Final = {"alert_id": 200, "reason": 1_000, "note": 4_000, "who": 200}
"""Longest texts kept, in code points."""
MOST_AT_ONCE: Final = 100
"""Alerts that one step may decide about."""

_COLUMNS = "decision_id, alert_id, state, reason, note, who, at, undoes"
_NEWEST = "SELECT max(seq) FROM decisions WHERE alert_id IN (SELECT value FROM json_each(?))"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about an alert at ``at`` (milliseconds).

    An undo is a decision too: ``undoes`` names the one it takes back, and state,
    reason and note are those in force before that one.
    """

    decision_id: str
    alert_id: str
    state: str
    reason: str
    note: str
    who: str
    at: int
    undoes: str = ""


class DecidedMeanwhile(Exception):
    """Somebody decided about the alert since it was looked at; nothing was recorded.

    ``current`` is the decision in force, None where there is none.
    """

    def __init__(self, current: Decision | None) -> None:
        super().__init__("somebody else has decided about this alert meanwhile")
        self.current = current


class DeskCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What :meth:`Desk.verify` found; ``broken_at`` is the first row that does not fit.

    ``head`` is the digest of the last row. Whoever notes it elsewhere can prove
    later that nothing before it was changed, even by somebody who rewrote the chain.
    """

    rows: int
    head: str
    broken_at: int | None = None

    @property
    def intact(self) -> bool:
        """Whether every row is as it was written and none is missing."""
        return self.broken_at is None


class Desk:
    """Decisions in the file ``path``, safe to call from any thread, one process at a time.

    Raises:
        DeskInUseError: another process has it open.
        StorageVersionError: written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.file = DeskFile(path)

    def decide(
        self,
        alert_id: str,
        state: str,
        *,
        reason: str,
        who: str,
        at_ms: int,
        note: str = "",
        after: str | None = None,
    ) -> Decision:
        """Record a decision; the same decision once more changes nothing.

        Args:
            state: open, acknowledged or resolved.
            at_ms: now, in milliseconds.
            after: id of the decision that is believed to be in force, empty for none;
                None decides whatever holds.

        Raises:
            DecidedMeanwhile: another decision than ``after`` is in force.
            ValueError: an unknown state, or an empty or too long text.
            StorageFullError: the disk is full, nothing was recorded.
        """
        if state not in STATES:
            raise ValueError(f"state: found {state!r}, allowed: {', '.join(STATES)}")
        wanted = Decision(
            decision_id="",
            alert_id=_text("alert_id", alert_id, needed=True),
            state=state,
            reason=_text("reason", reason),
            note=_text("note", note),
            who=_text("who", who, needed=True),
            at=at_ms,
        )
        with self.file.transaction() as db:
            current = self.decisions([wanted.alert_id]).get(wanted.alert_id)
            if current is not None and _same(current, wanted):
                return current
            if after is not None and after != (current.decision_id if current else ""):
                raise DecidedMeanwhile(current)
            return _append(db, wanted)

    def decide_all(
        self,
        seen: Mapping[str, str],
        state: str,
        *,
        reason: str,
        who: str,
        at_ms: int,
        note: str = "",
    ) -> list[Decision]:
        """One decision about many alerts at once, in one transaction.

        Args:
            seen: alert ids, each with the decision the person saw, empty for none.

        Returns:
            The decisions in force now; alerts about which somebody decided meanwhile
            are left as they are, and are not among them.

        Raises:
            ValueError, StorageFullError: as :meth:`decide`; nothing was recorded.
        """
        made = list[Decision]()
        with self.file.transaction():
            for alert_id, after in seen.items():
                with suppress(DecidedMeanwhile):
                    made.append(
                        self.decide(
                            alert_id,
                            state,
                            reason=reason,
                            who=who,
                            at_ms=at_ms,
                            note=note,
                            after=after,
                        )
                    )
        return made

    def made_at(self, who: str, at_ms: int) -> list[Decision]:
        """What a person decided in one step, without undos; empty when nothing."""
        rows = self.file.rows(
            f"SELECT {_COLUMNS} FROM decisions WHERE at = ? AND who = ? AND undoes = ''"
            " ORDER BY seq DESC LIMIT ?",
            (at_ms, _clean(who), MOST_AT_ONCE),
        )
        return [_decision(row) for row in rows]

    def undo(self, decision_id: str, who: str, at_ms: int) -> Decision | None:
        """Take the last decision about an alert back, within ten minutes.

        What was in force before holds again. An undo can be undone likewise.

        Returns:
            The new decision; None when ``decision_id`` is unknown, too old, or no
            longer the last one about its alert.
        """
        with self.file.transaction() as db:
            found = db.execute(
                f"SELECT {_COLUMNS} FROM decisions WHERE decision_id = ?",
                (_clean(decision_id),),
            ).fetchone()
            if found is None:
                return None
            last, *before = self.history(_decision(found).alert_id)
            if last.decision_id != decision_id or at_ms - last.at > UNDO_MS:
                return None
            previous = before[0] if before else None
            return _append(
                db,
                Decision(
                    decision_id="",
                    alert_id=last.alert_id,
                    state=previous.state if previous else OPEN,
                    reason=previous.reason if previous else "",
                    note=previous.note if previous else "",
                    who=_text("who", who, needed=True),
                    at=at_ms,
                    undoes=decision_id,
                ),
            )

    def decisions(self, alert_ids: Iterable[str]) -> dict[str, Decision]:
        """The decision in force for each alert that has one."""
        rows = self.file.rows(
            f"SELECT {_COLUMNS} FROM decisions WHERE seq IN ({_NEWEST} GROUP BY alert_id)",
            (_json(alert_ids),),
        )
        return {row[1]: _decision(row) for row in rows}

    def history(self, alert_id: str) -> list[Decision]:
        """All decisions about an alert, the last one first."""
        rows = self.file.rows(
            f"SELECT {_COLUMNS} FROM decisions WHERE alert_id = ? ORDER BY seq DESC",
            (_clean(alert_id),),
        )
        return [_decision(row) for row in rows]

    def count_by_state(self, alert_ids: Iterable[str]) -> dict[str, int]:
        """How many of these alerts are in each state; undecided ones are open."""
        wanted = set(alert_ids)
        counts: dict[str, int] = dict.fromkeys(STATES, 0)
        decided = self.decisions(wanted)
        for decision in decided.values():
            counts[decision.state] += 1
        counts[OPEN] += len(wanted) - len(decided)
        return counts

    def totals(self) -> dict[str, int]:
        """How many decisions were ever made, by the state they brought about."""
        counts: dict[str, int] = dict.fromkeys(STATES, 0)
        rows = self.file.rows("SELECT state, count(*) FROM decisions GROUP BY state")
        return counts | {str(state): int(n) for state, n in rows}

    def newest(self) -> int:
        """Place of the last decision in the order of :meth:`decisions_after`, 0 for none."""
        found = self.file.rows("SELECT max(seq) FROM decisions")
        return int(found[0][0] or 0)

    def decisions_after(self, seq: int, *, limit: int = 100) -> list[tuple[int, Decision]]:
        """Decisions in the order in which they were made, each with its place."""
        rows = self.file.rows(
            f"SELECT seq, {_COLUMNS} FROM decisions WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, limit),
        )
        return [(int(row[0]), _decision(row[1:])) for row in rows]

    def verify(self) -> DeskCheck:
        """Check the whole history against its chain of digests."""
        digest = _GENESIS
        last = 0
        broken: int | None = None
        rows = self.file.rows(f"SELECT seq, digest, {_COLUMNS} FROM decisions ORDER BY seq")
        for seq, kept, *columns in rows:
            decision = _decision(columns)
            digest = _digest(digest, seq, decision)
            if seq != last + 1 or digest != kept or decision.decision_id != _id(digest):
                broken = last + 1
                break
            last = seq
        # SQLite remembers the highest number it gave out, so a cut-off end shows too.
        given = self.file.rows("SELECT seq FROM sqlite_sequence WHERE name = 'decisions'")
        if broken is None and given and given[0][0] != last:
            broken = last + 1
        return DeskCheck(rows=len(rows), head=digest.hex(), broken_at=broken)

    def close(self) -> None:
        """Close the file and let the next process in."""
        self.file.close()


_GENESIS = sha256(b"jikimi desk 1").digest()


def _append(db: sqlite3.Connection, decision: Decision) -> Decision:
    last = db.execute("SELECT seq, digest FROM decisions ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (1, _GENESIS) if last is None else (last[0] + 1, bytes(last[1]))
    digest = _digest(previous, seq, decision)
    made = msgspec.structs.replace(decision, decision_id=_id(digest))
    db.execute(
        f"INSERT INTO decisions (seq, digest, {_COLUMNS}) VALUES (?, ?, {', '.join('?' * 8)})",
        (seq, digest, *msgspec.structs.astuple(made)),
    )
    return made


def _digest(previous: bytes, seq: int, decision: Decision) -> bytes:
    # As a JSON list no text can pass for two: ("ab", "c") is not ("a", "bc").
    fields: list[object] = [seq, *msgspec.structs.astuple(decision)[1:]]
    return sha256(previous + msgspec.json.encode(fields)).digest()


def _id(digest: bytes) -> str:
    return derive_id("dc", digest.hex())


def _decision(row: Sequence[Any]) -> Decision:
    return Decision(**dict(zip(Decision.__struct_fields__, row, strict=True)))


def _same(one: Decision, other: Decision) -> bool:
    return (one.state, one.reason, one.note, one.who) == (
        other.state,
        other.reason,
        other.note,
        other.who,
    )


def _text(name: str, value: str, *, needed: bool = False) -> str:
    text = _clean(value)
    if len(text) > LIMITS[name]:
        raise ValueError(f"{name}: {len(text)} characters, allowed: {LIMITS[name]}")
    if needed and not text.strip():
        raise ValueError(f"{name}: found nothing, allowed: 1 to {LIMITS[name]} characters")
    return text


def _clean(text: str) -> str:
    # Lone surrogates cannot be written as UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")


def _json(texts: Iterable[str]) -> str:
    return json.dumps([_clean(text) for text in texts], ensure_ascii=False)
