"""Measures the local index: CPU of writing, size, latency of search, counts and pages.

    python tests/bench/bench_index.py [--posts N] [--batch N]

Prints one JSON line: CPU microseconds a post (all threads, tables and search), its
parts, bytes on disk, anonymous memory, and the 50th and 95th percentile in
milliseconds of what pages ask. Posts are invented: 55 % Korean, 30 % English, 15 %
Japanese, about 90 characters, spread over seven days and 40 subjects; one in three
concerns two subjects and one in three belongs to a cluster.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from detect.records import Mention
from ingest.records import Post
from stream.index import IndexBatch, PostQuery
from stream.local.writing import TableWriter
from stream.local_index import LocalIndex
from stream.records import Membership, PostSeen
from stream.search.tokens import tokens

DAYS = 7
DAY_MS = 24 * 60 * 60 * 1000
MINUTE_MS = 60_000
START_MS = 1_767_571_200_000
SUBJECTS = 40
REPEATS = 40
LANGS = (("ko", 0.55), ("en", 0.85), ("ja", 1.0))
SYLLABLES = [chr(0xAC00 + 28 * i + i % 7) for i in range(0, 399, 2)]
KANA = [chr(c) for c in range(0x3042, 0x3090)] + list("東京歌手新曲映像公開合成偽物")


class Words:
    """Vocabularies in which few words are common and many rare (Zipf)."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.ko = [
            "".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(30_000)
        ]
        self.en = [
            "".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9)))
            for _ in range(30_000)
        ]
        self.ja = ["".join(chance.choices(KANA, k=chance.randint(2, 6))) for _ in range(20_000)]
        self.ko[60], self.ko[300], self.en[100] = "딥페이크", "뷔", "deepfake"

    def text(self) -> tuple[str, str]:
        """A language and a text of about 90 characters."""
        draw = self._chance.random()
        lang = next(name for name, until in LANGS if draw <= until)
        words, gap, n = {
            "ko": (self.ko, " ", 26),
            "en": (self.en, " ", 15),
            "ja": (self.ja, "", 22),
        }[lang]
        picks = [words[int(len(words) ** self._chance.random()) - 1] for _ in range(n)]
        return lang, gap.join(picks)


def batches(posts: int, size: int, seed: int = 3) -> Iterator[IndexBatch]:
    """Posts in order of time, as the feed hands them on."""
    chance = random.Random(seed)
    words = Words(chance)
    for first in range(0, posts, size):
        sightings: list[PostSeen] = []
        results: list[Membership] = []
        for n in range(first, min(first + size, posts)):
            lang, text = words.text()
            one = Post(
                id=f"bluesky:at://did:plc:{chance.getrandbits(64):016x}/app.bsky.feed.post/{n:09x}",
                source="bluesky",
                platform="bluesky",
                author_id=f"did:plc:{chance.randrange(posts // 3 + 1):016x}",
                created_at=START_MS + n * DAYS * DAY_MS // posts,
                text=text,
                lang=lang,
                metrics={"likes": 3},
            )
            subject = f"subject-{int(SUBJECTS ** chance.random())}"
            subjects = (subject, "group") if n % 3 == 0 else (subject,)
            mentions = (
                Mention(subject=subject, reason="alias", surface=text[:3], start=0, end=3),
            )
            sightings += [
                PostSeen(subject=s, subjects=subjects, post=one, mentions=mentions)
                for s in subjects
            ]
            if n % 3 == 1:
                cluster = f"cl_{chance.randrange(posts // 10 + 1):020x}"
                results.append(
                    Membership(subject=subject, post_id=one.id, cluster_id=cluster, revision=1)
                )
        yield IndexBatch(
            checkpoint=str(first),
            posts=[s for s in sightings if s.subject == s.subjects[0]],
            sightings=sightings,
            results=results,
        )


def quantiles(work: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of wall time, after one warm-up."""
    work()
    taken: list[float] = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begin) * 1e3)
    cuts = statistics.quantiles(taken, n=20)
    return {"p50_ms": round(statistics.median(taken), 2), "p95_ms": round(cuts[-1], 2)}


def questions(index: LocalIndex) -> dict[str, Callable[[], object]]:
    """What the pages ask, by name."""
    end = START_MS + DAYS * DAY_MS
    half = 30 * MINUTE_MS
    odd = end - half

    def counted(subject: str | None, since: int, until: int, bucket: int) -> object:
        return index.histogram(subject=subject, since=since, until=until, bucket_ms=bucket)

    return {
        "search_word": lambda: index.search(PostQuery(text="deepfake")),
        "search_korean": lambda: index.search(PostQuery(text="딥페이크")),
        "search_syllable": lambda: index.search(PostQuery(text="뷔")),
        "search_phrase": lambda: index.search(PostQuery(text='"딥페이크 뷔"')),
        "search_filtered": lambda: index.search(
            PostQuery(text="deepfake", subject="group", lang="en", since=end - DAY_MS)
        ),
        "search_all": lambda: index.search(PostQuery()),
        "search_deep": lambda: index.search(PostQuery(subject="group", offset=5000)),
        "histogram_7d_hours": lambda: counted(None, START_MS, end, 60 * MINUTE_MS),
        "histogram_24h_minutes": lambda: counted(None, end - DAY_MS, end, MINUTE_MS),
        "histogram_7d_odd_edges": lambda: counted("group", odd - 6 * DAY_MS, odd, DAY_MS),
        "facet_subject_7d": lambda: index.facet("subject", since=START_MS, until=end),
        "facet_lang_24h": lambda: index.facet("lang", since=end - DAY_MS - half, until=odd),
        "clusters_empty": lambda: index.clusters(since=end - DAY_MS),
        "counts": index.counts,
    }


def parts(posts: int, size: int) -> dict[str, float]:
    """CPU microseconds a post of the tokeniser and of the tables alone."""
    made = list(batches(min(posts, 20_000), size))
    texts = [seen.post.text for one in made for seen in one.posts]
    begin = time.process_time()
    for text in texts:
        tokens(text)
    us_tokens = (time.process_time() - begin) / len(texts) * 1e6
    with tempfile.TemporaryDirectory() as folder:
        index = LocalIndex(Path(folder) / "index")
        feeder = index._feeder
        assert feeder is not None
        tables = TableWriter(feeder.db)
        begin = time.process_time()
        for one in made:
            feeder.db.execute("BEGIN IMMEDIATE")
            tables.apply(one)
            feeder.db.execute("COMMIT")
        us_tables = (time.process_time() - begin) / len(texts) * 1e6
        index.close()
    return {"us_tokens": round(us_tokens, 1), "us_tables": round(us_tables, 1)}


def anonymous_mb() -> float:
    """Anonymous resident memory (RssAnon) in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = next(line for line in lines if line.startswith("RssAnon"))
    return round(int(found.split()[1]) / 1024, 1)


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = LocalIndex(Path(folder) / "index")
        spent = 0.0
        for one in batches(args.posts, args.batch):
            begin = time.process_time()
            index.write(one)
            spent += time.process_time() - begin
        begin = time.process_time()
        index.refresh()
        spent += time.process_time() - begin
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
        report = {
            "bench": "index",
            "posts": args.posts,
            "us_per_post": round(spent / args.posts * 1e6, 1),
            **parts(args.posts, args.batch),
            "bytes_per_post": size // args.posts,
            "rss_anon_mb": anonymous_mb(),
            **{name: quantiles(ask) for name, ask in questions(index).items()},
        }
        index.close()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
