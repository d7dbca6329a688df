"""Puts a backup into a new data folder: every hash checked, older formats migrated.

All of it is made ready inside of the new folder, under ``restoring``; while that is there
no jikimi uses the folder. Killed before it is ready, the next restore begins anew; killed
after, the next one only moves the rest into place.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

import msgspec
import structlog
import zstandard

from dashboards.care.again import forget_again
from dashboards.care.backup import PART, Tell
from dashboards.care.manifest import (
    CHUNK,
    DESK,
    LARGEST_MANIFEST,
    MANIFEST,
    SCHEMAS,
    STORE,
    BackupUnusableError,
    KeptFile,
    Manifest,
    read_manifest,
    sync_folder,
    write_synced,
)
from dashboards.composing.compose import INDEX_FOLDER, wall_clock
from dashboards.desk_file import DeskFile
from stream.hosting.feed import IndexFeed
from stream.local_index import LocalIndex
from stream.storage.errors import RESTORING, StorageFullError, is_full
from stream.storage.migrations import drop_copies
from stream.storage.sqlite_log import SqliteSubjectLog
from stream.storage.state import Results
from stream.storage.store import Store, lock

log = structlog.get_logger(__name__)

READY: Final = "ready"
OWN: Final = {RESTORING, "jikimi.lock", "lost+found"}
"""What may lie in a folder that counts as new."""


def check(source: Path, tell: Tell | None = None) -> Manifest:
    """Check a backup without restoring it: whole, unchanged, known formats.

    Raises:
        FileNotFoundError: there is nothing.
        BackupUnusableError: it is not whole, was changed, or is not for this jikimi.
    """
    with _opened(source) as (manifest, files):
        _take(source, manifest, files, None, tell)
    return manifest


def restore(
    source: Path,
    folder: Path,
    *,
    index: bool = True,
    deleted_in: Path | None = None,
    tell: Tell | None = None,
) -> Manifest:
    """Put a backup into ``folder``, which must be new, and make the search index anew.

    Args:
        index: False leaves making the index to the first `jikimi run`.
        deleted_in: a folder; what it knows as deleted is deleted by the first `jikimi run`.
        tell: told the bytes that were copied and checked.

    Raises:
        FileExistsError: there is something in the folder; nothing was changed.
        FileNotFoundError: there is no backup.
        BackupUnusableError: it is not whole, was changed, or is not for this jikimi.
        FolderInUseError: a jikimi uses the folder.
        StorageFullError: no space; the next restore begins anew.
    """
    with _opened(source):
        pass
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _check_new(folder)
    handle = lock(folder)
    try:
        _check_new(folder)
        work = folder / RESTORING
        begun = _begun(work)
        if begun is None:
            manifest = _make_ready(source, work, index, deleted_in, tell)
            _move(work, folder)
            return manifest
        _move(work, folder)
        with _opened(source) as (manifest, _):
            if manifest == begun:
                return manifest
        raise FileExistsError(
            17, "holds another backup, whose restore was finished just now", str(folder)
        )
    except (OSError, sqlite3.OperationalError) as error:
        if is_full(error):
            raise StorageFullError(
                f"no space left on the disk that holds {folder}: the backup was not restored; "
                "free some space and run the same command again"
            ) from error
        raise
    finally:
        os.close(handle)


def _begun(work: Path) -> Manifest | None:
    """What an earlier restore made ready and did not move into place."""
    try:
        return read_manifest((work / READY).read_bytes(), work)
    except FileNotFoundError:
        return None


def _check_new(folder: Path) -> None:
    if (folder / RESTORING / READY).exists():
        return
    held = sorted(path.name for path in folder.iterdir() if path.name not in OWN)
    if held:
        raise FileExistsError(
            17,
            f"holds {', '.join(held[:3])}; a backup is only restored into a new folder, choose "
            "another with --data",
            str(folder),
        )


def _make_ready(
    source: Path, work: Path, index: bool, deleted_in: Path | None, tell: Tell | None
) -> Manifest:
    shutil.rmtree(work, ignore_errors=True)
    with _opened(source) as (manifest, files):
        free = shutil.disk_usage(work.parent).free
        if free < manifest.bytes:
            raise StorageFullError(
                f"no space left on the disk that holds {work.parent}: the backup needs "
                f"{manifest.bytes / 2**20:,.0f} MiB and more for the search index, "
                f"{free / 2**20:,.0f} MiB are free"
            )
        work.mkdir(mode=0o700)
        _take(source, manifest, files, work, tell)
    if (work / DESK).exists():
        DeskFile(work / DESK).close()
    _open_store(work, index, deleted_in)
    for left in (f"{DESK}.lock", "jikimi.lock"):
        (work / left).unlink(missing_ok=True)
    # The backup itself is what a copy from before the migration would be for.
    drop_copies(work)
    for path in work.iterdir():
        if path.is_file():
            _sync(path)
    unfinished = work / f"{READY}.part"
    write_synced(unfinished, msgspec.json.encode(manifest))
    unfinished.rename(work / READY)
    sync_folder(work)
    return manifest


def _open_store(work: Path, index: bool, deleted_in: Path | None) -> None:
    """Bring the store up to date and make its index."""
    store = Store(work)
    try:
        if deleted_in is not None:
            posts = forget_again(store, deleted_in, now=wall_clock())
            log.info("deleted_again_by_the_first_run", posts=posts)
        partitions = int(store.meta("partitions") or b"1")
        if index:
            feed = IndexFeed(SqliteSubjectLog(store, partitions), Results(store))
            LocalIndex.rebuild(work / INDEX_FOLDER, feed.all())
    finally:
        store.close()


def _move(work: Path, folder: Path) -> None:
    """Put everything in its place; the log, which makes it a data folder, last."""
    names = sorted(path.name for path in work.iterdir() if path.name not in (READY, STORE))
    for name in (*names, STORE):
        if (work / name).exists():
            (work / name).rename(folder / name)
    sync_folder(folder)
    (work / READY).unlink()
    work.rmdir()
    sync_folder(folder)


Files = Iterator[tuple[str, IO[bytes]]]
"""Names and contents, one after the other."""


@contextmanager
def _opened(source: Path) -> Generator[tuple[Manifest, Files]]:
    """The manifest of a backup and its files, each to be read when it comes."""
    if source.name.endswith(PART):
        raise BackupUnusableError(_not_whole(source))
    if source.is_dir():
        place = source / MANIFEST
        if not place.is_file():
            raise BackupUnusableError(_not_whole(source))
        with place.open("rb") as file:
            manifest = read_manifest(file.read(LARGEST_MANIFEST), source)
        yield manifest, _of_folder(source, manifest)
        return
    if not source.exists():
        raise FileNotFoundError(2, "there is no backup", str(source))
    with source.open("rb") as raw:
        try:
            with (
                zstandard.ZstdDecompressor().stream_reader(raw, closefd=False) as plain,
                tarfile.open(fileobj=plain, mode="r|") as archive,
            ):
                files = _of_archive(archive, plain)
                name, first = next(files, ("", None))
                if name != MANIFEST or first is None:
                    raise BackupUnusableError(_not_whole(source))
                manifest = read_manifest(first.read(LARGEST_MANIFEST), source)
                yield manifest, files
        except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
            raise BackupUnusableError(f"{_not_whole(source)} ({error})") from None


def _of_folder(source: Path, manifest: Manifest) -> Files:
    for file in manifest.files:
        try:
            with (source / file.name).open("rb") as body:
                yield file.name, body
        except FileNotFoundError:
            raise BackupUnusableError(f"{source}: {file.name} is missing") from None


def _of_archive(archive: tarfile.TarFile, plain: IO[bytes]) -> Files:
    for member in archive:
        body = archive.extractfile(member) if member.isreg() else None
        if body is not None:
            yield member.name, body
    # The checksum over everything stands at the very end.
    while plain.read(CHUNK):
        pass


def _take(
    source: Path, manifest: Manifest, files: Files, work: Path | None, tell: Tell | None
) -> None:
    """Read every file and compare it; with ``work`` also write it there."""
    wanted = {file.name: file for file in manifest.files}
    done = 0
    for name, body in files:
        kept = wanted.pop(name, None)
        if kept is None:
            raise BackupUnusableError(f"{source}: {name!r} does not belong to the backup")
        before = done

        def told(part: int, before: int = before) -> None:
            if tell is not None:
                tell(before + part, manifest.bytes)

        _take_one(source, kept, body, None if work is None else work / name, told)
        done += kept.bytes
    if wanted:
        raise BackupUnusableError(f"{source}: {', '.join(sorted(wanted))} is missing")


def _take_one(
    source: Path,
    kept: KeptFile,
    body: IO[bytes],
    target: Path | None,
    tell: Callable[[int], None],
) -> None:
    found, length = sha256(), 0
    place = Path(os.devnull) if target is None else target
    flags = os.O_WRONLY | os.O_CLOEXEC | (0 if target is None else os.O_CREAT | os.O_EXCL)
    with os.fdopen(os.open(place, flags, 0o600), "wb") as file:
        while chunk := body.read(CHUNK):
            length += len(chunk)
            if length > kept.bytes:
                break
            found.update(chunk)
            file.write(chunk)
            tell(length)
    if length != kept.bytes or found.hexdigest() != kept.sha256:
        raise BackupUnusableError(
            f"{source}: {kept.name} is not what was backed up (its hash differs): the backup "
            "was damaged or changed; use another one"
        )
    if target is not None and kept.name in SCHEMAS:
        _check_sound(source, target)


def _check_sound(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(target)) as db:
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise BackupUnusableError(f"{source}: {target.name} is damaged: {found}")


def _not_whole(source: Path) -> str:
    return (
        f"{source} is no whole backup: it has no {MANIFEST}, which is written last; it was cut "
        "off while it was made, or is something else"
    )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
