"""The log sink: one delivery a line, appended durably to a file, each once."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import msgspec

from dashboards.sinks.options import SinkOptions
from stream.sink import Delivery, DeliveryError

TAIL: Final = 4 * 1024 * 1024
"""Bytes at the end that are searched for a delivery: it can only be among the last."""
_OPENING = b'{"schema":"delivery/1",'


class _Line(msgspec.Struct):
    delivery_id: str


class LogSink:
    """Appends each alert as one JSON object to a file: ``path``, made if absent.

    Before writing it looks whether the delivery is there already, and repairs a
    last line that a crash tore. The file may be rotated by renaming it to
    ``NAME.1``; that file is searched too.
    """

    def __init__(self, name: str, *, path: Path) -> None:
        self._name = name
        self._path = path

    @classmethod
    def from_settings(cls, name: str, options: Mapping[str, object]) -> Self:
        """From ``[notify.NAME] options``: ``path``, relative to where jikimi is started.

        Raises:
            SinkMisconfigured: a missing, wrong or unknown option.
        """
        given = SinkOptions(name, options)
        allowed = "the path of a file"
        text = given.text("path", allowed=allowed)
        given.finish()
        path = Path(text)
        if "\0" in text or (path.exists() and not path.is_file()):
            raise given.wrong("path", text, f"{allowed}, not a folder or device")
        return cls(name, path=path)

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, delivery: Delivery, /) -> None:
        """Append the delivery, unless it is there; on return it is on the disk.

        Raises:
            DeliveryError: the file cannot be written or is not one of deliveries.
        """
        line = msgspec.json.encode(delivery) + b"\n"
        try:
            with self._opened() as handle:
                end = self._repair(handle)
                if self._holds(handle, end, delivery.delivery_id):
                    return
                _append(handle, line, end)
        except OSError as error:
            raise DeliveryError(f"{self._path}: {_reason(error)}") from None

    @contextmanager
    def _opened(self) -> Generator[int]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not self._path.exists()
        # Without O_NONBLOCK a named pipe in its place would hold us for ever.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        handle = os.open(self._path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise DeliveryError(f"{self._path}: not a regular file")
            fcntl.flock(handle, fcntl.LOCK_EX)
            if fresh:
                _sync_folder(self._path.parent)
            yield handle
        finally:
            os.close(handle)

    def _repair(self, handle: int) -> int:
        """End of the last whole line; what a crash left after it is cut off."""
        size = os.fstat(handle).st_size
        tail = _tail(handle, size)
        torn = tail.rpartition(b"\n")[2]
        if not torn:
            return size
        if torn != _OPENING[: len(torn)] and not torn.startswith(_OPENING):
            raise DeliveryError(f"{self._path}: ends with a line that is none of ours")
        os.ftruncate(handle, size - len(torn))
        return size - len(torn)

    def _holds(self, handle: int, end: int, delivery_id: str) -> bool:
        wanted = delivery_id.encode()
        if _is_among(_tail(handle, end), wanted):
            return True
        rotated = self._path.with_name(f"{self._path.name}.1")
        try:
            before = os.open(rotated, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return False
        try:
            return _is_among(_tail(before, os.fstat(before).st_size), wanted)
        finally:
            os.close(before)


def _tail(handle: int, end: int) -> bytes:
    return os.pread(handle, min(TAIL, end), max(0, end - TAIL))


def _is_among(tail: bytes, delivery_id: bytes) -> bool:
    if delivery_id not in tail:
        return False
    # The text of an alert may hold anything, also a delivery id.
    for line in reversed(tail.splitlines()):
        if delivery_id in line:
            try:
                if msgspec.json.decode(line, type=_Line).delivery_id.encode() == delivery_id:
                    return True
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
    return False


def _append(handle: int, line: bytes, end: int) -> None:
    try:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except OSError:
        # A full disk took a part of it; that part must not stay.
        os.ftruncate(handle, end)
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left on the disk"
    return error.strerror or type(error).__name__
