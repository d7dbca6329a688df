"""Holds: posts that retention leaves alone, because a person needs them as evidence.

A hold says who placed it and why. It does not stop a deletion by the platform or by
``jikimi forget``: those are other people's rights, not our tidiness.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from stream.records import Alert, Cluster, Membership

_CHUNK = 400

_alert = msgspec.msgpack.Decoder(Alert).decode
_cluster = msgspec.msgpack.Decoder(Cluster).decode
_membership = msgspec.msgpack.Decoder(Membership).decode


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A post that stays: why, who said so, when (ms), and for which alert, if for one."""

    post_id: str
    reason: str
    who: str
    at: int
    alert_id: str = ""


def held_among(db: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
    """Those of these posts that are held."""
    found: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = db.execute(f"SELECT post_id FROM holds WHERE post_id IN ({marks})", chunk)
        found.update(str(row[0]) for row in rows)
    return found


def place(
    db: sqlite3.Connection, ids: Iterable[str], *, reason: str, who: str, now: int
) -> dict[str, int]:
    """Hold posts, and all posts behind alerts; returns how many, and ids without any post."""
    counts = {"posts": 0, "alerts": 0, "unknown": 0}
    for id_ in dict.fromkeys(ids):
        row = db.execute(
            "SELECT body FROM results WHERE kind = 'alert' AND id = ?", (id_,)
        ).fetchone()
        if row is not None:
            counts["alerts"] += 1
            counts["posts"] += _place(db, _behind(db, _alert(row[0])), reason, who, now, id_)
        elif db.execute("SELECT 1 FROM seen WHERE post_id = ?", (id_,)).fetchone():
            counts["posts"] += _place(db, [id_], reason, who, now, "")
        else:
            counts["unknown"] += 1
    return counts


def release(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, int]:
    """Take holds back, by post or by alert."""
    counts = {"posts": 0, "unknown": 0}
    for id_ in dict.fromkeys(ids):
        done = db.execute("DELETE FROM holds WHERE post_id = ?1 OR alert_id = ?1", (id_,))
        counts["posts"] += done.rowcount
        counts["unknown"] += not done.rowcount
    return counts


def holds(db: sqlite3.Connection, limit: int = 1000) -> list[Hold]:
    """What is held, the latest first."""
    rows = db.execute(
        "SELECT post_id, reason, who, at, alert_id FROM holds "
        "ORDER BY at DESC, post_id LIMIT ?",
        (limit,),
    )
    return [
        Hold(post_id=post, reason=reason, who=who, at=int(at), alert_id=alert)
        for post, reason, who, at, alert in rows
    ]


def _place(
    db: sqlite3.Connection, ids: Iterable[str], reason: str, who: str, now: int, alert: str
) -> int:
    # A hold that is there stays as it is: the first reason counts.
    done = db.executemany(
        "INSERT OR IGNORE INTO holds VALUES (?, ?, ?, ?, ?)",
        [(id_, reason, who, now, alert) for id_ in ids],
    )
    return done.rowcount


def _behind(db: sqlite3.Connection, alert: Alert) -> set[str]:
    """Posts that an alert names, and those of its cluster and what was merged into it."""
    found = {*alert.post_ids}
    for evidence in (*alert.evidence, *alert.counter_evidence):
        found.update(evidence.post_ids)
    if alert.cluster_id is None:
        return found
    merged: dict[str, list[str]] = {}
    for (body,) in db.execute("SELECT body FROM results WHERE kind = 'cluster'"):
        cluster = _cluster(body)
        if cluster.merged_into is not None:
            merged.setdefault(cluster.merged_into, []).append(cluster.cluster_id)
    wanted, more = set[str](), [alert.cluster_id]
    while more:
        one = more.pop()
        if one not in wanted:
            wanted.add(one)
            more += merged.get(one, [])
    for (body,) in db.execute("SELECT body FROM results WHERE kind = 'membership'"):
        member = _membership(body)
        if member.cluster_id in wanted:
            found.add(member.post_id)
    return found
