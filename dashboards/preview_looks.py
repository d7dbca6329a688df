"""Who had which preview of a picture shown, in the desk's file: written first, shown then."""

from __future__ import annotations

from typing import Final

import msgspec

from dashboards.desk_file import DeskFile

AGAIN_MS: Final = 60_000
"""Within so long one person's looks at one picture are one: pages are loaded again."""
LONGEST_NAME: Final = 200


class PreviewLook(msgspec.Struct, frozen=True, kw_only=True):
    """A person had a picture shown; ``at`` in ms."""

    sha256: str
    who: str
    at: int


class PreviewLooks:
    """Looks are added and never changed or deleted; any thread may ask."""

    def __init__(self, file: DeskFile) -> None:
        self._file = file

    def note(self, sha256: str, who: str, at_ms: int) -> None:
        """Write a look down, unless the same person has just had the same picture shown.

        Raises:
            StorageFullError: nothing was written, so nothing is to be shown.
        """
        name = "".join(letter for letter in who if letter.isprintable())[:LONGEST_NAME]
        with self._file.transaction() as db:
            db.execute(
                "INSERT INTO looks (sha256, who, at) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
                "(SELECT 1 FROM looks WHERE sha256 = ?1 AND who = ?2 AND at BETWEEN ?4 AND ?3)",
                (sha256, name, at_ms, at_ms - AGAIN_MS),
            )

    def of(self, sha256: str, limit: int = 20) -> list[PreviewLook]:
        """The last looks at a picture, the newest first."""
        rows = self._file.rows(
            "SELECT sha256, who, at FROM looks WHERE sha256 = ? ORDER BY seq DESC LIMIT ?",
            (sha256, limit),
        )
        return [PreviewLook(sha256=one, who=who, at=at) for one, who, at in rows]
