"""Measures the pages over many alerts while the pipeline runs at full speed beside them.

    PYTHONPATH=. python tests/bench/bench_pages.py [--alerts N] [--decided N] [--posts N] [--rounds N]

Prints one JSON line a page: the 50th and 95th percentile of wall time in milliseconds as
a client on this machine sees them, first alone and then beside the pipeline, and the CPU
of the web process a request; then the first paint of the alert list in Chromium. Posts
are the demo's world; alerts are invented, and most of them decided about.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from dashboards.composing.compose import DESK_FILE, INDEX_FOLDER
from dashboards.composing.serving import WebProcess, web_process
from dashboards.desk import Desk
from dashboards.web.text import path_of
from stream.index import AlertQuery, IndexBatch, PostQuery
from stream.local_index import LocalIndex
from stream.records import Alert, Evidence
from tests.bench.bench_pipeline import START_MS, measure, write_posts
from tests.dashboards.web.browsers import CHROMIUM, chromium

AGENCY = Path(__file__).parents[2] / "dashboards" / "demo" / "agency.toml"
MINUTE_MS = 60_000
FIRST_POSTS = 20_000
BATCH = 2_000
PAINTS = 5
TICKS = os.sysconf("SC_CLK_TCK")
SEVERITIES = ("low", "medium", "medium", "high", "critical")


def add_alerts(folder: Path, alerts: int, decided: int) -> None:
    """Invented alerts over the subjects of the index, the oldest decided about."""
    chance = random.Random(5)
    index = LocalIndex(folder / INDEX_FOLDER)
    subjects = sorted(index.facet("subject", since=0, until=START_MS + 10**10))
    posts = tuple(one.post.id for one in index.search(PostQuery(limit=20)).posts)
    place = index.checkpoint()
    for first in range(0, alerts, BATCH):
        # White space makes a checkpoint another one that stands for the same place.
        place = f"{place} "
        made = [
            Alert(
                alert_id=f"al_{n:020x}",
                subject=chance.choice(subjects),
                kind="copy_burst",
                severity=chance.choice(SEVERITIES),  # type: ignore[arg-type]
                title=f"One text by {n % 90 + 5} accounts within {n % 50 + 2} minutes",
                created_at=START_MS - (alerts - n) * MINUTE_MS,
                updated_at=START_MS - (alerts - n) * MINUTE_MS,
                revision=1,
                operator_version="bench/1",
                accounts=n % 90 + 5,
                posts=n % 90 + 9,
                platforms=("bluesky",),
                post_ids=posts,
                evidence=(Evidence(signal="accounts_in_window", value=12, expected=0.4),),
            )
            for n in range(first, min(first + BATCH, alerts))
        ]
        index.write(IndexBatch(checkpoint=place, results=made))
    index.close()
    desk = Desk(folder / DESK_FILE)
    with desk.file.transaction():
        for n in range(decided):
            state = "acknowledged" if n % 20 == 0 else "resolved"
            desk.decide(
                f"al_{n:020x}",
                state,
                reason="" if n % 20 == 0 else "handled",
                who="Mina",
                at_ms=START_MS + n,
            )
    desk.close()


def addresses(folder: Path) -> dict[str, str]:
    """Pages by name, over what is in the index."""
    index = LocalIndex(folder / INDEX_FOLDER, read_only=True)
    alert = index.alerts(AlertQuery(limit=1)).alerts[0]
    cluster = max(index.clusters(limit=50), key=lambda one: one.posts)
    post = index.search(PostQuery(limit=1)).posts[0].post.id
    index.close()
    return {
        "overview": "/",
        "alerts": "/alerts",
        "alerts_resolved": "/alerts?state=resolved",
        "alerts_filtered": f"/alerts?subject={alert.subject}&severity=critical",
        "alert": path_of("alerts", alert.alert_id),
        "cluster": path_of("clusters", cluster.cluster_id),
        "posts_all": "/posts",
        "posts_search": "/posts?q=%EB%AC%B4%EB%8C%80",
        "post": path_of("posts", post),
        "thread": path_of("threads", post),
        "trends": "/trends",
        "subject": path_of("subjects", alert.subject),
        "views": "/views",
        "sources": "/sources",
    }


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def ask(web: WebProcess, client: httpx.Client, path: str, rounds: int) -> dict[str, float]:
    """Times of one page."""
    client.get(path).raise_for_status()
    taken: list[float] = []
    before = cpu_s(web.pid)
    for _ in range(rounds):
        begin = time.perf_counter()
        client.get(path).raise_for_status()
        taken.append((time.perf_counter() - begin) * 1e3)
    spent = cpu_s(web.pid) - before
    return {
        "p50_ms": round(statistics.median(taken), 1),
        "p95_ms": round(statistics.quantiles(taken, n=20)[-1], 1),
        "cpu_ms": round(spent / rounds * 1e3, 1),
    }


def first_paint(url: str) -> list[float]:
    """Milliseconds from asking for the alert list until something is seen."""
    found: list[float] = []
    with chromium() as browser:
        for _ in range(PAINTS):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{url}/alerts", wait_until="load")
            found.append(
                page.evaluate(
                    "() => new Promise(tell => new PerformanceObserver(list =>"
                    " tell(list.getEntriesByName('first-contentful-paint')[0].startTime))"
                    ".observe({type: 'paint', buffered: true}))"
                )
            )
            page.close()
    return [round(one) for one in sorted(found)]


def run(folder: Path, given: argparse.Namespace) -> None:
    """Ask every page alone, then beside the pipeline."""
    with (
        web_process(
            folder, config=None, options=["--port", "0", "--watchlist", str(AGENCY)]
        ) as web,
        httpx.Client(base_url=web.url, timeout=60, trust_env=False) as client,
    ):
        paths = addresses(folder)
        alone = {name: ask(web, client, path, given.rounds) for name, path in paths.items()}
        painted = first_paint(web.url) if CHROMIUM else []
        command = [sys.executable, __file__, "--feed", str(folder)]
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "."}) as feeder:
            time.sleep(5)
            for name, path in paths.items():
                beside = ask(web, client, path, given.rounds)
                kept = feeder.poll() is None
                print(
                    json.dumps(
                        {
                            "bench": "page",
                            "page": name,
                            "alone": alone[name],
                            "beside": beside if kept else None,
                        }
                    )
                )
            busy = first_paint(web.url) if CHROMIUM else []
            kept = feeder.poll() is None
            feeder.kill()
    print(
        json.dumps(
            {
                "bench": "first_paint",
                "alerts": given.alerts,
                "decided": given.decided,
                "alone_ms": painted,
                "beside_ms": busy if kept else None,
                "load": round(os.getloadavg()[0], 1),
            }
        )
    )


def main() -> None:
    """Prepare a data folder, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--decided", type=int, default=90_000)
    parser.add_argument("--posts", type=int, default=150_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--feed", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.feed:
        measure(given.feed.parent / "posts.ndjson", given.feed, index=True, profile=False)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "data"
        folder.mkdir()
        write_posts(Path(scratch) / "first.ndjson", FIRST_POSTS)
        measure(Path(scratch) / "first.ndjson", folder, index=True, profile=False)
        write_posts(Path(scratch) / "posts.ndjson", given.posts)
        add_alerts(folder, given.alerts, given.decided)
        run(folder, given)


if __name__ == "__main__":
    main()
