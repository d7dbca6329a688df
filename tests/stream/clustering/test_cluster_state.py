"""What TextClusters holds in memory beside its state: complete, bounded, kept apart."""

from __future__ import annotations

from stream.clustering import state
from stream.clustering.state import AccountCache

HERE = (0, "cl-1")
LATER = 1_000


def test_a_cluster_that_was_not_seen_from_its_founding_on_is_not_known() -> None:
    cache = AccountCache()

    cache.put(HERE, "bluesky:a", 2, LATER)

    assert cache.get(HERE, "bluesky:a", 0) is None


def test_of_a_founded_cluster_every_account_is_known_also_those_that_are_not_there() -> None:
    cache = AccountCache()
    cache.found(HERE)

    cache.put(HERE, "bluesky:a", 2, LATER)

    assert cache.get(HERE, "bluesky:a", 0) == 2
    assert cache.get(HERE, "bluesky:b", 0) == 0


def test_an_account_is_gone_when_its_row_has_expired_or_was_removed() -> None:
    cache = AccountCache()
    cache.found(HERE)
    cache.put(HERE, "bluesky:a", 2, LATER)
    cache.put(HERE, "bluesky:b", 1, LATER)

    cache.put(HERE, "bluesky:b", 0, 0)

    assert cache.get(HERE, "bluesky:a", LATER) == 0
    assert cache.get(HERE, "bluesky:b", 0) == 0


def test_one_id_in_two_partitions_is_two_clusters() -> None:
    cache = AccountCache()
    cache.found((0, "cl-1"))
    cache.put((0, "cl-1"), "bluesky:a", 3, LATER)

    cache.found((1, "cl-1"))

    assert cache.get((0, "cl-1"), "bluesky:a", 0) == 3
    assert cache.get((1, "cl-1"), "bluesky:a", 0) == 0


def test_at_the_cap_the_clusters_used_longest_ago_are_forgotten_whole() -> None:
    cache = AccountCache()
    each = state.CACHED_ACCOUNTS // 2
    for name in ("cl-1", "cl-2", "cl-3"):
        cache.found((0, name))
        for number in range(each):
            cache.put((0, name), f"bluesky:{number}", 1, LATER)

    assert cache.get((0, "cl-1"), "bluesky:0", 0) is None
    assert cache.get((0, "cl-2"), "bluesky:0", 0) == 1
    assert cache.get((0, "cl-3"), "bluesky:0", 0) == 1
