"""Fixtures of tests about backups."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dashboards.desk import Desk
from stream.storage.store import Store
from tests.dashboards.care.backup_world import add_alert, decide


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder at rest: 200 entries of the log, ten alerts, ten decisions."""
    folder = tmp_path / "data"
    store = Store(folder)
    desk = Desk(folder / "desk.db")
    with store.transaction():
        store.set_meta("partitions", b"1")
        for n in range(200):
            body = msgspec.msgpack.encode(
                {"schema": "logged-clock/1", "at": n, "pad": "x" * 900}
            )
            store.db.execute("INSERT INTO posts_log VALUES (?, ?)", (n + 1, body))
    for n in range(10):
        decide(desk, add_alert(store, n))
    store.db.execute("DELETE FROM results")
    desk.close()
    store.close()
    return folder
