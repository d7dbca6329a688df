"""A data folder to back up, with alerts and decisions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from dashboards.desk import Desk
from stream.storage.store import Store

NOW = 1_795_000_000_000
SHAPES = ("whole", "whole.tar.zst")


def add_alert(store: Store, n: int) -> str:
    """An alert among the results, as far as a backup looks at it."""
    with store.transaction():
        store.db.execute("INSERT INTO results VALUES ('alert', ?, ?, x'00')", (f"al_{n}", n))
    return f"al_{n}"


def decide(desk: Desk, alert: str) -> None:
    desk.decide(alert, "acknowledged", reason="", who="Hana", at_ms=NOW)


def rows(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()
