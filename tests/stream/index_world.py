"""Posts, events and batches for tests of the index, and the real posts of the shared data."""

from __future__ import annotations

import gzip
import itertools
import json
from datetime import datetime
from pathlib import Path

import pytest

from detect.records import Mention
from ingest.records import Author, Media, Post
from stream.index import IndexBatch
from stream.records import Alert, Burst, Cluster, Membership, PostGone, PostSeen

T0 = 1_790_000_000_000 // 3_600_000 * 3_600_000
"""A whole hour."""
MINUTE = 60_000
HOUR = 60 * MINUTE
SHARED = Path(__file__).parent.parent.parent.parent / "shared" / "data"

_checkpoints = itertools.count(1)


def post(name: str = "1", text: str = "a post", **fields) -> Post:
    values = {
        "source": "archive",
        "platform": "x",
        "author_id": "writer",
        "created_at": T0,
        "lang": "ko",
        **fields,
    }
    return Post(id=f"archive:{name}", text=text, **values)


def author(handle: str) -> Author:
    return Author(handle=handle)


def picture(alt: str) -> Media:
    return Media(url="https://pictures.example/1.jpg", alt=alt)


def mention(subject: str, surface: str = "아린") -> Mention:
    return Mention(subject=subject, reason="alias", surface=surface, start=0, end=len(surface))


def seen(of: Post, *subjects: str, revision: int = 1) -> list[PostSeen]:
    """One sighting for each subject, as the router makes them."""
    subjects = subjects or ("arin",)
    return [
        PostSeen(
            subject=subject,
            subjects=subjects,
            post=of,
            mentions=(mention(subject),),
            revision=revision,
            change="new" if revision == 1 else "edit",
        )
        for subject in subjects
    ]


def gone(of: Post, subject: str = "arin", revision: int = 0) -> PostGone:
    return PostGone(subject=subject, post_id=of.id, deleted_at=T0 + HOUR, revision=revision)


def batch(*sightings: PostSeen, checkpoint: str | None = None, **fields) -> IndexBatch:
    """A batch as the feed makes it, with a checkpoint of its own unless one is given."""
    return IndexBatch(
        checkpoint=checkpoint or f"c{next(_checkpoints)}",
        posts=[s for s in sightings if s.subject == s.subjects[0]],
        sightings=sightings,
        **fields,
    )


def membership(of: Post, cluster_id: str | None, revision: int = 1) -> Membership:
    return Membership(subject="arin", post_id=of.id, cluster_id=cluster_id, revision=revision)


def cluster(cluster_id: str = "cl_1", **fields) -> Cluster:
    values = {
        "subject": "arin",
        "revision": 1,
        "operator_version": "1",
        "founder": "archive:1",
        "first_at": T0,
        "last_at": T0,
        "posts": 2,
        "accounts": 2,
        "sample": "a post",
        **fields,
    }
    return Cluster(cluster_id=cluster_id, **values)


def burst(burst_id: str = "bu_1", cluster_id: str = "cl_1", **fields) -> Burst:
    values = {
        "subject": "arin",
        "revision": 1,
        "operator_version": "1",
        "first_at": T0,
        "last_at": T0,
        "detected_at": T0,
        "posts": 9,
        "accounts": 8,
        "peak_accounts": 8,
        "expected_accounts": 0.5,
        **fields,
    }
    return Burst(burst_id=burst_id, cluster_id=cluster_id, **values)


def alert(alert_id: str = "al_1", **fields) -> Alert:
    values = {
        "subject": "arin",
        "kind": "copy_burst",
        "severity": "high",
        "title": "Same sentence 9 times",
        "created_at": T0,
        "updated_at": T0,
        "revision": 1,
        "operator_version": "1",
        "cluster_id": "cl_1",
        **fields,
    }
    return Alert(alert_id=alert_id, **values)


def shared(name: str) -> Path:
    """A file of the shared data; the test is skipped, and says why, where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"real posts are not here: {path} does not exist")
    return path


def share_stream(limit: int) -> list[Post]:
    """The first posts of the multi-language share stream."""
    with gzip.open(shared("coord_stream_share.ndjson.gz"), "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, limit)]
    return [
        Post(
            id=f"archive:{row['id']}",
            source="archive",
            platform=row.get("platform") or "x",
            author_id=row["author_id"],
            created_at=int(datetime.fromisoformat(row["created_at"]).timestamp() * 1000),
            text=row["text"],
            lang=row.get("lang"),
            urls=tuple(row["urls"]),
            hashtags=tuple(row["hashtags"]),
        )
        for row in rows
    ]


def korean_texts(limit: int) -> list[str]:
    """Real Korean comments, labels left out."""
    lines = shared("text_ko/beep_train.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t")[0] for line in lines[:limit]]
