"""People who may be recognised: who agreed, the numbers of their faces, and nobody else.

A file of its own (``faces.db``), kept out of backups, so that what a person asks to be deleted
is gone when it is deleted here. Photos are not kept, only a vector and the SHA-256 of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from detect.media.faces import (
    NUMBERS,
    REVIEW_FROM,
    SAME_PERSON,
    THRESHOLD,
    People,
    Person,
    same_person,
)
from stream.storage.files import transaction
from stream.storage.migrations import LinkedFile, Step

FACES_FILE = "faces.db"
LONGEST_TEXT = 500
MOST_PHOTOS = 50

_FACES = """
CREATE TABLE people (
    subject TEXT PRIMARY KEY,
    consent TEXT NOT NULL CHECK (consent <> ''),
    threshold REAL NOT NULL CHECK (threshold BETWEEN 0 AND 1),
    review_from REAL NOT NULL CHECK (review_from BETWEEN 0 AND threshold),
    enrolled_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE photos (
    subject TEXT NOT NULL REFERENCES people (subject) ON DELETE CASCADE,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    vector BLOB NOT NULL CHECK (length(vector) = 512),
    PRIMARY KEY (subject, sha256)
) WITHOUT ROWID;
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'what was done is never changed'); END;
"""
MIGRATIONS = (Step("faces", _FACES),)
"""Applied in order, once each; only ever appended to."""


class EnrolmentRefusedError(Exception):
    """A person cannot be enrolled like this; the message says why."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolled person, without anything of their face. ``enrolled_at`` in ms."""

    subject: str
    photos: int
    consent: str
    threshold: float
    review_from: float
    enrolled_at: int


class Enrolled(LinkedFile):
    """The file of enrolled people. Several processes may have it open.

    Args:
        path: made if absent, as is its folder.

    Raises:
        StorageVersionError: written by a newer version.
        StorageFullError: no space.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, MIGRATIONS)

    def enrol(
        self,
        subject: str,
        photos: Iterable[tuple[str, bytes]],
        *,
        consent: str,
        who: str,
        now: int,
        threshold: float = THRESHOLD,
        review_from: float = REVIEW_FROM,
    ) -> int:
        """Enrol a person, or add photos and change what is set; how many photos are new.

        Args:
            photos: SHA-256 and vector of each.
            consent: who agreed, when, and where that is written.

        Raises:
            EnrolmentRefusedError: no consent is noted, thresholds make no sense, or the
                photos do not all show the same person.
        """
        given = dict(photos)
        if not (subject.isprintable() and subject.strip()) or len(subject) > LONGEST_TEXT:
            raise EnrolmentRefusedError("whose face it is must be told by a subject's id")
        if not consent.strip():
            raise EnrolmentRefusedError("nobody is enrolled without a note of their consent")
        if not 0 <= review_from <= threshold <= 1:
            raise EnrolmentRefusedError("review_from must not be above threshold, both 0 to 1")
        if any(len(vector) != 4 * NUMBERS for vector in given.values()):
            raise EnrolmentRefusedError("a vector of a face has another length")
        with transaction(self._db, self._path.parent):
            held = dict(
                self._db.execute(
                    "SELECT sha256, vector FROM photos WHERE subject = ?", (subject,)
                )
            )
            everything = held | given
            if not everything:
                raise EnrolmentRefusedError("at least one photo is needed")
            if len(everything) > MOST_PHOTOS:
                raise EnrolmentRefusedError(f"more than {MOST_PHOTOS} photos of one person")
            least = same_person(list(everything.values()))
            if least < SAME_PERSON:
                raise EnrolmentRefusedError(
                    f"the photos do not all show one person: two are alike by {least:.2f}, "
                    f"less than {SAME_PERSON}"
                )
            self._db.execute(
                "INSERT INTO people VALUES (?, ?, ?, ?, ?) ON CONFLICT (subject) DO UPDATE SET "
                "consent = excluded.consent, threshold = excluded.threshold, "
                "review_from = excluded.review_from",
                (subject, _text(consent), threshold, review_from, now),
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO photos VALUES (?, ?, ?)",
                [(subject, sha256, vector) for sha256, vector in given.items()],
            )
            new = len(everything) - len(held)
            self._note(now, who, "enrol", subject, f"{new} photos; {_text(consent)}")
        return new

    def delete(self, subject: str, *, who: str, now: int, note: str = "") -> bool:
        """Forget a person's face, its traces in the file included; False if not enrolled."""
        with transaction(self._db, self._path.parent):
            done = self._db.execute("DELETE FROM people WHERE subject = ?", (subject,)).rowcount
            if done:
                self._note(now, who, "delete", subject, _text(note))
        # Pages that were changed stay in the write-ahead log until it is begun anew.
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return bool(done)

    def listed(self) -> list[Listed]:
        """Who is enrolled, by subject."""
        rows = self._db.execute(
            "SELECT p.subject, count(f.sha256), p.consent, p.threshold, p.review_from, "
            "p.enrolled_at FROM people p LEFT JOIN photos f USING (subject) "
            "GROUP BY p.subject ORDER BY p.subject"
        )
        return [
            Listed(
                subject=subject, photos=photos, consent=consent, threshold=threshold,
                review_from=review_from, enrolled_at=enrolled_at,
            )
            for subject, photos, consent, threshold, review_from, enrolled_at in rows
        ]  # fmt: skip

    def people(self) -> People:
        """What faces are compared with from now on."""
        vectors: dict[str, list[bytes]] = {}
        for subject, vector in self._db.execute(
            "SELECT subject, vector FROM photos ORDER BY subject, sha256"
        ):
            vectors.setdefault(subject, []).append(vector)
        return People(
            Person(
                subject=one.subject,
                vectors=tuple(vectors.get(one.subject, ())),
                threshold=one.threshold,
                review_from=one.review_from,
            )
            for one in self.listed()
        )

    def edition(self) -> int:
        """Goes up with every change."""
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0])

    def changes(self) -> list[tuple[int, str, str, str, str]]:
        """When (ms), who, what, of whom and a note, the oldest first."""
        return self._db.execute(
            "SELECT at, who, action, subject, note FROM audit ORDER BY seq"
        ).fetchall()

    def _note(self, at: int, who: str, action: str, subject: str, note: str) -> None:
        self._db.execute(
            "INSERT INTO audit (at, who, action, subject, note) VALUES (?, ?, ?, ?, ?)",
            (at, who, action, subject, note),
        )


def _text(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_TEXT]
