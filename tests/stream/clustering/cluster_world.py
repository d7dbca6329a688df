"""Texts for tests of clusters, and what came out for them."""

from __future__ import annotations

from stream.clustering.clusters import TextClusters
from stream.records import Cluster, Membership, Result, SubjectEvent
from tests.stream.harness import Harness

RUMOUR = "word is that the second verse was sung by somebody else at the rehearsal"
OTHER = "a bus to the stadium leaves every ten minutes from the central station today"
BRIDGE = (
    "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike "
    "november oscar papa"
)


def run(*events: SubjectEvent, **options: int) -> Harness:
    harness = Harness([TextClusters(**options)])  # type: ignore[arg-type]
    harness.run(events)
    return harness


def members(results: list[Result]) -> list[tuple[str, str | None]]:
    return [(m.post_id, m.cluster_id) for m in results if isinstance(m, Membership)]


def final(results: list[Result]) -> dict[str, Cluster]:
    return {c.cluster_id: c for c in results if isinstance(c, Cluster)}


def where(results: list[Result]) -> dict[str, str | None]:
    """Cluster of each post in the end, following merges."""
    clusters = final(results)

    def living(cluster_id: str | None) -> str | None:
        while cluster_id is not None and clusters[cluster_id].merged_into:
            cluster_id = clusters[cluster_id].merged_into
        return cluster_id

    return {post_id: living(cluster_id) for post_id, cluster_id in members(results)}
