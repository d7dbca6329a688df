"""The matched path end to end: files through collector, log, router, operators, index.

    python tests/bench/bench_pipeline.py [--posts N] [--index off|on|both] [--only-line]

Prints one JSON line: CPU microseconds a logged post and posts a second a core (CPU time of
the whole process, all threads), wall time, and the most anonymous memory held (RssAnon).
Standard error tells CPU and memory after each 100,000 posts. The posts are the demo's world
over seven days; the watchlist is its agency plus invented subjects up to 5,000 aliases.
``--only-line`` leaves out what joined the line later: what a post does to a person, and
campaigns. ``--profile`` prints where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from dashboards.batch.rows import iso
from dashboards.composing.compose import INDEX_FOLDER, build_host, build_operators
from dashboards.demo.cast import agency
from dashboards.demo.scenario import Scenario, generate
from detect.watchlist import Subject, Watchlist
from ingest.archive import ArchiveSource
from ingest.collector import Collector
from ingest.records import Post
from stream.coordination.operator import Coordination
from stream.local_index import LocalIndex
from stream.settings import JudgingSettings, Settings

DAYS = 7
MILLION = 1_000_000
"""Posts in those days; fewer posts take proportionally fewer days, at least one."""
ALIASES = 5_000
SLICE = 100_000
START_MS = 1_767_571_200_000
_ONSETS = "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허"


def watchlist() -> Watchlist:
    """The demo's agency and invented three-syllable names up to 5,000 aliases."""
    known = agency()
    extra: list[Subject] = []
    for n in range(ALIASES // 2):
        a, rest = divmod(n, len(_ONSETS) ** 2)
        b, c = divmod(rest, len(_ONSETS))
        name = f"{_ONSETS[-1 - a]}{_ONSETS[b]}뷁{_ONSETS[c]}"
        spelled = f"xq{n:05d}zv"
        names = {"ko": (name,), "en": (spelled,)}
        extra.append(Subject(id=f"extra-{n}", kind="idol", name=spelled, names=names))
    return Watchlist(subjects=(*known.subjects, *extra))


def write_posts(path: Path, posts: int) -> int:
    """The demo's posts in the exchange format; returns how many."""
    scenario = Scenario(
        seed=4,
        start_ms=START_MS,
        posts=posts,
        hours=max(24, round(DAYS * 24 * posts / MILLION)),
    )
    written = 0
    with path.open("wb") as file:
        for staged in generate(scenario):
            post = staged.item
            if not isinstance(post, Post):
                continue
            row = msgspec.to_builtins(post)
            row["created_at"] = iso(staged.at)
            for name in ("schema", "observed_at", "author"):
                row.pop(name, None)
            file.write(msgspec.json.encode(row) + b"\n")
            written += 1
    return written


def rss_anon_mb() -> float:
    """Anonymous resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Meter:
    """CPU and memory as posts come in; told to a person every 100,000 posts."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._cpu = time.process_time()
        self._told = 0

    def note(self, counts: dict[str, int]) -> None:
        """Called after each round of the host, with its totals."""
        now_mb = rss_anon_mb()
        self.peak_mb = max(self.peak_mb, now_mb)
        fresh = counts.get("logged", 0) - self._told
        if fresh < SLICE:
            return
        cpu, self._cpu = time.process_time() - self._cpu, time.process_time()
        self._told += fresh
        print(f"{self._told:,}: {cpu / fresh * 1e6:.0f} us, {now_mb:.0f} MB", file=sys.stderr)


def measure(
    file: Path, folder: Path, *, index: bool, only_line: bool, profile: bool
) -> dict[str, object]:
    """Run the file through a fresh data folder."""
    local = LocalIndex(folder / INDEX_FOLDER) if index else None
    settings = Settings(judging=JudgingSettings(enabled=not only_line))
    whom = watchlist()
    operators = [
        one
        for one in build_operators(settings, whom)
        if not (only_line and isinstance(one, Coordination))
    ]
    host = build_host(folder, settings, whom, local, operators=operators)
    collector = Collector([ArchiveSource([file])], {"archive": None})
    meter = Meter()
    profiler = cProfile.Profile() if profile else None
    cpu, wall = time.process_time(), time.perf_counter()
    if profiler:
        profiler.enable()
    host.run(collector, threading.Event(), meter.note)
    if profiler:
        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(30)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    counts = host.intake.counters()
    host.close()
    logged = counts["logged"]
    return {
        "bench": "pipeline",
        "index": index,
        "only_line": only_line,
        "posts": logged,
        "cpu_us_per_post": round(cpu / logged * 1e6, 1),
        "posts_per_s_per_core": round(logged / cpu),
        "wall_s": round(wall, 1),
        "rss_anon_peak_mb": round(meter.peak_mb),
        "alerts": sum(1 for _ in host_alerts(folder)),
    }


def host_alerts(folder: Path) -> list[object]:
    """Alerts in the data folder."""
    from stream.storage.state import Results
    from stream.storage.store import Store

    store = Store(folder)
    found: list[object] = list(Results(store).of_kind("alert"))
    store.close()
    return found


def main() -> None:
    """Measure with the index off and on, in this order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=140_000)
    parser.add_argument("--index", choices=["off", "on", "both"], default="both")
    parser.add_argument("--only-line", action="store_true")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "posts.ndjson"
        write_posts(file, given.posts)
        for index in (False, True):
            if given.index not in ("both", "on" if index else "off"):
                continue
            data = Path(folder) / f"data-{index}"
            result = measure(
                file, data, index=index, only_line=given.only_line, profile=given.profile
            )
            print(json.dumps(result))


if __name__ == "__main__":
    main()
