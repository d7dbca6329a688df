"""Banks: pictures that are known, as hashes: official originals, known harm, things to ignore.

A bank holds hashes that are exchanged (PDQ), labels and notes, in a file of its own
(``banks.db``) with a record of every change. Of official originals alone, which are the
agency's own, it also keeps local features and a small grey picture, so that crops, collages
and screenshots of them are found and what was changed in them is seen. What compares pictures
takes an immutable :class:`Snapshot` of all banks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

import msgspec

from detect.media.examined import Look
from detect.media.finder import Finder
from detect.media.near import HashTable
from detect.media.pdq import BYTES, GOOD_QUALITY, MATCH
from detect.media.placing import Placement
from stream.ids import derive_id
from stream.storage.files import transaction
from stream.storage.migrations import LinkedFile, Step

BANKS_FILE = "banks.db"
LONGEST_TEXT = 500

BankKind = Literal["official", "known_bad", "ignore"]
KINDS: tuple[BankKind, ...] = get_args(BankKind)

_BANKS = """
CREATE TABLE banks (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('official', 'known_bad', 'ignore')),
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE refs (
    reference_id TEXT PRIMARY KEY,
    bank TEXT NOT NULL REFERENCES banks (name),
    pdq BLOB NOT NULL CHECK (length(pdq) = 32),
    quality INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 100),
    label TEXT NOT NULL, note TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    added_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX refs_bank ON refs (bank, added_at);
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
    bank TEXT NOT NULL, reference_id TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'what was done is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'what was done is never deleted'); END;
"""
_LOOKS = """
CREATE TABLE looks (
    reference_id TEXT PRIMARY KEY REFERENCES refs (reference_id),
    features BLOB NOT NULL, pixels BLOB NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL
) WITHOUT ROWID;
"""
_ABOUT = "ALTER TABLE refs ADD COLUMN subject TEXT NOT NULL DEFAULT '';"
MIGRATIONS = (Step("banks", _BANKS), Step("looks", _LOOKS), Step("about", _ABOUT))
"""Applied in order, once each; only ever appended to."""

_COLUMNS = (
    "r.reference_id, r.bank, b.kind, r.pdq, r.quality, r.label, r.note, r.enabled, r.added_at, "
    "r.subject"
)
_FROM = f"SELECT {_COLUMNS} FROM refs r JOIN banks b ON b.name = r.bank"


class BankRefusedError(Exception):
    """What was asked of a bank cannot be done; the message says why and what can."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A known picture: ``pdq`` as 64 hexadecimal digits, ``added_at`` in ms.

    Posts that show it are about ``subject`` even if they name nobody; empty: that is not said.
    """

    reference_id: str
    bank: str
    kind: BankKind
    pdq: str
    quality: int = 100
    label: str = ""
    note: str = ""
    enabled: bool = True
    added_at: int = 0
    subject: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A bank and how many references it holds."""

    name: str
    kind: BankKind
    references: int
    enabled: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the record of changes."""

    at: int
    who: str
    action: str
    bank: str
    reference_id: str = ""
    note: str = ""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A reference that a picture is, or holds.

    By hash: ``distance`` differing bits of ``view``. By local features: ``placement`` says
    where in the picture, and ``distance`` is None. In a clip ``at_ms`` and ``until_ms`` tell
    when it is shown.
    """

    reference: Reference
    distance: int | None = None
    view: str = "original"
    placement: Placement | None = None
    at_ms: int | None = None
    until_ms: int | None = None


class Snapshot:
    """All enabled references, as they were when it was taken.

    Args:
        references: those of poor quality are not compared by their hashes.
        looks: what references are looked at with, by their id, where there is any.
    """

    def __init__(
        self, references: Iterable[Reference], looks: Mapping[str, Look] | None = None
    ) -> None:
        enabled = [one for one in references if one.enabled]
        self._references = tuple(one for one in enabled if one.quality >= GOOD_QUALITY)
        self._table = HashTable([bytes.fromhex(one.pdq) for one in self._references])
        held: Mapping[str, Look] = {} if looks is None else looks
        self._originals = tuple(one for one in enabled if one.reference_id in held)
        self._finder = Finder([held[one.reference_id] for one in self._originals])
        self._ids = frozenset(one.reference_id for one in enabled)
        self.about = {one.reference_id: one.subject for one in enabled if one.subject}
        """The subject that a reference is about, by its id, where that is said."""

    def found_in(self, look: Look) -> list[Match]:
        """References that lie in a picture, by local features, the surest first.

        Raises:
            ValueError: the look holds no features.
        """
        return [
            Match(
                reference=self._originals[one.place],
                view="flip_y" if one.mirrored else "original",
                placement=one.placement,
            )
            for one in self._finder.find(look)
        ]

    def __len__(self) -> int:
        return len(self._references)

    def __contains__(self, reference_id: str) -> bool:
        return reference_id in self._ids

    def matches(self, views: Mapping[str, str], *, bits: int = MATCH) -> list[Match]:
        """References within ``bits`` of any view, each once by its nearest view.

        Args:
            views: hashes of one picture by the name of the view, ``original`` among them.
        """
        nearest: dict[int, tuple[int, str]] = {}
        for view, digits in views.items():
            for place, distance in self._table.within(bytes.fromhex(digits), bits):
                if place not in nearest or distance < nearest[place][0]:
                    nearest[place] = (distance, view)
        ranked = sorted(nearest.items(), key=lambda found: (found[1][0], found[0]))
        return [
            Match(reference=self._references[place], distance=distance, view=view)
            for place, (distance, view) in ranked
        ]


class Banks(LinkedFile):
    """The file of banks. Several processes may have it open; changes are transactions.

    Args:
        path: made if absent, as is its folder.

    Raises:
        StorageVersionError: written by a newer version.
        StorageFullError: no space.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, MIGRATIONS)

    def create(self, name: str, kind: BankKind, *, who: str, now: int) -> None:
        """Make a bank; nothing happens if there is one of this name and kind.

        Raises:
            BankRefusedError: the name is empty or long, or the bank is of another kind.
        """
        if not name.strip() or len(name) > LONGEST_TEXT or not name.isprintable():
            raise BankRefusedError("a bank needs a name of printable characters")
        with self._change() as db:
            held = db.execute("SELECT kind FROM banks WHERE name = ?", (name,)).fetchone()
            if held is None:
                db.execute("INSERT INTO banks VALUES (?, ?, ?)", (name, kind, now))
                self._note(db, now, who, "create", name, note=kind)
            elif held[0] != kind:
                raise BankRefusedError(f"bank {name!r} is of the kind {held[0]}, not {kind}")

    def add(
        self,
        references: Iterable[Reference],
        *,
        who: str,
        now: int,
        looks: Mapping[str, Look] | None = None,
    ) -> int:
        """Take references in, those that are there already left as they are; how many are new.

        The id of a reference follows from its bank and hash, whatever it brings. ``looks``,
        by hash, are kept for banks of official originals alone: features can be turned back
        into something like the picture, which nobody may keep of known harm.

        Raises:
            BankRefusedError: there is no such bank, or a hash or text is not acceptable.
        """
        new = 0
        with self._change() as db:
            known = dict(db.execute("SELECT name, kind FROM banks"))
            for one in references:
                if one.bank not in known:
                    raise BankRefusedError(f"there is no bank {one.bank!r}")
                digits = checked_hash(one.pdq)
                name = reference_id(one.bank, digits)
                done = db.execute(
                    "INSERT OR IGNORE INTO refs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (name, one.bank, bytes.fromhex(digits), one.quality, _text(one.label),
                     _text(one.note), one.enabled, now, _text(one.subject)),
                )  # fmt: skip
                look = None if looks is None else looks.get(one.pdq)
                if look is not None and known[one.bank] == "official":
                    db.execute(
                        "INSERT OR IGNORE INTO looks VALUES (?, ?, ?, ?, ?)",
                        (name, look.features, look.pixels, look.width, look.height),
                    )
                if done.rowcount:
                    new += 1
                    self._note(db, now, who, "add", one.bank, name, _text(one.label))
        return new

    def enable(self, name: str, on: bool, *, who: str, now: int, note: str = "") -> Reference:
        """Let a reference match again, or no longer.

        Raises:
            BankRefusedError: there is no such reference.
        """
        with self._change() as db:
            done = db.execute("UPDATE refs SET enabled = ? WHERE reference_id = ?", (on, name))
            if not done.rowcount:
                raise BankRefusedError(f"there is no reference {name}: see jikimi bank list")
            found = self._found(f"{_FROM} WHERE r.reference_id = ?", (name,))[0]
            action = "enable" if on else "disable"
            self._note(db, now, who, action, found.bank, name, _text(note))
        return found

    def about(self, name: str, subject: str, *, who: str, now: int) -> Reference:
        """Say whom a reference shows or is about; an empty subject takes that back.

        Raises:
            BankRefusedError: there is no such reference.
        """
        with self._change() as db:
            told = (_text(subject), name)
            done = db.execute("UPDATE refs SET subject = ? WHERE reference_id = ?", told)
            if not done.rowcount:
                raise BankRefusedError(f"there is no reference {name}: see jikimi bank list")
            found = self._found(f"{_FROM} WHERE r.reference_id = ?", (name,))[0]
            self._note(db, now, who, "about", found.bank, name, found.subject)
        return found

    def banks(self) -> list[Listed]:
        """All banks by name."""
        rows = self._db.execute(
            "SELECT b.name, b.kind, count(r.bank), coalesce(sum(r.enabled), 0) FROM banks b "
            "LEFT JOIN refs r ON r.bank = b.name GROUP BY b.name ORDER BY b.name"
        )
        return [
            Listed(name=name, kind=kind, references=held, enabled=enabled)
            for name, kind, held, enabled in rows
        ]

    def references(self, bank: str | None = None) -> list[Reference]:
        """References of one bank or of all, the oldest first."""
        if bank is None:
            return self._found(f"{_FROM} ORDER BY r.added_at, r.reference_id", ())
        wanted = f"{_FROM} WHERE r.bank = ? ORDER BY r.added_at, r.reference_id"
        return self._found(wanted, (bank,))

    def changes(self) -> list[Change]:
        """The record of all changes, the oldest first."""
        rows = self._db.execute(
            "SELECT at, who, action, bank, reference_id, note FROM audit ORDER BY seq"
        )
        return [
            Change(at=at, who=who, action=action, bank=bank, reference_id=name, note=note)
            for at, who, action, bank, name, note in rows
        ]

    def edition(self) -> int:
        """Goes up with every change."""
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0])

    def snapshot(self) -> Snapshot:
        """What pictures are compared with from now on."""
        looks = {
            name: Look(features, pixels, width, height)
            for name, features, pixels, width, height in self._db.execute(
                "SELECT reference_id, features, pixels, width, height FROM looks"
            )
        }
        return Snapshot(self.references(), looks)

    def _found(self, sql: str, parameters: tuple[str, ...]) -> list[Reference]:
        return [
            Reference(
                reference_id=name, bank=bank, kind=kind, pdq=pdq.hex(), quality=quality,
                label=label, note=note, enabled=bool(enabled), added_at=added_at,
                subject=subject,
            )
            for name, bank, kind, pdq, quality, label, note, enabled, added_at, subject in (
                self._db.execute(sql, parameters)
            )
        ]  # fmt: skip

    @staticmethod
    def _note(
        db: sqlite3.Connection,
        at: int,
        who: str,
        action: str,
        bank: str,
        name: str = "",
        note: str = "",
    ) -> None:
        db.execute(
            "INSERT INTO audit (at, who, action, bank, reference_id, note) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (at, who, action, bank, name, note),
        )

    @contextmanager
    def _change(self) -> Generator[sqlite3.Connection]:
        with transaction(self._db, self._path.parent):
            yield self._db


def reference_id(bank: str, digits: str) -> str:
    """Of the bank and the hash alone, so that adding twice changes nothing."""
    return derive_id("ref", bank, digits)


def checked_hash(digits: str) -> str:
    """A PDQ hash in small letters.

    Raises:
        BankRefusedError: it is not 64 hexadecimal digits.
    """
    plain = digits.strip().lower()
    if len(plain) != 2 * BYTES or not set(plain) <= set("0123456789abcdef"):
        shown = "".join(letter if letter.isprintable() else "?" for letter in plain[:70])
        raise BankRefusedError(f"{shown!r} is no PDQ hash: 64 hexadecimal digits")
    return plain


def _text(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_TEXT]
