"""Deletes again, after a restore, what another folder knows as deleted since the backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from stream.care.requests import Forget
from stream.log import Seen
from stream.storage.store import DATABASE, Store

AT_ONCE: Final = 1_000
"""Posts of one request, so that none of them holds the pipeline up for long."""
REASON: Final = "deleted after the backup that was restored"

_seen = msgspec.msgpack.Decoder(Seen).decode


def forget_again(store: Store, known: Path, *, now: int) -> int:
    """Ask the next owner of ``store`` to delete what the folder ``known`` knows as deleted.

    Returns how many posts of the store that are.

    Raises:
        FileNotFoundError: no data in ``known``.
    """
    path = known / DATABASE
    if not path.is_file():
        raise FileNotFoundError(2, "no data in this folder", str(known))
    again: list[str] = []
    uri = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        for post_id, body in db.execute("SELECT post_id, body FROM seen ORDER BY post_id"):
            if _seen(body).deleted and _stands(store, post_id):
                again.append(post_id)
    with store.transaction():
        for start in range(0, len(again), AT_ONCE):
            asked = Forget(ids=tuple(again[start : start + AT_ONCE]), reason=REASON)
            store.db.execute(
                "INSERT INTO requests (body, asked_at) VALUES (?, ?)",
                (msgspec.json.encode(asked), now),
            )
    return len(again)


def _stands(store: Store, post_id: str) -> bool:
    row = store.db.execute("SELECT body FROM seen WHERE post_id = ?", (post_id,)).fetchone()
    return row is not None and not _seen(row[0]).deleted
