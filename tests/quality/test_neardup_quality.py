"""How well text clusters and alerts do on real posts: recall, precision, fans left in peace.

The episode templates of the TV stream (only a number differs) are treated like
all other texts: they are one cluster, so that counting up hides nothing.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from functools import cache
from itertools import combinations
from math import sqrt

import msgspec
import pytest

from detect.watchlist import Watchlist
from stream.alerts import Alerts
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.records import Alert, Cluster, Membership, PostSeen, Result
from tests.quality.share_stream import needs_data, pairs, posts, sources
from tests.stream.harness import Harness, with_ticks

pytestmark = [needs_data, pytest.mark.slow]

SAMPLE = 5_000
FANS = ("kpop-tv-2017", "kpop-youtube")


def jaccard5(a: str, b: str) -> float:
    """The labelled measure, written independently of the code under test."""
    one, two = (
        _grams(" ".join(re.sub(r"https?://\S+", " ", t).lower().split())) for t in (a, b)
    )
    return len(one & two) / max(1, len(one | two))


def _grams(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(len(text) - 4)}


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z = 1.96
    share = hits / count
    middle = share + z * z / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - spread) / (1 + z * z / count), (middle + spread) / (1 + z * z / count)


@cache
def analysed(only: tuple[str, ...] = ()) -> list[Result]:
    events = [
        PostSeen(subject="all", subjects=("all",), post=post)
        for post in posts()
        if not only or sources()[post.id] in only
    ]
    harness = Harness([TextClusters(), CopyBursts(Watchlist()), Alerts()])
    return harness.run(with_ticks(events))


@cache
def cluster_of() -> dict[str, str]:
    """Cluster of each post in the end."""
    merged = {
        r.cluster_id: r.merged_into
        for r in analysed()
        if isinstance(r, Cluster) and r.merged_into
    }
    found: dict[str, str] = {}
    for result in analysed():
        if isinstance(result, Membership) and result.cluster_id:
            cluster_id = result.cluster_id
            while cluster_id in merged:
                cluster_id = merged[cluster_id]
            found[result.post_id] = cluster_id
    return found


def together(row: dict[str, str]) -> bool:
    one, two = (cluster_of().get(f"archive:{row[key]}") for key in ("id_a", "id_b"))
    return one is not None and one == two


def test_at_least_95_in_100_near_duplicate_pairs_share_a_cluster() -> None:
    wanted = [row for row in pairs() if row["jaccard5"] >= 0.7]
    recall = sum(together(row) for row in wanted) / len(wanted)
    print(f"recall {recall:.4f} of {len(wanted)} pairs")
    assert recall >= 0.95


def test_labelled_pairs_that_share_a_cluster_are_alike() -> None:
    found = [row for row in pairs() if together(row)]
    for least, required in ((0.5, 0.98), (0.6, 0.95)):
        hits = sum(row["jaccard5"] >= least for row in found)
        low, high = wilson(hits, len(found))
        print(f"labelled pairs at {least}: {hits / len(found):.4f} ({low:.4f} to {high:.4f})")
        assert hits / len(found) >= required


def test_pairs_drawn_from_all_clusters_are_alike() -> None:
    texts = {post.id: post.text for post in posts()}
    members: defaultdict[str, list[str]] = defaultdict(list)
    for post_id, cluster_id in sorted(cluster_of().items()):
        members[cluster_id].append(post_id)
    every = [pair for ids in members.values() for pair in combinations(ids, 2)]
    drawn = random.Random(7).sample(every, SAMPLE)
    scores = [jaccard5(texts[a], texts[b]) for a, b in drawn]
    for least, required in ((0.5, 0.98), (0.7, 0.92)):
        hits = sum(score >= least for score in scores)
        low, high = wilson(hits, SAMPLE)
        print(f"pairs of clusters at {least}: {hits / SAMPLE:.4f} ({low:.4f} to {high:.4f})")
        assert low >= required


def test_no_cluster_swallows_the_stream() -> None:
    sizes: defaultdict[str, int] = defaultdict(int)
    for cluster_id in cluster_of().values():
        sizes[cluster_id] += 1
    assert max(sizes.values()) < len(posts()) / 100


def test_fans_alone_raise_few_alerts_in_two_weeks() -> None:
    """Their retweets carry no mark of being reposts here, so they look like copies."""
    alerts = {r.alert_id: r for r in analysed(FANS) if isinstance(r, Alert)}
    print(f"fans only: {len(alerts)} alerts")
    for alert in alerts.values():
        print(" ", alert.severity, alert.title)
    assert len(alerts) <= 10


def test_fans_whose_reposts_are_marked_raise_none() -> None:
    """The same fans with every later exact copy marked as a repost, as platforms do."""
    first: dict[str, str] = {}
    events: list[PostSeen] = []
    for post in posts():
        if sources()[post.id] not in FANS:
            continue
        original = first.setdefault(post.text, post.id)
        if original != post.id:
            marked = msgspec.structs.replace(post, repost_of=original)
        else:
            marked = post
        events.append(PostSeen(subject="all", subjects=("all",), post=marked))
    harness = Harness([TextClusters(), CopyBursts(Watchlist()), Alerts()])
    alerts = {r.alert_id for r in harness.run(with_ticks(events)) if isinstance(r, Alert)}
    assert alerts == set()
