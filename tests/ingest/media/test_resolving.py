"""Names that have no address, and name servers that stay silent."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time

import pytest

from ingest.media.resolving import addresses_of

SILENT = """
import asyncio, socket, threading
from ingest.media.fetching import FailedError, Limits, Fetcher
from ingest.media.together import Together

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
limits = Limits(total_s=0.5, idle_s=0.5, pause_s=0.01, tries=1)
[failed] = Together(lambda: Fetcher(limits)).fetch_all(["http://media.example/a.png"])
print(type(failed).__name__)
"""


def test_the_system_is_asked() -> None:
    assert "127.0.0.1" in asyncio.run(addresses_of("localhost", 80))


def test_a_name_without_an_address_is_an_error_of_the_system() -> None:
    with pytest.raises(socket.gaierror):
        asyncio.run(addresses_of("no-such-name.invalid", 443))


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "가..나"])
def test_what_cannot_be_a_name_is_told_apart(name: str) -> None:
    with pytest.raises(UnicodeError):
        asyncio.run(addresses_of(name, 443))


def test_a_silent_name_server_holds_up_neither_the_fetch_nor_the_end_of_the_process() -> None:
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SILENT], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "FailedError\n"
    assert time.monotonic() - begun < 30
