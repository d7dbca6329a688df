"""Reads results: clusters with their members and merges, bursts, campaigns, alerts, gaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from detect.records import PictureFinding
from ingest.records import Gap, SourceStatus
from stream.elastic.compiling import EVERYTHING, all_of
from stream.elastic.documents import record_bytes
from stream.elastic.hits import Asking, Condition, Found, Sort
from stream.elastic.names import Names, key_of
from stream.index import AlertPage, AlertQuery, FindingQuery, GapPage
from stream.records import Alert, Burst, Campaign, CampaignKind, Cluster, Membership, Severity
from stream.search.minutes import held

MOST = 100_000
"""Members of a cluster, gaps and sources that are looked at."""
LONGEST_CHAIN = 100
"""Merges of clusters that are followed one after the other."""
AT_ONCE = 500
BY_ID: Sort = [{"jikimi.id": "asc"}]
GAP_FIELDS = ("jikimi.source", "jikimi.since", "jikimi.until", "jikimi.reason")

_cluster = msgspec.msgpack.Decoder(Cluster).decode
_membership = msgspec.msgpack.Decoder(Membership).decode
_burst = msgspec.msgpack.Decoder(Burst).decode
_campaign = msgspec.msgpack.Decoder(Campaign).decode
_finding = msgspec.msgpack.Decoder(PictureFinding).decode
_alert = msgspec.msgpack.Decoder(Alert).decode
_status = msgspec.msgpack.Decoder(SourceStatus).decode


class ResultReader:
    """Questions about results; each costs a bounded number of requests."""

    def __init__(self, asking: Asking, names: Names) -> None:
        self._ask = asking
        self._names = names

    def cluster(self, cluster_id: str) -> Cluster | None:
        """The cluster, following merges."""
        return self._roots([cluster_id]).get(cluster_id)

    def clusters(self, *, subject: str | None, since: int | None, limit: int) -> list[Cluster]:
        """Largest first, merged ones left out."""
        must: list[Condition] = [
            {"bool": {"must_not": [{"exists": {"field": "jikimi.merged_into"}}]}}
        ]
        if subject is not None:
            must.append(_is("subject", subject))
        if since is not None:
            must.append(_from("jikimi.last_at", since))
        by_size: Sort = [{"jikimi.posts": "desc"}, *BY_ID]
        hits = self._ask.page(self._names.of("clusters"), all_of(must), by_size, limit=limit)
        return [_cluster(record_bytes(one.source)) for one in hits.found]

    def members(self, cluster_id: str, limit: int) -> list[Membership]:
        """Posts of a cluster and of those merged into it that are held, oldest first."""
        root = self._root_id(cluster_id)
        family = self._family(root)
        by_post: dict[str, list[Membership]] = {}
        for one in self._memberships(family):
            by_post.setdefault(key_of(one.post_id), []).append(one)
        found: list[Membership] = []
        for post in self._present(list(by_post), max(limit, 0)):
            subjects = set(post.source["jikimi"]["subjects"])
            found += [
                msgspec.structs.replace(one, cluster_id=root)
                for one in sorted(by_post[post.id], key=lambda one: one.subject)
                if one.subject in subjects
            ]
        return found[: max(limit, 0)]

    def post_keys(self, cluster_id: str) -> list[str]:
        """Document ids of the posts of a cluster, at most 100,000."""
        family = self._family(self._root_id(cluster_id))
        return list(dict.fromkeys(key_of(one.post_id) for one in self._memberships(family)))

    def clusters_of(self, post_keys: Sequence[str]) -> dict[str, dict[str, str]]:
        """By document id of a post and by subject, the cluster in which it is."""
        found: dict[str, dict[str, str]] = {}
        for i in range(0, len(post_keys), AT_ONCE):
            wanted: Condition = {"terms": {"jikimi.post": list(post_keys[i : i + AT_ONCE])}}
            for one in self._every_membership(wanted):
                if one.cluster_id is not None:
                    mine = found.setdefault(key_of(one.post_id), {})
                    mine[one.subject] = one.cluster_id
        ids = {c for mine in found.values() for c in mine.values()}
        roots = self._roots(list(ids))
        return {
            key: {s: roots[c].cluster_id if c in roots else c for s, c in mine.items()}
            for key, mine in found.items()
        }

    def bursts(self, cluster_id: str) -> list[Burst]:
        """Bursts of a cluster and of those merged into it, oldest first."""
        family = self._family(self._root_id(cluster_id))
        found = [
            _burst(record_bytes(one.source))
            for one in self._ask.walk(
                self._names.of("bursts"),
                {"terms": {"jikimi.cluster": family}},
                BY_ID,
                most=MOST,
            )
        ]
        return sorted(found, key=lambda burst: (burst.first_at, burst.burst_id))

    def findings(self, query: FindingQuery) -> list[PictureFinding]:
        """What was found in pictures, in the order asked for; of deleted posts nothing."""
        must: list[Condition] = [{"bool": {"must_not": [{"term": {"jikimi.gone": True}}]}}]
        if query.family is not None:
            must.append(_is("family", query.family))
        if query.post_id is not None:
            must.append(_is("post", key_of(query.post_id)))
        if query.post_ids is not None:
            must.append(_among("post", [key_of(one) for one in query.post_ids]))
        if query.subject is not None:
            must.append(_is("subject", query.subject))
        if query.grave:
            must.append({"bool": {"must_not": [_is("severity", "")]}})
        in_time: Sort = [{"@timestamp": "desc" if query.newest else "asc"}, *BY_ID]
        place = self._names.of("findings")
        hits = self._ask.page(place, all_of(must), in_time, limit=max(query.limit, 0))
        return [_finding(record_bytes(one.source)) for one in hits.found]

    def campaign(self, campaign_id: str) -> Campaign | None:
        """The highest revision of a campaign, following merges."""
        seen: set[str] = set()
        while campaign_id not in seen:
            seen.add(campaign_id)
            hit = self._one("campaigns", campaign_id)
            found = None if hit is None else _campaign(record_bytes(hit.source))
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
        must: list[Condition] = [
            {"bool": {"must_not": [{"exists": {"field": "jikimi.merged_into"}}]}}
        ]
        if subject is not None:
            must.append(_is("subject", subject))
        if kinds:
            must.append({"terms": {"jikimi.kind": list(kinds)}})
        if since is not None:
            must.append(_from("jikimi.last_at", since))
        newest: Sort = [{"jikimi.last_at": "desc"}, *BY_ID]
        hits = self._ask.page(self._names.of("campaigns"), all_of(must), newest, limit=limit)
        return [_campaign(record_bytes(one.source)) for one in hits.found]

    # --- alerts ------------------------------------------------------------------

    def alert(self, alert_id: str) -> Alert | None:
        """The highest revision of an alert."""
        found = self._one("alerts", alert_id)
        return None if found is None else _alert(record_bytes(found.source))

    def alerts(self, query: AlertQuery) -> AlertPage:
        """Newest first."""
        hits = self._ask.page(
            self._names.of("alerts"),
            _alert_conditions(query),
            [{"@timestamp": "desc"}, *BY_ID],
            offset=query.offset,
            limit=query.limit,
        )
        alerts = tuple(_alert(record_bytes(one.source)) for one in hits.found)
        return AlertPage(total=hits.total, alerts=alerts)

    def alerts_after(self, seq: int, limit: int, base: int) -> list[tuple[int, Alert]]:
        """In the order of their last change; ``base`` is the place of the first one."""
        hits = self._ask.page(
            self._names.of("alerts"),
            {"range": {"_seq_no": {"gt": seq - base}}},
            [{"_seq_no": "asc"}],
            limit=limit,
        )
        return [(base + one.seq_no, _alert(record_bytes(one.source))) for one in hits.found]

    def alert_seq(self, base: int) -> int:
        """The place of the alert that changed last."""
        last: Sort = [{"_seq_no": "desc"}]
        hits = self._ask.page(self._names.of("alerts"), EVERYTHING, last, limit=1, fields=())
        return base + hits.found[0].seq_no if hits.found else base - 1

    def alert_totals(self) -> dict[tuple[str, Severity], int]:
        """Alerts by kind and severity."""
        by_severity = {"severities": {"terms": {"field": "jikimi.severity", "size": 10}}}
        kinds: dict[str, Any] = {"terms": {"field": "jikimi.kind", "size": 1000}}
        found = self._ask.aggregated(
            self._names.of("alerts"), EVERYTHING, {"kinds": kinds | {"aggs": by_severity}}
        )
        return {
            (kind["key"], severity["key"]): int(severity["doc_count"])
            for kind in found["kinds"]["buckets"]
            for severity in kind["severities"]["buckets"]
        }

    # --- sources -----------------------------------------------------------------

    def gaps(self, *, since: int, until: int) -> list[Gap]:
        """Gaps that touch the stretch, in order of time."""
        touching: list[Condition] = [
            {"range": {"jikimi.since": {"lt": until}}},
            {"range": {"jikimi.until": {"gt": since}}},
        ]
        order: Sort = [
            {"jikimi.since": "asc"}, {"jikimi.source": "asc"}, {"jikimi.until": "asc"},
        ]  # fmt: skip
        found = self._ask.walk(
            self._names.of("gaps"), all_of(touching), order, fields=GAP_FIELDS, most=MOST
        )
        return [_gap(one) for one in found]

    def gap_ledger(self, offset: int, limit: int) -> GapPage:
        """All gaps, the newest first."""
        hits = self._ask.page(
            self._names.of("gaps"),
            EVERYTHING,
            [{"jikimi.since": "desc"}, {"jikimi.source": "asc"}, {"jikimi.until": "desc"}],
            offset=offset,
            limit=limit,
            fields=GAP_FIELDS,
        )
        return GapPage(total=hits.total, gaps=tuple(map(_gap, hits.found)))

    def statuses(self) -> list[SourceStatus]:
        """By name of the source."""
        found = self._ask.walk(
            self._names.of("sources"), EVERYTHING, [{"jikimi.source": "asc"}], most=MOST
        )
        return [_status(record_bytes(one.source)) for one in found]

    def counts(self) -> dict[str, int]:
        """Totals: posts, deleted, clusters, alerts."""
        gone: Condition = {"term": {"jikimi.gone": True}}
        alone: Condition = {"bool": {"must_not": [{"exists": {"field": "jikimi.merged_into"}}]}}
        return {
            "posts": self._ask.count(self._names.posts, EVERYTHING),
            "deleted": self._ask.count(self._names.months, gone)
            + self._ask.count(self._names.of("strays"), gone),
            "clusters": self._ask.count(self._names.of("clusters"), alone),
            "alerts": self._ask.count(self._names.of("alerts"), EVERYTHING),
        }

    def clustered(self, keys: Sequence[str]) -> int:
        """How many of these posts (keys of their documents) stand in a cluster."""
        found = 0
        for i in range(0, len(keys), AT_ONCE):
            part = list(keys[i : i + AT_ONCE])
            inside = all_of(
                [{"terms": {"jikimi.post": part}}, {"exists": {"field": "jikimi.cluster"}}]
            )
            by_post = {"terms": {"field": "jikimi.post", "size": len(part)}}
            answer = self._ask.aggregated(
                self._names.of("memberships"), inside, {"posts": by_post}
            )
            found += len(answer["posts"]["buckets"])
        return found

    # --- inside ------------------------------------------------------------------

    def _one(self, noun: str, id_: str) -> Found | None:
        key = key_of(id_)
        return self._ask.get(self._names.of(noun), [key]).get(key)

    def _roots(self, cluster_ids: Sequence[str]) -> dict[str, Cluster]:
        """By id, what each cluster went into over any number of merges; itself at last."""
        names = {cluster_id: cluster_id for cluster_id in cluster_ids}
        met: dict[str, Cluster] = {}
        for _ in range(LONGEST_CHAIN):
            wanted = [c for c in dict.fromkeys(names.values()) if c not in met]
            if not wanted:
                break
            keys = {key_of(c): c for c in wanted}
            found = self._ask.get(self._names.of("clusters"), list(keys))
            for key, cluster_id in keys.items():
                if key in found:
                    met[cluster_id] = _cluster(record_bytes(found[key].source))
            names = {
                first: (met[at].merged_into or at) if at in met else at
                for first, at in names.items()
            }
            if not found:
                break
        # Whoever was merged into a cluster that never came stays what it is.
        return {first: met[at] for first, at in names.items() if at in met}

    def _root_id(self, cluster_id: str) -> str:
        root = self.cluster(cluster_id)
        return cluster_id if root is None else root.cluster_id

    def _family(self, root: str) -> list[str]:
        """Keys of a cluster and of all that were merged into it, over any number of merges."""
        family = {key_of(root): None}
        level = list(family)
        while level and len(family) < MOST:
            merged: list[str] = []
            for i in range(0, len(level), AT_ONCE):
                inside: Condition = {"terms": {"jikimi.merged_into": level[i : i + AT_ONCE]}}
                merged += [
                    one.id
                    for one in self._ask.walk(
                        self._names.of("clusters"), inside, BY_ID, fields=(), most=MOST
                    )
                ]
            level = [key for key in merged if key not in family]
            family.update(dict.fromkeys(level))
        return list(family)

    def _memberships(self, family: Sequence[str]) -> list[Membership]:
        return self._every_membership({"terms": {"jikimi.cluster": list(family)}})

    def _every_membership(self, condition: Condition) -> list[Membership]:
        order: Sort = [{"jikimi.post": "asc"}, {"jikimi.subject": "asc"}]
        found = self._ask.walk(self._names.of("memberships"), condition, order, most=MOST)
        return [_membership(record_bytes(one.source)) for one in found]

    def _present(self, keys: Sequence[str], limit: int) -> Iterable[Found]:
        """The oldest of these posts that are held."""
        if not keys:
            return ()
        return self._ask.walk(
            self._names.posts,
            {"terms": {"jikimi.id": list(keys)}},
            [{"@timestamp": "asc"}, {"jikimi.id": "asc"}],
            fields=("jikimi.subjects",),
            most=limit,
        )


def _gap(one: Found) -> Gap:
    own: Mapping[str, Any] = one.source["jikimi"]
    return Gap(
        source=own["source"], since=own["since"], until=own["until"], reason=own["reason"]
    )


def _alert_conditions(query: AlertQuery) -> Condition:
    must: list[Condition] = []
    if query.subject is not None:
        must.append(_is("subject", query.subject))
    if query.since is not None:
        must.append(_from("@timestamp", query.since))
    if query.kinds:
        must.append(_among("kind", query.kinds))
    if query.severities:
        must.append(_among("severity", query.severities))
    if query.ids is not None:
        must.append(_among("id", [key_of(i) for i in query.ids]))
    if query.exclude_ids:
        others = _among("id", [key_of(i) for i in query.exclude_ids])
        must.append({"bool": {"must_not": [others]}})
    return all_of(must)


def _is(field: str, value: str) -> Condition:
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return {"term": {f"jikimi.{field}": clean}}


def _among(field: str, values: Iterable[str]) -> Condition:
    clean = [value.encode("utf-8", "replace").decode("utf-8") for value in values]
    return {"terms": {f"jikimi.{field}": clean}}


def _from(field: str, at: int) -> Condition:
    return {"range": {field: {"gte": held(at), "format": "epoch_millis"}}}
