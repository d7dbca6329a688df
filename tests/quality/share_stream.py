"""The share stream of real posts (shared data), read in place; not a part of the repository."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest.records import Post

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
STREAM = DATA / "coord_stream_share.ndjson.gz"
LABELS = DATA / "coord_stream_share.labels.csv.gz"
PAIRS = DATA / "neardup_pairs_share.ndjson.gz"

needs_data = pytest.mark.skipif(
    not (STREAM.exists() and LABELS.exists() and PAIRS.exists()),
    reason="the real posts in ../shared/data are absent",
)


@cache
def posts() -> list[Post]:
    """All posts by time, with ids ``archive:…``."""
    with gzip.open(STREAM, "rt", encoding="utf-8") as file:
        return [_post(json.loads(line)) for line in file]


def _post(row: dict[str, Any]) -> Post:
    return Post(
        id=f"archive:{row['id']}",
        source="archive",
        platform=row["platform"],
        author_id=row["author_id"],
        created_at=round(datetime.fromisoformat(row["created_at"]).timestamp() * 1000),
        text=row["text"],
        lang=row["lang"],
        urls=tuple(row["urls"]),
        hashtags=tuple(row["hashtags"]),
        mentions=tuple(row["mentions"]),
        repost_of=row["repost_of"] and f"archive:{row['repost_of']}",
    )


@cache
def sources() -> dict[str, str]:
    """The data set each post came from."""
    with gzip.open(LABELS, "rt", encoding="utf-8") as file:
        return {f"archive:{row['id']}": row["source"] for row in csv.DictReader(file)}


@cache
def pairs() -> list[dict[str, Any]]:
    """Labelled pairs with ``jaccard5``."""
    with gzip.open(PAIRS, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
