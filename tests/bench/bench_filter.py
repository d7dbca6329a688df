"""Measures the filter path: decode a post of 1 KB, normalise, match 5,000 aliases and those
that are ambiguous, id.

Prints one JSON line: CPU time in microseconds a post, and its parts. Texts are
those of the share stream (English, Russian, Korean and Japanese posts) put
together to 1 KB records, one in twenty of which names a subject.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from detect.mentions import MentionMatcher
from detect.names.lexicon import build
from detect.text import reveal
from detect.watchlist import Watchlist
from detect.watchlists.imports import import_lists
from ingest.records import Media, Post
from stream.ids import derive_id

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ALIASES = 5_000
RECORD_BYTES = 1_024
MATCHING = 0.05
POSTS = 8_000
ROUNDS = 5


def watchlist() -> Watchlist:
    """Subjects of the name lists, group by group, up to 5,000 spellings searched for."""
    files = sorted((DATA / "entities").glob("*.json")) + sorted(
        (DATA / "entities").glob("*.csv")
    )
    made = import_lists({file.name: file.read_bytes() for file in files})
    low, high = 0, len(made.subjects)
    while low < high:
        middle = (low + high + 1) // 2
        lexicon = build(Watchlist(subjects=made.subjects[:middle]))
        if len(lexicon.names) + len(lexicon.open_names) <= ALIASES:
            low = middle
        else:
            high = middle - 1
    return Watchlist(subjects=made.subjects[:low])


def records(matcher: MentionMatcher) -> list[bytes]:
    """Posts of about 1 KB as they come from a log, one in twenty naming a subject."""
    with gzip.open(DATA / "coord_stream_share.ndjson.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for _, line in zip(range(60_000), stream, strict=False)]
    chance = random.Random(7)
    chance.shuffle(rows)
    naming: list[bytes] = []
    others: list[bytes] = []
    for row in rows:
        raw = _record(row["id"], row["text"], row["urls"] or [])
        named = bool(matcher.match(msgspec.json.decode(raw, type=Post)))
        (naming if named else others).append(raw)
    wanted = int(POSTS * MATCHING)
    if len(naming) < wanted:
        naming *= wanted // max(1, len(naming)) + 1
    mixed = naming[:wanted] + others[: POSTS - wanted]
    chance.shuffle(mixed)
    return mixed


def _record(native: str, text: str, urls: list[str]) -> bytes:
    post = Post(
        id=f"bluesky:at://did:plc:k3vexample7xkq2/app.bsky.feed.post/{native}",
        source="bluesky",
        platform="bluesky",
        author_id="did:plc:k3vexample7xkq2",
        created_at=1_767_571_200_000,
        observed_at=1_767_571_201_000,
        text=text,
        lang="en",
        urls=tuple(urls),
        metrics={"likes": 3, "reposts": 0, "replies": 1},
    )
    raw = msgspec.json.encode(post)
    missing = RECORD_BYTES - len(raw)
    media = Media(url="https://cdn.example/" + "a" * max(0, missing - 60))
    return msgspec.json.encode(msgspec.structs.replace(post, media=(media,)))


def cpu(work: Callable[[bytes], object], raws: list[bytes]) -> float:
    """Median of CPU microseconds for one record."""
    taken: list[float] = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for raw in raws:
            work(raw)
        taken.append((time.process_time() - begin) / len(raws) * 1e6)
    return statistics.median(taken)


def main() -> None:
    """Measure and print one JSON line."""
    if not DATA.exists():
        print(json.dumps({"bench": "filter", "skipped": "../shared/data is absent"}))
        sys.exit(0)
    subjects = watchlist()
    matcher = MentionMatcher(subjects)
    raws = records(matcher)
    decode = msgspec.json.Decoder(Post).decode
    posts = {raw: decode(raw) for raw in raws}
    lexicon = build(subjects)

    def whole(raw: bytes) -> object:
        post = decode(raw)
        return derive_id("post", post.id), matcher.match(post), matcher.doubtful(post)

    total = cpu(whole, raws)
    print(
        json.dumps(
            {
                "bench": "filter",
                "aliases": len(lexicon.names) + len(lexicon.open_names),
                "posts": len(raws),
                "bytes": round(statistics.mean(map(len, raws))),
                "text_chars": round(statistics.mean(len(posts[raw].text) for raw in raws)),
                "us_per_post": round(total, 2),
                "posts_per_s": round(1e6 / total),
                "us_decode": round(cpu(decode, raws), 2),
                "us_normalise": round(cpu(lambda raw: reveal(posts[raw].text), raws), 2),
                "us_match": round(cpu(lambda raw: matcher.match(posts[raw]), raws), 2),
                "us_doubtful": round(cpu(lambda raw: matcher.doubtful(posts[raw]), raws), 2),
                "us_id": round(cpu(lambda raw: derive_id("post", posts[raw].id), raws), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
