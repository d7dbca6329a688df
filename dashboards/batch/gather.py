"""Reads back what an analysis made: clusters with their posts, accounts with their shares."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec
import numpy as np

from dashboards.batch.columns import (
    Finder,
    Ids,
    Numbers,
    References,
    Settled,
    Table,
    key_of,
)
from detect.links import canonical_url
from stream.coordination.scores import (
    Standing,
    account_number,
    account_scores,
    stronger,
    subjects,
)
from stream.coordination.trust import Shares, first_shares
from stream.embedded import EmbeddedHost
from stream.records import (
    Alert,
    Campaign,
    Cluster,
    Logged,
    LoggedDeletion,
    LoggedPost,
    Membership,
)
from stream.threads.relatives import references

AT_ONCE = 10_000


def _alone() -> References:
    return References(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8))


@dataclass(slots=True)
class Gathered:
    """An analysis in memory: posts by number, accounts by number, clusters by id."""

    post_ids: Ids = field(default_factory=Ids)
    post_accounts: array[int] = field(default_factory=lambda: array("i"))
    post_times: array[int] = field(default_factory=lambda: array("q"))
    accounts: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    """Kinds of clusters that are no text family."""
    members: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    similarities: dict[str, dict[int, float]] = field(
        default_factory=dict[str, dict[int, float]]
    )
    """By cluster and post, where a post is not the same word for word."""
    objects: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(object number, post number) of text families and links."""
    texts: int = 0
    """Objects below this number are text families, the others are links."""
    campaigns: list[Campaign] = field(default_factory=list[Campaign])
    alerts: list[Alert] = field(default_factory=list[Alert])
    standings: dict[int, Standing] = field(default_factory=dict[int, Standing])
    """How accounts stand, by account number; those who shared nothing are absent."""
    references: References = field(default_factory=_alone)
    finder: Finder | None = None

    def shares(self) -> Shares:
        """Who shared which object first, and when."""
        posts = np.array([p for _, p in self.objects], dtype=np.int64)
        accounts = np.frombuffer(self.post_accounts, dtype=np.int32).astype(np.int64)
        times = np.frombuffer(self.post_times, dtype=np.int64)
        return first_shares([o for o, _ in self.objects], accounts[posts], times[posts])

    def numbers(self, post_ids: Sequence[str]) -> Numbers:
        """Numbers of posts by id, without those that are not here."""
        if self.finder is None:
            known = {post_id: n for n, post_id in enumerate(self.post_ids)}
            found = [known[one] for one in post_ids if one in known]
            return np.array(found, dtype=np.int64)
        keys = np.array([key_of(one) for one in post_ids], dtype=np.uint64)
        found_all = self.finder.numbers(keys)
        return found_all[found_all >= 0]


def gather(host: EmbeddedHost) -> Gathered:
    """Everything the output files need, in a fixed order."""
    found = Gathered()
    links = _posts(host, found)
    _clusters(host, found)
    found.texts = len(found.members)
    for number, posts in enumerate(found.members.values()):
        found.objects.extend((number, post) for post in posts)
    found.objects.extend((found.texts + link, post) for link, post in links)
    for result in host.processor.results.of_kind("campaign"):
        if isinstance(result, Campaign) and result.merged_into is None:
            found.campaigns.append(result)
    for result in host.processor.results.of_kind("alert"):
        if isinstance(result, Alert):
            found.alerts.append(result)
    _standings(host, found)
    return found


def logged_posts(host: EmbeddedHost) -> Iterator[LoggedPost | LoggedDeletion]:
    """What the log says about posts, in its order."""
    decode = msgspec.msgpack.Decoder(Logged).decode
    for (body,) in host.store.db.execute("SELECT body FROM posts_log ORDER BY offset"):
        entry = decode(body)
        if isinstance(entry, LoggedPost | LoggedDeletion):
            yield entry


def _standings(host: EmbeddedHost, found: Gathered) -> None:
    """The strongest standing of each account."""
    best: dict[int, Standing] = {}
    for state in host.processor.states("coordination"):
        for subject in subjects(state):
            for number, one in account_scores(state, subject).items():
                best[number] = stronger(one, best.get(number))
    for (platform, author), number in found.accounts.items():
        standing = best.get(account_number(f"{platform}:{author}"))
        if standing is not None:
            found.standings[number] = standing


def _posts(host: EmbeddedHost, found: Gathered) -> list[tuple[int, int]]:
    """Fill posts and accounts; returns (number of a link, post) of links of several posts."""
    table = Table()
    gone: list[int] = []
    url_keys, url_rows = array("Q"), array("q")
    for entry in logged_posts(host):
        if isinstance(entry, LoggedDeletion):
            gone.append(key_of(entry.deletion.id))
            continue
        post = entry.post
        account = found.accounts.setdefault(
            (post.platform, post.author_id), len(found.accounts)
        )
        kind, target = next(iter(references(post)), (None, None))
        row = len(table.keys)
        table.add(post.id, account, post.event_at, target, kind)
        for url in dict.fromkeys(canonical_url(url) for url in post.urls):
            if url:
                url_keys.append(key_of(url))
                url_rows.append(row)
    settled = table.settle(gone)
    chosen: list[int] = settled.chosen.tolist()
    for row in chosen:
        found.post_ids.append(table.ids[row])
        found.post_accounts.append(table.accounts[row])
        found.post_times.append(table.times[row])
    found.references, found.finder = settled.references, settled.finder
    return _links(settled, table, url_keys, url_rows)


def _links(
    settled: Settled, table: Table, url_keys: array[int], url_rows: array[int]
) -> list[tuple[int, int]]:
    """Links that several posts have, numbered by their first post."""
    if not len(url_keys):
        return []
    keys = np.frombuffer(url_keys, dtype=np.uint64)
    rows = np.frombuffer(url_rows, dtype=np.int64)
    posts = settled.finder.numbers(np.frombuffer(table.keys, dtype=np.uint64)[rows])
    pairs = np.unique(np.stack([keys, posts.astype(np.uint64)])[:, posts >= 0], axis=1)
    several, counts = np.unique(pairs[0], return_counts=True)
    several = several[counts > 1]
    pairs = pairs[:, np.isin(pairs[0], several)]
    first: dict[int, tuple[int, int]] = {}
    told: list[tuple[int, int]] = list(zip(*pairs.tolist(), strict=True))
    for key, post in sorted(told, key=lambda one: one[1]):
        first.setdefault(key, (len(first), post))
    return sorted((first[key][0], post) for key, post in told)


def _clusters(host: EmbeddedHost, found: Gathered) -> None:
    merged: dict[str, str] = {}
    for result in host.processor.results.of_kind("cluster"):
        if not isinstance(result, Cluster):
            continue
        if result.merged_into:
            merged[result.cluster_id] = result.merged_into
        elif result.kind != "text":
            found.kinds[result.cluster_id] = result.kind
    members: dict[str, array[int]] = {}
    results = host.processor.results.of_kind("membership")
    while some := list(islice(results, AT_ONCE)):
        ours = [one for one in some if isinstance(one, Membership) and one.cluster_id]
        keys = np.array([key_of(one.post_id) for one in ours], dtype=np.uint64)
        numbers: list[int] = found.finder.numbers(keys).tolist() if found.finder else []
        for one, number in zip(ours, numbers, strict=True):
            if number >= 0:
                cluster_id = _survivor(merged, one.cluster_id or "")
                members.setdefault(cluster_id, array("q")).append(number)
                if one.similarity < 1:
                    alike = found.similarities.setdefault(cluster_id, {})
                    alike[number] = round(one.similarity, 4)
    found.members = {
        cluster_id: sorted(set(posts), key=lambda p: (found.post_times[p], found.post_ids[p]))
        for cluster_id, posts in sorted(members.items())
        if len(set(posts)) > 1
    }


def _survivor(merged: dict[str, str], cluster_id: str) -> str:
    for _ in range(len(merged) + 1):
        if cluster_id not in merged:
            break
        cluster_id = merged[cluster_id]
    return cluster_id
