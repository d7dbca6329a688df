"""Saved views: a page and its query under a name, a person's own or the team's.

They live in the desk's file. A view holds what stands in an address and nothing else, so
it stays true when pages change, and is as harmless as a bookmark.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from dashboards.desk_file import DeskFile

MAX_NAME: Final = 60
MAX_QUERY: Final = 20_000
"""Characters; the longest query of the search box in an address is not cut."""
MAX_VIEWS: Final = 30
"""Of one person, and of the team."""

_COLUMNS = "view_id, name, page, query, owner, who, created_at"


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A page and its query; ``owner`` is empty where the whole team sees it."""

    view_id: str
    name: str
    page: str
    query: str
    owner: str
    who: str
    created_at: int

    @property
    def path(self) -> str:
        """Where it leads."""
        return f"{self.page}?{self.query}" if self.query else self.page


class TooManyViewsError(Exception):
    """A person or the team has as many views as are kept."""


class SavedViews:
    """The views of everybody, in the desk's file."""

    def __init__(self, file: DeskFile) -> None:
        self._file = file

    def of(self, person: str) -> list[SavedView]:
        """What a person sees: the team's views, then their own, each by name."""
        rows = self._file.rows(
            f"SELECT {_COLUMNS} FROM views WHERE owner IN ('', ?)"
            " ORDER BY owner, name, view_id",
            (_clean(person),),
        )
        return [_view(row) for row in rows]

    def create(
        self, name: str, page: str, query: str, *, owner: str, who: str, at_ms: int
    ) -> SavedView:
        """A new view; ``owner`` empty for the team.

        Raises:
            ValueError: no name, or a text that is too long.
            TooManyViewsError: there are ``MAX_VIEWS`` already.
            StorageFullError: the disk is full.
        """
        made = SavedView(
            view_id=secrets.token_hex(8),
            name=_name(name),
            page=page,
            query=_clean(query),
            owner=_clean(owner),
            who=_clean(who),
            created_at=at_ms,
        )
        if len(made.query) > MAX_QUERY:
            raise ValueError(f"query: {len(made.query)} characters, allowed: {MAX_QUERY}")
        with self._file.transaction() as db:
            (held,) = db.execute(
                "SELECT count(*) FROM views WHERE owner = ?", (made.owner,)
            ).fetchone()
            if held >= MAX_VIEWS:
                raise TooManyViewsError(made.owner)
            db.execute(
                f"INSERT INTO views ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                msgspec.structs.astuple(made),
            )
        return made

    def rename(self, view_id: str, person: str, name: str) -> bool:
        """Another name; False where the person sees no such view.

        Raises:
            ValueError: no name, or one that is too long.
            StorageFullError: the disk is full.
        """
        with self._file.transaction() as db:
            done = db.execute(
                "UPDATE views SET name = ? WHERE view_id = ? AND owner IN ('', ?)",
                (_name(name), _clean(view_id), _clean(person)),
            )
            return done.rowcount > 0

    def delete(self, view_id: str, person: str) -> bool:
        """Gone for whoever saw it; False where the person sees no such view.

        Raises:
            StorageFullError: the disk is full.
        """
        with self._file.transaction() as db:
            done = db.execute(
                "DELETE FROM views WHERE view_id = ? AND owner IN ('', ?)",
                (_clean(view_id), _clean(person)),
            )
            return done.rowcount > 0


def _view(row: Sequence[Any]) -> SavedView:
    return SavedView(**dict(zip(SavedView.__struct_fields__, row, strict=True)))


def _name(text: str) -> str:
    name = _clean(text).strip()
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError(f"name: {len(name)} characters, allowed: 1 to {MAX_NAME}")
    return name


def _clean(text: str) -> str:
    # Lone surrogates cannot be written as UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")
