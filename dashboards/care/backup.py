"""Copies a data folder while it is in use: decisions first, then log, state and results.

Each database is copied as it was at one moment, by SQLite's online backup inside a read
transaction, which holds up neither writers nor readers. Everything is written under a
name that ends in ``.part`` and gets its own name, in one step, when it is whole.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from dashboards.care.manifest import (
    MANIFEST,
    SCHEMAS,
    STORE,
    WATCHLIST,
    BackupUnusableError,
    KeptFile,
    Manifest,
    digest,
    sealed,
    sync_folder,
    write_synced,
)
from stream.care.scrub import Scrubber
from stream.storage.errors import StorageFullError, is_full
from stream.storage.migrations import check_version

ARCHIVE: Final = ".tar.zst"
PART: Final = ".part"
PAGES: Final = 2_000
"""Pages copied between two looks at the progress, 16 MiB."""
COUNTED: Final = {
    STORE: ("posts_log", "subject_log", "results", "dead_letters"),
    "desk.db": ("decisions", "deliveries", "views"),
    "banks.db": ("refs",),
    "media.db": ("pictures",),
}

Tell = Callable[[int, int], None]
"""Told the bytes that are done and all bytes there are."""


def back_up(
    folder: Path, target: Path, *, watchlist: Path | None, now: int, tell: Tell | None = None
) -> Manifest:
    """Copy a data folder to ``target``: a folder, or one file when it ends in ``.tar.zst``.

    Args:
        watchlist: put beside the data when it is there.
        now: the moment that the backup bears, in ms.

    Raises:
        FileNotFoundError: no data in this folder.
        FileExistsError: there is something at ``target``.
        BackupUnusableError: a database of the folder is damaged.
        StorageFullError: no space; nothing is left at ``target``.
        StorageVersionError: a newer jikimi wrote the folder.
    """
    if not (folder / STORE).is_file():
        raise FileNotFoundError(2, "no data in this folder", str(folder))
    if target.exists() or target.is_symlink():
        raise FileExistsError(
            17, "exists already; choose a new name for the backup", str(target)
        )
    if target.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"{target} lies in the data folder, which deletions wipe; choose another"
        )
    try:
        with _draft(target) as draft:
            _check_space(folder, draft, archive=target.name.endswith(ARCHIVE))
            manifest = _fill(folder, draft, watchlist, now, tell)
            if target.name.endswith(ARCHIVE):
                _pack(draft, manifest, target)
            else:
                draft.rename(target)
            sync_folder(target.parent)
    except (OSError, sqlite3.OperationalError) as error:
        if is_full(error):
            raise StorageFullError(_full(target)) from error
        raise
    return manifest


@contextmanager
def _draft(target: Path) -> Generator[Path]:
    """A folder to write in; what an earlier, killed backup left there goes first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + PART)
    draft.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileExistsError(17, "another backup is being written", str(draft)) from None
        for left in draft.iterdir():
            left.unlink()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(handle)


def _fill(
    folder: Path, draft: Path, watchlist: Path | None, now: int, tell: Tell | None
) -> Manifest:
    files: list[KeptFile] = []
    counts: dict[str, int] = {}
    wanted = [name for name in SCHEMAS if (folder / name).is_file()]
    total = sum(_bytes(folder / name) for name in wanted)
    done = 0
    for name in wanted:

        def told(part: int, before: int = done) -> None:
            if tell is not None:
                tell(before + part, total)

        schema = _copy(folder / name, draft / name, told)
        done += (draft / name).stat().st_size
        counts |= _counts(draft / name)
        files.append(_kept(draft / name, schema))
    if watchlist is not None and watchlist.is_file():
        write_synced(draft / WATCHLIST, watchlist.read_bytes())
        files.append(_kept(draft / WATCHLIST, None))
    manifest = sealed(
        Manifest(jikimi=version_of("jikimi"), made_at=now, files=tuple(files), counts=counts)
    )
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    unfinished = draft / (MANIFEST + PART)
    write_synced(unfinished, body + b"\n")
    sync_folder(draft)
    unfinished.rename(draft / MANIFEST)
    sync_folder(draft)
    return manifest


def _copy(source: Path, target: Path, tell: Callable[[int], None]) -> int:
    """Copy one database as it is now; returns its format."""
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with (
        closing(_reading(source)) as original,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        page = int(original.execute("PRAGMA page_size").fetchone()[0])
        # Inside this transaction the copy never has to begin anew because of a writer.
        original.execute("BEGIN")
        schema = check_version(original, source, SCHEMAS[source.name])
        original.backup(
            copy, pages=PAGES, progress=lambda _, left, all_: tell((all_ - left) * page)
        )
        original.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode=DELETE")
        scrubber = Scrubber(copy, target)
        # What was deleted a moment ago may still stand in unused parts of pages.
        while not scrubber.step():
            pass
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupUnusableError(
                f"{source} is damaged ({found}), so no backup of it was made; restore an "
                "earlier one, or try `sqlite3 … .recover`"
            )
    scrubber.close()
    handle = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return schema


def _reading(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.execute("PRAGMA busy_timeout=10000")
    return db


def _counts(path: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    with closing(_reading(path)) as db:
        held = {row[0] for row in db.execute("SELECT name FROM sqlite_schema")}
        for table in COUNTED[path.name]:
            if table in held:
                found[table] = int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    return found


def _kept(path: Path, schema: int | None) -> KeptFile:
    return KeptFile(
        name=path.name, bytes=path.stat().st_size, sha256=digest(path), schema=schema
    )


def _pack(draft: Path, manifest: Manifest, target: Path) -> None:
    """Put the files of a draft into one file, the manifest first."""
    packed = draft / f"packed{ARCHIVE}{PART}"
    handle = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as raw:
        with (
            zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(
                raw, closefd=False
            ) as squeezed,
            tarfile.open(fileobj=squeezed, mode="w|") as archive,
        ):
            for name in (MANIFEST, *(file.name for file in manifest.files)):
                archive.add(draft / name, arcname=name, filter=_anonymous)
        raw.flush()
        os.fsync(raw.fileno())
    packed.rename(target)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _bytes(path: Path) -> int:
    return path.stat().st_size


def _check_space(folder: Path, draft: Path, *, archive: bool) -> None:
    """Refuse at once what cannot fit; a packed backup needs room for both forms."""
    needed = sum(_bytes(folder / name) for name in SCHEMAS if (folder / name).is_file())
    needed = needed * 3 // 2 if archive else needed
    free = shutil.disk_usage(draft).free
    if free < needed:
        raise StorageFullError(
            f"{_full(draft.with_name(draft.name.removesuffix(PART)))} "
            f"(needs about {needed / 2**20:,.0f} MiB, {free / 2**20:,.0f} MiB are free)"
        )


def _full(target: Path) -> str:
    return (
        f"no space left on the disk that holds {target.parent}: the backup was not made and "
        "nothing of it is left; free some space or choose another disk, and try again"
    )
