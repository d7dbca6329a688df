"""Hands hostile bytes to a process that can do no harm, and takes back what it found.

One process a cage, started when it is first needed, replaced after a number of files, after
any failure, and when it takes too long. What it decodes leaves it as hashes, sizes, local
features, and small pixels for models; those stay in memory.
"""

from __future__ import annotations

import os
import selectors
import struct
import subprocess
import sys
from pathlib import Path
from typing import IO, Self

import msgspec

from detect.media.caged import HASHES, LARGEST, TRUST
from detect.media.clips import CLIPS
from detect.media.examined import Examined
from detect.media.header import read_header

FILES_A_PROCESS = 500
"""Files after which a process is replaced, so that nothing it leaks lasts."""

PATIENCE_S = 20.0
CLIP_PATIENCE = 3
"""Wall time for one picture, and how many times that for a clip; processor time is bounded
inside."""

_MOST_REPLY = 32_000_000
_decoder = msgspec.msgpack.Decoder(Examined)


class _Silent(Exception):
    """The process ended or did not answer; the argument says which."""


class Cage:
    """A process that examines files one by one. Not for several threads at once.

    Args:
        patience_s: wall time for one picture.
        files_a_process: files after which the process is replaced.
        trust: certificates (PEM) of whose signatures are trusted; None: signed claims are
            not read.
    """

    def __init__(
        self,
        *,
        patience_s: float = PATIENCE_S,
        files_a_process: int = FILES_A_PROCESS,
        trust: str | None = None,
    ) -> None:
        self._trust = trust
        self._patience_s = patience_s
        self._files_a_process = files_a_process
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """Of the process there is now."""
        return None if self._process is None else self._process.pid

    def examine(self, data: bytes, wanted: int = HASHES) -> Examined:
        """What ``data`` is; a file that ends the process is marked like any other.

        Args:
            data: a file.
            wanted: ``HASHES``, or ``QUERY`` or ``REFERENCE`` of :mod:`detect.media.caged`
                to get what pictures are looked at with as well, and ``PIXELS`` added for
                what models are shown.
        """
        if len(data) > LARGEST:
            most = LARGEST // (1024 * 1024)
            return Examined(format="unknown", error=f"the file is larger than {most} MB")
        try:
            return self._asked(data, wanted)
        except _Silent as silent:
            self.close()
            return Examined(format="unknown", error=str(silent))

    def close(self) -> None:
        """End the process; the next file starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate()

    def _asked(self, data: bytes, wanted: int) -> Examined:
        process = self._ready()
        stdin, stdout = _pipe(process.stdin), _pipe(process.stdout)
        try:
            self._written(stdin, stdout, struct.pack(">IB", len(data), wanted) + data)
            times = CLIP_PATIENCE if read_header(data).format in CLIPS else 1
            (length,) = struct.unpack(">I", self._read(stdout, 4, times))
            if length > _MOST_REPLY:
                raise _Silent("the decoder's answer makes no sense")
            reply = self._read(stdout, length)
        except (BrokenPipeError, ConnectionResetError):
            raise _Silent("the decoder ended on this file") from None
        try:
            return _decoder.decode(reply)
        except msgspec.DecodeError:
            raise _Silent("the decoder's answer makes no sense") from None

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._files >= self._files_a_process:
            self.close()
        if self._process is None:
            self._files = 0
            self._process = _started(self._trust)
        self._files += 1
        return self._process

    def _written(self, stdin: IO[bytes], stdout: IO[bytes], data: bytes) -> None:
        view = memoryview(data)
        with selectors.DefaultSelector() as selector:
            selector.register(stdin, selectors.EVENT_WRITE)
            selector.register(stdout, selectors.EVENT_READ)
            while view:
                ready = selector.select(self._patience_s)
                if not ready:
                    raise _Silent("the decoder took too long")
                if any(key.fileobj is stdout for key, _ in ready):
                    raise _Silent("the decoder ended on this file")
                view = view[os.write(stdin.fileno(), view) :]

    def _read(self, stdout: IO[bytes], length: int, times: int = 1) -> bytes:
        parts: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while length:
                if not selector.select(self._patience_s * times):
                    raise _Silent("the decoder took too long")
                part = os.read(stdout.fileno(), length)
                if not part:
                    raise _Silent("the decoder ended on this file")
                parts.append(part)
                length -= len(part)
        return b"".join(parts)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("the process was started without pipes")
    return pipe


def _started(trust: str | None) -> subprocess.Popen[bytes]:
    more = {} if trust is None else {TRUST: trust}
    process = subprocess.Popen(
        [sys.executable, "-m", "detect.media.caged"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=Path(__file__).parents[2],
        # Nothing of ours goes in: no key, no token, no address.
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": os.defpath, "LC_ALL": "C.UTF-8", **more},
        start_new_session=True,
    )
    os.set_blocking(_pipe(process.stdin).fileno(), False)
    return process
