"""What a backup says about itself, and the rules for reading that.

The manifest is written last, so a backup without one is not whole. It names each file
with its length, hash and schema, and nothing is taken from a backup that it does not name.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from dashboards.desk_file import MIGRATIONS
from stream.banks import BANKS_FILE
from stream.banks import MIGRATIONS as BANKS_MIGRATIONS
from stream.media.shelf import MEDIA_FILE
from stream.media.shelf import MIGRATIONS as MEDIA_MIGRATIONS
from stream.storage.schema import STEPS

MANIFEST: Final = "manifest.json"
DESK: Final = "desk.db"
STORE: Final = "jikimi.db"
WATCHLIST: Final = "watchlist.toml"
SCHEMAS: Final = {
    DESK: MIGRATIONS,
    STORE: STEPS,
    BANKS_FILE: BANKS_MIGRATIONS,
    MEDIA_FILE: MEDIA_MIGRATIONS,
}
"""The databases in the order in which they are copied: decisions name alerts of the store,
so the store has to be the later one."""
LARGEST_MANIFEST: Final = 1 << 20
CHUNK: Final = 1 << 20


class BackupUnusableError(Exception):
    """A backup that is not whole, was changed, or cannot be read by this jikimi."""


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup; ``schema`` is the format of a database."""

    name: str
    bytes: int
    sha256: str
    schema: int | None = None


class Manifest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="jikimi-backup/1"
):
    """A whole backup: which jikimi made it, when (ms), of what, and how much is in it.

    ``seal`` is the hash of all the rest: it tells of damage, not of forgery.
    """

    jikimi: str
    made_at: int
    files: tuple[KeptFile, ...]
    counts: dict[str, int]
    seal: str = ""

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files)


def read_manifest(raw: bytes, place: Path) -> Manifest:
    """The manifest of a backup, checked against what this jikimi can read.

    Raises:
        BackupUnusableError: it is damaged, names odd files, or a newer jikimi wrote it.
    """
    try:
        found = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupUnusableError(f"{place}: {MANIFEST} cannot be read: {error}") from None
    names = [file.name for file in found.files]
    odd = [name for name in names if name not in {*SCHEMAS, WATCHLIST}]
    if odd or len(set(names)) < len(names) or STORE not in names:
        raise BackupUnusableError(f"{place}: {MANIFEST} names other files than a backup has")
    for file in found.files:
        steps = SCHEMAS.get(file.name)
        if steps is not None and not 0 < (file.schema or 0) <= len(steps):
            raise BackupUnusableError(
                f"{place}: {file.name} has format {file.schema}, this jikimi knows "
                f"{len(steps)}: use the jikimi that wrote it ({found.jikimi}) or a newer one"
            )
    if sealed(found) != found:
        raise BackupUnusableError(f"{place}: {MANIFEST} was changed or is damaged")
    return found


def sealed(manifest: Manifest) -> Manifest:
    """The same with its seal."""
    bare = msgspec.structs.replace(manifest, seal="")
    return msgspec.structs.replace(
        bare, seal=sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def write_synced(path: Path, body: bytes) -> None:
    """Write a new file that only its owner can read, down to the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
