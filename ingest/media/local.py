"""Bytes that need no network: data URLs, and files of one folder that the settings name."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from ingest.media.addresses import RefusedError

_LONGEST_HEAD = 200


def is_local(url: str) -> bool:
    """Whether nothing has to be asked for it."""
    return url.startswith(("data:", "file:"))


def from_data(url: str, most: int) -> bytes:
    """What a data URL (RFC 2397) carries, at most so many bytes.

    Raises:
        RefusedError: it is broken or too large.
    """
    head, comma, body = url.partition(",")
    if not comma or len(head) > _LONGEST_HEAD:
        raise RefusedError("the data URL cannot be read")
    # Percent signs triple a byte, base64 needs four letters for three.
    if len(body) > 3 * most:
        raise RefusedError(f"it is larger than {most:,} bytes")
    if not head.endswith(";base64"):
        data = unquote_to_bytes(body)
    else:
        try:
            data = base64.b64decode(unquote(body), validate=True)
        except (binascii.Error, ValueError):
            raise RefusedError("the data URL is no valid base64") from None
    if len(data) > most:
        raise RefusedError(f"it is larger than {most:,} bytes")
    return data


def from_folder(url: str, folder: str | None, most: int) -> bytes:
    """A file below ``folder``, at most so many bytes.

    Raises:
        RefusedError: no folder is set, it lies elsewhere, or is no plain file.
    """
    if folder is None:
        raise RefusedError("files are not read: media.files names no folder")
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        raise RefusedError("the file is on another machine")
    root = Path(folder).resolve()
    try:
        path = Path(unquote(parts.path)).resolve()
        if not path.is_relative_to(root):
            raise RefusedError("the file is outside of the folder of media.files")
        # A pipe would wait for ever for somebody to write into it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, ValueError, RuntimeError):
        raise RefusedError("the file cannot be read") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise RefusedError("it is no plain file")
    with os.fdopen(handle, "rb") as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise RefusedError(f"it is larger than {most:,} bytes")
    return data
