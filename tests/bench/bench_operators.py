"""Speed and memory of the operators: prints one JSON line. Run by ``make bench`` or by hand.

200,000 invented posts of seven days about one subject, 60 % with words of their
own, the rest copies with small edits. CPU time by operator; the keyed state is
a plain dict here, so the store's time is not in it, nor its memory in ``rss_mb``
beyond what ``state_mb`` says.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from detect.watchlist import Watchlist
from ingest.records import Post
from stream.alerts import Alerts
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.coordination.operator import Coordination
from stream.operator import Context, Effects, Item, Operator
from stream.records import PostSeen, Result, SubjectEvent, Tick
from tests.stream.harness import DAY, MINUTE, START, MemoryState

BATCH = 500
ENDINGS = ("", " !!", " hm", " they say", " #arin", " so", " again", " https://t.example/1")


def events(posts: int, seed: int = 7) -> Iterator[SubjectEvent]:
    """Posts of seven days with a tick a minute; made while they are read."""
    rng = random.Random(seed)
    vocabulary = [
        "".join(rng.choices("abcdefghijklmnoprstu", k=rng.randint(2, 9))) for _ in range(20_000)
    ]
    recent: list[str] = []
    clock = START
    for number in range(posts):
        at = START + number * 7 * DAY // posts
        while clock + MINUTE <= at:
            clock += MINUTE
            yield Tick(at=clock)
        if recent and rng.random() < 0.4:
            text = rng.choice(recent) + rng.choice(ENDINGS)
        else:
            text = " ".join(rng.choices(vocabulary, k=rng.randint(10, 40)))
            recent = [*recent[-499:], text]
        yield PostSeen(
            subject="arin",
            subjects=("arin",),
            post=Post(
                id=f"x:{number}",
                source="x",
                platform="x",
                author_id=str(rng.randrange(posts // 6)),
                created_at=at,
                text=text,
            ),
        )


def measure(posts: int) -> dict[str, float]:
    """CPU microseconds a post by operator, memory, and results by kind."""
    operators: list[Operator] = [
        TextClusters(),
        CopyBursts(Watchlist()),
        Coordination(Watchlist()),
        Alerts(),
    ]
    states = [MemoryState() for _ in operators]
    spent = [0.0] * len(operators)
    made: dict[str, int] = {}
    offsets = count(1)
    watermark = 0
    before = psutil.Process().memory_info().rss

    def apply(segment: Sequence[tuple[int, SubjectEvent]], due_at: int | None) -> None:
        derived: dict[int, tuple[Result, ...]] = {}
        for place, (operator, state) in enumerate(zip(operators, states, strict=True)):
            state.watermark = watermark
            due = state.due(due_at) if due_at is not None else ()
            items = [Item(o, watermark, e, derived.get(o, ()), due) for o, e in segment]
            began = time.process_time()
            effects: Effects = operator.apply(
                state, items, Context(partition=0, watermark=watermark)
            )
            spent[place] += time.process_time() - began
            state.stage(effects)
            for offset, result in effects.emit:
                derived[offset] = (*derived.get(offset, ()), result)
                made[type(result).__name__] = made.get(type(result).__name__, 0) + 1

    segment: list[tuple[int, SubjectEvent]] = []
    for event in events(posts):
        entry = (next(offsets), event)
        tick = isinstance(event, Tick)
        if segment and (tick or len(segment) == BATCH):
            apply(segment, None)
            segment = []
        if isinstance(event, Tick):
            apply([entry], event.at)
            watermark = event.at
        else:
            segment.append(entry)
    if segment:
        apply(segment, None)
    held = sum(len(k) + len(p.value) for s in states for k, p in s.rows.items())
    index = operators[0].memory() if isinstance(operators[0], TextClusters) else 0
    return {
        "posts": posts,
        **{
            f"{op.name}_us": round(t / posts * 1e6, 1)
            for op, t in zip(operators, spent, strict=True)
        },
        "all_us": round(sum(spent) / posts * 1e6, 1),
        "writes_a_post": round(sum(s.writes for s in states) / posts, 2),
        "state_mb": round(held / 1e6, 1),
        "index_mb": round(index / 1e6, 1),
        "rss_mb": round((psutil.Process().memory_info().rss - before) / 1e6, 1),
        **{f"{kind.lower()}s": n for kind, n in sorted(made.items())},
    }


def main() -> None:
    """Print the measurement; the number of posts may be given."""
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    print(json.dumps(measure(posts)))


if __name__ == "__main__":
    main()
