"""Keys for programs: who holds one may read, or read and decide, by the HTTP API.

The desk's file keeps a SHA-256 of each key and never the key itself. A key holds 256
random bits, so a slow hash would protect nothing more.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal, get_args

import msgspec

from dashboards.desk_file import DeskFile
from ingest.secret import Secret

Scope = Literal["read", "decide"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
MAX_NAME: Final = 60
MAX_KEYS: Final = 1_000
_TOKEN = re.compile(r"jk_(?P<id>[0-9a-f]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_NAME = re.compile(r"[\w.-][\w .-]*", re.UNICODE)
_COLUMNS = "key_id, name, scopes, created_at, revoked_at"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it may be shown; times in milliseconds."""

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: int
    revoked_at: int | None = None

    @property
    def who(self) -> str:
        """As whom decisions by this key are recorded."""
        return f"key:{self.name}"


class KeyRefusedError(ValueError):
    """A key that cannot be made or revoked, and why."""


class Keys:
    """All keys of an installation, in the desk's file."""

    def __init__(self, file: DeskFile) -> None:
        self._file = file

    def create(self, name: str, scopes: Sequence[Scope], at_ms: int) -> tuple[Key, Secret]:
        """A new key and its text, which is shown once and kept nowhere; all may read.

        Raises:
            KeyRefusedError: the name is taken by a valid key or is no name.
            StorageFullError: the disk is full.
        """
        if len(name) > MAX_NAME or not _NAME.fullmatch(name):
            raise KeyRefusedError(
                f"name: allowed are 1 to {MAX_NAME} letters, digits, spaces, '.', '-' and '_'"
            )
        made = Key(
            key_id=secrets.token_hex(4),
            name=name,
            scopes=tuple(one for one in SCOPES if one == "read" or one in scopes),
            created_at=at_ms,
        )
        text = f"jk_{made.key_id}_{secrets.token_urlsafe(32)}"
        with self._file.transaction() as db:
            held = self.all()
            if any(one.name == name and one.revoked_at is None for one in held):
                raise KeyRefusedError(
                    f"name: {name!r} is taken by a valid key; revoke that one first, or "
                    "choose another name"
                )
            if len(held) >= MAX_KEYS:
                raise KeyRefusedError(f"there are {MAX_KEYS} keys already")
            db.execute(
                f"INSERT INTO keys ({_COLUMNS}, digest) VALUES (?, ?, ?, ?, NULL, ?)",
                (made.key_id, name, " ".join(made.scopes), at_ms, _digest(text)),
            )
        return made, Secret(text)

    def all(self) -> list[Key]:
        """Every key that was ever made, the oldest first."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM keys ORDER BY created_at, key_id")
        return [_key(*row) for row in rows]

    def revoke(self, name: str, at_ms: int) -> Key:
        """Make a key void from now on; ``name`` is its name or its id.

        Raises:
            KeyRefusedError: no valid key has this name or id.
        """
        with self._file.transaction() as db:
            valid = [one for one in self.all() if one.revoked_at is None]
            found = next((one for one in valid if name in {one.name, one.key_id}), None)
            if found is None:
                names = ", ".join(repr(one.name) for one in valid) or "none"
                raise KeyRefusedError(f"no valid key has the name {name!r}; valid: {names}")
            db.execute("UPDATE keys SET revoked_at = ? WHERE key_id = ?", (at_ms, found.key_id))
        return msgspec.structs.replace(found, revoked_at=at_ms)

    def holder(self, text: str) -> Key | None:
        """The valid key whose text this is, None for anything else."""
        given = _TOKEN.fullmatch(text)
        if given is None:
            return None
        rows = self._file.rows(
            f"SELECT digest, {_COLUMNS} FROM keys WHERE key_id = ? AND revoked_at IS NULL",
            (given["id"],),
        )
        if not rows or not hmac.compare_digest(bytes(rows[0][0]), _digest(text)):
            return None
        return _key(*rows[0][1:])


def _digest(text: str) -> bytes:
    return sha256(text.encode("ascii")).digest()


def _key(key_id: str, name: str, scopes: str, created_at: int, revoked_at: int | None) -> Key:
    held = scopes.split()
    return Key(
        key_id=key_id,
        name=name,
        scopes=tuple(one for one in SCOPES if one in held),
        created_at=created_at,
        revoked_at=revoked_at,
    )
