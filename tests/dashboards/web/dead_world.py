"""Records that could not be read, in a real store: one readable by now, one hostile, one late."""

from __future__ import annotations

from pathlib import Path

from stream.care.dead_box import LocalDeadBox
from stream.care.dead_letters import DeadLetters
from stream.records import DeadLetter
from stream.storage.store import Store
from tests.dashboards.web.world import DAY, HOUR, NOW
from tests.ingest.jetstream_server import post_event

HOSTILE = (
    b"<script>alert(1)</script>\x1b[31m\x00 \xe2\x80\xaeevil \xff\xfe \"'><img src=x onerror=1>"
    b"\r\n" + "e\u0301\u0301\u0301\u200b{{7*7}}".encode()
)
READABLE = post_event("3a", "Arin was seen somewhere", NOW * 1000)
LETTERS = (
    DeadLetter(
        stage="source", source="bluesky", reason="an older jikimi", raw=READABLE,
        at=NOW - 9 * DAY,
    ),
    DeadLetter(
        stage="source", source="<i>net</i>", reason="<b>bold</b> \u202ereason", raw=HOSTILE,
        at=NOW - 2 * DAY, tries=3,
    ),
    DeadLetter(stage="clusters", source="reddit", reason="too odd", raw=b"{}", at=NOW - HOUR),
)  # fmt: skip


def filled_box(folder: Path) -> LocalDeadBox:
    """A box over a store in ``folder`` that holds ``LETTERS``, which nobody owns."""
    store = Store(folder)
    with store.transaction():
        DeadLetters(store).bury(LETTERS)
    store.close()
    return LocalDeadBox(folder, now=lambda: NOW)
