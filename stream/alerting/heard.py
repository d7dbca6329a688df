"""The harm that was heard among the posts of a cluster, for the copies to come.

A burst is judged when one of its copies completes it, whatever that copy says; so the
gravest things said in its cluster are kept until they are a month old, deleted, edited
away, or moved on by a merge.

    w: cluster   its gravest posts
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stream.alerting.harm import Worst, worst_of
from stream.hosting.overlay import Overlay
from stream.records import Cluster, Membership, PostGone, PostSeen, Result, SubjectEvent

KEEP_MS = 30 * 24 * 60 * 60 * 1000
KEPT = 8
"""Posts of a cluster that are kept: who deletes the gravest leaves the others."""

_encode = msgspec.msgpack.Encoder().encode


class HeardRow(msgspec.Struct, array_like=True):
    """The gravest posts of a cluster, the gravest first, and until when they count."""

    worst: list[Worst]
    expires: int


_row = msgspec.msgpack.Decoder(HeardRow).decode


def hear(overlay: Overlay, event: SubjectEvent, derived: Sequence[Result]) -> None:
    """Note what a post says in its cluster, or that it says so no longer.

    Args:
        derived: what the operators before made of the event.
    """
    if isinstance(event, PostGone):
        _forget(overlay, event.post_id, derived)
    elif isinstance(event, PostSeen):
        worst = worst_of(event)
        if worst is None and event.change == "new":
            return
        post_id = event.post.id
        joined = [
            one.cluster_id
            for one in derived
            if isinstance(one, Membership) and one.post_id == post_id and one.cluster_id
        ]
        if worst is None or joined:
            _forget(overlay, post_id, derived)
        if worst is not None and joined:
            _add(overlay, joined[-1], [worst], event.post.event_at + KEEP_MS)


def worst_heard(overlay: Overlay, cluster_id: str) -> Worst | None:
    """The gravest thing that was heard in a cluster."""
    raw = overlay.get(f"w:{cluster_id}")
    return None if raw is None else _row(raw).worst[0]


def move(overlay: Overlay, old_id: str, new_id: str) -> None:
    """Let what was heard in a merged cluster count in the one that remains."""
    raw = overlay.get(f"w:{old_id}")
    if raw is not None:
        overlay.delete(f"w:{old_id}")
        row = _row(raw)
        _add(overlay, new_id, row.worst, row.expires)


def _add(overlay: Overlay, cluster_id: str, more: Sequence[Worst], expires: int) -> None:
    raw = overlay.get(f"w:{cluster_id}")
    known = HeardRow([], 0) if raw is None else _row(raw)
    graver = sorted([*known.worst, *more], key=lambda one: (-one.score, one.post_id))[:KEPT]
    if graver != known.worst:
        row = HeardRow(graver, max(known.expires, expires))
        overlay.put(f"w:{cluster_id}", _encode(row), row.expires)


def _forget(overlay: Overlay, post_id: str, derived: Sequence[Result]) -> None:
    for one in derived:
        raw = overlay.get(f"w:{one.cluster_id}") if isinstance(one, Cluster) else None
        if raw is None or not isinstance(one, Cluster):
            continue
        row = _row(raw)
        left = [worst for worst in row.worst if worst.post_id != post_id]
        if not left:
            overlay.delete(f"w:{one.cluster_id}")
        elif left != row.worst:
            overlay.put(
                f"w:{one.cluster_id}", _encode(HeardRow(left, row.expires)), row.expires
            )
