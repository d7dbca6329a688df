"""What readers open: a tantivy folder whose ``meta.json`` lists the segments of all shards.

The segment files are hard links to those of the shards (``shards.py``), so readers know
nothing of shards.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import msgspec
import tantivy

META = "meta.json"
META_LOCK = ".tantivy-meta.lock"
"""Taken by tantivy, too, while it opens the files that ``meta.json`` names."""
PARTS = ("idx", "pos", "term", "fast", "fieldnorm", "store")
SUFFIXES = frozenset(f".{part}" for part in (*PARTS, "del"))
LOOKS = 20
"""Times that files are linked anew because a merge replaced them meanwhile."""


class Segment(msgspec.Struct, frozen=True):
    """What ``meta.json`` says of a segment: its id, documents, and which are removed."""

    segment_id: str
    max_doc: int
    deletes: dict[str, int] | None = None

    @property
    def file(self) -> str:
        """How the names of its files begin."""
        return self.segment_id.replace("-", "")

    def files(self) -> list[str]:
        """The names of its files."""
        marks = self.deletes or {}
        removed = [f"{self.file}.{marks['opstamp']}.del"] if "opstamp" in marks else []
        return [f"{self.file}.{part}" for part in PARTS] + removed

    @property
    def removed(self) -> int:
        """Documents that are only marked as removed."""
        return (self.deletes or {}).get("num_deleted_docs", 0)


class Meta(msgspec.Struct):
    """``meta.json`` of a tantivy folder; what we do not use is passed on as it is."""

    index_settings: msgspec.Raw
    segments: list[Segment]
    schema: msgspec.Raw
    opstamp: int


decode = msgspec.json.Decoder(Meta).decode
encode = msgspec.json.Encoder().encode


class Folder(Protocol):
    """A shard, as far as the view needs it."""

    @property
    def folder(self) -> Path:
        """Where its files are."""
        ...

    def meta(self) -> Meta | None:
        """What it has committed, None when nothing yet."""
        ...


class View:
    """The tantivy folder that readers open: ``meta.json`` and hard links."""

    def __init__(self, folder: Path, schema: tantivy.Schema) -> None:
        self._folder = folder
        self._links: set[str] = set()
        self._body = b""
        folder.mkdir(parents=True, exist_ok=True)
        # Makes an empty one where there is none.
        tantivy.Index(schema, path=str(folder))
        self._frame = decode((folder / META).read_bytes())

    def publish(self, shards: Sequence[Folder]) -> None:
        """Show what the shards have committed; nothing is done where nothing changed."""
        for _ in range(LOOKS):
            metas = [(shard, meta) for shard in shards if (meta := shard.meta()) is not None]
            segments = [segment for _, meta in metas for segment in meta.segments]
            opstamp = max((meta.opstamp for _, meta in metas), default=0)
            frame = metas[-1][1] if metas else self._frame
            body = encode(Meta(frame.index_settings, segments, frame.schema, opstamp))
            if body == self._body:
                return
            wanted = {
                name: shard.folder / name
                for shard, meta in metas
                for segment in meta.segments
                for name in segment.files()
            }
            with suppress(FileNotFoundError), self._locked():
                # A merge may replace segments meanwhile: then their files are gone.
                self._show(wanted, body)
                return
        raise OSError(errno.ENOENT, "segments vanish faster than they can be shown")

    def _show(self, wanted: Mapping[str, Path], body: bytes) -> None:
        for name, place in wanted.items():
            if name not in self._links:
                _link(place, self._folder / name)
        fresh = self._folder / f"{META}.new"
        fresh.write_bytes(body)
        fresh.replace(self._folder / META)
        for file in self._folder.iterdir():
            if file.suffix in SUFFIXES and file.name not in wanted:
                file.unlink(missing_ok=True)
        self._links, self._body = set(wanted), body

    def check(self) -> None:
        """Notice files that somebody else took away.

        Raises:
            FileNotFoundError: some are gone.
        """
        here = {file.name for file in self._folder.iterdir()}
        lost = self._links | {META} if self._body else {META}
        if not lost <= here:
            raise FileNotFoundError(errno.ENOENT, "is gone", min(lost - here))

    @contextmanager
    def _locked(self) -> Generator[None]:
        """While readers open the files that ``meta.json`` names, none is taken away."""
        handle = os.open(self._folder / META_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _link(place: Path, target: Path) -> None:
    with suppress(FileExistsError):
        try:
            os.link(place, target)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV):
                raise
            # A file system without hard links.
            draft = target.with_name(f"{target.name}.new")
            shutil.copyfile(place, draft)
            draft.replace(target)
