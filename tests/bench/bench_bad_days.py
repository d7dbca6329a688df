"""What posts of bad days cost, and whether the last cost more than the first: JSON lines.

    python tests/bench/bench_bad_days.py [--posts N] [--world NAME]

Each world of ``tests/stream/bad_days.py`` by itself through the four operators (clusters,
bursts, campaigns, alerts): CPU microseconds a post by fifths of the day, the keyed state, and
what the process holds more than before. The state is a dict here, so it is part of that.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from stream.records import PostSeen
from tests.stream.bad_days import WORLDS
from tests.stream.coordination.worlds import WATCHLIST, line
from tests.stream.harness import Harness

FIFTHS = 5
PART = 1_000


def measure(name: str, posts: int) -> dict[str, object]:
    """One world from its first post to its last."""
    harness = Harness(line(WATCHLIST))
    before = psutil.Process().memory_info().rss
    events = WORLDS[name](posts)
    costs: list[float] = []
    done, spent, told = 0, 0.0, 0
    while part := list(islice(events, PART)):
        began = time.process_time()
        harness.run(part)
        spent += time.process_time() - began
        harness.emitted.clear()
        done += sum(isinstance(one, PostSeen) for one in part)
        if done - told >= posts // FIFTHS:
            costs.append(round(spent / (done - told) * 1e6, 1))
            spent, told = 0.0, done
    held = sum(len(k) + len(p.value) for s in harness.states for k, p in s.rows.items())
    return {
        "bench": "bad_days",
        "world": name,
        "posts": posts,
        "us_a_post_by_fifths": costs,
        "state_mb": round(held / 1e6, 1),
        "rss_mb": round((psutil.Process().memory_info().rss - before) / 1e6, 1),
    }


def main() -> None:
    """Measure each world in a process of its own, so that none inherits another's memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=40_000)
    parser.add_argument("--world", choices=sorted(WORLDS), action="append")
    given = parser.parse_args()
    for name in given.world or WORLDS:
        with get_context("spawn").Pool(1) as pool:
            print(json.dumps(pool.apply(measure, (name, given.posts))), flush=True)


if __name__ == "__main__":
    main()
