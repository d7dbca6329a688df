"""How what belongs together spread: the cascades of a cluster's or campaign's posts."""

from __future__ import annotations

from collections.abc import Sequence

from stream.index import Index
from stream.spread.narrative import Spread, spread_of

NODES = 10_000
"""Most posts that are looked at, with answers and reposts below them."""


def spread(index: Index, post_ids: Sequence[str]) -> tuple[Spread, bool] | None:
    """How these posts and all that refer to them spread, and whether some were left out.

    None where none of them is still here.
    """
    forest = index.forest(post_ids, limit=NODES)
    found = spread_of(forest.trees, now=index.latest() or 0)
    return None if found is None else (found, forest.truncated)
