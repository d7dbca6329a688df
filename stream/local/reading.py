"""Reads the tables of the local index: posts, counts over time, results."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ingest.records import Gap, Post, SourceStatus
from stream.index import AlertPage, AlertQuery, Bucket, Facet, GapPage, IndexedPost
from stream.local.findings import FindingReader
from stream.local.relations import RelationReader
from stream.local.tables import EVERY_SUBJECT, select_in, storable
from stream.local.writing import unpacked
from stream.records import Alert, Burst, Campaign, CampaignKind, Cluster, Membership, Severity
from stream.search.makeup import Makeup, decode_told, makeup_of
from stream.search.minutes import MINUTE_MS, buckets, whole_minutes
from stream.search.standings import decode_standings, indexed
from stream.search.tree import Term

HOUR_MS = 60 * MINUTE_MS

_post = msgspec.msgpack.Decoder(Post).decode
_cluster = msgspec.msgpack.Decoder(Cluster).decode
_burst = msgspec.msgpack.Decoder(Burst).decode
_campaign = msgspec.msgpack.Decoder(Campaign).decode
_alert = msgspec.msgpack.Decoder(Alert).decode
_status = msgspec.msgpack.Decoder(SourceStatus).decode

# The cluster itself and all that were merged into it, over any number of merges.
FAMILY = (
    "WITH RECURSIVE family(id) AS (SELECT ? UNION "
    "SELECT c.id FROM clusters c JOIN family f ON c.merged_into = f.id) "
)
ROWS_OF_CLUSTER = (
    FAMILY + "SELECT DISTINCT p.n FROM memberships m JOIN family f ON m.cluster_id = f.id "
    "JOIN posts p ON p.id = m.post_id WHERE p.body IS NOT NULL LIMIT 100000"
)
# The cluster into which this one went, itself when it was not merged.
ROOT = (
    "WITH RECURSIVE chain(id, next) AS ("
    "SELECT id, merged_into FROM clusters WHERE id = ? UNION "
    "SELECT c.id, c.merged_into FROM clusters c JOIN chain ON c.id = chain.next) "
    "SELECT id FROM chain WHERE next IS NULL"
)


class TableReader(FindingReader):
    """Queries over one connection; the caller sees to it that threads take turns."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.relations = RelationReader(db)

    def _one(self, sql: str, *values: object) -> Any:
        row = self._db.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def meta(self, key: str) -> Any:
        """A value of the table ``meta``, None when never written."""
        return self._one("SELECT value FROM meta WHERE key = ?", key)

    def posts(self, ids: Sequence[str]) -> list[IndexedPost]:
        """Posts in the order of ``ids``; unknown and deleted ones left out."""
        wanted = [i for i in dict.fromkeys(ids) if storable(i)]
        rows = select_in(
            self._db,
            "SELECT id, revision, subjects, body, judgement FROM posts "
            "WHERE id IN ({marks}) AND body IS NOT NULL",
            wanted,
        )
        found: dict[str, tuple[int, bytes, bytes, bytes | None]] = {r[0]: r[1:] for r in rows}
        clusters = self._clusters_of(list(found))
        return [
            indexed(
                _post(body),
                revision,
                decode_standings(standings),
                clusters.get(i, ()),
                unpacked(judgement),
            )
            for i in ids
            if i in found
            for revision, standings, body, judgement in (found[i],)
        ]

    def rows_of(self, term: Term) -> list[int]:
        """Rows of what ``id:`` or ``cluster:`` asks for, of a cluster at most 100,000."""
        if not storable(term.value):
            return []
        if term.field == "id":
            sql, values = "SELECT n FROM posts WHERE id = ?", (term.value,)
        else:
            root = self._root(term.value) or term.value
            sql, values = ROWS_OF_CLUSTER, (root,)
        return [int(row[0]) for row in self._db.execute(sql, values)]

    def timeline(
        self, counts: Mapping[int, int], *, first: int, width: int, steps: int
    ) -> list[Bucket]:
        """Buckets of ``width`` minutes with their counts, masked where a gap was."""
        at, until = first * MINUTE_MS, (first + width * steps) * MINUTE_MS
        gaps = self.gaps(since=at, until=until)
        return buckets(counts, gaps, first=first, width=width, steps=steps)

    def posts_by_row(self, rows: Sequence[int]) -> list[IndexedPost]:
        """Posts by row number, in that order; deleted ones left out."""
        marks = ",".join(str(int(n)) for n in rows)
        ids: dict[int, str] = dict(
            self._db.execute(f"SELECT n, id FROM posts WHERE n IN ({marks})")
        )
        return self.posts([ids[n] for n in rows if n in ids])

    def makeup(self, rows: Sequence[int], total: int) -> Makeup:
        """What posts by row number are made of, in that order; deleted ones left out."""
        marks = ",".join(str(int(n)) for n in rows)
        found = {
            n: (body, copy)
            for n, body, copy in self._db.execute(
                "SELECT n, body, EXISTS (SELECT 1 FROM memberships m "
                "WHERE m.post_id = posts.id AND m.cluster_id IS NOT NULL) "
                f"FROM posts WHERE n IN ({marks}) AND body IS NOT NULL"
            )
        }
        return makeup_of(
            (decode_told(found[n][0]) for n in rows if n in found),
            copies=sum(copy for _, copy in found.values()),
            total=total,
        )

    def _clusters_of(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        rows = select_in(
            self._db,
            "SELECT m.post_id, m.cluster_id, c.merged_into FROM memberships m "
            "LEFT JOIN clusters c ON c.id = m.cluster_id "
            "WHERE m.cluster_id IS NOT NULL AND m.post_id IN ({marks})",
            ids,
        )
        for post_id, cluster_id, merged_into in rows:
            root = cluster_id if merged_into is None else self._root(cluster_id) or cluster_id
            found.setdefault(post_id, {})[root] = None
        return {post_id: tuple(clusters) for post_id, clusters in found.items()}

    def _root(self, cluster_id: str) -> str | None:
        return self._one(ROOT, cluster_id) if storable(cluster_id) else None

    def histogram(
        self, *, subject: str | None, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Posts by time; edges and width are rounded outwards to whole minutes."""
        first, last, width = whole_minutes(since, until, bucket_ms)
        count = -(-(last - first) // width) if last > first else 0
        key = self._subject(subject)
        counts: dict[int, int] = {}
        if key is not None and count:
            whole = width % 60 == 0 and first % 60 == 0 and last % 60 == 0
            table, unit = ("hours", 60) if whole else ("minutes", 1)
            counts = dict(
                self._db.execute(
                    f"SELECT (at - ?) / ? AS bucket, sum(n) FROM {table} "
                    "WHERE subject = ? AND at >= ? AND at < ? GROUP BY bucket",
                    (first // unit, width // unit, key, first // unit, last // unit),
                )
            )
        return self.timeline(counts, first=first, width=width, steps=count)

    def facet(self, facet: Facet, *, since: int, until: int) -> Mapping[str, int]:
        """Posts by value, most first; edges are rounded outwards to whole minutes."""
        counts: dict[str, int] = {}
        for table, first, last in _spans(since, until):
            if facet == "subject":
                # For each name one range of the key; a scan would read every minute.
                sql = (
                    f"SELECT s.name, sum(t.n) FROM names s CROSS JOIN {table} t "
                    "ON t.subject = s.id AND t.at >= ? AND t.at < ? GROUP BY s.id"
                )
            else:
                sql = (
                    f"SELECT s.name, sum(t.n) FROM {table} t JOIN names s ON s.id = t.{facet} "
                    f"WHERE t.subject = {EVERY_SUBJECT} AND t.at >= ? AND t.at < ? "
                    f"GROUP BY t.{facet}"
                )
            for name, n in self._db.execute(sql, (first, last)):
                counts[name] = counts.get(name, 0) + int(n)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def sources(self, *, subject: str | None, since: int, until: int) -> Mapping[str, int]:
        """Posts about a subject by source, most first; edges are rounded outwards."""
        counts: dict[str, int] = {}
        for table, first, last in _spans(since, until):
            rows = self._db.execute(
                f"SELECT s.name, t.n FROM (SELECT source, sum(n) AS n FROM {table} "
                "WHERE subject = ? AND at >= ? AND at < ? GROUP BY source) t "
                "JOIN names s ON s.id = t.source",
                (self._subject(subject), first, last),
            )
            for name, n in rows:
                counts[name] = counts.get(name, 0) + int(n)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def _subject(self, subject: str | None) -> int | None:
        if subject is None:
            return EVERY_SUBJECT
        if not storable(subject):
            return None
        found: int | None = self._one("SELECT id FROM names WHERE name = ?", subject)
        return found

    def latest(self) -> int | None:
        """Event time of the newest minute with posts, its end; None when empty."""
        found = self._one("SELECT max(at) FROM minutes WHERE subject = ?", EVERY_SUBJECT)
        return None if found is None else (int(found) + 1) * MINUTE_MS

    def gaps(self, *, since: int, until: int) -> list[Gap]:
        """Gaps that touch the stretch, in order of time."""
        rows = self._db.execute(
            "SELECT source, since, until, reason FROM gaps "
            "WHERE since < ? AND until > ? ORDER BY since, source",
            (until, since),
        )
        return [Gap(source=s, since=a, until=b, reason=r) for s, a, b, r in rows]

    def gap_ledger(self, offset: int, limit: int) -> GapPage:
        """All gaps, the newest first."""
        rows = self._db.execute(
            "SELECT source, since, until, reason FROM gaps "
            "ORDER BY since DESC, source, until DESC LIMIT ? OFFSET ?",
            (max(limit, 0), max(offset, 0)),
        )
        gaps = tuple(Gap(source=s, since=a, until=b, reason=r) for s, a, b, r in rows)
        return GapPage(total=int(self._one("SELECT count(*) FROM gaps")), gaps=gaps)

    def cluster(self, cluster_id: str) -> Cluster | None:
        """The cluster, following merges."""
        body = self._body("clusters", self._root(cluster_id) or cluster_id)
        return None if body is None else _cluster(body)

    def clusters(self, *, subject: str | None, since: int | None, limit: int) -> list[Cluster]:
        """Largest first, merged ones left out."""
        rows = self._db.execute(
            "SELECT body FROM clusters WHERE id IN (SELECT id FROM clusters "
            "WHERE merged_into IS NULL AND last_at >= ?1 AND (?2 IS NULL OR subject = ?2) "
            "ORDER BY posts DESC, id LIMIT ?3) ORDER BY posts DESC, id",
            (-1 if since is None else since, subject, max(limit, 0)),
        )
        return [_cluster(row[0]) for row in rows]

    def members(self, cluster_id: str, limit: int) -> list[Membership]:
        """Posts of a cluster and of those merged into it, oldest first."""
        root = self._root(cluster_id) or cluster_id
        if not storable(root):
            return []
        rows = self._db.execute(
            FAMILY + "SELECT m.subject, m.post_id, m.revision, m.similarity FROM memberships m "
            "JOIN family f ON m.cluster_id = f.id JOIN posts p ON p.id = m.post_id "
            "WHERE p.body IS NOT NULL ORDER BY p.at, m.post_id, m.subject LIMIT ?",
            (root, max(limit, 0)),
        )
        return [
            Membership(subject=s, post_id=p, cluster_id=root, revision=r, similarity=sim)
            for s, p, r, sim in rows
        ]

    def bursts(self, cluster_id: str) -> list[Burst]:
        """Bursts of a cluster and of those merged into it, oldest first."""
        root = self._root(cluster_id) or cluster_id
        if not storable(root):
            return []
        rows = self._db.execute(
            FAMILY + "SELECT b.body FROM bursts b JOIN family f ON b.cluster_id = f.id", (root,)
        )
        found = [_burst(row[0]) for row in rows]
        return sorted(found, key=lambda burst: (burst.first_at, burst.burst_id))

    def campaign(self, campaign_id: str) -> Campaign | None:
        """The highest revision of a campaign, following merges."""
        seen: set[str] = set()
        while campaign_id not in seen:
            seen.add(campaign_id)
            body = self._body("campaigns", campaign_id)
            found = None if body is None else _campaign(body)
            if found is None or found.merged_into is None:
                return found
            campaign_id = found.merged_into
        return None

    def campaigns(
        self,
        *,
        subject: str | None,
        kinds: Sequence[CampaignKind],
        since: int | None,
        limit: int,
    ) -> list[Campaign]:
        """Those with the newest posts first, merged ones left out."""
        marks = ", ".join("?" * len(kinds))
        among = f"AND kind IN ({marks}) " if kinds else ""
        asked = -1 if since is None else since
        rows = self._db.execute(
            "SELECT body FROM campaigns WHERE merged_into IS NULL AND last_at >= ? "
            f"AND (? IS NULL OR subject = ?) {among}ORDER BY last_at DESC, id LIMIT ?",
            (asked, subject, subject, *kinds, max(limit, 0)),
        )
        return [_campaign(row[0]) for row in rows]

    def alert(self, alert_id: str) -> Alert | None:
        """The highest revision of an alert."""
        body = self._body("alerts", alert_id)
        return None if body is None else _alert(body)

    def alerts(self, query: AlertQuery) -> AlertPage:
        """Newest first."""
        clauses, values = _alert_conditions(query)
        where = " AND ".join(clauses) or "TRUE"
        total = self._one(f"SELECT count(*) FROM alerts WHERE {where}", *values)
        rows = self._db.execute(
            f"SELECT body FROM alerts WHERE {where} ORDER BY created_at DESC, id "
            "LIMIT ? OFFSET ?",
            (*values, max(query.limit, 0), max(query.offset, 0)),
        )
        return AlertPage(total=int(total), alerts=tuple(_alert(row[0]) for row in rows))

    def alerts_after(self, seq: int, limit: int) -> list[tuple[int, Alert]]:
        """In the order of their last change."""
        rows = self._db.execute(
            "SELECT seq, body FROM alerts WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, max(limit, 0)),
        )
        return [(int(row[0]), _alert(row[1])) for row in rows]

    def alert_seq(self) -> int:
        """Place in the order of their last change beyond which there is none."""
        return int(self.meta("seq"))

    def alert_totals(self) -> dict[tuple[str, Severity], int]:
        """Alerts by kind and severity."""
        counted = "SELECT kind, severity, count(*) FROM alerts GROUP BY kind, severity"
        return {(kind, severity): int(n) for kind, severity, n in self._db.execute(counted)}

    def statuses(self) -> list[SourceStatus]:
        """By name of the source."""
        rows = self._db.execute("SELECT body FROM statuses ORDER BY source")
        return [_status(row[0]) for row in rows]

    def counts(self) -> dict[str, int]:
        """Totals: posts, deleted, clusters, alerts."""
        return {
            "posts": int(self.meta("posts")),
            "deleted": int(self.meta("deleted")),
            "clusters": int(
                self._one("SELECT count(*) FROM clusters WHERE merged_into IS NULL")
            ),
            "alerts": int(self._one("SELECT count(*) FROM alerts")),
        }

    def _body(self, table: str, id_: str) -> bytes | None:
        if not storable(id_):
            return None
        found: bytes | None = self._one(f"SELECT body FROM {table} WHERE id = ?", id_)
        return found


def _alert_conditions(query: AlertQuery) -> tuple[list[str], list[object]]:
    clauses: list[str] = []
    values: list[object] = []
    if query.subject is not None:
        clauses.append("subject = ?")
        values.append(query.subject)
    if query.since is not None:
        clauses.append("created_at >= ?")
        values.append(query.since)
    for column, inside, chosen in (
        ("kind", "IN", query.kinds or None),
        ("severity", "IN", query.severities or None),
        ("id", "IN", query.ids),
        ("id", "NOT IN", query.exclude_ids or None),
    ):
        if chosen is not None:
            clauses.append(f"{column} {inside} (SELECT value FROM json_each(?))")
            values.append(msgspec.json.encode([c for c in chosen if storable(c)]).decode())
    return clauses, values


def _spans(since: int, until: int) -> list[tuple[str, int, int]]:
    """The stretch as whole hours where it can be, minutes at its edges."""
    first = max(since, 0) // MINUTE_MS
    last = -(-max(until, 0) // MINUTE_MS)
    hours = -(-first // 60), last // 60
    if hours[0] >= hours[1]:
        return [("minutes", first, last)]
    spans = [
        ("minutes", first, hours[0] * 60),
        ("hours", *hours),
        ("minutes", hours[1] * 60, last),
    ]
    return [span for span in spans if span[1] < span[2]]
