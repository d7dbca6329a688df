"""Writes memberships, clusters, bursts, campaigns and alerts; the highest revision wins."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from detect.records import PictureFinding
from stream.records import Alert, Burst, Campaign, Cluster, Membership, Result

_encode = msgspec.msgpack.Encoder().encode
decode_cluster = msgspec.msgpack.Decoder(Cluster).decode

R = TypeVar("R", Cluster, Burst, Campaign, Alert, PictureFinding)

_NEWER = " ON CONFLICT (id) DO UPDATE SET {columns} WHERE excluded.revision > revision"


def _upsert(table: str, *columns: str) -> str:
    marks = ", ".join("?" * (len(columns) + 1))
    changed = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return f"INSERT INTO {table} VALUES ({marks})" + _NEWER.format(columns=changed)


CLUSTER = _upsert("clusters", "revision", "subject", "posts", "last_at", "merged_into", "body")
BURST = _upsert("bursts", "revision", "cluster_id", "body")
CAMPAIGN = _upsert("campaigns", "revision", "subject", "kind", "last_at", "merged_into", "body")
ALERT = _upsert(
    "alerts", "revision", "seq", "subject", "kind", "severity", "created_at", "body"
)
FINDING = _upsert(
    "findings", "revision", "post_id", "family", "at", "subject", "severity", "body"
)
# A merge moves a post to another cluster without a new revision of the post.
MEMBERSHIP = (
    "INSERT INTO memberships VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "cluster_id = excluded.cluster_id, revision = excluded.revision, "
    "similarity = excluded.similarity WHERE excluded.revision >= revision"
)
# The clusters of a post, and those into which they were merged.
CLUSTERS_OF = (
    "WITH RECURSIVE chain(id) AS ("
    "SELECT cluster_id FROM memberships WHERE post_id = ? AND cluster_id IS NOT NULL UNION "
    "SELECT c.merged_into FROM clusters c JOIN chain ON c.id = chain.id "
    "WHERE c.merged_into IS NOT NULL) "
    "SELECT c.body FROM chain JOIN clusters c ON c.id = chain.id"
)


class ResultWriter:
    """Part of the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def write(self, results: Sequence[Result]) -> None:
        """Write results of all kinds; of one thing only its highest revision in the batch."""
        clusters: dict[str, Cluster] = {}
        bursts: dict[str, Burst] = {}
        campaigns: dict[str, Campaign] = {}
        alerts: dict[str, Alert] = {}
        findings: dict[str, PictureFinding] = {}
        memberships: list[tuple[object, ...]] = []
        for result in results:
            match result:
                case Membership():
                    memberships.append(
                        (
                            result.post_id,
                            result.subject,
                            result.cluster_id,
                            result.revision,
                            result.similarity,
                        )
                    )
                case Cluster():
                    _keep(clusters, result.cluster_id, result)
                case Burst():
                    _keep(bursts, result.burst_id, result)
                case Campaign():
                    _keep(campaigns, result.campaign_id, result)
                case Alert():
                    _keep(alerts, result.alert_id, result)
                case PictureFinding():
                    _keep(findings, result.finding_id, result)
        self._db.executemany(MEMBERSHIP, memberships)
        self._db.executemany(CLUSTER, [_cluster_row(c) for c in clusters.values()])
        self._db.executemany(
            BURST, [(b.burst_id, b.revision, b.cluster_id, _encode(b)) for b in bursts.values()]
        )
        self._db.executemany(CAMPAIGN, [_campaign_row(c) for c in campaigns.values()])
        self._alerts(alerts)
        self._db.executemany(FINDING, [_finding_row(one) for one in findings.values()])

    def forget_post(self, post_id: str, text: str) -> None:
        """Take a deleted post out of its clusters, and its text out of their samples."""
        rows = self._db.execute(CLUSTERS_OF, (post_id,)).fetchall()
        for row in rows:
            cluster = decode_cluster(row[0])
            if cluster.sample and (
                cluster.founder == post_id or text.startswith(cluster.sample)
            ):
                bare = msgspec.structs.replace(cluster, sample="")
                self._db.execute(
                    "UPDATE clusters SET body = ? WHERE id = ?",
                    (_encode(bare), cluster.cluster_id),
                )
        self._db.execute(
            "UPDATE memberships SET cluster_id = NULL WHERE post_id = ?", (post_id,)
        )

    def _alerts(self, alerts: dict[str, Alert]) -> None:
        if not alerts:
            return
        seq = int(self._db.execute("SELECT value FROM meta WHERE key = 'seq'").fetchone()[0])
        rows = [
            (
                a.alert_id,
                a.revision,
                seq + i,
                a.subject,
                a.kind,
                a.severity,
                a.created_at,
                _encode(a),
            )
            for i, a in enumerate(alerts.values(), 1)
        ]
        self._db.executemany(ALERT, rows)
        self._db.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (seq + len(rows),))


def _keep(held: dict[str, R], id_: str, result: R) -> None:
    before = held.get(id_)
    if before is None or result.revision > before.revision:
        # An alert that grew comes later in the order of delivery.
        held.pop(id_, None)
        held[id_] = result


def _finding_row(one: PictureFinding) -> tuple[object, ...]:
    at = None if one.gone else one.at
    return (
        one.finding_id, one.revision, one.post_id, one.family, at, one.subject, one.severity,
        _encode(one),
    )  # fmt: skip


def _campaign_row(one: Campaign) -> tuple[object, ...]:
    return (
        one.campaign_id,
        one.revision,
        one.subject,
        one.kind,
        one.last_post_at,
        one.merged_into,
        _encode(one),
    )


def _cluster_row(cluster: Cluster) -> tuple[object, ...]:
    return (
        cluster.cluster_id,
        cluster.revision,
        cluster.subject,
        cluster.posts,
        cluster.last_at,
        cluster.merged_into,
        _encode(cluster),
    )
