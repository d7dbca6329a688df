"""Writes results: the highest revision wins by external version, whatever the order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from detect.records import PictureFinding
from stream.elastic.bulk import Action, Outcome, Sender
from stream.elastic.client import CONFLICT
from stream.elastic.documents import (
    alert_document,
    burst_document,
    campaign_document,
    cluster_document,
    finding_document,
    gap_document,
    gap_key,
    membership_document,
    membership_key,
    record_bytes,
    source_document,
)
from stream.elastic.hits import Asking, Found
from stream.elastic.names import Names, key_of
from stream.elastic.replayed import replayed_document
from stream.elastic.writing import Buried, Refused
from stream.index import IndexBatch
from stream.records import Alert, Burst, Campaign, Cluster, Membership, Result

LONGEST_CHAIN = 100

_cluster = msgspec.msgpack.Decoder(Cluster).decode
_membership = msgspec.msgpack.Decoder(Membership).decode

Write = tuple[str, Action]
"""What a write is of, in the words of the records, and the write."""

R = TypeVar("R", Cluster, Burst, Campaign, Alert, PictureFinding)


def version_of(revision: int, *, blanked: bool = False) -> int:
    """The external version of a result.

    Two a revision: a deletion takes the sample out of a cluster under the odd one, which
    holds against a repeat of that revision and gives way to the next.
    """
    return 2 * revision + blanked


class ResultWriter:
    """Writes memberships, clusters, bursts, campaigns, alerts, gaps and statuses."""

    def __init__(self, asking: Asking, names: Names, sender: Sender) -> None:
        self._ask = asking
        self._names = names
        self._sender = sender

    def write(self, batch: IndexBatch) -> list[Refused]:
        """Write what the batch holds beside posts; repeats change nothing.

        Raises:
            IndexUnavailableError: not now; sending the same again changes nothing.
        """
        writes = [*self._results(batch.results), *self._sources(batch)]
        outcomes: Iterable[Outcome] = self._sender.send([action for _, action in writes])
        return [
            Refused(of, outcome.reason)
            for (of, _), outcome in zip(writes, outcomes, strict=True)
            if not outcome.done and outcome.status != CONFLICT
        ]

    def forget(self, buried: Sequence[Buried]) -> None:
        """Take the texts of deleted posts out of the samples of their clusters.

        Also where the results of another generation are kept (``generations.py``): after
        those in force, so that what is copied from them meanwhile is met as well.
        """
        wanted = {
            membership_key(subject, one.post.id): one
            for one in buried
            for subject in one.subjects
        }
        if not wanted:
            return
        clusters, memberships = self._names.of("clusters"), self._names.of("memberships")
        self._forget_in(clusters, memberships, wanted)
        kept = self._ask.indices(f"{clusters}-*")
        if len(kept) > 1:
            for index in kept:
                others = memberships + index.removeprefix(clusters)
                self._forget_in(index, others, wanted)

    def _forget_in(self, clusters: str, memberships: str, wanted: Mapping[str, Buried]) -> None:
        found = self._ask.get(memberships, list(wanted))
        level: dict[str, list[Buried]] = {}
        for key, document in found.items():
            cluster_id = _membership(record_bytes(document.source)).cluster_id
            if cluster_id is not None:
                level.setdefault(key_of(cluster_id), []).append(wanted[key])
        met: set[str] = set()
        for _ in range(LONGEST_CHAIN):
            if not level:
                return
            met.update(level)
            level = self._blank(clusters, level)
            level = {key: posts for key, posts in level.items() if key not in met}

    def _blank(self, index: str, level: dict[str, list[Buried]]) -> dict[str, list[Buried]]:
        """Blank these clusters where a post gave the sample; what they were merged into."""
        above: dict[str, list[Buried]] = {}
        actions: list[Action] = []
        for key, document in self._ask.get(index, list(level)).items():
            cluster = _cluster(record_bytes(document.source))
            if cluster.sample and any(_gave(one, cluster) for one in level[key]):
                bare = msgspec.structs.replace(cluster, sample="")
                actions.append(_blanked(document, bare))
            if cluster.merged_into is not None:
                above.setdefault(key_of(cluster.merged_into), []).extend(level[key])
        self._sender.send(actions)
        return above

    def _results(self, results: Sequence[Result]) -> list[Write]:
        clusters: dict[str, Cluster] = {}
        bursts: dict[str, Burst] = {}
        campaigns: dict[str, Campaign] = {}
        alerts: dict[str, Alert] = {}
        findings: dict[str, PictureFinding] = {}
        memberships: dict[str, Membership] = {}
        for result in results:
            match result:
                case Membership():
                    key = membership_key(result.subject, result.post_id)
                    before = memberships.get(key)
                    if before is None or result.revision >= before.revision:
                        memberships[key] = result
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
        place = self._names.of
        made: list[Write] = []
        for key, one in memberships.items():
            body = membership_document(one)
            # A merge moves a post to another cluster without a new revision of the post.
            action = Action(place("memberships"), key, body, version=one.revision, again=True)
            made.append((one.post_id, action))
        made += [_versioned(place("clusters"), *c, cluster_document) for c in clusters.items()]
        made += [_versioned(place("bursts"), *b, burst_document) for b in bursts.items()]
        made += [
            _versioned(place("campaigns"), *c, campaign_document) for c in campaigns.items()
        ]
        made += [_versioned(place("alerts"), *a, alert_document) for a in alerts.items()]
        found = findings.items()
        return made + [_versioned(place("findings"), *f, finding_document) for f in found]

    def _sources(self, batch: IndexBatch) -> list[Write]:
        gaps = {gap_key(seen.gap): seen.gap for seen in batch.gaps}
        statuses = {status.source: status for status in batch.statuses}
        made = [
            (gap.source, Action(self._names.of("gaps"), key, gap_document(gap)))
            for key, gap in gaps.items()
        ]
        return made + [
            (name, Action(self._names.of("sources"), key_of(name), source_document(status)))
            for name, status in statuses.items()
        ]


def _versioned(index: str, id_: str, one: R, document: Callable[[R], dict[str, Any]]) -> Write:
    version = version_of(one.revision)
    return id_, Action(index, key_of(id_), document(one), version=version)


def _blanked(document: Found, bare: Cluster) -> Action:
    if document.source["jikimi"].get("replayed"):
        # Under a version of its own it would hold against the workers at work.
        _, key, body = replayed_document(bare)
        return Action(document.index, key, body, seen=(document.seq_no, document.primary_term))
    version = version_of(bare.revision, blanked=True)
    return Action(document.index, document.id, cluster_document(bare), version=version)


def _gave(one: Buried, cluster: Cluster) -> bool:
    return cluster.founder == one.post.id or one.post.text.startswith(cluster.sample)


def _keep(held: dict[str, R], id_: str, result: R) -> None:
    before = held.get(id_)
    if before is None or result.revision > before.revision:
        # An alert that grew comes later in the order of delivery.
        held.pop(id_, None)
        held[id_] = result
