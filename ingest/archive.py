"""Files as a source: ndjson, JSON and CSV, also gzip and zstd, in every format we know.

Compression, shape and format are told by content, not by name. Reading is
resumable: the cursor names the file (by its beginning and size), and how many
of its records lie behind.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Self

import msgspec

from ingest import clean
from ingest.clean import Context, Unreadable
from ingest.files import DamagedFile, TooLong, chunks, lines
from ingest.formats import Decoded, Format, own, recognise
from ingest.source import Sighting, SourceMisconfigured, Stop, Terms

LONGEST_LINE = 16 << 20
"""Bytes of the longest record read; pages of X are long, but not that long."""
LARGEST_WHOLE = 256 << 20
"""Bytes of the largest file that is one JSON value over many lines."""
IDENTITY_BYTES = 1 << 16

Progress = Callable[[int, int], None]
Unit = bytes | Mapping[str, object] | Unreadable


class Cursor(msgspec.Struct, frozen=True):
    """Records behind us in a file; ``identity`` is a digest of its beginning and size."""

    file: int
    records: int
    identity: str


class ArchiveSource:
    """Posts from files, in the order given.

    Args:
        paths: files that exist.
        name: under which the cursor is kept; also the posts' source.
        now: wall clock in ms; records more than a day ahead of it are refused.
        progress: told bytes done and bytes in all, of the files as they lie on disk.
    """

    terms = Terms(
        access="files you have the right to use",
        rate="none",
        retention="what the licence of the data says",
        deletion="deleted and removed items of a dump are not kept",
    )

    options: Mapping[str, str] = {"paths": "files, read in this order (needed)"}

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        name: str = "archive",
        now: Callable[[], int] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._paths = list(paths)
        self._name = name
        self._now = now or _clock
        self._progress = progress

    @classmethod
    def from_settings(cls, name: str, options: Mapping[str, object]) -> Self:
        """A source of the settings: ``options.paths`` lists files.

        Raises:
            SourceMisconfigured: another option, no paths, or a file that is not there.
        """
        unknown = sorted(set(options) - {"paths"})
        if unknown:
            raise SourceMisconfigured(
                f"sources.{name}.options.{unknown[0]}: unknown, allowed: paths"
            )
        given = options.get("paths")
        try:
            paths = [Path(path) for path in msgspec.convert(given, type=list[str])]
        except msgspec.ValidationError:
            paths = []
        if not paths:
            raise SourceMisconfigured(
                f"sources.{name}.options.paths: found {given!r}, allowed: a list of files"
            )
        for path in paths:
            if not path.is_file():
                raise SourceMisconfigured(
                    f"sources.{name}.options.paths: found {path}, which is no file"
                )
        return cls(paths, name=name)

    @property
    def name(self) -> str:
        """Under which the cursor is kept."""
        return self._name

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Items behind the cursor.

        Raises:
            SourceMisconfigured: the cursor belongs to other files, or one cannot be read.
        """
        cursor = self._cursor(after)
        for number in range(cursor.file, len(self._paths)):
            behind = cursor.records if number == cursor.file else 0
            try:
                yield from self._file(number, behind, stop)
            except OSError as error:
                raise SourceMisconfigured(
                    f"{self._paths[number]}: cannot be read: {error.strerror}"
                ) from None
            if stop.is_set():
                return

    def _cursor(self, after: str | None) -> Cursor:
        if after is None:
            return Cursor(0, 0, "")
        try:
            cursor = msgspec.json.decode(after, type=Cursor)
        except (msgspec.DecodeError, ValueError):
            raise SourceMisconfigured(f"{self._name}: the cursor is not one of ours") from None
        if cursor.file >= len(self._paths) or cursor.identity != identity(
            self._paths[cursor.file]
        ):
            raise SourceMisconfigured(
                f"{self._name}: the files are not those that reading began with; "
                "begin with a new data folder, or give the same files in the same order"
            )
        return cursor

    def _file(self, number: int, behind: int, stop: Stop) -> Iterator[Sighting]:
        path = self._paths[number]
        context = Context(source=self._name, now=self._now())
        known = identity(path)
        shape: Format | None = None
        records = 0
        for unit in _units(path, self._told(number)):
            records += 1
            if shape is None:
                shape = _format(unit)
            if records <= behind:
                continue
            if stop.is_set():
                return
            items = _decode(unit, shape, context)
            cursor = msgspec.json.encode(Cursor(number, records, known)).decode()
            for item in items[:-1]:
                yield Sighting(item)
            last = items[-1] if items else None
            yield Sighting(last, cursor=cursor, skipped=0 if items else 1)

    def _told(self, number: int) -> Callable[[int], None]:
        progress = self._progress
        if progress is None:
            return lambda _: None
        sizes = [path.stat().st_size for path in self._paths]
        before, total = sum(sizes[:number]), sum(sizes)
        return lambda done: progress(before + done, total)


def identity(path: Path) -> str:
    """Digest of a file's size and beginning: enough to notice another file."""
    with path.open("rb") as file:
        head = file.read(IDENTITY_BYTES)
    digest = blake2b(head, digest_size=8)
    digest.update(str(path.stat().st_size).encode())
    return digest.hexdigest()


def _decode(unit: Unit, shape: Format | None, context: Context) -> Decoded:
    if isinstance(unit, Unreadable):
        return [clean.malformed(context, unit.raw, str(unit))]
    if isinstance(unit, TooLong):
        reason = f"longer than {LONGEST_LINE >> 20} MiB"
        return [clean.malformed(context, bytes(unit), reason)]
    if shape is None:
        return [clean.malformed(context, unit, "in none of the formats we read")]
    return shape.decode(unit, context)


def _format(unit: Unit) -> Format | None:
    """The format of a file by one of its records; None when that one does not tell."""
    if isinstance(unit, Unreadable | TooLong):
        return None
    try:
        return recognise(clean.fields(unit))
    except Unreadable:
        return None


def _units(path: Path, told: Callable[[int], None]) -> Iterator[Unit]:
    """The records of a file: lines, elements of one array, or rows of a table."""
    found = (line for line in lines(chunks(path, told), LONGEST_LINE) if line.strip())
    try:
        first = next(found, None)
        if first is None:
            return
        if first.startswith(b"\xef\xbb\xbf"):
            first = first[3:]
        start = first.lstrip()[:1]
        if start == b"[" or (start == b"{" and not _is_json(first)):
            yield from _whole(chain([first], found))
        elif start == b"{":
            yield first
            yield from found
        else:
            yield from _rows(chain([first], found))
    except DamagedFile as error:
        yield Unreadable(str(error), b"")


def _is_json(line: bytes) -> bool:
    try:
        clean.loads(line)
    except Unreadable:
        return False
    return True


def _whole(found: Iterator[bytes]) -> Iterator[Unit]:
    """One JSON value over many lines; if it is none, the lines one by one."""
    kept: list[bytes] = []
    size = 0
    for line in found:
        kept.append(line)
        size += len(line) + 1
        if size > LARGEST_WHOLE:
            break
    else:
        try:
            value = clean.loads(b"\n".join(kept))
        except Unreadable:
            yield from kept
            return
        elements = clean.sequence(value) if clean.is_list(value) else [value]
        for element in elements:
            if clean.is_object(element):
                yield clean.mapping(element)
            else:
                yield Unreadable(f"expected an object, found {clean.kind(element)}", b"")
        return
    yield from kept
    yield from found


def _rows(found: Iterator[bytes]) -> Iterator[Unit]:
    """Rows of a table with a header, as records of our own format."""
    texts = (f"{line.decode('utf-8', 'replace')}\n" for line in found)
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(texts)
    try:
        header = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error):
        return
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Unreadable(f"not a row of a table: {error}", b"")
            continue
        if len(row) != len(header):
            raw = ",".join(row).encode("utf-8", "replace")
            yield Unreadable(f"{len(row)} cells, the header has {len(header)}", raw)
            continue
        try:
            yield own.from_csv(dict(zip(header, row, strict=True)))
        except Unreadable as error:
            yield Unreadable(str(error), ",".join(row).encode("utf-8", "replace"))


def _clock() -> int:
    return time.time_ns() // 1_000_000
