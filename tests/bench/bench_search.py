"""Measures search, histogram and facets, while nothing else runs and while posts come in.

    python tests/bench/bench_search.py [--posts N] [--folder DIR] [--rounds N]

Prints one JSON line. Of each question: 50th and 95th percentile of wall time and the 95th
of CPU time (all threads), in milliseconds; of each kind of work the same over all
questions. Every question asks what the page of a search asks: thirty posts, the bars over
time with the first and last hit, six facets. ``idle`` is measured in a reader beside no
writer, ``indexing`` beside a process that writes invented posts as fast as it can.
``--folder`` keeps the index, and uses one that is there already.

Posts are invented: Korean, English, Japanese and Thai of about 90 characters, in which few
words are common and many rare, over ninety days and 40 subjects, a third of them about a
group as well, with handles, hashtags, links, replies and numbers.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

from dashboards.queries.posts import SubjectNames, ask, timeline
from dashboards.web.charts import bucket_for
from detect.records import Mention
from detect.watchlist import Watchlist
from ingest.records import Author, Post
from stream.index import IndexBatch, PostQuery
from stream.local_index import LocalIndex
from stream.records import PostSeen
from tests.bench.bench_index import Words

DAYS = 90
DAY_MS = 24 * 60 * 60 * 1000
START_MS = 1_767_571_200_000
END_MS = START_MS + DAYS * DAY_MS
SUBJECTS = 40
BATCH = 500
PAGE = 30
BARS = 60
WARM_UP_S = 5.0
PATIENCE_S = 1800.0
NAMES = ("하늘", "서안", "다진", "아린", "뷔", "Lumena", "Haruel", "リラ")
THAI = [chr(c) for c in range(0x0E01, 0x0E2F)]
VOWELS = "ะาิีุูเแโไ่้"


class Writers:
    """Invents posts, always the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = chance = random.Random(seed)
        self._words = Words(random.Random(3))
        self.thai = [
            "".join(chance.choice(THAI) + chance.choice(VOWELS) for _ in range(2))
            for _ in range(10_000)
        ]
        self.tags = [f"tag{n}" for n in range(20_000)]
        self.hosts = [f"site{n}.example" for n in range(5_000)]

    def _rank(self, many: int) -> int:
        """A rank below ``many``, low ones far more often (Zipf)."""
        return int(many ** self._chance.random()) - 1

    def post(self, n: int, at: int) -> tuple[Post, str]:
        """A post and the subject that it is about."""
        chance = self._chance
        who = self._rank(SUBJECTS)
        lang, text = self._words.text()
        if chance.random() < 0.05:
            lang = "th"
            text = "".join(self.thai[self._rank(10_000)] for _ in range(18))
        account = self._rank(300_000)
        roll = chance.random()
        post = Post(
            id=f"bluesky:at://did:plc:{chance.getrandbits(64):016x}/app.bsky.feed.post/{n:09x}",
            source="bluesky" if roll < 0.8 else "reddit-kpop",
            platform="bluesky" if roll < 0.8 else "reddit",
            author_id=f"did:plc:{account:016x}",
            author=Author(handle=f"fan{account}.example", followers=self._rank(100_000)),
            created_at=at,
            text=f"{NAMES[who % len(NAMES)]} {text}",
            lang=lang,
            hashtags=tuple({self.tags[self._rank(20_000)] for _ in range(int(roll * 4))}),
            urls=(f"https://{self.hosts[self._rank(5_000)]}/a/{n}",) if roll < 0.2 else (),
            reply_to=f"bluesky:{n // 3}" if roll > 0.6 else None,
            metrics={"likes": self._rank(10_000), "reposts": self._rank(1_000)},
        )
        return post, f"subject-{who}"


def batches(posts: int, seed: int, since: int, until: int) -> Iterator[IndexBatch]:
    """Posts in order of time, as the feed hands them on."""
    writers = Writers(seed)
    for first in range(0, posts, BATCH):
        sightings: list[PostSeen] = []
        for n in range(first, min(first + BATCH, posts)):
            post, subject = writers.post(n, since + n * (until - since) // posts)
            subjects = (subject, "group") if n % 3 == 0 else (subject,)
            mention = Mention(subject=subject, reason="alias", surface="x", start=0, end=1)
            sightings += [
                PostSeen(subject=one, subjects=subjects, post=post, mentions=(mention,))
                for one in subjects
            ]
        yield IndexBatch(
            checkpoint=str(first),
            posts=[seen for seen in sightings if seen.subject == seen.subjects[0]],
            sightings=sightings,
        )


def questions() -> dict[str, list[str]]:
    """What people ask, by kind: of common words and of rare ones."""
    words = Words(random.Random(3))
    thai = Writers(1).thai
    ko = {size: [w for w in words.ko if len(w) == size] for size in (1, 2, 3)}
    two, ja, en = ko[2], words.ja, words.en
    return {
        "everything": ["", "-lang:en"],
        "korean_two_letters": [two[0], two[1], two[20], two[200], "하늘", "서안"],
        "korean_word": ["딥페이크", ko[3][0], ko[3][50]],
        "syllable": ["뷔", ko[1][0], ko[1][9]],
        "phrase": [f'"{two[0]} {two[1]}"', f'"{en[1]} {en[2]}"', f'"{words.ko[3]} {two[4]}"'],
        "all_words": [f"{two[0]} {two[1]} {two[2]}", f"{en[1]} {en[5]} {en[30]}"],
        "english": ["deepfake", en[0], en[3], en[500]],
        "japanese": [ja[0], ja[40], "リラ", f"リラ {ja[3]}"],
        "thai": [thai[0], thai[60], f"{thai[0]} {thai[1]}"],
        "subject_text_since": [
            f"subject:subject-0 text:{two[0]} since:7d",
            f'subject:group text:"{two[0]} {two[1]}" since:2026-02-01',
            f"subject:subject-3 {en[0]} since:2026-01-10 until:2026-03-01",
        ],
        "author": ["author:@fan0.example", "author:fan77.example since:30d", "author:@nobody"],
        "negation": [
            f"{two[0]} -{two[1]} -lang:en",
            f"subject:group -(is:reply OR has:link) -{en[0]}",
            f"-{two[0]}",
        ],
        "either": [f"{two[0]} OR {en[0]} OR {ja[0]}", " OR ".join(two[:20])],
        "fields": [
            "tag:tag1", "link:site3.example", "platform:reddit has:link", "is:reply lang:ko",
            "likes>=1000", "followers<10 reposts>50", "reason:alias -is:reply",
        ],
        "times": ["since:24h", "since:30d until:1d", "since:2026-01-20 until:2026-01-21"],
    }  # fmt: skip


class Measured:
    """Wall and CPU milliseconds of one thing done again and again."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def take(self, work: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.cpu.append((time.process_time() - cpu) * 1e3)
        self.wall.append((time.perf_counter() - wall) * 1e3)

    def add(self, other: Measured) -> None:
        self.wall += other.wall
        self.cpu += other.cpu

    def told(self) -> dict[str, float]:
        """Milliseconds: ``p50``, ``p95`` of wall time, ``cpu95`` of CPU time."""
        return {
            "p50": round(statistics.median(self.wall), 1),
            "p95": round(statistics.quantiles(self.wall, n=20)[-1], 1),
            "cpu95": round(statistics.quantiles(self.cpu, n=20)[-1], 1),
        }


def works(index: LocalIndex, text: str) -> dict[str, Callable[[], object]]:
    """What the page of a search asks, by name."""
    asked = ask(text, SubjectNames(Watchlist()), now=END_MS)
    query = PostQuery(where=asked.where, limit=PAGE)
    return {
        "search": lambda: index.search(query),
        "histogram": lambda: timeline(
            index, query, widths=lambda length: bucket_for(length, about=BARS)
        ),
        "facets": lambda: index.facets(query, limit=8, quick=True),
    }


def measure(index: LocalIndex, rounds: int) -> dict[str, object]:
    """All questions in turn, so that none finds the caches warm with itself alone."""
    taken: dict[str, dict[str, Measured]] = {}
    for nth in range(rounds + 1):
        for kind, texts in questions().items():
            for text in texts:
                for name, work in works(index, text).items():
                    measured = Measured()
                    measured.take(work)
                    if nth:  # the first round warms up
                        kinds = taken.setdefault(name, {})
                        kinds.setdefault(kind, Measured()).add(measured)
    report: dict[str, object] = {}
    for name, kinds in taken.items():
        whole = Measured()
        for one in kinds.values():
            whole.add(one)
        report[name] = whole.told()
        report[f"{name}_by_kind"] = {kind: one.told() for kind, one in kinds.items()}
    return report


def write_on(folder: Path, begun: Event, stop: Event, seed: int, pace: float) -> None:
    """Write posts until told to stop, after those that are there."""
    index = LocalIndex(folder)
    try:
        for batch in batches(10_000_000, seed, END_MS, END_MS + DAY_MS):
            if stop.is_set():
                return
            begin = time.monotonic()
            index.write(batch)
            begun.set()
            time.sleep(max(0.0, BATCH / pace - (time.monotonic() - begin)) if pace else 0.0)
    finally:
        index.close()


def measure_busy(folder: Path, rounds: int, pace: float) -> dict[str, object]:
    """The same beside a process that writes ``pace`` posts a second, 0: as fast as it can."""
    context = multiprocessing.get_context("spawn")
    begun, stop = context.Event(), context.Event()
    child = context.Process(target=write_on, args=(folder, begun, stop, time.time_ns(), pace))
    child.start()
    try:
        if not begun.wait(PATIENCE_S):
            raise TimeoutError("the writer never began")
        time.sleep(WARM_UP_S)
        index = LocalIndex(folder, read_only=True)
        before, begin = index.counts()["posts"], time.monotonic()
        report = measure(index, rounds)
        wrote = (index.counts()["posts"] - before) / (time.monotonic() - begin)
        index.close()
    finally:
        stop.set()
        child.join(PATIENCE_S)
    return {"posts_per_s": round(wrote), **report}


def build(folder: Path, posts: int) -> None:
    """Fill an index, unless it is there."""
    if (folder / "current").exists():
        return
    index = LocalIndex(folder)
    for batch in batches(posts, 3, START_MS, END_MS):
        index.write(batch)
    index.refresh()
    index.close()


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = args.folder or Path(scratch) / "index"
        build(folder, args.posts)
        index = LocalIndex(folder, read_only=True)
        report: dict[str, object] = {
            "bench": "search",
            "posts": index.counts()["posts"],
            "idle": measure(index, args.rounds),
        }
        index.close()
        for name, pace in (("indexing", 0.0), ("live", 500.0)):
            report[name] = measure_busy(folder, max(1, args.rounds // 3), pace)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
