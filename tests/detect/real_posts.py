"""Reads the real posts that the mention cases point at; their text never leaves that folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from detect.watchlist import Watchlist
from detect.watchlists.imports import import_lists

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ABSENT = "../shared/data is absent: the real posts of the mention cases cannot be read"


@lru_cache(maxsize=1)
def imported() -> Watchlist:
    """The watchlist made of the public name lists."""
    folder = DATA / "entities"
    files = sorted(folder.glob("*.json")) + sorted(folder.glob("*.csv"))
    return import_lists({file.name: file.read_bytes() for file in files})


@lru_cache(maxsize=8)
def texts(file: str) -> dict[str, str]:
    """Texts of a file by post id, or by line number where posts have none."""
    path = DATA / file
    if file.endswith(".tsv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        return {str(number): line.split("\t")[0] for number, line in enumerate(lines, 1)}
    if file.endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            return {row["id"]: row["text"] for row in map(json.loads, stream)}
    with path.open(encoding="utf-8") as stream:
        return dict(
            pair for line in stream if line.strip() for pair in _tweets(json.loads(line))
        )


def _tweets(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    data = row.get("data", row)
    for tweet in data if isinstance(data, list) else [data]:
        if "id" in tweet and "text" in tweet:
            yield str(tweet["id"]), tweet["text"]
