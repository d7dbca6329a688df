"""Measures trends, subjects and comparisons as pages and as CSV over a large local index.

    PYTHONPATH=. python tests/bench/bench_trend_pages.py [--posts N] [--rounds N] [--folder DIR]

One JSON line a page: CPU milliseconds of the whole answer (routing, index, template), 50th
and 95th percentile. Posts are invented: 84 days, 20 subjects of which few are busy (Zipf),
three sources, tags, links and followers; one in three belongs to a cluster, and Reddit was
away for two days.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from dashboards.desk import Desk
from dashboards.web.app import create_app
from detect.records import Mention
from detect.watchlist import Subject, Watchlist
from ingest.records import Author, Gap, Post
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from stream.records import Cluster, GapSeen, Membership, PostSeen
from tests.bench.bench_index import Words

DAYS = 84
DAY_MS = 86_400_000
NOW = 1_795_492_800_000
SUBJECTS = 20
BATCH = 5_000
SOURCES = ("bluesky", "reddit", "archive")


def batches(posts: int, seed: int = 7) -> Iterator[IndexBatch]:
    """Posts in order of time."""
    chance = random.Random(seed)
    words = Words(chance)
    start = NOW - DAYS * DAY_MS
    for first in range(0, posts, BATCH):
        seen: list[PostSeen] = []
        results: list[Membership | Cluster] = []
        for n in range(first, min(first + BATCH, posts)):
            lang, text = words.text()
            source = SOURCES[min(int(chance.expovariate(1.5)), 2)]
            at = start + n * DAYS * DAY_MS // posts
            subject = f"subject-{int(SUBJECTS ** chance.random())}"
            post = Post(
                id=f"{source}:{n:012x}",
                source=source,
                platform=source,
                author_id=f"a{chance.randrange(posts // 5 + 1)}",
                author=Author(handle=None, followers=chance.randrange(5000)),
                created_at=at,
                text=text,
                lang=lang,
                hashtags=tuple(f"tag{int(5000 ** chance.random())}" for _ in range(n % 4)),
                urls=(f"https://site{int(3000 ** chance.random())}.example/{n % 997}",)
                if n % 3 == 0
                else (),
                repost_of=f"{source}:0" if n % 5 == 0 else None,
                metrics={"likes": n % 50},
            )
            mention = Mention(subject=subject, reason="alias", surface=text[:3], start=0, end=3)
            seen.append(PostSeen(subject=subject, post=post, mentions=(mention,)))
            if n % 3 == 1:
                cluster = f"cl_{chance.randrange(posts // 40 + 1):020x}"
                results.append(
                    Membership(subject=subject, post_id=post.id, cluster_id=cluster, revision=1)
                )
        gap = Gap(
            source="reddit", since=NOW - 5 * DAY_MS, until=NOW - 3 * DAY_MS, reason="away"
        )
        yield IndexBatch(
            checkpoint=str(first),
            posts=seen,
            sightings=seen,
            results=results,
            gaps=(GapSeen(gap=gap),) if first == 0 else (),
        )


PAGES = {
    "trends_7d": "/trends?period=7d",
    "trends_28d": "/trends?period=28d",
    "subject_busy_1d": "/subjects/subject-1?period=1d",
    "subject_busy_7d": "/subjects/subject-1?period=7d",
    "subject_busy_28d": "/subjects/subject-1?period=28d",
    "subject_calm_7d": "/subjects/subject-19?period=7d",
    "compare_six_28d": "/trends/compare?period=28d&"
    + "&".join(f"subject=subject-{n}" for n in range(1, 7)),
    "trends_csv": "/trends.csv?period=7d",
    "volume_csv": "/subjects/subject-1/volume.csv?period=28d",
    "hashtags_csv": "/subjects/subject-1/hashtags.csv?period=28d",
    "reach_csv": "/subjects/subject-1/reach.csv?period=28d",
}


async def ask(app: object, path: str, rounds: int) -> dict[str, float]:
    """CPU milliseconds of one page, after one answer that nobody counts."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        (await client.get(path)).raise_for_status()
        taken: list[float] = []
        for _ in range(rounds):
            begin = time.process_time()
            (await client.get(path)).raise_for_status()
            taken.append((time.process_time() - begin) * 1e3)
    return {
        "p50_cpu_ms": round(statistics.median(taken), 1),
        "p95_cpu_ms": round(statistics.quantiles(taken, n=20)[-1], 1),
    }


def main() -> None:
    """Fill an index (kept in --folder), ask every page, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "index"
        index = LocalIndex(folder)
        if index.checkpoint() is None:
            for batch in batches(given.posts):
                index.write(batch)
            index.refresh()
        desk = Desk(Path(scratch) / "desk.db")
        watchlist = Watchlist(
            subjects=tuple(
                Subject(id=f"subject-{n}", kind="idol", name=f"Subject {n}")
                for n in range(1, SUBJECTS)
            )
        )
        app = create_app(
            index,
            desk,
            watchlist,
            password=None,
            secret=b"a bench needs no secret",
            public_url=None,
            now=lambda: NOW,
        )
        held = index.counts()["posts"]
        # As the web process does.
        gc.collect()
        gc.freeze()
        for name, path in PAGES.items():
            found = asyncio.run(ask(app, path, given.rounds))
            print(json.dumps({"bench": "trend_page", "page": name, "posts": held, **found}))
        desk.close()
        index.close()


if __name__ == "__main__":
    main()
