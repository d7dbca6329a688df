"""Measures the simulator: CPU a post, played alone and written to files, and memory.

Prints one JSON line. The second run is five times as long; per post it must cost the same.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from dashboards.simulator.files import write_stream
from dashboards.simulator.world import Play, World

POSTS = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
LONGER = 5


def played(posts: int) -> tuple[int, float]:
    """Posts made and CPU seconds spent."""
    begun = time.process_time()
    count = sum(1 for _ in Play(World(posts=posts)).posts())
    return count, time.process_time() - begun


def main() -> None:
    short, short_s = played(POSTS)
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        written = write_stream(World(posts=POSTS), Path(folder)).posts
    written_s = time.process_time() - begun
    long, long_s = played(POSTS * LONGER)
    print(
        json.dumps(
            {
                "bench": "simulator",
                "posts": short,
                "played_posts_per_cpu_s": round(short / short_s),
                "written_posts_per_cpu_s": round(written / written_s),
                "long_posts": long,
                "long_posts_per_cpu_s": round(long / long_s),
                "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
